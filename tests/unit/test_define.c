/*
 * From what files want to pods (reconciled/define.h).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/log.h"
#include "reconciled/define.h"
#include "reconciled/message.h"
#include "reconciled/probes.h"

static int forgotten; /* probes, how often */

void
probes_forget(struct pod *p)
{
	(void)p;
	forgotten++;
}

static int events; /* of two files for one pod */

void
event_warning(struct reconciled *r, const struct pod *p, const char *container,
    const char *reason, const char *fmt, ...)
{
	(void)r;
	(void)container;
	(void)fmt;
	assert_string_equal(reason, "FailedValidation");
	assert_string_equal(p->uid, "1");
	events++;
}

static int
setup(void **state)
{
	static struct reconciled r;

	memset(&r, 0, sizeof(r));
	TAILQ_INIT(&r.pods);
	desired_init(&r.desired);
	r.desired.synced = r.known = 1;
	*state = &r;
	return (0);
}

static int
teardown(void **state)
{
	struct reconciled *r = *state;
	struct pod *p;

	while ((p = TAILQ_FIRST(&r->pods)) != NULL) {
		TAILQ_REMOVE(&r->pods, p, entry);
		pod_free(p);
	}
	desired_release(&r->desired);
	return (0);
}

/*
 * A file says "NAME=UID@HASH ..." (NULL: it is gone), and pods are
 * defined after it.  Each mirror is the given text.
 */
static void
say_mirror(struct reconciled *r, const char *file, const char *pods,
    const char *mirror)
{
	struct desired_file *f = desired_get(&r->desired, file);
	Tripod__Definition *d;
	Tripod__Manifest *m;
	struct arena a;
	struct err err;
	char *word, *rest;

	if (pods == NULL) {
		desired_drop(&r->desired, f);
		define_pods(r);
		return;
	}
	arena_init(&a, 65536);
	m = message_new(&a, &tripod__manifest__descriptor);
	m->definition = must_alloc(&a, 8, sizeof(*m->definition));
	for (word = strtok_r(must_strdup(&a, pods), " ", &rest); word != NULL;
	     word = strtok_r(NULL, " ", &rest)) {
		d = message_new(&a, &tripod__definition__descriptor);
		d->pod = message_new(&a, &tripod__pod__descriptor);
		d->pod->namespace_ = must_strdup(&a, "ns");
		d->pod->name = word;
		*strchr(word, '=') = '\0';
		d->pod->uid = word + strlen(word) + 1;
		*strchr(d->pod->uid, '@') = '\0';
		d->pod->hash = d->pod->uid + strlen(d->pod->uid) + 1;
		d->seen_ns = 7;
		d->mirror_json.data = (uint8_t *)must_strdup(&a, mirror);
		d->mirror_json.len = strlen(mirror);
		m->definition[m->n_definition++] = d;
	}
	assert_int_not_equal(desired_claim(&r->desired, f, m, &err), -1);
	arena_release(&a);
	define_pods(r);
}

static void
say(struct reconciled *r, const char *file, const char *pods)
{
	say_mirror(r, file, pods, "{}");
}

/* "NAME=UID@HASH:FILE ..." of the pods that are wanted, in their order. */
static const char *
wanted(const struct reconciled *r)
{
	static char text[256];
	const struct pod *p;
	size_t n = 0;

	text[0] = '\0';
	TAILQ_FOREACH (p, &r->pods, entry)
		if (p->want.wanted)
			n += (size_t)snprintf(text + n, sizeof(text) - n,
			    "%s%s=%s@%s:%s", n > 0 ? " " : "", p->name, p->uid,
			    p->hash, p->file);
	return (text);
}

/* What changes in a file changes its pods, and no others. */
static void
test_set(void **state)
{
	struct reconciled *r = *state;
	const Tripod__Definition *d;
	struct pod *p;

	say(r, "f", "a=1@1 b=2@2");
	assert_string_equal(wanted(r), "a=1@1:f b=2@2:f");
	p = pods_find(&r->pods, "2");
	assert_non_null(p->definition);
	assert_int_equal(p->seen_ns, 7);
	assert_int_equal(p->definition->seen_ns, 7);
	d = p->definition;
	p->dirty = 0;
	say(r, "f", "b=2@2 c=3@3");
	assert_string_equal(wanted(r), "b=2@2:f c=3@3:f");
	/* The very same definition in the very same place. */
	assert_ptr_equal(p->definition, d);
	assert_false(p->dirty);
	say(r, "f", NULL);
	assert_string_equal(wanted(r), "");
	assert_ptr_equal(p->definition, d); /* needed for its end */
}

/* A fixed uid: other content, another file, another name. */
static void
test_uid(void **state)
{
	struct reconciled *r = *state;
	struct pod *p;

	say(r, "f", "a=1@1");
	p = pods_find(&r->pods, "1");
	say(r, "e", "a=1@1");
	assert_string_equal(wanted(r), "a=1@1:e");
	say(r, "e", "a=1@2");
	assert_string_equal(wanted(r), "a=1@2:e");
	/* Another name for it: nothing, until the one before is gone. */
	say(r, "f", NULL);
	say(r, "e", "z=1@3");
	assert_string_equal(wanted(r), "");
	TAILQ_REMOVE(&r->pods, p, entry);
	pod_free(p);
	define_pods(r);
	assert_string_equal(wanted(r), "z=1@3:e");
}

/* What is under way ends with the definition it began with. */
static void
test_busy(void **state)
{
	struct reconciled *r = *state;
	struct pod *p;

	say(r, "f", "a=1@1");
	p = pods_find(&r->pods, "1");
	p->inflight = 1;
	forgotten = 0;
	say(r, "f", "a=1@2");
	assert_string_equal(wanted(r), "a=1@1:f");
	assert_true(p->again);
	define_pods(r);
	assert_string_equal(wanted(r), "a=1@1:f");
	assert_int_equal(forgotten, 0);
	p->inflight = 0;
	define_pods(r);
	assert_int_equal(forgotten, 1);
	assert_string_equal(wanted(r), "a=1@2:f");
	assert_false(p->again);
}

/* What runs goes on by its definition until it has ended. */
static void
test_next(void **state)
{
	struct reconciled *r = *state;
	struct seen_sandbox *s;
	struct pod *p, *n;

	say(r, "f", "a=1@1");
	p = pods_find(&r->pods, "1");
	s = sandbox_add(&p->seen, "s", 0, 1);
	s->ready = 1;
	p->inflight = p->pulling = 1; /* no matter */
	forgotten = 0;
	say(r, "f", "a=1@2");
	assert_string_equal(wanted(r), "a=1@1:f");
	assert_false(p->again);
	n = p->next;
	assert_string_equal(n->hash, "2");
	assert_string_equal(n->uid, "1");
	assert_int_equal(forgotten, 1); /* of n, which has none */
	/* The same from another file, while its images are looked up. */
	n->pulling = 1;
	say(r, "e", "a=1@2");
	assert_ptr_equal(p->next, n);
	assert_false(n->again);
	say(r, "f", NULL);
	/* Yet another: after what is under way. */
	say(r, "e", "a=1@3");
	assert_ptr_equal(p->next, n);
	assert_true(n->again);
	n->pulling = 0;
	define_pods(r);
	assert_string_equal(p->next->hash, "3");
	/* It is taken back. */
	say(r, "e", "a=1@1");
	assert_null(p->next);
	assert_string_equal(wanted(r), "a=1@1:e");
}

/* It becomes the pod's own when nothing is left but what is dead. */
static void
test_succeed(void **state)
{
	struct reconciled *r = *state;
	struct seen_sandbox *s;
	struct pod *p;

	say(r, "e", "a=1@1");
	p = pods_find(&r->pods, "1");
	s = sandbox_add(&p->seen, "s", 0, 1);
	s->ready = 1;
	p->inflight = p->pulling = 1;
	say(r, "e", "a=1@4");
	assert_non_null(p->next);
	pod_forget(p->next); /* its definition has no container */
	pod_make_room(p->next, 1);
	text_set(&p->next->memo.container[0].image_ref, "image");
	/* Its end. */
	s->ready = 0;
	define_successors(&r->pods);
	assert_string_equal(p->hash, "1");
	s->stopped = 1;
	define_successors(&r->pods);
	assert_string_equal(p->hash, "1");
	p->inflight = p->pulling = 0;
	define_successors(&r->pods);
	assert_string_equal(p->hash, "4");
	assert_null(p->next);
	assert_string_equal(p->memo.container[0].image_ref, "image");
	/* Nothing runs: at once. */
	say(r, "e", "a=1@5");
	assert_string_equal(p->hash, "5");
}

/* Until the first list has come nobody knows by which one it runs. */
static void
test_unknown(void **state)
{
	struct reconciled *r = *state;
	struct seen_sandbox *s;
	struct pod *p;

	say(r, "e", "a=1@5");
	p = pods_find(&r->pods, "1");
	r->known = 0;
	say(r, "e", "a=1@6");
	assert_string_equal(p->hash, "5");
	s = sandbox_add(&p->seen, "s", 0, 1);
	s->ready = 1;
	text_set(&s->hash, "5");
	r->known = 1;
	define_successors(&r->pods);
	assert_string_equal(p->hash, "5");
	/* It was made by that one already: nothing is to end. */
	text_set(&s->hash, "6");
	define_successors(&r->pods);
	assert_string_equal(p->hash, "6");
	text_set(&s->hash, "7");
	say(r, "e", "a=1@7");
	assert_string_equal(p->hash, "7");
}

/* The mirror's text is not the pod: a new one ends nothing. */
static void
test_mirror(void **state)
{
	struct reconciled *r = *state;
	struct pod *p;

	say(r, "f", "a=1@1");
	p = pods_find(&r->pods, "1");
	say_mirror(r, "f", "a=1@1", "{\"more\":1}");
	assert_int_equal(p->definition->mirror_json.len, 10);
	assert_false(p->want.terminating);
}

/* Another file with a pod that is there: said once, to that pod. */
static void
test_conflict(void **state)
{
	struct reconciled *r = *state;

	events = 0;
	say(r, "e", "a=1@1");
	assert_int_equal(events, 0);
	say(r, "f", "a=2@2");
	assert_string_equal(wanted(r), "a=1@1:e");
	assert_int_equal(events, 1);
	define_pods(r);
	assert_int_equal(events, 1);
}

/* Between begin and end of a transfer a pod may move to another file. */
static void
test_staging(void **state)
{
	struct reconciled *r = *state;

	say(r, "f", "a=1@1 b=2@2");
	r->desired.staging = 1;
	say(r, "f", "b=2@2");
	assert_string_equal(wanted(r), "a=1@1:f b=2@2:f");
	say(r, "g", "a=1@1");
	assert_string_equal(wanted(r), "a=1@1:g b=2@2:f");
	/* Unless another pod has its name. */
	say(r, "f", "b=3@3");
	assert_string_equal(wanted(r), "a=1@1:g b=3@3:f");
	say(r, "g", NULL);
	assert_string_equal(wanted(r), "a=1@1:g b=3@3:f");
	r->desired.staging = 0;
	define_pods(r);
	assert_string_equal(wanted(r), "b=3@3:f");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_set),
		TEST(test_uid),
		TEST(test_busy),
		TEST(test_next),
		TEST(test_succeed),
		TEST(test_unknown),
		TEST(test_mirror),
		TEST(test_conflict),
		TEST(test_staging),
	};

	log_init("test_define");
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
