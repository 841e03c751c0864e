#include "reconciled/collect.h"

#include <sys/statfs.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "reconciled/imagegc.h"
#include "reconciled/message.h"
#include "reconciled/reconcile.h"
#include "reconciled/sweep.h"

#define PERIOD_MS 300000
#define SOON_MS 10000	  /* after a pull, or the start: more may follow */
#define TRASH_AT_ONCE 200 /* files; some milliseconds, with a slow disk */
#define TRASH_PAUSE_MS 1

/* What is remembered about an image from one look to the next. */
struct known_image {
	TAILQ_ENTRY(known_image) entry;
	char *id;
	struct mtime first, last;
	int listed;
};

struct collect {
	struct reconciled *r;
	struct event *ev, *ev_trash;
	struct mtime due;
	int begun;
	TAILQ_HEAD(, known_image) known;

	/* A look under way. */
	int looking;
	char *folder; /* in the file system that has the images */
	struct arena *images_arena;
	const Runtime__V1__ListImagesResponse *images;
	struct imagegc_image *image;
	size_t n;
	uint64_t marked; /* what manifests want: up to that claim */
	int freeing;	 /* usage has reached the upper limit */
	size_t removed;
};

static void
schedule(struct collect *c, int64_t ms)
{
	struct timeval tv = { ms / 1000, ms % 1000 * 1000 };

	c->due = mtime_add(mtime_now(), ms);
	if (event_add(c->ev, &tv) == -1)
		fatalx("event_add");
}

static void
look_end(struct collect *c)
{
	if (c->removed > 0)
		log_info("images: %zu removed", c->removed);
	free(c->folder);
	free(c->image);
	arena_free(c->images_arena);
	c->folder = NULL;
	c->image = NULL;
	c->images_arena = NULL;
	c->looking = c->freeing = 0;
	c->n = c->removed = 0;
}

static void
look_failed(struct collect *c, const char *what, const char *why)
{
	event_node(c->r, "ImageGCFailed", "%s: %s", what, why);
	look_end(c);
}

/* --- what is known of images --- */

static struct known_image *
known_get(struct collect *c, const char *id, struct mtime now)
{
	struct known_image *k;

	TAILQ_FOREACH (k, &c->known, entry)
		if (strcmp(k->id, id) == 0)
			return (k);
	k = xcalloc(1, sizeof(*k));
	k->id = xstrdup(id);
	k->first = k->last = now;
	TAILQ_INSERT_TAIL(&c->known, k, entry);
	return (k);
}

static void
known_drop(struct collect *c, struct known_image *k)
{
	TAILQ_REMOVE(&c->known, k, entry);
	free(k->id);
	free(k);
}

/* Those that are not here any more are forgotten. */
static void
known_prune(struct collect *c)
{
	struct known_image *k, *next;

	for (k = TAILQ_FIRST(&c->known); k != NULL; k = next) {
		next = TAILQ_NEXT(k, entry);
		if (!k->listed)
			known_drop(c, k);
		else
			k->listed = 0;
	}
}

/* --- who needs them --- */

static void
mark_used(struct collect *c, const Runtime__V1__Container *in)
{
	imagegc_need(c->image, c->n, in->image_ref, IMAGEGC_USED);
	imagegc_need(c->image, c->n, in->image_id, IMAGEGC_USED);
	if (in->image != NULL)
		imagegc_need(c->image, c->n, in->image->image, IMAGEGC_USED);
}

static void
mark_wanted(struct collect *c, const char *reference)
{
	imagegc_need(c->image, c->n, reference, IMAGEGC_WANTED);
}

static void
mark_claim(struct collect *c, const struct claim *claim)
{
	struct arena arena;
	Tripod__Definition *d;
	size_t i;

	arena_init(&arena, DESIRED_DECODE_MAX);
	d = claim_unpack(claim, &arena);
	for (i = 0; d != NULL && i < spec_count(d->pod); i++)
		mark_wanted(c, spec_container(d->pod, i)->image);
	arena_release(&arena);
}

/* By any manifest, also one whose pod waits. */
static void
mark_all_wanted(struct collect *c)
{
	const char *sandbox = cri_info(c->r->cri)->sandbox_image;
	const struct desired_file *f;
	size_t i;

	mark_wanted(c, sandbox);
	for (i = 0; sandbox[0] == '\0' && i < c->n; i++)
		if (imagegc_is_pause(&c->image[i]))
			c->image[i].needed |= IMAGEGC_WANTED;
	TAILQ_FOREACH (f, &c->r->desired.files, entry)
		for (i = 0; i < f->nclaim; i++)
			mark_claim(c, &f->claim[i]);
	c->marked = c->r->desired.serial;
}

/* --- removal, one at a time --- */

static void look_step(struct collect *);

static void
on_removed(void *ctx, struct cri_result *res)
{
	struct collect *c = ctx;

	if (res->code != GRPC_OK)
		event_node(c->r, "ImageGCFailed", "cannot remove an image: %s",
		    res->message);
	else
		c->removed++;
	if (cri_info(c->r->cri)->state != CRI_UP)
		look_end(c);
	else
		look_step(c);
}

static void
remove_image(struct collect *c, struct imagegc_image *i)
{
	Runtime__V1__RemoveImageRequest req =
	    RUNTIME__V1__REMOVE_IMAGE_REQUEST__INIT;
	Runtime__V1__ImageSpec spec = RUNTIME__V1__IMAGE_SPEC__INIT;
	char *id = xstrdup(i->id);

	log_info("image %s (%s): removed, the disk is full",
	    i->n_tag > 0 ? i->tag[0] : "no name", i->id);
	i->tried = 1;
	spec.image = id;
	req.image = &spec;
	(void)cri_call(c->r->cri, CRI_REMOVE_IMAGE, &req.base, on_removed, c);
	free(id);
}

/* Bytes that are missing; -1: nobody knows, and it was said. */
static int
disk_excess(struct collect *c, uint64_t *bytes)
{
	struct statfs s;
	uint64_t unit;

	if (statfs(c->folder, &s) == -1) {
		look_failed(c, c->folder, strerror(errno));
		return (-1);
	}
	if (s.f_blocks == 0) {
		event_node(c->r, "InvalidDiskCapacity",
		    "invalid capacity 0 on image filesystem");
		look_end(c);
		return (-1);
	}
	unit = (uint64_t)(s.f_frsize > 0 ? s.f_frsize : s.f_bsize);
	*bytes = imagegc_excess(&c->r->conf.image_gc, s.f_blocks * unit,
	    s.f_bavail * unit, c->freeing);
	c->freeing |= *bytes > 0;
	return (0);
}

static void
look_step(struct collect *c)
{
	struct imagegc_image *next;
	uint64_t bytes;

	if (disk_excess(c, &bytes) == -1)
		return;
	if (bytes == 0) {
		look_end(c);
		return;
	}
	if (c->marked != c->r->desired.serial)
		mark_all_wanted(c); /* one has come in the meantime */
	next = imagegc_choose(
	    c->image, c->n, &c->r->conf.image_gc, mtime_now());
	if (next != NULL) {
		remove_image(c, next);
		return;
	}
	event_node(c->r, "FreeDiskSpaceFailed",
	    "image filesystem is too full, and no image is left to be removed");
	look_end(c);
}

/* --- a look: the file system, the images, who uses them --- */

static void
fill_images(struct collect *c)
{
	const Runtime__V1__Image *in;
	struct imagegc_image *out;
	struct known_image *k;
	size_t i;

	c->image = xcalloc(c->images->n_images == 0 ? 1 : c->images->n_images,
	    sizeof(*c->image));
	for (i = 0; i < c->images->n_images; i++) {
		in = c->images->images[i];
		out = &c->image[c->n++];
		k = known_get(c, in->id, mtime_now());
		k->listed = 1;
		out->id = in->id;
		out->tag = in->repo_tags;
		out->n_tag = in->n_repo_tags;
		out->digest = in->repo_digests;
		out->n_digest = in->n_repo_digests;
		out->pinned = in->pinned;
		out->first = k->first;
	}
	known_prune(c);
}

static void
on_containers(void *ctx, struct cri_result *res)
{
	const Runtime__V1__ListContainersResponse *a = res->response;
	struct collect *c = ctx;
	struct known_image *k;
	size_t i;

	if (res->code != GRPC_OK) {
		look_failed(c, "cannot list containers", res->message);
		return;
	}
	fill_images(c);
	for (i = 0; i < a->n_containers; i++)
		mark_used(c, a->containers[i]);
	for (i = 0; i < c->n; i++) {
		k = known_get(c, c->image[i].id, mtime_now());
		if (c->image[i].needed & IMAGEGC_USED)
			k->last = mtime_now();
		c->image[i].last = k->last;
	}
	mark_all_wanted(c);
	look_step(c);
}

static void
on_images(void *ctx, struct cri_result *res)
{
	Runtime__V1__ListContainersRequest req =
	    RUNTIME__V1__LIST_CONTAINERS_REQUEST__INIT;
	struct collect *c = ctx;

	if (res->code != GRPC_OK) {
		look_failed(c, "cannot list images", res->message);
		return;
	}
	c->images = res->response;
	c->images_arena = res->arena;
	res->arena = NULL;
	(void)cri_call(
	    c->r->cri, CRI_LIST_CONTAINERS, &req.base, on_containers, c);
}

static void
on_fs(void *ctx, struct cri_result *res)
{
	const Runtime__V1__ImageFsInfoResponse *a = res->response;
	Runtime__V1__ListImagesRequest req =
	    RUNTIME__V1__LIST_IMAGES_REQUEST__INIT;
	struct collect *c = ctx;

	if (res->code != GRPC_OK) {
		look_failed(
		    c, "cannot find the image filesystem", res->message);
		return;
	}
	if (a->n_image_filesystems == 0 ||
	    a->image_filesystems[0]->fs_id == NULL ||
	    a->image_filesystems[0]->fs_id->mountpoint[0] != '/') {
		look_failed(c, "cannot find the image filesystem",
		    "the runtime names none");
		return;
	}
	c->folder = xstrdup(a->image_filesystems[0]->fs_id->mountpoint);
	(void)cri_call(c->r->cri, CRI_LIST_IMAGES, &req.base, on_images, c);
}

static void
look(struct collect *c)
{
	Runtime__V1__ImageFsInfoRequest req =
	    RUNTIME__V1__IMAGE_FS_INFO_REQUEST__INIT;

	if (c->looking || c->r->conf.image_gc.high >= 100)
		return;
	c->looking = 1;
	(void)cri_call(c->r->cri, CRI_IMAGE_FS_INFO, &req.base, on_fs, c);
}

/* Who is wanted and who is there. */
static int
is_known(const struct reconciled *r)
{
	return (r->listed && r->desired.synced && !r->desired.staging &&
	    cri_info(r->cri)->state == CRI_UP);
}

static void
on_period(evutil_socket_t fd, short what, void *arg)
{
	struct collect *c = arg;
	struct reconciled *r = c->r;

	(void)fd;
	(void)what;
	schedule(c, PERIOD_MS);
	r->files.cgroups.burstable = -1; /* others may have changed it */
	if (!is_known(r))
		return;
	if (sweep(&r->files, &r->pods) == -1)
		schedule(c, SOON_MS); /* there are more */
	reconcile_kick(r);
	collect_trash(c);
	look(c);
}

static void
on_trash(evutil_socket_t fd, short what, void *arg)
{
	struct collect *c = arg;

	(void)fd;
	(void)what;
	if (trash_step(&c->r->files.trash, TRASH_AT_ONCE))
		collect_trash(c);
}

void
collect_trash(struct collect *c)
{
	const struct timeval tv = { 0, TRASH_PAUSE_MS * 1000 };

	if (!evtimer_pending(c->ev_trash, NULL) &&
	    event_add(c->ev_trash, &tv) == -1)
		fatalx("event_add");
}

struct collect *
collect_new(struct reconciled *r)
{
	struct collect *c = xcalloc(1, sizeof(*c));

	c->r = r;
	TAILQ_INIT(&c->known);
	c->ev = evtimer_new(r->base, on_period, c);
	c->ev_trash = evtimer_new(r->base, on_trash, c);
	if (c->ev == NULL || c->ev_trash == NULL)
		fatalx("evtimer_new");
	return (c);
}

void
collect_free(struct collect *c)
{
	struct known_image *k;

	if (c == NULL)
		return;
	look_end(c);
	while ((k = TAILQ_FIRST(&c->known)) != NULL)
		known_drop(c, k);
	event_free(c->ev);
	event_free(c->ev_trash);
	free(c);
}

void
collect_begin(struct collect *c)
{
	if (c->begun)
		return;
	c->begun = 1;
	/*
	 * A runtime takes its time to give up what an earlier reconciled has
	 * asked for, and may leave something meanwhile, for example a cgroup.
	 */
	schedule(c, SOON_MS);
}

void
collect_soon(struct collect *c)
{
	if (c->begun && mtime_diff(c->due, mtime_now()) > SOON_MS)
		schedule(c, SOON_MS);
}
