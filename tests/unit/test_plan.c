/*
 * The rules of reconciled/plan.h, row by row.  A situation is written as
 * text, the plan is compared as text:
 *
 *	s1	sandbox of attempt 1 that is ready (S: not ready; h: on the
 *		host's network)
 *	a0=r1	container a, attempt 0, running in sandbox 1 (c created, r
 *		running, x exited with 0, f failed, u unknown)
 *	!	after either: an action on it is in flight
 *	~	after either: a failure of it is backed off until WAIT
 *
 * Containers of the manifest are always a and b; z is not in it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "reconciled/plan.h"

#define NOW 1000000
#define WAIT (NOW + 5000)
#define TEXT 512
#define LEN(x) (sizeof(x) / sizeof((x)[0]))

/* What is wanted. */
#define W_WANTED 0x01
#define W_BLOCKED 0x02
#define W_HOLD 0x04
#define W_END 0x08 /* terminating */
#define W_NO_NET 0x10
#define W_HOST 0x20 /* the manifest asks for the host's network */
#define W_FAILURE 0x40
#define W_NEVER 0x80
#define W_STALE 0x100
#define W_UNDEFINED 0x200
/* What is remembered: images of a and b, and so on. */
#define M_IMAGE_A 0x01
#define M_IMAGE_B 0x02
#define M_IMAGES 0x03
#define M_BUSY_A 0x04
#define M_SANDBOX_BUSY 0x08
#define M_SANDBOX_WAITS 0x10
#define M_CLEANED 0x20
#define M_CRASH_A 0x40
#define M_CREATE_WAITS_A 0x80
#define M_IMAGE_WAITS_A 0x100

struct row {
	const char *rule;
	unsigned int want, memo;
	const char *seen;
	const char *plan;
	int64_t wake; /* 0: never */
};

static struct retry
backed_off(void)
{
	struct retry r = { 1, { WAIT } };

	return (r);
}

static struct backoff
crash_loop(void)
{
	struct backoff b = { WAIT - NOW, { NOW } };

	return (b);
}

/* Marks behind an object. */
static void
parse_marks(const char *p, int *busy, struct retry *retry)
{
	for (; *p == '!' || *p == '~'; p++) {
		if (*p == '!')
			*busy = 1;
		else
			*retry = backed_off();
	}
}

static void
parse_sandbox(struct pod_seen *seen, const char *p)
{
	struct seen_sandbox *s;
	char id[8];

	(void)snprintf(id, sizeof(id), "s%c", p[1]);
	s = sandbox_add(seen, id, (uint32_t)(p[1] - '0'), 1);
	s->ready = p[0] == 's';
	s->host_network = p[2] == 'h';
	parse_marks(p + 2 + s->host_network, &s->busy, &s->retry);
}

static void
parse_container(struct pod_seen *seen, const char *p)
{
	struct seen_container *c;
	char id[8], name[2] = { p[0], '\0' };

	(void)snprintf(id, sizeof(id), "%.2s", p);
	c = container_add(seen, id, name, (uint32_t)(p[1] - '0'), 1);
	switch (p[3]) {
	case 'c':
		c->state = SEEN_CREATED;
		break;
	case 'r':
		c->state = SEEN_RUNNING;
		break;
	case 'u':
		c->state = SEEN_UNKNOWN;
		break;
	default:
		c->state = SEEN_EXITED;
		c->exit_code = p[3] == 'f';
	}
	c->finished.ms = NOW;
	(void)snprintf(id, sizeof(id), "s%c", p[4]);
	text_set(&c->sandbox_id, id);
	parse_marks(p + 5, &c->busy, &c->retry);
}

static void
parse_seen(struct pod_seen *seen, const char *text)
{
	while (*text != '\0') {
		text += strspn(text, " ");
		if (*text == 's' || *text == 'S')
			parse_sandbox(seen, text);
		else
			parse_container(seen, text);
		text += strcspn(text, " ");
	}
}

static void
fill_memo(struct pod_memo *m, unsigned int bits)
{
	struct memo_container *a = &m->container[0];

	if (bits & M_IMAGE_A)
		text_set(&a->image_ref, "image-a");
	if (bits & M_IMAGE_B)
		text_set(&m->container[1].image_ref, "image-b");
	a->busy = (bits & M_BUSY_A) != 0;
	m->sandbox_busy = (bits & M_SANDBOX_BUSY) != 0;
	m->cleaned = (bits & M_CLEANED) != 0;
	if (bits & M_SANDBOX_WAITS)
		m->sandbox = backed_off();
	if (bits & M_CREATE_WAITS_A)
		a->create = backed_off();
	if (bits & M_IMAGE_WAITS_A)
		a->image = backed_off();
}

static void
fill_want(struct pod_want *w, unsigned int bits, Tripod__Pod *pod)
{
	w->pod = bits & W_UNDEFINED ? NULL : pod;
	w->wanted = (bits & W_WANTED) != 0;
	w->blocked = (bits & W_BLOCKED) != 0;
	w->hold = (bits & W_HOLD) != 0;
	w->terminating = (bits & W_END) != 0;
	w->network_ready = !(bits & W_NO_NET);
	w->grace_seconds = 7;
	pod->host_network = (bits & W_HOST) != 0;
	if (bits & W_FAILURE)
		pod->restart_policy =
		    TRIPOD__RESTART_POLICY__RESTART_ON_FAILURE;
	if (bits & W_NEVER)
		pod->restart_policy = TRIPOD__RESTART_POLICY__RESTART_NEVER;
}

/* "image 0, run 1, create 0:2 start a0 stop a0 ..." */
static void
print_plan(char *out, const struct action *act, size_t n)
{
	size_t i, len = 0;

	out[0] = '\0';
	for (i = 0; i < n; i++) {
		len += (size_t)snprintf(out + len, TEXT - len, "%s%s",
		    i > 0 ? ", " : "", action_kind_str(act[i].kind));
		if (act[i].kind == ACT_IMAGE)
			len += (size_t)snprintf(
			    out + len, TEXT - len, " %zu", act[i].index);
		else if (act[i].kind == ACT_RUN_SANDBOX)
			len += (size_t)snprintf(
			    out + len, TEXT - len, " %u", act[i].attempt);
		else if (act[i].kind == ACT_CREATE)
			len += (size_t)snprintf(out + len, TEXT - len,
			    " %zu:%u", act[i].index, act[i].attempt);
		else if (act[i].id != NULL)
			len += (size_t)snprintf(
			    out + len, TEXT - len, " %s", act[i].id);
		if (act[i].kind == ACT_STOP)
			assert_int_equal(act[i].grace_seconds, 7);
		assert_non_null(act[i].reason);
	}
}

static void
check_row(const struct row *row)
{
	Tripod__Container a = TRIPOD__CONTAINER__INIT, b = a;
	Tripod__Container *list[] = { &a, &b };
	Tripod__Pod def = TRIPOD__POD__INIT;
	struct action act[PLAN_MAX];
	struct mtime now = { NOW }, wake;
	struct pod *p = pod_new("uid", "ns", "name");
	char name_a[] = "a", name_b[] = "b", text[TEXT], again[TEXT];

	a.name = name_a;
	b.name = name_b;
	def.container = list;
	def.n_container = LEN(list);
	fill_want(&p->want, row->want, &def);
	fill_memo(&p->memo, row->memo);
	parse_seen(&p->seen, row->seen);
	p->seen.stale = (row->want & W_STALE) != 0;
	if (row->memo & M_CRASH_A)
		container_newest(&p->seen, "a")->crash = crash_loop();
	print_plan(
	    text, act, plan_pod(&p->want, &p->seen, &p->memo, now, act, &wake));
	if (strcmp(text, row->plan) != 0 ||
	    wake.ms != (row->wake == 0 ? INT64_MAX : row->wake))
		fail_msg("rule %s: seen \"%s\": planned \"%s\", not \"%s\"; "
			 "wake %lld",
		    row->rule, row->seen, text, row->plan, (long long)wake.ms);
	print_plan(again, act,
	    plan_pod(&p->want, &p->seen, &p->memo, now, act, &wake));
	assert_string_equal(again, text);
	pod_free(p);
}

static void
check_rows(const struct row *rows, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		check_row(&rows[i]);
}

/* clang-format off */
static void
test_unknown(void **state)
{
	static const struct row rows[] = {
		{ "1", W_WANTED | W_STALE, M_IMAGES, "", "", 0 },
		{ "1", W_STALE, 0, "s0 a0=r0", "", 0 },
		{ "1", W_STALE | W_END, 0, "", "", 0 },
	};

	(void)state;
	check_rows(rows, LEN(rows));
}

static void
test_end(void **state)
{
	static const struct row rows[] = {
		{ "2 processes first", 0, 0, "s0 a0=r0 b0=r0",
		    "stop a0, stop b0", 0 },
		{ "2 unknown ones too", 0, 0, "s0 a0=u0", "stop a0", 0 },
		{ "2 all must have ended", 0, 0, "s0 a0=x0 b0=r0!", "", 0 },
		{ "2 a start under way is awaited", 0, 0, "s0 a0=c0!", "", 0 },
		{ "2 back-off", 0, 0, "s0 a0=r0~", "", WAIT },
		{ "2 then sandboxes", 0, 0, "s1 s0 a0=x0 b0=c1",
		    "stop sandbox s1, stop sandbox s0", 0 },
		{ "2 sandbox in flight", 0, 0, "s0! a0=x0", "", 0 },
		{ "2 sandbox back-off", 0, 0, "s0~ a0=x0", "", WAIT },
		{ "2 then containers go", 0, 0, "S0 a0=x0 b0=c0",
		    "remove a0, remove b0", 0 },
		{ "2 removal in flight", 0, 0, "S0 a0=x0!", "", 0 },
		{ "2 removal backed off", 0, 0, "S0 a0=x0~", "", WAIT },
		{ "2 then sandboxes go", 0, 0, "S1 S0",
		    "remove sandbox s1, remove sandbox s0", 0 },
		{ "2 sandbox removal in flight", 0, 0, "S0!", "", 0 },
		{ "2 then the disk", 0, 0, "", "clean up", 0 },
		{ "2 not under a new sandbox", 0, M_SANDBOX_BUSY, "", "", 0 },
		{ "2 once", 0, M_CLEANED, "", "", 0 },
		{ "2 no definition is needed", W_UNDEFINED, 0, "s0 a0=r0",
		    "stop a0", 0 },
		{ "2 an end is finished", W_WANTED | W_END, M_IMAGES,
		    "s0 a0=r0", "stop a0", 0 },
		{ "2 it comes back: dead ones stay", W_WANTED | W_END,
		    M_IMAGES, "S0 a0=x0", "", 0 },
	};

	(void)state;
	check_rows(rows, LEN(rows));
}

static void
test_blocked(void **state)
{
	static const struct row rows[] = {
		{ "3 images only", W_WANTED | W_BLOCKED, 0, "",
		    "image 0, image 1", 0 },
		{ "3 of those missing", W_WANTED | W_BLOCKED, M_IMAGE_A, "",
		    "image 1", 0 },
		{ "3 then it waits", W_WANTED | W_BLOCKED, M_IMAGES, "", "",
		    0 },
		{ "3 also of what has ended", W_WANTED | W_BLOCKED | W_FAILURE,
		    0, "S0 a0=x0 b0=x0", "image 0, image 1", 0 },
		{ "3 also of what never started", W_WANTED | W_BLOCKED, 0,
		    "S0 a0=c0", "image 0, image 1", 0 },
		{ "3 also in a crash loop", W_WANTED | W_BLOCKED,
		    M_IMAGE_B | M_CRASH_A, "S0 a0=f0", "image 0", 0 },
		{ "3 in flight", W_WANTED | W_BLOCKED, M_BUSY_A | M_IMAGE_B,
		    "", "", 0 },
		{ "3 back-off", W_WANTED | W_BLOCKED,
		    M_IMAGE_WAITS_A | M_IMAGE_B, "", "", WAIT },
		{ "3 a held pod goes on", W_HOLD, M_IMAGES, "s0 a0=f0 b0=r0",
		    "create 0:1", 0 },
		{ "3 a held one without definition", W_HOLD | W_UNDEFINED, 0,
		    "s0 a0=r0", "", 0 },
	};

	(void)state;
	check_rows(rows, LEN(rows));
}

static void
test_images(void **state)
{
	static const struct row rows[] = {
		{ "4 looked up beside the sandbox", W_WANTED, 0, "",
		    "image 0, image 1, run sandbox 0", 0 },
		{ "4 not for what runs", W_WANTED, 0, "s0 a0=r0 b0=r0", "", 0 },
		{ "4 not while backed off", W_WANTED,
		    M_IMAGE_WAITS_A | M_IMAGE_B, "s0", "create 1:0", WAIT },
		{ "4 not in a crash loop", W_WANTED, M_CRASH_A,
		    "s0 a0=f0 b0=r0", "", WAIT },
		{ "4 the next one waits for it", W_WANTED,
		    M_BUSY_A | M_IMAGE_B, "s0", "", 0 },
	};

	(void)state;
	check_rows(rows, LEN(rows));
}

static void
test_sandbox(void **state)
{
	static const struct row rows[] = {
		{ "5 none", W_WANTED, M_IMAGES, "", "run sandbox 0", 0 },
		{ "5 in flight", W_WANTED, M_IMAGES | M_SANDBOX_BUSY, "", "",
		    0 },
		{ "5 back-off", W_WANTED, M_IMAGES | M_SANDBOX_WAITS, "", "",
		    WAIT },
		{ "5 no network", W_WANTED | W_NO_NET, M_IMAGES, "", "", 0 },
		{ "5 host network needs none",
		    W_WANTED | W_NO_NET | W_HOST, M_IMAGES, "",
		    "run sandbox 0", 0 },
		{ "5 not ready", W_WANTED, M_IMAGES, "S3 a0=x3 b1=x3",
		    "run sandbox 4", 0 },
		{ "5 not ready, process left", W_WANTED, M_IMAGES,
		    "S3 a0=r3 b1=x3", "stop a0", 0 },
		{ "5 gone, process left", W_WANTED, M_IMAGES, "a0=r0",
		    "stop a0", 0 },
		{ "5 several", W_WANTED, M_IMAGES, "s1 s0",
		    "stop sandbox s1, stop sandbox s0", 0 },
		{ "5 older one ready", W_WANTED, M_IMAGES, "S1 s0",
		    "stop sandbox s0", 0 },
		{ "5 other network", W_WANTED, M_IMAGES, "s0h a0=r0",
		    "stop a0", 0 },
		{ "5 other network", W_WANTED | W_HOST, M_IMAGES, "s0 a0=x0",
		    "stop sandbox s0", 0 },
		{ "5 same network", W_WANTED | W_HOST, M_IMAGES, "s0h",
		    "create 0:0", 0 },
		{ "5 nothing to start", W_WANTED | W_FAILURE, M_IMAGES,
		    "S0 a0=x0 b0=x0", "", 0 },
		{ "5 something failed", W_WANTED | W_FAILURE, M_IMAGES,
		    "S0 a0=x0 b0=f0", "run sandbox 1", 0 },
		{ "5 runs once", W_WANTED | W_NEVER, M_IMAGES, "S0 a0=x0", "",
		    0 },
		{ "5 never began", W_WANTED | W_NEVER, M_IMAGES, "S0",
		    "run sandbox 1", 0 },
	};

	(void)state;
	check_rows(rows, LEN(rows));
}

static void
test_containers(void **state)
{
	static const struct row rows[] = {
		{ "6 in order", W_WANTED, M_IMAGES, "s0", "create 0:0", 0 },
		{ "6 creation in flight", W_WANTED, M_IMAGES | M_BUSY_A, "s0",
		    "", 0 },
		{ "6 start", W_WANTED, M_IMAGES, "s0 a0=c0", "start a0", 0 },
		{ "6 start in flight", W_WANTED, M_IMAGES, "s0 a0=c0!", "",
		    0 },
		{ "6 start backed off, next goes on", W_WANTED, M_IMAGES,
		    "s0 a0=c0~", "create 1:0", WAIT },
		{ "6 next", W_WANTED, M_IMAGES, "s0 a0=r0", "create 1:0", 0 },
		{ "6 all run", W_WANTED, M_IMAGES, "s0 a0=r0 b0=r0", "", 0 },
		{ "6 again", W_WANTED, M_IMAGES, "s0 a4=f0 b0=r0",
		    "create 0:5", 0 },
		{ "6 again, although it went well", W_WANTED, M_IMAGES,
		    "s0 a0=x0 b0=r0", "create 0:1", 0 },
		{ "6 not again", W_WANTED | W_FAILURE, M_IMAGES,
		    "s0 a0=x0 b0=r0", "", 0 },
		{ "6 on failure", W_WANTED | W_FAILURE, M_IMAGES,
		    "s0 a0=f0 b0=r0", "create 0:1", 0 },
		{ "6 crash loop", W_WANTED, M_IMAGES | M_CRASH_A,
		    "s0 a0=f0 b0=r0", "", WAIT },
		{ "6 crash loop, next goes on", W_WANTED,
		    M_IMAGES | M_CRASH_A, "s0 a0=f0", "create 1:0", WAIT },
		{ "6 creation backed off", W_WANTED,
		    M_IMAGES | M_CREATE_WAITS_A, "s0 b0=r0", "", WAIT },
		{ "6 unknown", W_WANTED, M_IMAGES, "s0 a0=u0", "stop a0", 0 },
		{ "6 unknown, being stopped", W_WANTED, M_IMAGES,
		    "s0 a0=u0!", "", 0 },
		{ "6 created for an older sandbox", W_WANTED, M_IMAGES,
		    "s1 S0 a0=c0 b0=r1", "create 0:1", 0 },
		{ "6 the sandbox died before the start", W_WANTED, M_IMAGES,
		    "S0 a0=c0", "run sandbox 1", 0 },
		{ "6 an older instance runs", W_WANTED, M_IMAGES,
		    "s0 a1=r0 a0=r0 b0=r0", "stop a0", 0 },
		{ "6 one runs in an older sandbox", W_WANTED, M_IMAGES,
		    "s1 S0 a0=r0 b0=r1", "stop a0", 0 },
		{ "6 one that the manifest lacks", W_WANTED, M_IMAGES,
		    "s0 a0=r0 b0=r0 z0=r0", "stop z0", 0 },
	};

	(void)state;
	check_rows(rows, LEN(rows));
}

static void
test_ended(void **state)
{
	static const struct row rows[] = {
		{ "7 all ended", W_WANTED | W_NEVER, M_IMAGES,
		    "s0 a0=x0 b0=f0", "stop sandbox s0", 0 },
		{ "7 in flight", W_WANTED | W_NEVER, M_IMAGES,
		    "s0! a0=x0 b0=f0", "", 0 },
		{ "7 one runs", W_WANTED | W_NEVER, M_IMAGES,
		    "s0 a0=x0 b0=r0", "", 0 },
		{ "7 one will", W_WANTED | W_FAILURE, M_IMAGES | M_CRASH_A,
		    "s0 a0=f0 b0=x0", "", WAIT },
		{ "7 done", W_WANTED | W_NEVER, M_IMAGES, "S0 a0=x0 b0=f0",
		    "", 0 },
	};

	(void)state;
	check_rows(rows, LEN(rows));
}

static void
test_prune(void **state)
{
	static const struct row rows[] = {
		{ "8 the one before stays for lastState", W_WANTED, M_IMAGES,
		    "s0 a1=r0 a0=f0 b0=r0", "", 0 },
		{ "8 older ones go", W_WANTED, M_IMAGES,
		    "s0 a2=r0 a1=f0 a0=f0 b0=r0", "remove a0", 0 },
		{ "8 of dead ones the newest", W_WANTED, M_IMAGES | M_CRASH_A,
		    "s0 a1=f0 a0=f0 b0=r0", "remove a0", WAIT },
		{ "8 never started", W_WANTED, M_IMAGES,
		    "s1 S0 a1=r1 a0=c0 b0=r1", "remove a0", 0 },
		{ "8 in flight", W_WANTED, M_IMAGES,
		    "s0 a2=r0 a1=f0 a0=f0! b0=r0", "", 0 },
		{ "8 unused sandbox", W_WANTED, M_IMAGES, "s1 S0 a0=r1 b0=r1",
		    "remove sandbox s0", 0 },
		{ "8 used sandbox", W_WANTED, M_IMAGES,
		    "s1 S0 a1=r1 a0=f0 b0=r1", "", 0 },
		{ "8 the newest sandbox stays", W_WANTED | W_NEVER, M_IMAGES,
		    "S1 a0=x1 b0=x1", "", 0 },
	};

	(void)state;
	check_rows(rows, LEN(rows));
}
/* clang-format on */

static void
test_retry(void **state)
{
	struct mtime now = { NOW };
	struct retry r = { 0, { 0 } };
	const int64_t delays[] = { 1, 2, 4, 8, 16, 32, 60, 60 };
	size_t i;

	(void)state;
	for (i = 0; i < LEN(delays); i++) {
		retry_fail(&r, now, 0);
		assert_int_equal(r.not_before.ms, NOW + delays[i] * 1000);
	}
	retry_fail(&r, now, 255);
	assert_true(r.not_before.ms > NOW + 60000);
	assert_true(r.not_before.ms <= NOW + 75000);
	assert_true(retry_waits(&r, now));
	assert_false(retry_waits(&r, r.not_before));
	retry_clear(&r);
	assert_false(retry_waits(&r, now));
}

/* The waits of runtime.md 5.6: 0, 10, 20, 40, 80, 160, 300, 300 s. */
static void
test_backoff(void **state)
{
	const int64_t waits[] = { 0, 10, 20, 40, 80, 160, 300, 300 };
	struct backoff b = { 0, { 0 } };
	struct mtime ended = { NOW }, until;
	size_t i;

	(void)state;
	for (i = 0; i < LEN(waits); i++) {
		until = backoff_until(&b, ended);
		if (waits[i] == 0)
			assert_int_equal(until.ms, 0);
		else
			assert_int_equal(until.ms, ended.ms + waits[i] * 1000);
		if (until.ms == 0)
			until = ended;
		b = backoff_next(&b, ended, until);
		ended = mtime_add(until, 500);
	}
	ended = mtime_add(b.last, 600 * 1000);
	assert_int_not_equal(backoff_until(&b, ended).ms, 0);
	ended = mtime_add(ended, 1);
	assert_int_equal(backoff_until(&b, ended).ms, 0);
	b = backoff_next(&b, ended, ended);
	assert_int_equal(b.delay_ms, 10000);
}

static void
test_images_ready(void **state)
{
	Tripod__Pod def = TRIPOD__POD__INIT;
	struct pod *p = pod_new("uid", "ns", "name");

	(void)state;
	def.n_container = 2;
	assert_false(plan_images_ready(&def, &p->memo));
	fill_memo(&p->memo, M_IMAGE_B);
	assert_false(plan_images_ready(&def, &p->memo));
	fill_memo(&p->memo, M_IMAGE_A);
	assert_true(plan_images_ready(&def, &p->memo));
	pod_free(p);
}

/* Another definition under the same uid: nothing of the old one counts. */
static void
test_forget(void **state)
{
	struct pod *p = pod_new("uid", "ns", "name");

	(void)state;
	fill_memo(&p->memo, M_IMAGES | M_SANDBOX_WAITS | M_CREATE_WAITS_A);
	p->memo.start_ns = 5;
	memo_forget(&p->memo);
	assert_null(p->memo.container[0].image_ref);
	assert_null(p->memo.container[1].image_ref);
	assert_int_equal(p->memo.container[0].create.fails, 0);
	assert_int_equal(p->memo.sandbox.fails, 0);
	assert_int_equal(p->memo.start_ns, 5);
	pod_free(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_end),
		cmocka_unit_test(test_blocked),
		cmocka_unit_test(test_images),
		cmocka_unit_test(test_sandbox),
		cmocka_unit_test(test_containers),
		cmocka_unit_test(test_ended),
		cmocka_unit_test(test_prune),
		cmocka_unit_test(test_retry),
		cmocka_unit_test(test_backoff),
		cmocka_unit_test(test_images_ready),
		cmocka_unit_test(test_forget),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
