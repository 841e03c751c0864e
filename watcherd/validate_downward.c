/*
 * What a pod may be told about itself, in variables and files.
 */
#include <stdio.h>
#include <string.h>

#include "watcherd/grammar.h"
#include "watcherd/validate_rules.h"

#define KEY_SIZE 400 /* more than a qualified name has */

static const char env_fields[] =
    "metadata.name metadata.namespace metadata.uid spec.host spec.nodeName "
    "spec.serviceAccountName status.hostIP status.hostIPs status.podIP "
    "status.podIPs";
static const char file_fields[] = "metadata.name metadata.namespace "
				  "metadata.uid metadata.labels "
				  "metadata.annotations";

/* "metadata.labels['KEY']": 1 if it has a subscript, with its parts. */
static int
subscript(const char *path, size_t *before, char key[static KEY_SIZE])
{
	const char *open = strstr(path, "['");
	size_t len = strlen(path);

	if (open == NULL || open == path || len < 2 ||
	    strcmp(path + len - 2, "']") != 0 || open + 2 > path + len - 2)
		return (0);
	*before = (size_t)(open - path);
	(void)snprintf(key, KEY_SIZE, "%.*s",
	    (int)(path + len - 2 - (open + 2)), open + 2);
	return (1);
}

static int
is_prefix_of(const char *word, const char *text, size_t len)
{
	return (strlen(word) == len && strncmp(word, text, len) == 0);
}

static void
check_field_ref(struct validate *v, const struct node *source,
    const struct path *up, const char *fields)
{
	struct path path = { up, "fieldRef", 0, 0 };
	const struct node *ref = node_get(source, path.name);
	const char *field = node_get_str(ref, "fieldPath");
	enum grammar grammar = GRAMMAR_NONE;
	char q[QUOTE_MAX], key[KEY_SIZE];
	size_t n;

	if (field == NULL || *field == '\0' || choices_match(fields, field))
		return;
	if (subscript(field, &n, key)) {
		if (is_prefix_of("metadata.labels", field, n))
			grammar = GRAMMAR_QUALIFIED;
		if (is_prefix_of("metadata.annotations", field, n))
			grammar = GRAMMAR_ANNOTATION;
	}
	if (grammar == GRAMMAR_NONE)
		fault(v, ref, &path, "fieldPath",
		    "must be one of %s metadata.labels['KEY'] "
		    "metadata.annotations['KEY'], got %s",
		    fields, quote(q, field));
	else if (!grammar_matches(grammar, key))
		fault(v, ref, &path, "fieldPath", "the key must be %s, got %s",
		    grammar_str(grammar), quote(q, key));
}

static int
is_huge(const char *resource)
{
	return (strncmp(resource, "limits.hugepages-", 17) == 0 ||
	    strncmp(resource, "requests.hugepages-", 19) == 0);
}

static void
check_resource_ref(
    struct validate *v, const struct node *source, const struct path *up)
{
	struct path path = { up, "resourceFieldRef", 0, 0 };
	const struct node *ref = node_get(source, path.name);
	const char *resource = node_get_str(ref, "resource");
	const char *divisor = node_get_str(ref, "divisor");
	const char *divisors = "0 1 1k 1M 1G 1T 1P 1E 1Ki 1Mi 1Gi 1Ti 1Pi 1Ei";
	char q[QUOTE_MAX];

	if (resource == NULL || *resource == '\0')
		return;
	if (!is_huge(resource) &&
	    !choices_match("limits.cpu limits.ephemeral-storage limits.memory "
			   "requests.cpu requests.ephemeral-storage "
			   "requests.memory",
		resource)) {
		fault(v, ref, &path, "resource",
		    "must be limits or requests of cpu, memory, "
		    "ephemeral-storage or hugepages-SIZE (limits.cpu ...), "
		    "got %s",
		    quote(q, resource));
		return;
	}
	if (strcmp(strchr(resource, '.'), ".cpu") == 0)
		divisors = "0 1m 1";
	/* Decoded quantities are in canonical text, as they are compared. */
	if (divisor != NULL && !choices_match(divisors, divisor))
		fault(v, ref, &path, "divisor", "must be one of %s, got %s",
		    divisors + 2, divisor);
}

void
rule_env_source(
    struct validate *v, const struct node *source, const struct path *path)
{
	check_field_ref(v, source, path, env_fields);
	check_resource_ref(v, source, path);
}

/* Variables from a file of the pod's own. */
void
rule_file_key(
    struct validate *v, const struct node *ref, const struct path *path)
{
	const struct node *volumes = list_of(v->spec, "volumes");
	const char *name = node_get_str(ref, "volumeName");
	const struct named *volume;
	char q[QUOTE_MAX];

	if (name == NULL || !grammar_matches(GRAMMAR_LABEL, name))
		return;
	volume = names_find(&v->volumes, name);
	if (volume == NULL ||
	    node_get(volumes->item[volume->index], "emptyDir") == NULL)
		fault(v, ref, path, "volumeName",
		    "must name an emptyDir of spec.volumes, got %s",
		    quote(q, name));
}

void
rule_downward_file(
    struct validate *v, const struct node *file, const struct path *up)
{
	struct path path = { up, "resourceFieldRef", 0, 0 };
	const struct node *ref = node_get_kind(file, path.name, NODE_MAP);
	const struct node *name = node_get(ref, "containerName");

	check_field_ref(v, file, up, file_fields);
	check_resource_ref(v, file, up);
	if (ref != NULL &&
	    (name == NULL || (name->kind == NODE_STRING && name->n == 0)))
		fault(v, ref, &path, "containerName", "is required in a file");
}
