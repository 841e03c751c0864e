/*
 * The rules of reconciled/plan.h for pods with init containers, sidecars,
 * hooks, probes and restart rules; the notation is that of planrow.h.
 */
#include "tests/unit/planrow.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "reconciled/look.h"

/* clang-format off */
static void
test_init(void **state)
{
	static const struct row rows[] = {
		{ "9 the first one only", W_WANTED, M_IMAGES, "ia ib c",
		    "s0", "create 0:0", 0 },
		{ "9 it is started", W_WANTED, M_IMAGES, "ia ib c",
		    "s0 a0=c0", "start a0", 0 },
		{ "9 its end is awaited", W_WANTED, M_IMAGES, "ia ib c",
		    "s0 a0=r0", "", 0 },
		{ "9 then the next", W_WANTED, M_IMAGES, "ia ib c",
		    "s0 a0=x0", "create 1:0", 0 },
		{ "9 then the regular ones", W_WANTED, M_IMAGES, "ia ib c",
		    "s0 a0=x0 b0=x0", "create 2:0", 0 },
		{ "9 a failed one again", W_WANTED, M_IMAGES, "ia ib c",
		    "s0 a0=f0", "create 0:1", 0 },
		{ "9 after its back-off", W_WANTED, M_IMAGES, "ia ib c",
		    "s0 a0=f0%", "", WAIT },
		{ "9 killed for its memory is failed", W_WANTED, M_IMAGES,
		    "ia b", "s0 a0=o0", "create 0:1", 0 },
		{ "9 on failure, too", W_WANTED | W_FAILURE, M_IMAGES,
		    "ia b", "s0 a0=f0", "create 0:1", 0 },
		{ "9 not when never", W_WANTED | W_NEVER, M_IMAGES,
		    "ia b", "s0 a0=f0", "", 0 },
		{ "9 but when its rule says so", W_WANTED | W_NEVER,
		    M_IMAGES, "ia# b", "s0 a0=q0", "create 0:1", 0 },
		{ "9 its own policy counts", W_WANTED, M_IMAGES,
		    "iaN b", "s0 a0=f0", "", 0 },
		{ "9 done ones are left alone", W_WANTED, M_IMAGES, "ia b",
		    "s0 a0=x0 b0=f0", "create 1:1", 0 },
		{ "9 even if nothing is known of them", W_WANTED, M_IMAGES,
		    "ia ib c", "s0 b0=x0", "create 2:0", 0 },
		{ "9 again in a new sandbox", W_WANTED, M_IMAGES, "ia b",
		    "s1 S0 a0=x0 b0=f0", "create 0:1", 0 },
		{ "9 and nothing else in it", W_WANTED, M_IMAGES, "ia b",
		    "s1 S0 a1=r1 a0=x0 b0=f0", "", 0 },
		{ "5 images of all", W_WANTED, 0, "ia b", "",
		    "image 0, image 1, run sandbox 0", 0 },
		{ "5 not of those that are done", W_WANTED, 0, "ia b",
		    "s0 a0=x0 b0=r0", "", 0 },
	};

	(void)state;
	rows_check(rows, LEN(rows));
}

static void
test_sidecars(void **state)
{
	static const struct row rows[] = {
		{ "9 the next one waits for its start", W_WANTED, M_IMAGES,
		    "sa ib c", "s0 a0=c0", "start a0", 0 },
		{ "9 not for its end", W_WANTED, M_IMAGES, "sa ib c",
		    "s0 a0=r0", "create 1:0", 0 },
		{ "9 but for its startup probe", W_WANTED, M_IMAGES,
		    "sa? ib c", "s0 a0=r0?", "", 0 },
		{ "9 which has succeeded", W_WANTED, M_IMAGES, "sa? ib c",
		    "s0 a0=r0", "create 1:0", 0 },
		{ "9 it ended before the next one", W_WANTED, M_IMAGES,
		    "sa b", "s0 a0=x0", "create 0:1", 0 },
		{ "9 it ended later: others go on", W_WANTED, M_IMAGES,
		    "sa b", "s0 a0=x0 b0=f0", "create 0:1, create 1:1", 0 },
		{ "9 later, not started: others go on", W_WANTED, M_IMAGES,
		    "sa? b", "s0 a1=r0? b0=f0", "create 1:1", 0 },
		{ "9 started again whatever the policy", W_WANTED | W_NEVER,
		    M_IMAGES, "sa b", "s0 a0=x0 b0=r0", "create 0:1", 0 },
		{ "9 after its back-off", W_WANTED, M_IMAGES, "sa b",
		    "s0 a0=f0% b0=r0", "", WAIT },
		{ "9 one in the middle", W_WANTED, M_IMAGES, "ia sb c",
		    "s0 a0=x0", "create 1:0", 0 },
		{ "7 it failed its startup probe", W_WANTED, M_IMAGES,
		    "sa? b", "s0 a0=r0*", "stop a0 3", 0 },
		{ "7 it failed its liveness probe", W_WANTED, M_IMAGES,
		    "sa& b", "s0 a0=r0& b0=r0", "stop a0 3", 0 },
	};

	(void)state;
	rows_check(rows, LEN(rows));
}

static void
test_hooks(void **state)
{
	static const struct row rows[] = {
		{ "10 the hook, then the next one", W_WANTED, M_IMAGES,
		    "a+ b", "s0 a0=r0^", "postStart a0", 0 },
		{ "10 it is awaited", W_WANTED, M_IMAGES, "a+ b",
		    "s0 a0=r0_", "", 0 },
		{ "10 it has failed", W_WANTED, M_IMAGES, "a+ b",
		    "s0 a0=r0`", "stop a0 7, create 1:0", 0 },
		{ "10 again after that", W_WANTED, M_IMAGES, "a+ b",
		    "s0 a0=f0` b0=r0", "create 0:1", 0 },
		{ "3 preStop first", 0, 0, "a- b", "s0 a0=r0 b0=r0",
		    "preStop a0 7, stop b0 7", 0 },
		{ "3 it runs", 0, 0, "a- b", "s0 a0=r0<", "", 0 },
		{ "3 it is done", W_LATE, 0, "a- b", "s0 a0=r0>",
		    "stop a0 2", 0 },
		{ "3 with what is left", W_LATE, 0, "a- b", "s0 a0=r0",
		    "preStop a0 2", 0 },
		{ "3 at least two seconds after it", W_SHORT, 0, "a- b",
		    "s0 a0=r0>", "stop a0 2", 0 },
		{ "3 what is short is short", W_SHORT, 0, "a b", "s0 a0=r0",
		    "stop a0 1", 0 },
		{ "3 none is one second, and no hook", W_NONE, 0, "a- b",
		    "s0 a0=r0", "stop a0 1", 0 },
		{ "3 not of what is unknown", 0, 0, "a- b", "s0 a0=u0",
		    "stop a0 7", 0 },
		{ "3 also of a pod that is over", W_WANTED | W_OVER, 0,
		    "sa- b", "s0 a0=r0 b0=x0", "preStop a0 7", 0 },
		{ "3 not without a definition", W_UNDEFINED, 0, "a- b",
		    "s0 a0=r0", "stop a0 7", 0 },
	};

	(void)state;
	rows_check(rows, LEN(rows));
}

static void
test_order_of_end(void **state)
{
	static const struct row rows[] = {
		{ "3 regular ones first", 0, 0, "sa sb c d",
		    "s0 a0=r0 b0=r0 c0=r0 d0=r0", "stop c0 7, stop d0 7",
		    NOW + GRACE * 1000 },
		{ "3 all of them", 0, 0, "sa sb c d",
		    "s0 a0=r0 b0=r0 c0=x0 d0=r0!", "",
		    NOW + GRACE * 1000 },
		{ "3 also one that just starts", 0, 0, "sa b",
		    "s0 a0=r0 b0=c0!", "", NOW + GRACE * 1000 },
		{ "3 then the last sidecar", 0, 0, "sa sb c d",
		    "s0 a0=r0 b0=r0 c0=x0 d0=x0", "stop b0 7",
		    NOW + GRACE * 1000 },
		{ "3 then the one before", 0, 0, "sa sb c d",
		    "s0 a0=r0 b0=x0 c0=x0 d0=x0", "stop a0 7", 0 },
		{ "3 with what is left", W_LATE, 0, "sa b",
		    "s0 a0=r0 b0=x0", "stop a0 2", 0 },
		{ "3 hooks do not wait", 0, 0, "sa- b", "s0 a0=r0 b0=r0",
		    "preStop a0 7, stop b0 7", 0 },
		{ "3 an init container has no turn", 0, 0, "ia sb c",
		    "s0 a0=r0 b0=r0", "stop a0 7, stop b0 7", 0 },
		{ "2 none is started meanwhile", W_WANTED | W_OVER, M_IMAGES,
		    "sa sb c", "s0 a0=r0 b0=f0 c0=x0", "stop a0 7", 0 },
		{ "2 a pod that is over waits for nobody",
		    W_WANTED | W_OVER | W_BLOCKED, 0, NULL,
		    "s0 a0=x0 b0=x0", "stop sandbox s0", 0 },
	};

	(void)state;
	rows_check(rows, LEN(rows));
}

static void
test_probes(void **state)
{
	static const struct row rows[] = {
		{ "7 stopped with the probe's grace period", W_WANTED,
		    M_IMAGES, "a& b", "s0 a0=r0& b0=r0", "stop a0 3", 0 },
		{ "7 with its hook", W_WANTED, M_IMAGES, "a&- b",
		    "s0 a0=r0& b0=r0", "preStop a0 3", 0 },
		{ "7 a restart was asked for", W_WANTED, M_IMAGES, "a b",
		    "s0 a0=r0R b0=r0", "stop a0 7", 0 },
		{ "7 begun is finished", W_WANTED, M_IMAGES, "a- b",
		    "s0 a0=r0>k b0=r0", "stop a0 6", 0 },
		{ "10 again, though it ended well", W_WANTED | W_FAILURE,
		    M_IMAGES, "a& b", "s0 a0=x0k b0=r0", "create 0:1", 0 },
		{ "10 not when never", W_WANTED | W_NEVER, M_IMAGES,
		    "a& b", "s0 a0=x0k b0=r0", "", 0 },
		{ "3 a longer one is cut short at the end", 0, 0, "a& b",
		    "s0 a0=r0!l& b0=x0", "stop a0 7", 0 },
		{ "3 at a late one, too", W_SHORT | W_LATE, 0, "a& b",
		    "s0 a0=r0!l& b0=x0", "stop a0 2", 0 },
		{ "3 one that ends sooner is not", 0, 0, "a& b",
		    "s0 a0=r0!k& b0=x0", "", 0 },
		{ "3 nor are others in flight", 0, 0, "a& b",
		    "s0 a0=r0! b0=x0", "", 0 },
		{ "3 nor that of a sidecar before its turn", 0, 0, "sa b",
		    "s0 a0=r0!l b0=r0!", "", NOW + GRACE * 1000 },
		{ "3 a longer hook has the time that is left", 0, 0, "a&- b",
		    "s0 a0=r0<l& b0=x0", "", NOW + GRACE * 1000 },
		{ "3 and no more", W_SHORT | W_LATE, 0, "a&- b",
		    "s0 a0=r0<l& b0=x0", "stop a0 2", 0 },
		{ "3 two seconds after it, whatever is left", W_NONE, 0,
		    "a&- b", "s0 a0=r0<l& b0=x0", "stop a0 2", 0 },
		{ "7 not at its end", 0, 0, "a& b", "s0 a0=r0& b0=x0",
		    "stop a0 7", 0 },
	};

	(void)state;
	rows_check(rows, LEN(rows));
}

static void
test_restart_rules(void **state)
{
	static const struct row rows[] = {
		{ "10 its rule before its policy", W_WANTED | W_NEVER,
		    M_IMAGES, "a# b", "s0 a0=q0 b0=r0", "create 0:1", 0 },
		{ "10 which it does not fit", W_WANTED | W_NEVER, M_IMAGES,
		    "a# b", "s0 a0=f0 b0=r0", "", 0 },
		{ "10 its policy before the pod's", W_WANTED | W_NEVER,
		    M_IMAGES, "aF b", "s0 a0=f0 b0=r0", "create 0:1", 0 },
		{ "10 its policy before the pod's", W_WANTED, M_IMAGES,
		    "aN b", "s0 a0=f0 b0=r0", "", 0 },
		{ "8 all others are stopped", W_WANTED, M_IMAGES,
		    "ia sb c@ d-", "s0 a0=x0 b0=r0 c0=q0 d0=r0",
		    "stop b0 2, stop d0 2", 0 },
		{ "8 and awaited", W_WANTED, M_IMAGES, "ia sb c@ d",
		    "s0 a0=x0 b0=f0 c0=q0 d0=r0!", "", 0 },
		{ "8 then anew", W_WANTED, M_IMAGES, "ia sb c@ d",
		    "s0 a0=x0 b0=f0 c0=q0 d0=f0", "create 0:1/", 0 },
		{ "8 in order", W_WANTED, M_IMAGES, "ia sb c@ d",
		    "s0 a1=x0/ a0=x0 b0=f0 c0=q0 d0=f0",
		    "create 1:1/, remove a0", 0 },
		{ "8 whatever the policy", W_WANTED | W_NEVER, M_IMAGES,
		    "a@ b", "s0 a1=r0/ a0=q0 b0=x0", "create 1:1/", 0 },
		{ "8 until all are of that round", W_WANTED | W_NEVER,
		    M_IMAGES, "a@ b", "s0 a1=r0/ a0=q0 b1=x0/ b0=x0",
		    "remove b0", 0 },
		{ "8 what was created before can not be used", W_WANTED,
		    M_IMAGES, "a@ b", "s0 a0=q0 b0=c0", "remove b0", 0 },
		{ "8 unless it is being started", W_WANTED,
		    M_IMAGES, "a@ b", "s0 a0=q0 b0=c0!", "", 0 },
		{ "8 after another exit only that one", W_WANTED, M_IMAGES,
		    "a@ b", "s0 a0=f0 b0=r0", "create 0:1", 0 },
		{ "8 not while it runs", W_WANTED, M_IMAGES, "a! b",
		    "s0 a0=r0 b0=r0", "", 0 },
		{ "8 when it does not", W_WANTED, M_IMAGES, "a! b",
		    "s0 a0=x0 b0=r0", "stop b0 2", 0 },
		{ "8 not of what ended with the pod", W_WANTED, M_IMAGES,
		    "a@ b", "s0 a0=q0E b0=r0", "create 0:1", 0 },
		{ "8 but of what a probe ended", W_WANTED, M_IMAGES, "a@ b",
		    "s0 a0=q0k b0=r0", "stop b0 2", 0 },
		{ "8 not of a sandbox of the past", W_WANTED, M_IMAGES,
		    "a@ b", "s1 S0 a0=q0 b1=r1 b0=f0", "create 0:1", 0 },
		{ "8 a newer instance of it does not count more", W_WANTED,
		    M_IMAGES, "a@ b", "s0 a1=r0/ a0=q0 b1=r0/ b0=f0", "", 0 },
		{ "8 not of what has no place", W_WANTED, M_IMAGES, "a@ b",
		    "s0 z0=q0 a0=r0 b0=r0", "remove z0", 0 },
		{ "8 again in the next round", W_WANTED, M_IMAGES, "a@ b",
		    "s0 a1=q0/ a0=q0 b1=r0/ b0=f0",
		    "stop b1 2, remove a0", 0 },
	};

	(void)state;
	rows_check(rows, LEN(rows));
}

static void
test_more_sandbox(void **state)
{
	static const struct row rows[] = {
		{ "6 a dead one is stopped first", W_WANTED, M_IMAGES, NULL,
		    "D0 a0=x0 b0=x0", "stop sandbox s0", 0 },
		{ "6 all of them", W_WANTED, M_IMAGES, NULL,
		    "D1 D0", "stop sandbox s1, stop sandbox s0", 0 },
		{ "7 an older one, too", W_WANTED, M_IMAGES, NULL,
		    "s1 D0 a0=r1 b0=r1", "stop sandbox s0", 0 },
		{ "2 at the end, too", 0, 0, NULL, "D0 a0=x0",
		    "stop sandbox s0", 0 },
		{ "6 no address", W_WANTED, M_IMAGES, NULL, "s0n a0=x0",
		    "stop sandbox s0", 0 },
		{ "6 sidecars last", W_WANTED, M_IMAGES, "sa b",
		    "S0 a0=r0 b0=r0", "stop b0 7", NOW + GRACE * 1000 },
		{ "2 the deadline is a time to look", W_WANTED | W_DEADLINE,
		    M_IMAGES, NULL, "s0 a0=r0 b0=r0", "", DEADLINE },
		{ "1 how it ended is not known", W_WANTED | W_UNSURE,
		    M_IMAGES, NULL, "s0 a0=x0 b0=r0", "", 0 },
		{ "11 of init containers, too", W_WANTED, M_IMAGES, "ia b",
		    "s0 a2=x0 a1=f0 a0=f0 b0=r0", "remove a1, remove a0", 0 },
	};

	(void)state;
	rows_check(rows, LEN(rows));
}

static void
test_over(void **state)
{
	static const struct {
		unsigned int want;
		const char *pod, *seen;
		enum pod_over over;
	} rows[] = {
		{ 0, NULL, "", OVER_NOT },
		{ W_NEVER, NULL, "s0 a0=x0", OVER_NOT },
		{ W_NEVER, NULL, "s0 a0=x0 b0=f0", OVER_COMPLETED },
		{ W_NEVER, NULL, "S0 a0=x0 b0=f0", OVER_COMPLETED },
		{ W_NEVER, NULL, "s0 a0=x0 b0=r0", OVER_NOT },
		{ 0, NULL, "s0 a0=x0 b0=f0", OVER_NOT },
		{ W_FAILURE, NULL, "s0 a0=x0 b0=f0", OVER_NOT },
		{ W_FAILURE, NULL, "s0 a0=x0 b0=x0", OVER_COMPLETED },
		{ W_FAILURE, NULL, "S0 a0=x0 b0=x0", OVER_COMPLETED },
		/* Its sandbox died: it is not run twice. */
		{ W_NEVER, NULL, "S0 a0=f0", OVER_COMPLETED },
		{ W_NEVER, NULL, "S0 a0=c0", OVER_COMPLETED },
		{ W_NEVER, NULL, "S0", OVER_NOT },
		{ W_FAILURE, NULL, "S0 a0=f0", OVER_NOT },
		/* Init containers and sidecars. */
		{ W_NEVER, "ia b", "s0 a0=f0", OVER_INIT },
		{ W_NEVER, "ia b", "S0 a0=f0", OVER_INIT },
		{ W_NEVER, "ia b", "s0 a0=x0", OVER_NOT },
		{ W_FAILURE, "ia b", "s0 a0=f0", OVER_NOT },
		{ W_FAILURE, "iaN b", "s0 a0=f0", OVER_INIT },
		{ W_FAILURE, "iaN b", "s1 S0 a0=f0", OVER_NOT },
		{ W_NEVER, "sa b", "s0 a0=f0 b0=r0", OVER_NOT },
		{ W_NEVER, "sa b", "s0 a0=r0 b0=x0", OVER_COMPLETED },
		/* Rules, and policies of containers. */
		{ W_NEVER, "a# b", "s0 a0=q0 b0=x0", OVER_NOT },
		{ W_NEVER, "a# b", "s0 a0=f0 b0=x0", OVER_COMPLETED },
		{ W_NEVER, "a@ b", "s0 a0=q0 b0=x0", OVER_NOT },
		/* Stopped with the pod: no reason to begin anew. */
		{ 0, "sa@ bN", "S0 a0=q0 b0=x0", OVER_COMPLETED },
		{ 0, "aN bF", "s0 a0=f0 b0=x0", OVER_COMPLETED },
		{ W_NEVER, "a& b", "s0 a0=x0k b0=x0", OVER_COMPLETED },
		{ W_FAILURE, "a& b", "s0 a0=x0k b0=x0", OVER_NOT },
	};
	struct planned *f;
	enum pod_over over;
	size_t i;

	(void)state;
	for (i = 0; i < LEN(rows); i++) {
		f = planned_new(rows[i].pod, rows[i].seen, rows[i].want, 0);
		over = look_over(&f->def, &f->pod->seen);
		if (over != rows[i].over)
			fail_msg("row %zu: %s: %d", i, rows[i].seen, over);
		planned_free(f);
	}
}
/* clang-format on */

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_init),
		cmocka_unit_test(test_sidecars),
		cmocka_unit_test(test_hooks),
		cmocka_unit_test(test_order_of_end),
		cmocka_unit_test(test_probes),
		cmocka_unit_test(test_restart_rules),
		cmocka_unit_test(test_more_sandbox),
		cmocka_unit_test(test_over),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
