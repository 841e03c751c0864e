#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "watcherd/defaults.h"
#include "watcherd/grammar.h"
#include "watcherd/schema.h"
#include "watcherd/utf8.h"
#include "watcherd/validate.h"

#define TOLD_MAX 32
#define MIRROR_KEY "kubernetes.io/config.mirror"

struct reviewer {
	struct problems *problems;
	struct marks *marks;
	const char *told[TOLD_MAX]; /* fields warned about */
	size_t ntold;
};

/* One warning for each kind of field is enough. */
static int
is_told(struct reviewer *s, const char *name)
{
	size_t i;

	for (i = 0; i < s->ntold; i++) {
		if (strcmp(s->told[i], name) == 0)
			return (1);
	}
	if (s->ntold < TOLD_MAX)
		s->told[s->ntold++] = name;
	return (0);
}

static void
mark(struct reviewer *s, const struct path *path)
{
	char field[PROBLEM_FIELD_MAX];
	struct marks *m = s->marks;

	if (m->n == MARKS_MAX)
		return;
	path_format(path, field, sizeof(field));
	if ((m->field[m->n] = arena_strdup(m->arena, field)) == NULL)
		(void)problem_nomem(s->problems); /* remembered there */
	else
		m->n++;
}

/* Tripod does not do this, a kubelet would. */
static void __attribute__((format(printf, 4, 5)))
unsupported(struct reviewer *s, struct place at, const struct path *path,
    const char *fmt, ...)
{
	char text[PROBLEM_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap); /* may be cut off */
	va_end(ap);
	problem_flaw(s->problems, at, path, "%s", text);
	mark(s, path);
}

/*
 * Text with a NUL, which only lenient reading lets pass, cannot be handed
 * to a process or the kernel.
 */
static int
has_nul(const struct node *value)
{
	size_t i;

	if (value->kind == NODE_STRING)
		return (strstr(value->str, UTF8_NUL) != NULL);
	for (i = 0; value->kind == NODE_LIST && i < value->n; i++) {
		if (value->item[i]->kind == NODE_STRING &&
		    has_nul(value->item[i]))
			return (1);
	}
	for (i = 0; value->kind == NODE_MAP && i < value->n; i++) {
		if (strstr(value->member[i].key, UTF8_NUL) != NULL ||
		    (value->member[i].value->kind == NODE_STRING &&
			has_nul(value->member[i].value)))
			return (1);
	}
	return (0);
}

/* Does the value say more than the field's absence? */
static int
says_something(const struct field *f, const struct node *value)
{
	if (value->kind == NODE_BAD || field_is_unset(f, value))
		return (0);
	if (f->shape == SHAPE_ONE && f->json == JSON_OBJECT)
		return (f->support != SUPPORT_WARNED || value->n > 0);
	if (value->kind == NODE_STRING && f->fallback != NULL)
		return (strcmp(value->str, f->fallback) != 0);
	/* The switches of the pod's namespaces are harmless when off. */
	if (value->kind == NODE_BOOL)
		return (value->num != 0);
	return (1);
}

static void support_object(struct reviewer *, const struct type *,
    const struct node *, const struct path *);

static void
support_inside(struct reviewer *s, const struct field *f,
    const struct node *value, const struct path *path)
{
	struct path here = { path, NULL, 0, 0 };

	if (f->json != JSON_OBJECT)
		return;
	if (f->shape == SHAPE_ONE) {
		support_object(s, f->type, value, path);
		return;
	}
	for (; value->kind == NODE_LIST && here.index < value->n; here.index++)
		support_object(s, f->type, value->item[here.index], &here);
}

/* It becomes the name of a folder; a kubelet takes any. */
static void
support_uid(
    struct reviewer *s, const struct node *value, const struct path *path)
{
	char q[QUOTE_MAX];

	if (value->kind == NODE_STRING &&
	    !grammar_matches(GRAMMAR_UID, value->str))
		unsupported(s, value->at, path, "must be %s, got %s",
		    grammar_str(GRAMMAR_UID), quote(q, value->str));
}

static void
support_field(struct reviewer *s, const struct field *f, const struct member *m,
    const struct path *path)
{
	struct problems *p = s->problems;
	size_t errors = p->errors;

	if (f->json != JSON_OBJECT && has_nul(m->value))
		mark(s, path);
	if (f->grammar == GRAMMAR_UID)
		support_uid(s, m->value, path);
	switch (f->support) {
	case SUPPORT_REFERS:
		problem_add(p, m->at, path, "a static pod may not refer to %s",
		    f->note);
		return;
	case SUPPORT_REFUSED:
		problem_add(p, m->at, path, "%s", f->note);
		return;
	case SUPPORT_LATER:
		/* A reference inside says more than "not yet". */
		support_inside(s, f, m->value, path);
		if (p->errors == errors)
			unsupported(s, m->at, path, "%s",
			    f->note != NULL ? f->note : "not supported yet");
		return;
	case SUPPORT_WARNED:
		if (!is_told(s, f->name))
			problem_warn(p, m->at, path,
			    "kept for the mirror, not acted on yet");
		break;
	case SUPPORT_KEPT:
	case SUPPORT_ACTED:
		break;
	}
	support_inside(s, f, m->value, path);
}

static void
support_object(struct reviewer *s, const struct type *type,
    const struct node *map, const struct path *path)
{
	struct path here = { path, NULL, 0, 0 };
	const struct field *f;
	size_t i;

	for (i = 0; map->kind == NODE_MAP && i < map->n; i++) {
		here.name = map->member[i].key;
		f = type_field(type, here.name);
		if (f != NULL && !(f->flags & FIELD_CLEARED) &&
		    says_something(f, map->member[i].value))
			support_field(s, f, &map->member[i], &here);
	}
}

/* A user namespace is asked for by switching the host's off. */
static void
support_host_users(struct reviewer *s, const struct node *spec)
{
	struct path up = { NULL, "spec", 0, 0 };
	struct path path = { &up, "hostUsers", 0, 0 };
	const struct node *users = node_get_kind(spec, "hostUsers", NODE_BOOL);

	if (users != NULL && !users->num)
		unsupported(s, users->at, &path, "false is not supported yet");
}

/* A kubelet takes it for the API server's copy and never starts it. */
static void
support_mirror(struct reviewer *s, const struct node *pod)
{
	struct path up = { NULL, "metadata", 0, 0 };
	struct path path = { &up, "annotations", 0, 0 };
	const struct member *m = node_member(
	    node_get(node_get(pod, up.name), path.name), MIRROR_KEY);

	if (m != NULL)
		unsupported(s, m->at, &path,
		    "%s marks the API server's copy of a pod, which cannot "
		    "be a manifest",
		    MIRROR_KEY);
}

static void
support_os(struct reviewer *s, const struct node *spec)
{
	struct path up = { NULL, "spec", 0, 0 };
	struct path path = { &up, "os", 0, 0 };
	struct path name = { &path, "name", 0, 0 };
	const struct node *os = node_get(node_get(spec, path.name), name.name);

	if (os != NULL && os->kind == NODE_STRING &&
	    strcmp(os->str, "windows") == 0)
		unsupported(s, os->at, &name, "this machine runs Linux");
}

static void
support_medium(
    struct reviewer *s, const struct node *volume, const struct path *up)
{
	struct path source = { up, "emptyDir", 0, 0 };
	struct path path = { &source, "medium", 0, 0 };
	const struct node *medium;
	char q[QUOTE_MAX];

	medium = node_get_kind(
	    node_get(volume, source.name), path.name, NODE_STRING);
	if (medium != NULL && medium->n > 0 &&
	    strcmp(medium->str, "Memory") != 0)
		unsupported(s, medium->at, &path,
		    "must be empty or Memory, others are not supported yet, "
		    "got %s",
		    quote(q, medium->str));
}

void
validate_support(
    const struct node *pod, struct problems *p, struct marks *marks)
{
	struct path up = { NULL, "spec", 0, 0 };
	struct path list = { &up, "volumes", 0, 0 };
	struct path path = { &list, NULL, 0, 0 };
	const struct node *spec = node_get(pod, "spec"), *volumes;
	struct reviewer s = { p, marks, { NULL }, 0 };

	support_object(&s, &type_pod, pod, NULL);
	support_mirror(&s, pod);
	support_host_users(&s, spec);
	support_os(&s, spec);
	volumes = node_get_kind(spec, "volumes", NODE_LIST);
	for (; volumes != NULL && path.index < volumes->n; path.index++)
		support_medium(&s, volumes->item[path.index], &path);
}
