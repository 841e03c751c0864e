#include "tests/unit/helperworld.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void
on_lost(void *ctx)
{
	(void)ctx;
	fail_msg("a helper has ended");
}

void
helperworld_start(struct helperworld *w, struct files *files)
{
	struct err err;

	memset(w, 0, sizeof(*w));
	w->files = files;
	if (files_start_helpers(files, 1, &err) == -1)
		fail_msg("%s", err.text);
	w->base = event_base_new();
	assert_non_null(w->base);
	helper_run(files->mounter, w->base, on_lost, w);
	helper_run(files->finder, w->base, on_lost, w);
}

void
helperworld_stop(struct helperworld *w)
{
	files_close(w->files);
	event_base_free(w->base);
}

void
helperworld_done(void *world, const struct err *err)
{
	struct helperworld *w = world;

	w->done = 1;
	w->failed = err != NULL;
	if (err != NULL && w->err != NULL)
		*w->err = *err;
}

int
helperworld_wait(struct helperworld *w, struct err *err)
{
	w->err = err;
	while (!w->done)
		assert_int_equal(event_base_loop(w->base, EVLOOP_ONCE), 0);
	w->done = 0;
	w->err = NULL;
	return (w->failed ? -1 : 0);
}

int
helperworld_prepare(struct helperworld *w, const struct pod *p, struct err *err)
{
	w->err = err;
	files_prepare_pod(w->files, p, helperworld_done, w);
	return (helperworld_wait(w, err));
}

int
helperworld_clean(struct helperworld *w, const struct pod *p, struct err *err)
{
	w->err = err;
	files_clean_pod(w->files, p, helperworld_done, w);
	return (helperworld_wait(w, err));
}
