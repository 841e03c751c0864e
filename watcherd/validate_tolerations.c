/*
 * Tolerations as they were written before they had a field: JSON within an
 * annotation.
 */
#include <string.h>

#include "watcherd/decode.h"
#include "watcherd/json.h"
#include "watcherd/validate_rules.h"

/* A pod with these tolerations and nothing else; NULL: they are none. */
static const struct node *
decode_tolerations(struct problems *p, const struct node *text)
{
	struct arena *arena = p->arena;
	struct documents documents;
	struct node *pod, *spec;

	json_read(text->str, text->n, arena, p, &documents);
	if (documents.n == 0 || p->errors > 0)
		return (NULL);
	if ((pod = node_new(arena, NODE_MAP, text->at)) == NULL ||
	    (spec = node_new(arena, NODE_MAP, text->at)) == NULL ||
	    node_set(arena, pod, "spec", spec) == -1 ||
	    node_set(arena, spec, "tolerations", documents.root[0]) == -1) {
		(void)problem_nomem(p); /* told by NULL as well */
		return (NULL);
	}
	pod = decode_pod(pod, arena, p);
	return (p->errors > 0 ? NULL : pod);
}

void
check_tolerations(
    struct validate *v, const struct member *m, const struct path *up)
{
	struct path path = { up, m->key, 0, 1 };
	struct path field = { NULL, "tolerations", 0, 0 };
	struct problems problems;
	struct validate inner = *v;
	const struct node *pod, *list;

	if (m->value->n == 0)
		return;
	problems_init(&problems, v->problems->arena, MANIFEST_LENIENT);
	inner.problems = &problems;
	pod = decode_tolerations(&problems, m->value);
	list = node_get(node_get(pod, "spec"), field.name);
	if (list != NULL)
		check_field(&inner, type_field(&type_pod_spec, field.name),
		    list, &field);
	if (problems.exhausted)
		(void)problem_nomem(v->problems); /* makes it invalid */
	problems_finish(&problems);
	if (problems.errors > 0)
		problem_add(v->problems, m->value->at, &path,
		    "must be a JSON list of valid tolerations (%s%s%s)",
		    problems.item[0]->field,
		    *problems.item[0]->field != '\0' ? ": " : "",
		    problems.item[0]->message);
}
