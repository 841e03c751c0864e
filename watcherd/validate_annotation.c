/*
 * Annotations that once were fields.  A kubelet refuses those that say
 * nothing valid, or something else than the field that took their place.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "watcherd/grammar.h"
#include "watcherd/validate_rules.h"

#define DELETION_COST "controller.kubernetes.io/pod-deletion-cost"
#define TOLERATIONS "scheduler.alpha.kubernetes.io/tolerations"
#define SECCOMP_POD "seccomp.security.alpha.kubernetes.io/pod"
#define SECCOMP_CONTAINER "container.seccomp.security.alpha.kubernetes.io/"
#define APP_ARMOR "container.apparmor.security.beta.kubernetes.io/"
#define LOCALHOST "localhost/"

static void
annotation_fault(struct validate *v, const struct member *m,
    const struct path *up, const char *text)
{
	struct path path = { up, m->key, 0, 1 };
	char q[QUOTE_MAX];

	problem_add(v->problems, m->value->at, &path, "%s, got %s", text,
	    quote(q, m->value->str));
}

/* A decimal of 32 bits, without "+" and without zeros before it. */
static int
is_cost(const char *text)
{
	char *end;
	long n;

	if (*text != '-' && (*text < '1' || *text > '9') &&
	    strcmp(text, "0") != 0)
		return (0);
	errno = 0;
	n = strtol(text, &end, 10);
	return (errno == 0 && end != text && *end == '\0' && n >= INT32_MIN &&
	    n <= INT32_MAX);
}

/* The type that an annotation's text stands for; NULL: it is not valid. */
static const char *
profile_type(const char *text)
{
	if (choices_match("runtime/default docker/default", text))
		return ("RuntimeDefault");
	if (strcmp(text, "unconfined") == 0)
		return ("Unconfined");
	if (strncmp(text, LOCALHOST, strlen(LOCALHOST)) == 0)
		return ("Localhost");
	return (NULL);
}

/* Do annotation and field say the same, where both are there? */
static int
profile_agrees(const struct node *profile, const char *text)
{
	const char *type = node_get_str(profile, "type");
	const char *file = node_get_str(profile, "localhostProfile");

	if (type == NULL || profile_type(text) == NULL)
		return (1);
	if (strcmp(type, profile_type(text)) != 0)
		return (0);
	return (strcmp(type, "Localhost") != 0 || file == NULL ||
	    strcmp(file, text + strlen(LOCALHOST)) == 0);
}

static const struct node *
container_find(const struct validate *v, const char *name)
{
	static const char *const lists[] = { "containers", "initContainers",
		"ephemeralContainers" };
	const struct node *list;
	size_t i, j;

	for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		list = list_of(v->spec, lists[i]);
		for (j = 0; list != NULL && j < list->n; j++) {
			if (node_says(list->item[j], "name", name))
				return (list->item[j]);
		}
	}
	return (NULL);
}

static void
check_seccomp(struct validate *v, const struct member *m,
    const struct path *path, const struct node *owner)
{
	const char *type = profile_type(m->value->str);
	const struct node *profile = node_get(
	    node_get(owner, "securityContext"), "seccompProfile");

	if (type == NULL ||
	    (strcmp(type, "Localhost") == 0 &&
		!grammar_matches(
		    GRAMMAR_RELATIVE, m->value->str + strlen(LOCALHOST))))
		annotation_fault(v, m, path,
		    "must be runtime/default, docker/default, unconfined or "
		    "localhost/ and a relative path");
	else if (!profile_agrees(profile, m->value->str))
		annotation_fault(
		    v, m, path, "must say the same as seccompProfile");
}

static void
check_app_armor(
    struct validate *v, const struct member *m, const struct path *path)
{
	const char *name = m->key + strlen(APP_ARMOR), *text = m->value->str;
	const struct node *container = container_find(v, name), *profile;

	if (container == NULL) {
		problem_add(v->problems, m->at, path,
		    "%s must name a container of the pod", m->key);
		return;
	}
	if (*text != '\0' &&
	    (profile_type(text) == NULL || strcmp(text, "docker/default") == 0))
		annotation_fault(v, m, path,
		    "must be runtime/default, unconfined or localhost/ and a "
		    "profile");
	profile = node_get(
	    node_get(container, "securityContext"), "appArmorProfile");
	if (profile == NULL)
		profile = node_get(
		    node_get(v->spec, "securityContext"), "appArmorProfile");
	if (*text != '\0' && !profile_agrees(profile, text))
		annotation_fault(
		    v, m, path, "must say the same as appArmorProfile");
}

static int
starts(const char *text, const char *prefix)
{
	return (strncmp(text, prefix, strlen(prefix)) == 0);
}

static void
check_annotation(
    struct validate *v, const struct member *m, const struct path *path)
{
	if (m->value->kind != NODE_STRING)
		return;
	if (strcmp(m->key, DELETION_COST) == 0 && !is_cost(m->value->str))
		annotation_fault(v, m, path, "must be an integer of 32 bits");
	if (strcmp(m->key, TOLERATIONS) == 0)
		check_tolerations(v, m, path);
	if (strcmp(m->key, SECCOMP_POD) == 0)
		check_seccomp(v, m, path, v->spec);
	if (starts(m->key, SECCOMP_CONTAINER))
		check_seccomp(v, m, path,
		    container_find(v, m->key + strlen(SECCOMP_CONTAINER)));
	if (starts(m->key, APP_ARMOR))
		check_app_armor(v, m, path);
}

void
rule_annotations(
    struct validate *v, const struct node *meta, const struct path *up)
{
	struct path path = { up, "annotations", 0, 0 };
	const struct node *map = node_get_kind(meta, path.name, NODE_MAP);
	size_t i;

	for (i = 0; up->up == NULL && map != NULL && i < map->n; i++)
		check_annotation(v, &map->member[i], &path);
}
