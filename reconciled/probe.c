#include "reconciled/probe.h"

#include <string.h>

#define PERIOD_DEFAULT_S 10

static int64_t
period_ms(const Tripod__Probe *spec)
{
	int64_t s = spec->period_seconds;

	return ((s < 1 ? PERIOD_DEFAULT_S : s) * 1000);
}

static unsigned int
threshold(const Tripod__Probe *spec, int good)
{
	int32_t n = good ? spec->success_threshold : spec->failure_threshold;

	return (n < 1 ? 1 : (unsigned int)n);
}

static struct mtime
later(struct mtime a, struct mtime b)
{
	return (mtime_cmp(a, b) < 0 ? b : a);
}

void
probe_begin(struct probe *p, const Tripod__Probe *spec, struct mtime started,
    struct mtime now, uint8_t jitter)
{
	int64_t delay_ms = (int64_t)spec->initial_delay_seconds * 1000;

	memset(p, 0, sizeof(*p));
	p->due = later(mtime_add(started, delay_ms), now);
	p->due = mtime_add(p->due, period_ms(spec) * jitter / 256);
}

struct mtime
probe_due(const struct probe *p, enum probe_kind kind,
    const Tripod__Container *c, const struct health *h)
{
	switch (kind) {
	case PROBE_STARTUP:
		if (h->verdict[PROBE_STARTUP] != VERDICT_NONE)
			return (MTIME_NEVER);
		return (p->due);
	case PROBE_LIVENESS:
		if (h->verdict[PROBE_LIVENESS] == VERDICT_BAD)
			return (MTIME_NEVER);
		break;
	case PROBE_READINESS:
	case PROBE_KINDS:
		break;
	}
	if (c->startup != NULL && h->verdict[PROBE_STARTUP] != VERDICT_GOOD)
		return (MTIME_NEVER);
	return (p->due);
}

static void
probe_next(struct probe *p, const Tripod__Probe *spec, struct mtime now)
{
	p->errors = 0;
	p->due = later(mtime_add(p->due, period_ms(spec)), now);
}

enum probe_effect
probe_take(struct probe *p, enum probe_kind kind, const Tripod__Probe *spec,
    enum handler_outcome outcome, struct mtime now, struct health *h)
{
	int good = outcome == HANDLER_SUCCESS || outcome == HANDLER_WARNING;
	enum verdict verdict = good ? VERDICT_GOOD : VERDICT_BAD;

	if (outcome == HANDLER_ERROR) {
		if (++p->errors < PROBE_ATTEMPTS)
			return (PROBE_RETRIED);
		probe_next(p, spec, now);
		return (PROBE_NOTHING);
	}
	probe_next(p, spec, now);
	if (p->good != good)
		p->row = 0;
	p->good = good;
	if (p->row < threshold(spec, good))
		p->row++;
	if (p->row < threshold(spec, good) || h->verdict[kind] == verdict)
		return (PROBE_NOTHING);
	h->verdict[kind] = verdict;
	return (PROBE_CHANGED);
}
