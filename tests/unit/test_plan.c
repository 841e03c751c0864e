/*
 * The rules of reconciled/plan.h for pods of regular containers; the
 * notation is that of planrow.h.
 */
#include "tests/unit/planrow.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* clang-format off */
static void
test_unknown(void **state)
{
	static const struct row rows[] = {
		{ "1", W_WANTED | W_STALE, M_IMAGES, NULL,
		    "", "", 0 },
		{ "1", W_STALE, 0, NULL,
		    "s0 a0=r0", "", 0 },
		{ "1", W_STALE | W_END, 0, NULL,
		    "", "", 0 },
	};

	(void)state;
	rows_check(rows, LEN(rows));
}

static void
test_end(void **state)
{
	static const struct row rows[] = {
		{ "2 processes first", 0, 0, NULL,
		    "s0 a0=r0 b0=r0", "stop a0 7, stop b0 7", 0 },
		{ "2 unknown ones too", 0, 0, NULL,
		    "s0 a0=u0", "stop a0 7", 0 },
		{ "2 all must have ended", 0, 0, NULL,
		    "s0 a0=x0 b0=r0!", "", 0 },
		{ "2 a start under way is awaited", 0, 0, NULL,
		    "s0 a0=c0!", "", 0 },
		{ "2 back-off", 0, 0, NULL,
		    "s0 a0=r0~", "", WAIT },
		{ "2 then sandboxes", 0, 0, NULL,
		    "s1 s0 a0=x0 b0=c1",
		    "stop sandbox s1, stop sandbox s0", 0 },
		{ "2 sandbox in flight", 0, 0, NULL,
		    "s0! a0=x0", "", 0 },
		{ "2 sandbox back-off", 0, 0, NULL,
		    "s0~ a0=x0", "", WAIT },
		{ "2 then containers go", 0, 0, NULL,
		    "S0 a0=x0 b0=c0", "remove a0, remove b0", 0 },
		{ "2 removal in flight", 0, 0, NULL,
		    "S0 a0=x0!", "", 0 },
		{ "2 removal backed off", 0, 0, NULL,
		    "S0 a0=x0~", "", WAIT },
		{ "2 then sandboxes go", 0, 0, NULL,
		    "S1 S0", "remove sandbox s1, remove sandbox s0", 0 },
		{ "2 sandbox removal in flight", 0, 0, NULL,
		    "S0!", "", 0 },
		{ "2 then the disk", 0, 0, NULL,
		    "", "clean up", 0 },
		{ "2 not under a new sandbox", 0, M_SANDBOX_BUSY, NULL,
		    "", "", 0 },
		{ "2 once", 0, M_CLEANED, NULL,
		    "", "", 0 },
		{ "2 no definition is needed", W_UNDEFINED, 0, NULL,
		    "s0 a0=r0", "stop a0 7", 0 },
		{ "2 an end is finished", W_WANTED | W_END, M_IMAGES, NULL,
		    "s0 a0=r0", "stop a0 7", 0 },
		{ "2 it comes back: dead ones stay", W_WANTED | W_END, M_IMAGES,
		    NULL, "S0 a0=x0", "", 0 },
	};

	(void)state;
	rows_check(rows, LEN(rows));
}

static void
test_blocked(void **state)
{
	static const struct row rows[] = {
		{ "4 images only", W_WANTED | W_BLOCKED, 0, NULL,
		    "", "image 0, image 1", 0 },
		{ "4 of those missing", W_WANTED | W_BLOCKED, M_IMAGE_A, NULL,
		    "", "image 1", 0 },
		{ "4 then it waits", W_WANTED | W_BLOCKED, M_IMAGES, NULL,
		    "", "", 0 },
		{ "4 also of what has ended", W_WANTED | W_BLOCKED | W_FAILURE,
		    0, NULL,
		    "S0 a0=x0 b0=x0", "image 0, image 1", 0 },
		{ "4 also of what never started", W_WANTED | W_BLOCKED, 0, NULL,
		    "S0 a0=c0", "image 0, image 1", 0 },
		{ "4 also in a crash loop", W_WANTED | W_BLOCKED,
		    M_IMAGE_B, NULL,
		    "S0 a0=f0%", "image 0", 0 },
		{ "4 in flight", W_WANTED | W_BLOCKED,
		    M_BUSY_A | M_IMAGE_B, NULL,
		    "", "", 0 },
		{ "4 back-off", W_WANTED | W_BLOCKED,
		    M_IMAGE_WAITS_A | M_IMAGE_B, NULL,
		    "", "", WAIT },
		{ "4 a held pod goes on", W_HOLD, M_IMAGES, NULL,
		    "s0 a0=f0 b0=r0", "create 0:1", 0 },
		{ "4 a held one without definition", W_HOLD | W_UNDEFINED, 0,
		    NULL,
		    "s0 a0=r0", "", 0 },
	};

	(void)state;
	rows_check(rows, LEN(rows));
}

static void
test_images(void **state)
{
	static const struct row rows[] = {
		{ "5 looked up beside the sandbox", W_WANTED, 0, NULL,
		    "", "image 0, image 1, run sandbox 0", 0 },
		{ "5 not for what runs", W_WANTED, 0, NULL,
		    "s0 a0=r0 b0=r0", "", 0 },
		{ "5 not while backed off", W_WANTED,
		    M_IMAGE_WAITS_A | M_IMAGE_B, NULL,
		    "s0", "create 1:0", WAIT },
		{ "5 not in a crash loop", W_WANTED, 0, NULL,
		    "s0 a0=f0% b0=r0", "", WAIT },
		{ "5 the next one waits for it", W_WANTED,
		    M_BUSY_A | M_IMAGE_B, NULL,
		    "s0", "", 0 },
	};

	(void)state;
	rows_check(rows, LEN(rows));
}

static void
test_sandbox(void **state)
{
	static const struct row rows[] = {
		{ "6 none", W_WANTED, M_IMAGES, NULL,
		    "", "run sandbox 0", 0 },
		{ "6 in flight", W_WANTED, M_IMAGES | M_SANDBOX_BUSY, NULL,
		    "", "", 0 },
		{ "6 back-off", W_WANTED, M_IMAGES | M_SANDBOX_WAITS, NULL,
		    "", "", WAIT },
		{ "6 no network", W_WANTED | W_NO_NET, M_IMAGES, NULL,
		    "", "", 0 },
		{ "6 host network needs none", W_WANTED | W_NO_NET | W_HOST,
		    M_IMAGES, NULL,
		    "", "run sandbox 0", 0 },
		{ "6 not ready", W_WANTED, M_IMAGES, NULL,
		    "S3 a0=x3 b1=x3", "run sandbox 4", 0 },
		{ "6 not ready, process left", W_WANTED, M_IMAGES, NULL,
		    "S3 a0=r3 b1=x3", "stop a0 7", 0 },
		{ "6 gone, process left", W_WANTED, M_IMAGES, NULL,
		    "a0=r0", "stop a0 7", 0 },
		{ "6 several", W_WANTED, M_IMAGES, NULL,
		    "s1 s0", "stop sandbox s1, stop sandbox s0", 0 },
		{ "6 older one ready", W_WANTED, M_IMAGES, NULL,
		    "S1 s0", "stop sandbox s0", 0 },
		{ "6 other network", W_WANTED, M_IMAGES, NULL,
		    "s0h a0=r0", "stop a0 7", 0 },
		{ "6 other network", W_WANTED | W_HOST, M_IMAGES, NULL,
		    "s0 a0=x0", "stop sandbox s0", 0 },
		{ "6 same network", W_WANTED | W_HOST, M_IMAGES, NULL,
		    "s0h", "create 0:0", 0 },
		{ "6 nothing to start", W_WANTED | W_OVER | W_FAILURE,
		    M_IMAGES, NULL,
		    "S0 a0=x0 b0=x0", "", 0 },
		{ "6 something failed", W_WANTED | W_FAILURE, M_IMAGES, NULL,
		    "S0 a0=x0 b0=f0", "run sandbox 1", 0 },
		{ "6 runs once", W_WANTED | W_OVER | W_NEVER, M_IMAGES,
		    NULL, "S0 a0=x0", "", 0 },
		{ "6 never began", W_WANTED | W_NEVER, M_IMAGES, NULL,
		    "S0", "run sandbox 1", 0 },
	};

	(void)state;
	rows_check(rows, LEN(rows));
}

static void
test_containers(void **state)
{
	static const struct row rows[] = {
		{ "10 in order", W_WANTED, M_IMAGES, NULL,
		    "s0", "create 0:0", 0 },
		{ "10 creation in flight", W_WANTED, M_IMAGES | M_BUSY_A, NULL,
		    "s0", "", 0 },
		{ "10 start", W_WANTED, M_IMAGES, NULL,
		    "s0 a0=c0", "start a0", 0 },
		{ "10 start in flight", W_WANTED, M_IMAGES, NULL,
		    "s0 a0=c0!", "", 0 },
		{ "10 start backed off, next goes on", W_WANTED, M_IMAGES, NULL,
		    "s0 a0=c0~", "create 1:0", WAIT },
		{ "10 next", W_WANTED, M_IMAGES, NULL,
		    "s0 a0=r0", "create 1:0", 0 },
		{ "10 all run", W_WANTED, M_IMAGES, NULL,
		    "s0 a0=r0 b0=r0", "", 0 },
		{ "10 again", W_WANTED, M_IMAGES, NULL,
		    "s0 a4=f0 b0=r0", "create 0:5", 0 },
		{ "10 again, although it went well", W_WANTED, M_IMAGES, NULL,
		    "s0 a0=x0 b0=r0", "create 0:1", 0 },
		{ "10 not again", W_WANTED | W_FAILURE, M_IMAGES, NULL,
		    "s0 a0=x0 b0=r0", "", 0 },
		{ "10 on failure", W_WANTED | W_FAILURE, M_IMAGES, NULL,
		    "s0 a0=f0 b0=r0", "create 0:1", 0 },
		{ "10 crash loop", W_WANTED, M_IMAGES, NULL,
		    "s0 a0=f0% b0=r0", "", WAIT },
		{ "10 crash loop, next goes on", W_WANTED, M_IMAGES, NULL,
		    "s0 a0=f0%", "create 1:0", WAIT },
		{ "10 creation backed off", W_WANTED,
		    M_IMAGES | M_CREATE_WAITS_A, NULL,
		    "s0 b0=r0", "", WAIT },
		{ "10 unknown", W_WANTED, M_IMAGES, NULL,
		    "s0 a0=u0", "stop a0 7", 0 },
		{ "10 unknown, being stopped", W_WANTED, M_IMAGES, NULL,
		    "s0 a0=u0!", "", 0 },
		{ "10 created for an older sandbox", W_WANTED, M_IMAGES, NULL,
		    "s1 S0 a0=c0 b0=r1", "create 0:1", 0 },
		{ "10 the sandbox died before the start", W_WANTED,
		    M_IMAGES, NULL,
		    "S0 a0=c0", "run sandbox 1", 0 },
		{ "10 an older instance runs", W_WANTED, M_IMAGES, NULL,
		    "s0 a1=r0 a0=r0 b0=r0", "stop a0 7", 0 },
		{ "10 one runs in an older sandbox", W_WANTED, M_IMAGES, NULL,
		    "s1 S0 a0=r0 b0=r1", "stop a0 7", 0 },
		{ "10 one that the manifest lacks", W_WANTED, M_IMAGES, NULL,
		    "s0 a0=r0 b0=r0 z0=r0", "stop z0 7", 0 },
	};

	(void)state;
	rows_check(rows, LEN(rows));
}

static void
test_ended(void **state)
{
	static const struct row rows[] = {
		{ "2 all ended", W_WANTED | W_OVER | W_NEVER, M_IMAGES, NULL,
		    "s0 a0=x0 b0=f0", "stop sandbox s0", 0 },
		{ "2 in flight", W_WANTED | W_OVER | W_NEVER, M_IMAGES, NULL,
		    "s0! a0=x0 b0=f0", "", 0 },
		{ "2 one runs", W_WANTED | W_NEVER, M_IMAGES, NULL,
		    "s0 a0=x0 b0=r0", "", 0 },
		{ "2 one will", W_WANTED | W_FAILURE, M_IMAGES, NULL,
		    "s0 a0=f0% b0=x0", "", WAIT },
		{ "2 done", W_WANTED | W_OVER | W_NEVER, M_IMAGES, NULL,
		    "S0 a0=x0 b0=f0", "", 0 },
	};

	(void)state;
	rows_check(rows, LEN(rows));
}

static void
test_prune(void **state)
{
	static const struct row rows[] = {
		{ "11 the one before stays for lastState", W_WANTED,
		    M_IMAGES, NULL,
		    "s0 a1=r0 a0=f0 b0=r0", "", 0 },
		{ "11 older ones go", W_WANTED, M_IMAGES, NULL,
		    "s0 a2=r0 a1=f0 a0=f0 b0=r0", "remove a0", 0 },
		{ "11 of dead ones the newest", W_WANTED, M_IMAGES, NULL,
		    "s0 a1=f0% a0=f0 b0=r0", "remove a0", WAIT },
		{ "11 never started", W_WANTED, M_IMAGES, NULL,
		    "s1 S0 a1=r1 a0=c0 b0=r1", "remove a0", 0 },
		{ "11 not of another definition", W_WANTED, M_IMAGES, NULL,
		    "s0 a0=r0 b0=r0 z1=x0 z0=f0", "remove z1, remove z0", 0 },
		{ "11 before it runs it must end", W_WANTED, M_IMAGES, NULL,
		    "s0 a0=r0 b0=r0 z0=r0", "stop z0 7", 0 },
		{ "11 its result is its own", W_WANTED | W_OVER | W_NEVER,
		    M_IMAGES, NULL,
		    "S0 a0=x0 b0=x0 z0=f0", "remove z0", 0 },
		{ "11 in flight", W_WANTED, M_IMAGES, NULL,
		    "s0 a2=r0 a1=f0 a0=f0! b0=r0", "", 0 },
		{ "11 unused sandbox", W_WANTED, M_IMAGES, NULL,
		    "s1 S0 a0=r1 b0=r1", "remove sandbox s0", 0 },
		{ "11 used sandbox", W_WANTED, M_IMAGES, NULL,
		    "s1 S0 a1=r1 a0=f0 b0=r1", "", 0 },
		{ "11 the newest sandbox stays", W_WANTED | W_OVER | W_NEVER,
		    M_IMAGES, NULL,
		    "S1 a0=x1 b0=x1", "", 0 },
	};

	(void)state;
	rows_check(rows, LEN(rows));
}
/* clang-format on */

/* Policy, presence and what was done: all of them. */
static void
test_image(void **state)
{
	static const struct {
		Tripod__PullPolicy policy;
		enum image_step absent, present;
	} rows[] = {
		{ TRIPOD__PULL_POLICY__PULL_IF_NOT_PRESENT, IMAGE_PULL,
		    IMAGE_USE },
		{ TRIPOD__PULL_POLICY__PULL_ALWAYS, IMAGE_PULL, IMAGE_PULL },
		{ TRIPOD__PULL_POLICY__PULL_NEVER, IMAGE_NEVER, IMAGE_USE },
	};
	size_t i;

	(void)state;
	for (i = 0; i < LEN(rows); i++) {
		assert_int_equal(
		    plan_image(rows[i].policy, 0, 0), rows[i].absent);
		assert_int_equal(
		    plan_image(rows[i].policy, 1, 0), rows[i].present);
		assert_int_equal(plan_image(rows[i].policy, 0, 1), IMAGE_LOST);
		assert_int_equal(plan_image(rows[i].policy, 1, 1), IMAGE_USE);
	}
}

static void
test_images_ready(void **state)
{
	static const struct {
		unsigned int memo;
		int ready;
	} rows[] = { { 0, 0 }, { M_IMAGE_A, 0 }, { M_IMAGE_B, 0 },
		{ M_IMAGE_A | M_IMAGE_B, 1 } };
	struct planned *f;
	size_t i;

	(void)state;
	for (i = 0; i < LEN(rows); i++) {
		f = planned_new("ia b", "", W_WANTED, rows[i].memo);
		assert_int_equal(
		    plan_images_ready(&f->def, &f->pod->memo), rows[i].ready);
		planned_free(f);
	}
}

/* Another definition under the same uid: nothing of the old one counts. */
static void
test_forget(void **state)
{
	struct planned *f = planned_new(NULL, "s0 a0=f0%",
	    W_WANTED | W_OVER | W_DEADLINE,
	    M_IMAGES | M_SANDBOX_WAITS | M_CREATE_WAITS_A);
	struct pod *p = f->pod;

	(void)state;
	p->memo.start_ns = 5;
	pod_forget(p);
	assert_null(p->memo.container);
	assert_int_equal(p->memo.sandbox.fails, 0);
	assert_int_equal(p->memo.start_ns, 5);
	assert_int_equal(container_newest(&p->seen, "a")->crash.delay_ms, 0);
	assert_int_equal(p->want.over, OVER_NOT);
	assert_int_equal(mtime_cmp(p->want.deadline, MTIME_NEVER), 0);
	planned_free(f);
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
		cmocka_unit_test(test_image),
		cmocka_unit_test(test_images_ready),
		cmocka_unit_test(test_forget),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
