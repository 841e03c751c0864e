/*
 * Notes on the disk about what is not started or not ready.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "reconciled/disk.h"
#include "reconciled/unready.h"

static void
test_notes(void **state)
{
	char top[] = "/tmp/test_unready.XXXXXX", folder[64], command[64];
	struct pod *p = pod_new("u", "default", "web");
	struct seen_container *a, *b;
	int pods;

	(void)state;
	assert_non_null(mkdtemp(top));
	assert_true((pods = open(top, DISK_OPEN_DIR)) != -1);
	a = container_add(&p->seen, "a", "main", 0, 1);
	b = container_add(&p->seen, "b", "main", 1, 2);
	/* Without a folder nothing is noted; that is no harm. */
	unready_note(pods, p, a, PROBE_READINESS, 1);
	assert_false(unready_is_noted(pods, p, a, PROBE_READINESS));
	(void)snprintf(folder, sizeof(folder), "u/containers/main");
	assert_int_equal(disk_make_path(pods, folder, 0750), 0);
	unready_note(pods, p, a, PROBE_READINESS, 1);
	unready_note(pods, p, a, PROBE_READINESS, 1);
	assert_true(unready_is_noted(pods, p, a, PROBE_READINESS));
	assert_false(unready_is_noted(pods, p, a, PROBE_STARTUP));
	assert_false(unready_is_noted(pods, p, b, PROBE_READINESS));
	unready_note(pods, p, a, PROBE_READINESS, 0);
	unready_note(pods, p, a, PROBE_READINESS, 0);
	assert_false(unready_is_noted(pods, p, a, PROBE_READINESS));
	unready_note(pods, p, b, PROBE_READINESS, 1);
	unready_note(pods, p, b, PROBE_STARTUP, 1);
	unready_remove(pods, p, b);
	(void)snprintf(folder, sizeof(folder), "%s/u/containers/main", top);
	assert_int_equal(rmdir(folder), 0); /* it is empty */
	assert_int_equal(close(pods), 0);
	pod_free(p);
	(void)snprintf(command, sizeof(command), "rm -rf %s", top);
	assert_int_equal(system(command), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_notes),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
