#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "reconciled/mark.h"

#define LEN(x) (sizeof(x) / sizeof((x)[0]))

/* What is put is what a list shows again; others stay. */
static void
test_both_ways(void **state)
{
	Runtime__V1__ContainerConfig config =
	    RUNTIME__V1__CONTAINER_CONFIG__INIT;
	Runtime__V1__ContainerConfig__AnnotationsEntry other =
	    RUNTIME__V1__CONTAINER_CONFIG__ANNOTATIONS_ENTRY__INIT;
	Runtime__V1__ContainerConfig__AnnotationsEntry *list[] = { &other };
	Runtime__V1__Container seen = RUNTIME__V1__CONTAINER__INIT;
	const struct mark mark = { 3, 20000 }, none = { 0, 0 };
	struct arena arena;

	(void)state;
	arena_init(&arena, 4096);
	config.annotations = list;
	config.n_annotations = 1;
	mark_put(&arena, &config, &none);
	assert_int_equal(config.n_annotations, 1);
	mark_put(&arena, &config, &mark);
	assert_int_equal(config.n_annotations, 3);
	assert_ptr_equal(config.annotations[0], &other);
	/* Both messages have entries of one shape. */
	seen.annotations = (void *)config.annotations;
	seen.n_annotations = config.n_annotations;
	assert_int_equal(mark_get(&seen).round, 3);
	assert_int_equal(mark_get(&seen).crash_delay_ms, 20000);
	arena_release(&arena);
}

static void
test_nonsense(void **state)
{
	static char key[] = ANNOTATION_CRASH_DELAY;
	static char values[][24] = { "", "x", "12x", "-1", "300001",
		"99999999999999999999" };
	Runtime__V1__Container__AnnotationsEntry e =
	    RUNTIME__V1__CONTAINER__ANNOTATIONS_ENTRY__INIT;
	Runtime__V1__Container__AnnotationsEntry *list[] = { &e };
	Runtime__V1__Container seen = RUNTIME__V1__CONTAINER__INIT;
	size_t i;

	(void)state;
	seen.annotations = list;
	seen.n_annotations = 1;
	e.key = key;
	for (i = 0; i < LEN(values); i++) {
		e.value = values[i];
		assert_int_equal(mark_get(&seen).crash_delay_ms, 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_ways),
		cmocka_unit_test(test_nonsense),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
