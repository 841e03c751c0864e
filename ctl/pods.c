#include "ctl/pods.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ipc/words.h"

#define ENDED_MAX 512

const char *
mirror_str(Tripod__MirrorItem__State state)
{
	switch (state) {
	case TRIPOD__MIRROR_ITEM__STATE__NONE:
		return ("-");
	case TRIPOD__MIRROR_ITEM__STATE__PENDING:
		return ("pending");
	case TRIPOD__MIRROR_ITEM__STATE__PRESENT:
		return ("present");
	case TRIPOD__MIRROR_ITEM__STATE__REFUSED:
		return ("refused");
	case TRIPOD__MIRROR_ITEM__STATE__CONFLICT:
		return ("conflict");
	case _TRIPOD__MIRROR_ITEM__STATE_IS_INT_SIZE:
		break;
	}
	return ("?");
}

/* Why a container waits, beyond the usual; or NULL. */
static const char *
wait_reason(const Tripod__ContainerStatus *c)
{
	if (c->state == NULL ||
	    c->state->kind != TRIPOD__CONTAINER_STATE__KIND__WAITING ||
	    c->state->reason[0] == '\0' ||
	    strcmp(c->state->reason, "ContainerCreating") == 0 ||
	    strcmp(c->state->reason, "PodInitializing") == 0)
		return (NULL);
	return (c->state->reason);
}

static const Tripod__Condition *
condition(const Tripod__PodStatus *s, const char *type)
{
	size_t i;

	for (i = 0; s != NULL && i < s->n_condition; i++)
		if (strcmp(s->condition[i]->type, type) == 0)
			return (s->condition[i]);
	return (NULL);
}

const char *
pod_state(const Tripod__PodItem *p)
{
	const Tripod__PodStatus *s = p->status;
	const Tripod__Condition *init = condition(s, "Initialized");
	const char *reason;
	size_t i;

	if (p->terminating)
		return ("Terminating");
	if (s == NULL)
		return ("Unknown");
	if (s->phase == TRIPOD__PHASE__PHASE_FAILED && s->reason[0] != '\0')
		return (s->reason);
	for (i = 0; i < s->n_init_container; i++)
		if ((reason = wait_reason(s->init_container[i])) != NULL)
			return (reason);
	for (i = 0; i < s->n_container; i++)
		if ((reason = wait_reason(s->container[i])) != NULL)
			return (reason);
	if (s->phase == TRIPOD__PHASE__PHASE_PENDING && init != NULL &&
	    !init->status)
		return ("Initializing");
	return (phase_str(s->phase));
}

int
pod_is_ready(const Tripod__PodItem *p)
{
	const Tripod__Condition *ready = condition(p->status, "Ready");

	return (!p->terminating && ready != NULL && ready->status);
}

int
pod_is_running(const Tripod__PodItem *p)
{
	return (!p->terminating && p->status != NULL &&
	    p->status->phase == TRIPOD__PHASE__PHASE_RUNNING);
}

const Tripod__ContainerStatus *
pod_container(const Tripod__PodItem *p, const char *name)
{
	const Tripod__PodStatus *s = p->status;
	size_t i;

	for (i = 0; s != NULL && i < s->n_container; i++)
		if (strcmp(s->container[i]->name, name) == 0)
			return (s->container[i]);
	for (i = 0; s != NULL && i < s->n_init_container; i++)
		if (strcmp(s->init_container[i]->name, name) == 0)
			return (s->init_container[i]);
	return (NULL);
}

/* ", again in 12s" */
static void
until_text(char buf[static PODS_AGE_MAX], int64_t until_ns, int64_t now_ns)
{
	char in[PODS_AGE_MAX - 16];

	buf[0] = '\0';
	if (until_ns == 0)
		return;
	(void)snprintf(in, sizeof(in), "%" PRId64,
	    until_ns > now_ns ? (until_ns - now_ns + 999999999) / 1000000000
			      : 0);
	(void)snprintf(buf, PODS_AGE_MAX, ", again in %ss", in);
}

/* How a container ended that does not run; "" if it has not. */
static void
ended_text(char buf[static ENDED_MAX], const Tripod__ContainerStatus *c)
{
	const Tripod__ContainerState *s = c == NULL ? NULL : c->last_state;
	char code[PODS_AGE_MAX];

	buf[0] = '\0';
	if (s == NULL || s->kind != TRIPOD__CONTAINER_STATE__KIND__TERMINATED ||
	    (c->state != NULL &&
		c->state->kind != TRIPOD__CONTAINER_STATE__KIND__WAITING))
		return;
	exit_text(code, s->exit_code);
	(void)snprintf(buf, ENDED_MAX, "; it last ended with %s%s%.60s%s%.300s",
	    code, s->reason[0] != '\0' ? ", " : "", s->reason,
	    s->message[0] != '\0' ? ": " : "", s->message);
}

static void
container_why(const Tripod__PodItem *p, const Tripod__ContainerDetail *d,
    int64_t now_ns, char buf[static PODS_TEXT_MAX])
{
	char until[PODS_AGE_MAX], ended[ENDED_MAX];

	until_text(until, d->until_ns, now_ns);
	ended_text(ended, pod_container(p, d->name));
	(void)snprintf(buf, PODS_TEXT_MAX, "container %.64s: %.400s%s%s",
	    d->name, d->waits, until, ended);
}

void
pod_why(
    const Tripod__PodItem *p, int64_t now_ns, char buf[static PODS_TEXT_MAX])
{
	const Tripod__PodDetail *d = p->detail;
	char until[PODS_AGE_MAX];
	size_t i;

	buf[0] = '\0';
	if (d == NULL)
		return;
	if (d->waits[0] != '\0') {
		until_text(until, d->until_ns, now_ns);
		(void)snprintf(buf, PODS_TEXT_MAX, "%.900s%s", d->waits, until);
		return;
	}
	for (i = 0; i < d->n_container; i++)
		if (d->container[i]->waits[0] != '\0') {
			container_why(p, d->container[i], now_ns, buf);
			return;
		}
}

void
age_text(char buf[static PODS_AGE_MAX], int64_t ns, int64_t now_ns)
{
	static const struct {
		int64_t seconds;
		char unit;
	} units[] = { { 86400, 'd' }, { 3600, 'h' }, { 60, 'm' }, { 1, 's' } };
	int64_t s = (now_ns - ns) / 1000000000;
	size_t i;

	if (ns == 0) {
		(void)snprintf(buf, PODS_AGE_MAX, "-");
		return;
	}
	if (s < 0)
		s = 0;
	for (i = 0; i < 3 && s < 2 * units[i].seconds; i++)
		;
	(void)snprintf(buf, PODS_AGE_MAX, "%" PRId64 "%c", s / units[i].seconds,
	    units[i].unit);
}

void
exit_text(char buf[static PODS_AGE_MAX], int32_t code)
{
	static const struct {
		int number;
		const char *name;
	} signals[] = { { 1, "HUP" }, { 2, "INT" }, { 3, "QUIT" }, { 4, "ILL" },
		{ 6, "ABRT" }, { 7, "BUS" }, { 8, "FPE" }, { 9, "KILL" },
		{ 11, "SEGV" }, { 13, "PIPE" }, { 14, "ALRM" },
		{ 15, "TERM" } };
	size_t i;

	(void)snprintf(buf, PODS_AGE_MAX, "code %d", code);
	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (code == 128 + signals[i].number)
			(void)snprintf(buf, PODS_AGE_MAX, "code %d (SIG%s)",
			    code, signals[i].name);
}
