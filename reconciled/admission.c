#include "reconciled/admission.h"

#include <stdlib.h>
#include <string.h>

#include "reconciled/spec.h"

/* A node's label; value is not terminated. */
struct label {
	const char *value;
	size_t len;
};

#if defined(__x86_64__)
#define ARCH "amd64"
#elif defined(__aarch64__)
#define ARCH "arm64"
#elif defined(__i386__)
#define ARCH "386"
#elif defined(__arm__)
#define ARCH "arm"
#elif defined(__riscv)
#define ARCH "riscv64"
#elif defined(__powerpc64__)
#define ARCH "ppc64le"
#elif defined(__s390x__)
#define ARCH "s390x"
#else
#error "which architecture is this, in the words of Kubernetes?"
#endif

static int
label_of_all(const char *key, const char *node, struct label *out)
{
	const char *const known[][2] = {
		{ "kubernetes.io/hostname", node },
		{ "kubernetes.io/os", "linux" },
		{ "kubernetes.io/arch", ARCH },
		{ "beta.kubernetes.io/os", "linux" },
		{ "beta.kubernetes.io/arch", ARCH },
	};
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcmp(known[i][0], key) != 0)
			continue;
		out->value = known[i][1];
		out->len = strlen(out->value);
		return (1);
	}
	return (0);
}

/* What is configured wins over what every node has. */
static int
label_find(const struct policy *policy, const char *key, struct label *out)
{
	const struct conf_list *l = &policy->labels;
	size_t i, len = strlen(key);

	for (i = 0; i < l->n; i++) {
		if (strncmp(l->value[i], key, len) != 0 ||
		    l->value[i][len] != '=')
			continue;
		out->value = l->value[i] + len + 1;
		out->len = strlen(out->value);
		return (1);
	}
	return (label_of_all(key, policy->node, out));
}

static int
label_is(const struct label *l, const char *value)
{
	return (
	    strlen(value) == l->len && memcmp(value, l->value, l->len) == 0);
}

static int
is_among(const struct label *l, const Tripod__NodeRequirement *r)
{
	size_t i;

	for (i = 0; i < r->n_value; i++)
		if (label_is(l, r->value[i]))
			return (1);
	return (0);
}

/* Of two decimal numbers; false if either is none. */
static int
is_greater(const char *a, const char *b)
{
	char *end_a, *end_b;
	long long x = strtoll(a, &end_a, 10), y = strtoll(b, &end_b, 10);

	if (*a == '\0' || *b == '\0' || *end_a != '\0' || *end_b != '\0')
		return (0);
	return (x > y);
}

static int
requirement_fits(
    const Tripod__NodeRequirement *r, const struct label *l, int present)
{
	const char *value = r->n_value > 0 ? r->value[0] : "";

	switch (r->operator_) {
	case TRIPOD__NODE_REQUIREMENT__OPERATOR__IN:
		return (present && is_among(l, r));
	case TRIPOD__NODE_REQUIREMENT__OPERATOR__NOT_IN:
		return (!present || !is_among(l, r));
	case TRIPOD__NODE_REQUIREMENT__OPERATOR__EXISTS:
		return (present);
	case TRIPOD__NODE_REQUIREMENT__OPERATOR__DOES_NOT_EXIST:
		return (!present);
	case TRIPOD__NODE_REQUIREMENT__OPERATOR__GT:
		return (present && is_greater(l->value, value));
	case TRIPOD__NODE_REQUIREMENT__OPERATOR__LT:
		return (present && is_greater(value, l->value));
	case _TRIPOD__NODE_REQUIREMENT__OPERATOR_IS_INT_SIZE:
		break;
	}
	return (0);
}

static int
term_fits(const struct policy *policy, const Tripod__NodeTerm *t)
{
	struct label name = { policy->node, strlen(policy->node) }, l;
	size_t i;
	int present;

	if (t->n_label == 0 && t->n_field == 0)
		return (0);
	for (i = 0; i < t->n_label; i++) {
		present = label_find(policy, t->label[i]->key, &l);
		if (!requirement_fits(t->label[i], &l, present))
			return (0);
	}
	for (i = 0; i < t->n_field; i++)
		if (!requirement_fits(t->field[i], &name, 1))
			return (0);
	return (1);
}

static int
check_node(const struct policy *policy, const Tripod__Pod *pod, struct err *err)
{
	const Tripod__KeyValue *want;
	struct label l;
	size_t i;

	for (i = 0; i < pod->n_node_selector; i++) {
		want = pod->node_selector[i];
		if (!label_find(policy, want->key, &l) ||
		    !label_is(&l, want->value))
			return (err_set(err,
			    "NodeAffinity: this node has no label %s=%s",
			    want->key, want->value));
	}
	for (i = 0; i < pod->n_node_term; i++)
		if (term_fits(policy, pod->node_term[i]))
			return (0);
	if (pod->n_node_term > 0)
		return (err_set(err,
		    "NodeAffinity: this node fits no term of the required "
		    "node affinity"));
	return (0);
}

/* A profile that only a kernel with AppArmor can give. */
static int
wants_apparmor(const Tripod__Container *c)
{
	return (c->security != NULL && c->security->apparmor != NULL &&
	    (c->security->apparmor->kind ==
		    TRIPOD__PROFILE__KIND__RUNTIME_DEFAULT ||
		c->security->apparmor->kind ==
		    TRIPOD__PROFILE__KIND__LOCALHOST));
}

int
admission_check(
    const struct policy *policy, const Tripod__Pod *pod, struct err *err)
{
	size_t i;

	if (pod->os[0] != '\0' && strcmp(pod->os, "linux") != 0)
		return (err_set(
		    err, "PodOSNotSupported: spec.os.name is %s", pod->os));
	for (i = 0; i < spec_count(pod); i++)
		if (!policy->machine->apparmor &&
		    wants_apparmor(spec_container(pod, i)))
			return (err_set(err,
			    "AppArmor: container %s has a profile, and this "
			    "machine no AppArmor",
			    spec_container(pod, i)->name));
	return (check_node(policy, pod, err));
}

static int
is_wildcard(const char *ip)
{
	return (ip[0] == '\0' || strcmp(ip, "0.0.0.0") == 0 ||
	    strcmp(ip, "::") == 0);
}

static int
ports_clash(const Tripod__Port *p, const Tripod__Port *q)
{
	return (p->host_port == q->host_port && p->protocol == q->protocol &&
	    (is_wildcard(p->host_ip) || is_wildcard(q->host_ip) ||
		strcmp(p->host_ip, q->host_ip) == 0));
}

/* Whether a container wants what one of the other pod has. */
static int
container_clashes(
    const Tripod__Container *c, const Tripod__Pod *other, struct err *err)
{
	size_t i, j, k;

	for (i = 0; i < c->n_port; i++) {
		if (c->port[i]->host_port == 0)
			continue; /* most are of the pod's own network */
		for (j = 0; j < other->n_container; j++)
			for (k = 0; k < other->container[j]->n_port; k++)
				if (ports_clash(c->port[i],
					other->container[j]->port[k]))
					return (err_set(err,
					    "host port %d is taken "
					    "by pod %s/%s",
					    (int)c->port[i]->host_port,
					    other->namespace_, other->name));
	}
	return (0);
}

int
admission_ports(
    const Tripod__Pod *pod, const Tripod__Pod *other, struct err *err)
{
	size_t i;

	for (i = 0; i < pod->n_container; i++)
		if (container_clashes(pod->container[i], other, err) == -1)
			return (-1);
	return (0);
}
