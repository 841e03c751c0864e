/*
 * When garbage is looked for, and which images go (reconciled/collect.h).
 */
#include <sys/statfs.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "reconciled/collect.h"
#include "reconciled/message.h"
#include "reconciled/reconcile.h"
#include "reconciled/sweep.h"

#define TEXT(s) ((char *)(uintptr_t)(s))
#define IMAGES 4
#define SOON 10000
#define LATER 300000

struct world {
	struct reconciled r;
	struct cri_info info;
	/* The call that waits for its answer; done NULL: none. */
	enum cri_method method;
	cri_done done;
	void *ctx;
	char asked[16]; /* last letters of images to be removed */
	size_t n_asked;
	const char *event; /* the last one's reason */
	int sweeps;	   /* how often */
	int more;	   /* what a sweep says */
	int trash;	   /* steps left */
	struct event *period, *steps;
	int64_t period_ms;  /* how long it waits */
	int waits;	    /* steps are to go on */
	unsigned long free; /* per cent of the disk */
};

static struct world *here;

/* --- what surrounds the file under test --- */

struct cri_call *
cri_call(struct cri *cri, enum cri_method method, const ProtobufCMessage *req,
    cri_done done, void *ctx)
{
	const Runtime__V1__RemoveImageRequest *remove = (const void *)req;
	const char *id;

	(void)cri;
	assert_null(here->done);
	here->method = method;
	here->done = done;
	here->ctx = ctx;
	if (method == CRI_REMOVE_IMAGE) {
		id = remove->image->image;
		assert_true(here->n_asked < sizeof(here->asked) - 1);
		here->asked[here->n_asked++] = id[strlen(id) - 1];
	}
	return (NULL);
}

const struct cri_info *
cri_info(const struct cri *cri)
{
	(void)cri;
	return (&here->info);
}

void
event_node(struct reconciled *r, const char *reason, const char *fmt, ...)
{
	(void)r;
	(void)fmt;
	here->event = reason;
}

void
reconcile_kick(struct reconciled *r)
{
	(void)r;
}

int
sweep(const struct files *f, struct pods *pods)
{
	(void)f;
	(void)pods;
	here->sweeps++;
	return (here->more ? -1 : 0);
}

int
trash_step(struct trash *t, unsigned int things)
{
	(void)t;
	assert_in_range(things, 1, 1000);
	return (--here->trash > 0);
}

/* The C library's and libevent's are not asked. */
int
statfs(const char *path, struct statfs *s)
{
	assert_string_equal(path, "/images");
	memset(s, 0, sizeof(*s));
	s->f_bsize = 4096;
	s->f_blocks = 100;
	s->f_bavail = here->free;
	return (0);
}

int
event_add(struct event *ev, const struct timeval *tv)
{
	int64_t ms = tv->tv_sec * 1000 + tv->tv_usec / 1000;

	if (here->period == NULL)
		here->period = ev; /* it is begun with */
	if (ev == here->period) {
		here->period_ms = ms;
	} else {
		assert_in_range(ms, 1, 10);
		here->steps = ev;
		here->waits = 1;
	}
	return (0);
}

/* --- the world --- */

static int
setup(void **state)
{
	static struct world w;

	memset(&w, 0, sizeof(w));
	here = &w;
	desired_init(&w.r.desired);
	w.info.state = CRI_UP;
	w.info.sandbox_image = TEXT("");
	w.r.listed = w.r.desired.synced = 1;
	w.r.conf.image_gc.high = 90;
	w.r.conf.image_gc.low = 80;
	w.r.base = event_base_new();
	w.r.collect = collect_new(&w.r);
	collect_begin(w.r.collect);
	*state = &w;
	return (0);
}

static int
teardown(void **state)
{
	struct world *w = *state;

	collect_free(w->r.collect);
	event_base_free(w->r.base);
	desired_release(&w->r.desired);
	return (0);
}

static void
passes(struct event *ev)
{
	event_get_callback(ev)(-1, EV_TIMEOUT, event_get_callback_arg(ev));
}

static void
answer(struct world *w, enum cri_method method, const void *response)
{
	struct cri_result res = { .method = method,
		.message = "",
		.response = response,
		.arena = arena_new(16) };
	cri_done done = w->done;

	assert_non_null(done);
	assert_int_equal(w->method, method);
	w->done = NULL;
	done(w->ctx, &res);
	arena_free(res.arena);
}

/* A file wants an image. */
static void
want(struct world *w, const char *image)
{
	Tripod__Manifest m = TRIPOD__MANIFEST__INIT;
	Tripod__Definition d = TRIPOD__DEFINITION__INIT, *ds[] = { &d };
	Tripod__Pod pod = TRIPOD__POD__INIT;
	Tripod__Container c = TRIPOD__CONTAINER__INIT, *cs[] = { &c };
	struct err err;

	c.name = TEXT("main");
	c.image = TEXT(image);
	pod.container = cs;
	pod.n_container = 1;
	pod.name = pod.uid = pod.hash = TEXT(image);
	pod.namespace_ = TEXT("ns");
	d.pod = &pod;
	m.definition = ds;
	m.n_definition = 1;
	assert_int_equal(desired_claim(&w->r.desired,
			     desired_get(&w->r.desired, image), &m, &err),
	    1);
}

/* Up to the first removal: images a to c, and one of sandboxes. */
static void
look(struct world *w)
{
	static const char *const names[] = { "a:1", "b:1", "c:1", "pause:1" };
	static char id[IMAGES][16], tag[IMAGES][32], *tags[IMAGES];
	Runtime__V1__FilesystemIdentifier fs =
	    RUNTIME__V1__FILESYSTEM_IDENTIFIER__INIT;
	Runtime__V1__FilesystemUsage use = RUNTIME__V1__FILESYSTEM_USAGE__INIT,
				     *uses[] = { &use };
	Runtime__V1__ImageFsInfoResponse info =
	    RUNTIME__V1__IMAGE_FS_INFO_RESPONSE__INIT;
	static Runtime__V1__Image image[IMAGES], *images[IMAGES];
	static Runtime__V1__ListImagesResponse list;
	Runtime__V1__Container c = RUNTIME__V1__CONTAINER__INIT, *cs[] = { &c };
	Runtime__V1__ListContainersResponse containers =
	    RUNTIME__V1__LIST_CONTAINERS_RESPONSE__INIT;
	size_t i;

	passes(w->period);
	fs.mountpoint = TEXT("/images");
	use.fs_id = &fs;
	info.image_filesystems = uses;
	info.n_image_filesystems = 1;
	answer(w, CRI_IMAGE_FS_INFO, &info);
	for (i = 0; i < IMAGES; i++) {
		runtime__v1__image__init(&image[i]);
		(void)snprintf(id[i], sizeof(id[i]), "sha256:%c", names[i][0]);
		(void)snprintf(
		    tag[i], sizeof(tag[i]), "docker.io/library/%s", names[i]);
		tags[i] = tag[i];
		image[i].id = id[i];
		image[i].repo_tags = &tags[i];
		image[i].n_repo_tags = 1;
		images[i] = &image[i];
	}
	runtime__v1__list_images_response__init(&list);
	list.images = images;
	list.n_images = IMAGES;
	answer(w, CRI_LIST_IMAGES, &list);
	c.image_ref = TEXT("sha256:none");
	containers.containers = cs;
	containers.n_containers = 1;
	answer(w, CRI_LIST_CONTAINERS, &containers);
}

static void
removed(struct world *w)
{
	static const Runtime__V1__RemoveImageResponse none =
	    RUNTIME__V1__REMOVE_IMAGE_RESPONSE__INIT;

	answer(w, CRI_REMOVE_IMAGE, &none);
}

static void
test_enough(void **state)
{
	struct world *w = *state;

	w->free = 50;
	look(w);
	assert_null(w->done);
	w->free = 5;
	look(w);
	w->free = 30;
	removed(w);
	assert_null(w->done);
	assert_string_equal(w->asked, "a");
	assert_null(w->event);
}

/* What manifests want stays, also the next time, when none has changed. */
static void
test_wanted(void **state)
{
	struct world *w = *state;

	want(w, "a:1");
	look(w);
	removed(w);
	removed(w);
	assert_null(w->done);
	assert_string_equal(w->asked, "bc");
	assert_string_equal(w->event, "FreeDiskSpaceFailed");
	look(w);
	removed(w);
	removed(w);
	assert_null(w->done);
	assert_string_equal(w->asked, "bcbc");
}

/* And what one wants that comes while images are removed. */
static void
test_wanted_meanwhile(void **state)
{
	struct world *w = *state;

	look(w);
	want(w, "b:1");
	removed(w);
	removed(w);
	assert_null(w->done);
	assert_string_equal(w->asked, "ac");
}

static void
test_periods(void **state)
{
	struct world *w = *state;

	w->r.conf.image_gc.high = 100; /* never */
	assert_int_equal(w->period_ms, SOON);
	/* Not before everybody is known. */
	w->r.desired.synced = 0;
	passes(w->period);
	assert_int_equal(w->sweeps, 0);
	assert_int_equal(w->period_ms, LATER);
	w->r.desired.synced = 1;
	/* Sooner as long as there is more. */
	w->more = 1;
	passes(w->period);
	assert_int_equal(w->sweeps, 1);
	assert_int_equal(w->period_ms, SOON);
	w->more = 0;
	passes(w->period);
	assert_int_equal(w->sweeps, 2);
	assert_int_equal(w->period_ms, LATER);
	collect_soon(w->r.collect);
	assert_int_equal(w->period_ms, SOON);
	assert_null(w->done);
}

static void
test_trash(void **state)
{
	struct world *w = *state;
	int i;

	w->trash = 3;
	collect_trash(w->r.collect);
	for (i = 0; w->waits; i++) {
		w->waits = 0;
		passes(w->steps);
	}
	assert_int_equal(i, 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_enough),
		TEST(test_wanted),
		TEST(test_wanted_meanwhile),
		TEST(test_periods),
		TEST(test_trash),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
