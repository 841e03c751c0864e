#include "reconciled/health.h"

#include <stdlib.h>
#include <string.h>

#include "common/mem.h"

const char *
probe_kind_str(enum probe_kind kind)
{
	switch (kind) {
	case PROBE_STARTUP:
		return ("Startup");
	case PROBE_LIVENESS:
		return ("Liveness");
	case PROBE_READINESS:
		return ("Readiness");
	case PROBE_KINDS:
		break;
	}
	return ("?");
}

const Tripod__Probe *
probe_of(const Tripod__Container *c, enum probe_kind kind)
{
	switch (kind) {
	case PROBE_STARTUP:
		return (c->startup);
	case PROBE_LIVENESS:
		return (c->liveness);
	case PROBE_READINESS:
		return (c->readiness);
	case PROBE_KINDS:
		break;
	}
	return (NULL);
}

void
health_begin(struct health *h, const char *id, int adopted)
{
	health_forget(h);
	h->id = xstrdup(id);
	h->adopted = adopted;
}

void
health_forget(struct health *h)
{
	size_t i;

	for (i = 0; i < PROBE_KINDS; i++)
		free(h->last[i].message);
	free(h->id);
	memset(h, 0, sizeof(*h));
}

int
health_is_of(const struct health *h, const char *id)
{
	return (h->id != NULL && strcmp(h->id, id) == 0);
}

void
health_note(
    struct health *h, enum probe_kind kind, const char *message, int64_t now_ns)
{
	struct health_try *t = &h->last[kind];

	t->ns = now_ns;
	if (t->message != NULL && strcmp(t->message, message) == 0)
		return; /* the usual case: no memory moves */
	free(t->message);
	t->message = message[0] == '\0' ? NULL : xstrdup(message);
}

int
health_is_good(const Tripod__Container *c, const struct health *h,
    const char *id, enum probe_kind kind)
{
	if (probe_of(c, kind) == NULL)
		return (1);
	if (!health_is_of(h, id))
		return (0);
	switch (h->verdict[kind]) {
	case VERDICT_NONE:
		return (h->adopted);
	case VERDICT_GOOD:
		return (1);
	case VERDICT_BAD:
		break;
	}
	return (0);
}

int
health_started(
    const Tripod__Container *c, const struct health *h, const char *id)
{
	return (health_is_good(c, h, id, PROBE_STARTUP));
}

int
health_ready(const Tripod__Container *c, const struct health *h, const char *id)
{
	return (health_started(c, h, id) &&
	    health_is_good(c, h, id, PROBE_READINESS));
}

const Tripod__Probe *
health_failed(const Tripod__Container *c, const struct health *h,
    const char *id, const char **why)
{
	if (!health_is_of(h, id))
		return (NULL);
	if (c->startup != NULL && h->verdict[PROBE_STARTUP] == VERDICT_BAD) {
		*why = "it failed its startup probe";
		return (c->startup);
	}
	if (c->liveness != NULL && h->verdict[PROBE_LIVENESS] == VERDICT_BAD) {
		*why = "it failed its liveness probe";
		return (c->liveness);
	}
	return (NULL);
}
