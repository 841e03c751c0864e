#include "watcherd/check.h"

#include <sys/stat.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/log.h"
#include "common/mem.h"
#include "watcherd/filter.h"
#include "watcherd/input.h"
#include "watcherd/manifest.h"

#define DESCRIPTORS 16			/* besides those of the files */
#define CONFLICTS_MAX (4 * 1024 * 1024) /* bytes told of one file */

/* A pod that a file of a folder defines. */
struct claim {
	size_t folder;
	const char *file; /* borrowed */
	uint32_t line;
	char *ns, *name, *uid;
};

struct claims {
	struct claim *claim;
	size_t n;
};

/* The earlier file that has the pod, and why it is the same. */
static const struct claim *
claims_find(const struct claims *all, size_t folder, const Tripod__Pod *pod)
{
	const struct claim *c;
	size_t i;

	for (i = 0; i < all->n; i++) {
		c = &all->claim[i];
		if (c->folder == folder &&
		    (strcmp(c->uid, pod->uid) == 0 ||
			(strcmp(c->ns, pod->namespace_) == 0 &&
			    strcmp(c->name, pod->name) == 0)))
			return (c);
	}
	return (NULL);
}

static void
claims_add(
    struct claims *all, const struct input *in, const Tripod__Definition *d)
{
	const Tripod__Pod *pod = d->pod;
	struct claim *c;

	all->claim = xreallocarray(
	    all->claim, all->n + 1, sizeof(all->claim[0]));
	c = &all->claim[all->n++];
	c->folder = in->folder;
	c->file = in->name;
	c->line = d->line;
	c->ns = xstrdup(pod->namespace_);
	c->name = xstrdup(pod->name);
	c->uid = xstrdup(pod->uid);
}

static void
claims_release(struct claims *all)
{
	size_t i;

	for (i = 0; i < all->n; i++) {
		free(all->claim[i].ns);
		free(all->claim[i].name);
		free(all->claim[i].uid);
	}
	free(all->claim);
}

/* One more error for a manifest; the caller fills in the place. */
static Tripod__Problem *
manifest_tell(Tripod__Manifest *m, struct arena *arena, const char *text)
{
	Tripod__Problem **list, *p;

	list = arena_array(arena, m->n_problem + 1, sizeof(*list));
	p = arena_alloc(arena, sizeof(*p));
	log_assert(list != NULL && p != NULL);
	tripod__problem__init(p);
	p->message = arena_strdup(arena, text);
	log_assert(p->message != NULL);
	if (m->n_problem > 0)
		memcpy(list, m->problem, m->n_problem * sizeof(*list));
	list[m->n_problem++] = p;
	m->problem = list;
	return (p);
}

/* The same about one of its pods. */
static void
manifest_refuse(Tripod__Manifest *m, struct arena *arena,
    const Tripod__Definition *d, const char *text)
{
	Tripod__Problem *p = manifest_tell(m, arena, text);

	p->line = d->line;
	p->column = d->column;
	m->state = TRIPOD__MANIFEST__STATE__INVALID;
}

/*
 * What reconciled would not lend, unless its configuration says so.  Only
 * root's files are told of: another user checks what is to be put in place.
 */
static void
warn_of_modes(const struct input *in, Tripod__Manifest *m, struct arena *arena)
{
	struct stat st;
	struct err err;

	if (in->folder == 0 || geteuid() != 0 || fstat(in->fd, &st) == -1)
		return;
	if (st.st_uid != 0)
		(void)err_set(&err,
		    "belongs to uid %u, not to root: refused with \"strict "
		    "modes\"",
		    (unsigned int)st.st_uid);
	else if (st.st_mode & (S_IWGRP | S_IWOTH))
		(void)err_set(&err,
		    "mode %04o lets others write: refused with \"strict "
		    "modes\"",
		    (unsigned int)(st.st_mode & 07777));
	else
		return;
	manifest_tell(m, arena, err.text)->severity =
	    TRIPOD__PROBLEM__SEVERITY__WARNING;
}

/*
 * Whose each pod is, as reconciled settles it: the first file by name has
 * it, be it by the pod's name or by its uid.
 */
static void
claims_judge(struct claims *all, const struct input *in, Tripod__Manifest *m,
    struct arena *arena)
{
	const struct claim *c;
	const Tripod__Definition *d;
	struct err err;
	size_t i;

	for (i = 0; i < m->n_definition; i++) {
		d = m->definition[i];
		if ((c = claims_find(all, in->folder, d->pod)) == NULL) {
			claims_add(all, in, d);
			continue;
		}
		if (strcmp(c->ns, d->pod->namespace_) == 0 &&
		    strcmp(c->name, d->pod->name) == 0)
			(void)err_set(&err,
			    "%s defines the pod %s/%s already, in line %u",
			    c->file, c->ns, c->name, c->line);
		else
			(void)err_set(&err,
			    "%s gives the uid %s to the pod %s/%s already, in "
			    "line %u",
			    c->file, c->uid, c->ns, c->name, c->line);
		manifest_refuse(m, arena, d, err.text);
	}
}

static void
check_bytes(struct check *check, struct claims *claims, const struct input *in,
    struct result *result)
{
	const struct manifest_source src = { in->name, check->node,
		result->bytes, result->len, check->mode };
	struct arena arena;
	Tripod__Manifest *m;

	arena_init(&arena, MANIFEST_ARENA_MAX);
	m = manifest_parse(&src, &arena);
	log_assert(m != NULL);
	arena.limit += CONFLICTS_MAX;
	if (in->folder != 0 && m->state == TRIPOD__MANIFEST__STATE__VALID)
		claims_judge(claims, in, m, &arena);
	warn_of_modes(in, m, &arena);
	result->manifest = m;
	result->verdict = m->state == TRIPOD__MANIFEST__STATE__VALID
	    ? VERDICT_VALID
	    : VERDICT_REFUSED;
	report_add(&check->report, result);
	arena_release(&arena);
}

/* A file that the daemon would refuse without a look at its bytes. */
static void
check_refused(struct check *check, const struct input *in)
{
	struct result result = { .path = in->path, .verdict = VERDICT_REFUSED };
	struct arena arena;

	arena_init(&arena, MANIFEST_ARENA_MAX);
	result.manifest = manifest_invalid(
	    &arena, in->name, "%s", in->why.text);
	log_assert(result.manifest != NULL);
	report_add(&check->report, &result);
	arena_release(&arena);
}

static void
check_input(struct check *check, struct claims *claims, struct input *in)
{
	struct result result = { .path = in->path };
	void *bytes;

	if (in->ignored) {
		result.verdict = VERDICT_IGNORED;
		result.why = in->why.text;
		report_add(&check->report, &result);
	} else if (input_read(in, &bytes, &result.len) == 0) {
		result.bytes = bytes;
		check_bytes(check, claims, in, &result);
		free(bytes);
	} else if (in->refused) {
		check_refused(check, in);
	} else {
		result.verdict = VERDICT_UNREADABLE;
		result.why = in->why.text;
		report_add(&check->report, &result);
	}
}

void
offline_confine(size_t descriptors)
{
	struct sandbox s;

	memset(&s, 0, sizeof(s));
	s.name = "watcherd -t";
	s.rules = watcherd_rules;
	s.nrules = watcherd_nrules;
	s.files = (unsigned int)descriptors + DESCRIPTORS;
	s.optional = 1;
	sandbox_enter(&s);
}

int
check_files(struct check *check, char *const *words, int n)
{
	struct report *r = &check->report;
	struct inputs inputs = { .lenient = check->mode == MANIFEST_LENIENT };
	struct claims claims = { NULL, 0 };
	size_t i;

	for (i = 0; i < (size_t)n; i++)
		inputs_add(&inputs, words[i], check->stdin_name);
	offline_confine(inputs.nopen);
	report_begin(r);
	for (i = 0; i < inputs.n; i++)
		check_input(check, &claims, &inputs.input[i]);
	report_end(r);
	inputs_release(&inputs);
	claims_release(&claims);
	if (fflush(stdout) == EOF || ferror(stdout))
		return (EX_IOERR);
	if (r->count[VERDICT_UNREADABLE] > 0)
		return (EX_NOINPUT);
	return (r->count[VERDICT_REFUSED] > 0 ? 1 : EX_OK);
}

/* Why there is nothing to write. */
static void
render_fail(struct check *check, const char *path, const char *why)
{
	const struct result result = {
		.path = path, .verdict = VERDICT_UNREADABLE, .why = why
	};

	report_add(&check->report, &result);
}

static int
render_bytes(struct check *check, struct result *result,
    const struct manifest_source *src, enum manifest_form form)
{
	struct arena arena;
	int rc;

	arena_init(&arena, MANIFEST_ARENA_MAX);
	result->manifest = manifest_parse(src, &arena);
	log_assert(result->manifest != NULL);
	if (result->manifest->state != TRIPOD__MANIFEST__STATE__VALID) {
		result->verdict = VERDICT_REFUSED;
		report_add(&check->report, result);
		arena_release(&arena);
		return (1);
	}
	if (form == FORM_IDENTITY && result->manifest->n_definition != 1) {
		render_fail(check, result->path, "defines several pods");
		arena_release(&arena);
		return (1);
	}
	arena_release(&arena);
	arena_init(&arena, MANIFEST_ARENA_MAX);
	rc = manifest_render(src, form, &arena, stdout) == -1 ||
		fflush(stdout) == EOF
	    ? EX_IOERR
	    : EX_OK;
	arena_release(&arena);
	return (rc);
}

static int
render_input(struct check *check, struct input *in, enum manifest_form form)
{
	struct manifest_source src = {
		.file = in->name, .node = check->node, .mode = check->mode
	};
	struct result result = { .path = in->path };
	void *bytes;
	int rc;

	if (input_read(in, &bytes, &src.len) == -1) {
		render_fail(check, in->path, in->why.text);
		return (EX_NOINPUT);
	}
	src.bytes = result.bytes = bytes;
	result.len = src.len;
	rc = render_bytes(check, &result, &src, form);
	free(bytes);
	return (rc);
}

int
check_render(struct check *check, const char *word, enum manifest_form form)
{
	struct inputs inputs = { .lenient = check->mode == MANIFEST_LENIENT };
	int rc = EX_NOINPUT;

	inputs_add(&inputs, word, check->stdin_name);
	offline_confine(inputs.nopen);
	if (inputs.folders > 0)
		render_fail(check, word, "is a folder");
	else
		rc = render_input(check, &inputs.input[0], form);
	inputs_release(&inputs);
	return (rc);
}
