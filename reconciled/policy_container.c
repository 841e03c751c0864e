/*
 * Policy: one container.
 */
#include <string.h>

#include "common/name.h"
#include "reconciled/dns.h"
#include "reconciled/policy.h"
#include "reconciled/spec.h"
#include "reconciled/translate.h"

#define PORT_MAX 65535
#define ID_MAX INT32_MAX /* of users and groups, as in the API */
#define CAPABILITY_MAX 64
#define PROFILE_MAX 4096
#define RESTART_RULES_MAX 20 /* as in the API */
#define EXIT_CODES_MAX 255

static int
is_capability(const char *s)
{
	size_t n = strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

	return (n > 0 && n <= CAPABILITY_MAX && s[n] == '\0');
}

static const char *
short_capability(const char *s)
{
	return (strncmp(s, "CAP_", 4) == 0 ? s + 4 : s);
}

static int
check_capabilities(
    const struct policy *policy, const Tripod__Security *s, struct err *err)
{
	const struct conf_list *may = &policy->capabilities;
	size_t i, j;

	if (s->n_add_capability > CAPABILITY_MAX ||
	    s->n_drop_capability > CAPABILITY_MAX)
		return (err_set(err, "too many capabilities"));
	for (i = 0; i < s->n_drop_capability; i++)
		if (!is_capability(s->drop_capability[i]))
			return (err_set(err, "bad capability"));
	for (i = 0; i < s->n_add_capability; i++) {
		if (!is_capability(s->add_capability[i]))
			return (err_set(err, "bad capability"));
		for (j = 0; j < may->n; j++)
			if (strcmp(short_capability(may->value[j]),
				short_capability(s->add_capability[i])) == 0)
				break;
		if (may->n > 0 && j == may->n)
			return (err_set(err,
			    "capability %s is not allowed by reconciled.conf",
			    s->add_capability[i]));
	}
	return (0);
}

/* Relative, without "..", and no list of anything. */
static int
is_profile_path(const char *s)
{
	return (policy_is_word(s) && strlen(s) < PROFILE_MAX && s[0] != '/' &&
	    strcmp(s, "..") != 0 && strncmp(s, "../", 3) != 0 &&
	    strstr(s, "/../") == NULL &&
	    (strlen(s) < 3 || strcmp(s + strlen(s) - 3, "/..") != 0));
}

static int
check_profile(const struct policy *policy, const Tripod__Profile *p,
    const char *what, struct err *err)
{
	switch (p == NULL ? TRIPOD__PROFILE__KIND__UNSET : p->kind) {
	case TRIPOD__PROFILE__KIND__UNCONFINED:
		if (policy->unconfined)
			return (0);
		return (err_set(err,
		    "an unconfined %s profile is not allowed by "
		    "reconciled.conf",
		    what));
	case TRIPOD__PROFILE__KIND__LOCALHOST:
		if (is_profile_path(p->localhost))
			return (0);
		return (err_set(err, "bad name of a %s profile", what));
	case TRIPOD__PROFILE__KIND__UNSET:
	case TRIPOD__PROFILE__KIND__RUNTIME_DEFAULT:
		return (0);
	case _TRIPOD__PROFILE__KIND_IS_INT_SIZE:
		break;
	}
	return (err_set(err, "unknown kind of a %s profile", what));
}

/* As the baseline of the Pod Security Standards. */
int
policy_selinux(
    const struct policy *policy, const Tripod__SELinux *s, struct err *err)
{
	static const char *const confined[] = { "", "container_t",
		"container_init_t", "container_kvm_t", "container_engine_t" };
	size_t i;

	if (s == NULL || policy->unconfined)
		return (0);
	for (i = 0; i < sizeof(confined) / sizeof(confined[0]); i++)
		if (strcmp(s->type, confined[i]) == 0 && s->user[0] == '\0' &&
		    s->role[0] == '\0')
			return (0);
	return (err_set(
	    err, "these SELinux options are not allowed by reconciled.conf"));
}

static int
is_id(const Tripod__Number *n)
{
	return (n == NULL || (n->value >= 0 && n->value <= ID_MAX));
}

static int
check_security(
    const struct policy *policy, const Tripod__Security *s, struct err *err)
{
	if (s == NULL)
		return (0);
	if (!is_id(s->run_as_user) || !is_id(s->run_as_group))
		return (err_set(err, "bad user or group"));
	if (s->privileged && !policy->privileged)
		return (err_set(
		    err, "privileged is not allowed by reconciled.conf"));
	if (s->privileged && s->no_new_privs)
		return (err_set(err,
		    "allowPrivilegeEscalation: false contradicts "
		    "privileged"));
	if (s->unmasked_proc && !policy->unconfined)
		return (err_set(err,
		    "procMount Unmasked is not allowed by reconciled.conf"));
	if (check_profile(policy, s->seccomp, "seccomp", err) == -1 ||
	    check_profile(policy, s->apparmor, "AppArmor", err) == -1 ||
	    policy_selinux(policy, s->selinux, err) == -1)
		return (-1);
	return (check_capabilities(policy, s, err));
}

static int
check_mount(const Tripod__Pod *pod, const Tripod__Container *c,
    const Tripod__VolumeMount *m, struct err *err)
{
	const int recursive = m->recursive_read_only !=
	    TRIPOD__VOLUME_MOUNT__RECURSIVE__DISABLED;

	if (spec_volume(pod, m->volume) == NULL || m->path[0] == '\0')
		return (err_set(err, "bad mount of %s", m->volume));
	if (m->propagation ==
		TRIPOD__VOLUME_MOUNT__PROPAGATION__BIDIRECTIONAL &&
	    (c->security == NULL || !c->security->privileged))
		return (err_set(err,
		    "mount %s: only a privileged container may have "
		    "Bidirectional",
		    m->path));
	if (m->propagation > TRIPOD__VOLUME_MOUNT__PROPAGATION__BIDIRECTIONAL)
		return (err_set(err, "mount %s: bad propagation", m->path));
	if (recursive &&
	    (!m->read_only ||
		m->propagation != TRIPOD__VOLUME_MOUNT__PROPAGATION__PRIVATE))
		return (err_set(err,
		    "mount %s: recursiveReadOnly needs readOnly and no "
		    "propagation",
		    m->path));
	if (m->sub_path[0] != '\0' && m->sub_path_expr[0] != '\0')
		return (err_set(
		    err, "mount %s: both subPath and subPathExpr", m->path));
	return (0);
}

/* Whole maps are for volumes; sources are not mixed. */
static int
check_variable(const Tripod__Env *e, struct err *err)
{
	if (!name_is_env(e->name))
		return (err_set(err, "bad name of a variable"));
	if (e->file != NULL)
		return (err_set(
		    err, "variable %s: fileKeyRef is not supported", e->name));
	if (e->field != NULL &&
	    (e->field->field == TRIPOD__FIELD_REF__FIELD__LABELS ||
		e->field->field == TRIPOD__FIELD_REF__FIELD__ANNOTATIONS))
		return (err_set(err, "variable %s: bad field", e->name));
	if (e->resource != NULL && e->resource->divisor < 1)
		return (err_set(err, "variable %s: bad divisor", e->name));
	return (0);
}

static int
check_port(const struct policy *policy, const Tripod__Pod *pod,
    const Tripod__Port *p, struct err *err)
{
	/* In the host's network it is only what is said about it. */
	if (p->host_port != 0 && !pod->host_network && !policy->host_port)
		return (err_set(err,
		    "host port %d is not allowed by reconciled.conf",
		    (int)p->host_port));
	if (p->container_port < 1 || p->container_port > PORT_MAX ||
	    p->host_port < 0 || p->host_port > PORT_MAX ||
	    p->protocol > TRIPOD__PORT__PROTOCOL__SCTP ||
	    (p->host_ip[0] != '\0' && !dns_is_address(p->host_ip)))
		return (err_set(err, "bad port %d", (int)p->container_port));
	return (0);
}

static int
check_lists(const struct policy *policy, const Tripod__Pod *pod,
    const Tripod__Container *c, struct err *err)
{
	size_t i;

	if (c->n_command > POLICY_LIST_MAX || c->n_arg > POLICY_LIST_MAX ||
	    c->n_env > POLICY_LIST_MAX || c->n_port > POLICY_LIST_MAX ||
	    c->n_mount > POLICY_LIST_MAX)
		return (err_set(
		    err, "more than %d elements in a list", POLICY_LIST_MAX));
	for (i = 0; i < c->n_env; i++)
		if (check_variable(c->env[i], err) == -1)
			return (-1);
	for (i = 0; i < c->n_port; i++)
		if (check_port(policy, pod, c->port[i], err) == -1)
			return (-1);
	for (i = 0; i < c->n_mount; i++)
		if (check_mount(pod, c, c->mount[i], err) == -1)
			return (-1);
	if (!translate_fits(c))
		return (err_set(err,
		    "environment, command and arguments are longer than %d "
		    "bytes",
		    TRANSLATE_TEXT_MAX));
	return (0);
}

static int
is_grace(const Tripod__Probe *p)
{
	return (p == NULL ||
	    (p->grace_seconds >= 0 && p->grace_seconds <= POLICY_GRACE_MAX));
}

static int
check_handler(const Tripod__Handler *h, const char *what, struct err *err)
{
	if (h == NULL || h->action_case == TRIPOD__HANDLER__ACTION__NOT_SET)
		return (err_set(err, "%s: no handler", what));
	if ((h->action_case == TRIPOD__HANDLER__ACTION_EXEC &&
		h->exec->n_command > POLICY_LIST_MAX) ||
	    (h->action_case == TRIPOD__HANDLER__ACTION_HTTP_GET &&
		h->http_get->n_header > POLICY_LIST_MAX))
		return (err_set(err, "%s: more than %d elements in a list",
		    what, POLICY_LIST_MAX));
	return (0);
}

static int
check_handlers(const Tripod__Container *c, struct err *err)
{
	const struct {
		const Tripod__Probe *probe;
		const char *what;
	} probes[] = {
		{ c->startup, "startupProbe" },
		{ c->liveness, "livenessProbe" },
		{ c->readiness, "readinessProbe" },
	};
	size_t i;

	for (i = 0; i < sizeof(probes) / sizeof(probes[0]); i++)
		if (probes[i].probe != NULL &&
		    check_handler(
			probes[i].probe->handler, probes[i].what, err) == -1)
			return (-1);
	if (c->post_start != NULL &&
	    check_handler(c->post_start, "postStart", err) == -1)
		return (-1);
	return (c->pre_stop == NULL
		? 0
		: check_handler(c->pre_stop, "preStop", err));
}

static int
check_restart(const Tripod__Container *c, struct err *err)
{
	size_t i;

	if (!is_grace(c->liveness) || !is_grace(c->startup) ||
	    !is_grace(c->readiness))
		return (err_set(
		    err, "bad terminationGracePeriodSeconds of a probe"));
	if (c->n_restart_rule > RESTART_RULES_MAX)
		return (err_set(
		    err, "more than %d restart rules", RESTART_RULES_MAX));
	for (i = 0; i < c->n_restart_rule; i++)
		if (c->restart_rule[i]->n_exit_code > EXIT_CODES_MAX)
			return (err_set(err,
			    "more than %d exit codes in a "
			    "restart rule",
			    EXIT_CODES_MAX));
	return (0);
}

int
policy_container(const struct policy *policy, const Tripod__Pod *pod,
    const Tripod__Container *c, struct err *err)
{
	const Tripod__Resources *r = c->resources;

	if (c->image[0] == '\0')
		return (err_set(err, "no image"));
	if (check_security(policy, c->security, err) == -1 ||
	    check_lists(policy, pod, c, err) == -1 ||
	    check_restart(c, err) == -1 || check_handlers(c, err) == -1)
		return (-1);
	if (r != NULL &&
	    (policy_amounts(r->limit, r->n_limit, err) == -1 ||
		policy_amounts(r->request, r->n_request, err) == -1))
		return (-1);
	return (0);
}
