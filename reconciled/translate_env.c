/*
 * Environment, command and arguments, and the values in them that come
 * from elsewhere (runtime.md 4.2, 4.3, 4.6).
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "reconciled/translate_parts.h"

#define CPU_UNIT 1000 /* amounts of cpu are in thousandths */

/* Length of NAME when s starts with "$(NAME)", else 0. */
static size_t
reference_length(const char *s, const char *last)
{
	const char *end;

	if (s[0] != '$' || s[1] != '(' || last == NULL || s > last)
		return (0);
	end = strchr(s, ')'); /* there is one: last */
	return ((size_t)(end - s) - 2);
}

static int
compare_names(const void *a, const void *b)
{
	const struct variable *x = a, *y = b;

	return (strcmp(x->name, y->name));
}

/* A name that is part of a text. */
struct part {
	const char *name;
	size_t len;
};

static int
compare_part(const void *key, const void *member)
{
	const struct part *p = key;
	const struct variable *v = member;
	int rc = strncmp(p->name, v->name, p->len);

	return (rc != 0 ? rc : v->name[p->len] == '\0' ? 0 : -1);
}

static struct variable *
variable_find(const struct variables *v, const char *name, size_t len)
{
	const struct part key = { name, len };

	return (v->n == 0 ? NULL
			  : bsearch(&key, v->sorted, v->n, sizeof(*v->sorted),
				compare_part));
}

int
variables_init(struct variables *v, struct arena *a,
    Runtime__V1__KeyValue *const *env, size_t n)
{
	size_t i;

	v->n = 0;
	v->sorted = arena_array(a, n == 0 ? 1 : n, sizeof(*v->sorted));
	if (v->sorted == NULL)
		return (-1);
	for (i = 0; i < n; i++)
		v->sorted[i].name = env[i]->key;
	qsort(v->sorted, n, sizeof(*v->sorted), compare_names);
	for (i = 0; i < n; i++)
		if (i == 0 ||
		    strcmp(v->sorted[i].name, v->sorted[v->n - 1].name) != 0)
			v->sorted[v->n++].name = v->sorted[i].name;
	for (i = 0; i < n; i++)
		variables_set(v, env[i]->key, (const char *)env[i]->value.data);
	return (0);
}

void
variables_set(struct variables *v, const char *name, const char *value)
{
	struct variable *one = variable_find(v, name, strlen(name));

	log_assert(one != NULL); /* all names are there */
	one->value = value;
}

const char *
variables_get(const struct variables *v, const char *name, size_t len)
{
	const struct variable *one = variable_find(v, name, len);

	return (one == NULL ? NULL : one->value);
}

/*
 * Writes the expansion to out (NULL: only counts); returns its length, or
 * one beyond TRANSLATE_TEXT_MAX as soon as that is passed: a few references
 * to references grow without bounds.
 */
static size_t
expand(char *out, const char *s, const struct variables *env)
{
	/* Without it each "$(" would look through all the rest. */
	const char *from, *last = strrchr(s, ')');
	size_t len, used = 0, step, skip;

	while (*s != '\0' && used <= TRANSLATE_TEXT_MAX) {
		from = s;
		step = skip = 1;
		if (s[0] == '$' && s[1] == '$') {
			skip = 2; /* the second one stands for both */
		} else if ((len = reference_length(s, last)) > 0) {
			step = skip = len + 3;
			if ((from = variables_get(env, s + 2, len)) != NULL)
				step = strlen(from);
			else
				from = s; /* unknown: as it is */
		}
		if (out != NULL)
			memcpy(out + used, from, step);
		used += step;
		s += skip;
	}
	return (used);
}

char *
translate_expand(struct arena *a, const char *s, const struct variables *env)
{
	size_t len = expand(NULL, s, env);
	char *out;

	if (len > TRANSLATE_TEXT_MAX || (out = arena_alloc(a, len + 1)) == NULL)
		return (NULL);
	(void)expand(out, s, env); /* the same length again */
	out[len] = '\0';
	return (out);
}

/* Pod addresses; those of the node in its network.  Borrowed. */
static const char *
pod_ips(const struct sources *from)
{
	return (from->pod->definition->pod->host_network ? from->env->addresses
							 : from->ips);
}

static char *
first_of(struct arena *a, const char *list)
{
	return (must_printf(a, "%.*s", (int)strcspn(list, ","), list));
}

/* Borrowed, or NULL. */
static char *
pair_value(Tripod__KeyValue *const *list, size_t n, const char *key)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strcmp(list[i]->key, key) == 0)
			return (list[i]->value);
	return (NULL);
}

static int
compare_entries(const void *a, const void *b)
{
	const struct map_entry *const *x = a, *const *y = b;

	return (strcmp((*x)->key, (*y)->key));
}

/* In quotes, as the kubelet's language would write it. */
static char *
quoted(struct arena *a, const char *s)
{
	static const char special[] = "\a\b\f\n\r\t\v\\\"";
	static const char letter[] = "abfnrtv\\\"";
	static const char hex[] = "0123456789abcdef";
	char *out = must_alloc(a, strlen(s) * 4 + 3, 1), *p = out;
	const char *found;

	*p++ = '"';
	for (; *s != '\0'; s++) {
		if ((found = strchr(special, *s)) != NULL) {
			*p++ = '\\';
			*p++ = letter[found - special];
		} else if ((unsigned char)*s < ' ' || *s == 0x7f) {
			*p++ = '\\';
			*p++ = 'x';
			*p++ = hex[(unsigned char)*s >> 4];
			*p++ = hex[*s & 0xf];
		} else {
			*p++ = *s;
		}
	}
	*p++ = '"';
	*p = '\0';
	return (out);
}

/* Lines of key="value", sorted. */
static char *
map_text(struct arena *a, const struct map *m)
{
	size_t i, used = 0, size = 1;
	char *out, **line;

	if (m->n > 0)
		qsort(m->entry, m->n, sizeof(*m->entry), compare_entries);
	line = must_alloc(a, m->n, sizeof(*line));
	for (i = 0; i < m->n; i++) {
		line[i] = must_printf(a, "%s%s=%s", i == 0 ? "" : "\n",
		    m->entry[i]->key, quoted(a, m->entry[i]->value));
		size += strlen(line[i]);
	}
	out = must_alloc(a, size, 1);
	for (i = 0; i < m->n; i++) {
		memcpy(out + used, line[i], strlen(line[i]));
		used += strlen(line[i]);
	}
	return (out);
}

static char *
labels_text(struct arena *a, const Tripod__Pod *pod)
{
	struct map m;
	size_t i;

	m = map_new(a,
	    &runtime__v1__pod_sandbox_config__labels_entry__descriptor,
	    pod->n_label);
	for (i = 0; i < pod->n_label; i++)
		map_set(&m, pod->label[i]->key, pod->label[i]->value);
	return (map_text(a, &m));
}

/* One annotation; those of where the pod came from win. */
static char *
annotation(struct arena *a, const struct pod *p, const char *key)
{
	const Tripod__Pod *pod = p->definition->pod;
	char seen[RFC3339_MAX], *value;

	if (strcmp(key, ANNOTATION_HASH) == 0)
		return (pod->hash);
	if (strcmp(key, ANNOTATION_SOURCE) == 0)
		return (must_strdup(a, "file"));
	if (strcmp(key, ANNOTATION_SEEN) == 0) {
		rfc3339_nano(seen, p->seen_ns);
		return (must_strdup(a, seen));
	}
	value = pair_value(pod->annotation, pod->n_annotation, key);
	return (value == NULL ? must_strdup(a, "") : value);
}

/* Whole maps, which only a volume may have: they are long. */
static char *
long_field(struct arena *a, const struct sources *from,
    const Tripod__FieldRef *ref, struct err *err)
{
	struct map map;

	if (from->self == NULL) {
		if (ref->field == TRIPOD__FIELD_REF__FIELD__LABELS)
			return (labels_text(a, from->pod->definition->pod));
		if (ref->field == TRIPOD__FIELD_REF__FIELD__ANNOTATIONS) {
			map = translate_annotations(a, from->pod, 0);
			return (map_text(a, &map));
		}
	}
	(void)err_set(err, "field %d has no place here", (int)ref->field);
	return (NULL);
}

char *
field_value(struct arena *a, const struct sources *from,
    const Tripod__FieldRef *ref, struct err *err)
{
	const Tripod__Pod *pod;
	char *value;

	if (from->env == NULL)
		return (must_strdup(a, ""));
	pod = from->pod->definition->pod;
	switch (ref->field) {
	case TRIPOD__FIELD_REF__FIELD__NAME:
		return (from->pod->name);
	case TRIPOD__FIELD_REF__FIELD__NAMESPACE:
		return (from->pod->namespace_);
	case TRIPOD__FIELD_REF__FIELD__UID:
		return (from->pod->uid);
	case TRIPOD__FIELD_REF__FIELD__NODE_NAME:
		return (must_strdup(a, from->env->node));
	case TRIPOD__FIELD_REF__FIELD__SERVICE_ACCOUNT:
		return (must_strdup(a, ""));
	case TRIPOD__FIELD_REF__FIELD__HOST_IPS:
		return (must_strdup(a, from->env->addresses));
	case TRIPOD__FIELD_REF__FIELD__HOST_IP:
		return (first_of(a, from->env->addresses));
	case TRIPOD__FIELD_REF__FIELD__POD_IPS:
		return (must_strdup(a, pod_ips(from)));
	case TRIPOD__FIELD_REF__FIELD__POD_IP:
		return (first_of(a, pod_ips(from)));
	case TRIPOD__FIELD_REF__FIELD__LABEL:
		value = pair_value(pod->label, pod->n_label, ref->key);
		return (value == NULL ? must_strdup(a, "") : value);
	case TRIPOD__FIELD_REF__FIELD__ANNOTATION:
		return (annotation(a, from->pod, ref->key));
	case TRIPOD__FIELD_REF__FIELD__LABELS:
	case TRIPOD__FIELD_REF__FIELD__ANNOTATIONS:
	case _TRIPOD__FIELD_REF__FIELD_IS_INT_SIZE:
		break;
	}
	return (long_field(a, from, ref, err));
}

static const Tripod__Container *
container_named(Tripod__Container *const *list, size_t n, const char *name)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strcmp(list[i]->name, name) == 0)
			return (list[i]);
	return (NULL);
}

/* What there is to have, for a container without a limit. */
static int64_t
machine_amount(const struct machine *m, const char *resource)
{
	if (strcmp(resource, "cpu") == 0)
		return ((int64_t)m->cpus * CPU_UNIT);
	if (strcmp(resource, "memory") == 0)
		return (m->memory);
	if (strcmp(resource, "ephemeral-storage") == 0)
		return (m->storage);
	return (0);
}

char *
resource_value(struct arena *a, const struct sources *from,
    const Tripod__ResourceRef *ref, struct err *err)
{
	const Tripod__Container *c = from->self;
	const Tripod__Pod *pod;
	int64_t amount, divisor = ref->divisor;

	if (from->env == NULL)
		return (must_strdup(a, ""));
	pod = from->pod->definition->pod;
	if (ref->container[0] != '\0' &&
	    (c = container_named(
		 pod->container, pod->n_container, ref->container)) == NULL)
		c = container_named(
		    pod->init_container, pod->n_init_container, ref->container);
	if (c == NULL) {
		(void)err_set(
		    err, "there is no container \"%s\"", ref->container);
		return (NULL);
	}
	if (divisor < 1)
		divisor = 1;
	amount = qos_amount(c->resources,
	    ref->request ? QOS_REQUEST : QOS_LIMIT, ref->resource);
	if (amount <= 0)
		amount = ref->request
		    ? 0
		    : machine_amount(&from->env->machine, ref->resource);
	return (must_printf(
	    a, "%" PRId64, amount / divisor + (amount % divisor != 0)));
}

char *
translate_file(struct arena *a, const struct translate_env *env,
    const struct pod *p, const Tripod__DownwardFile *file, struct err *err)
{
	struct sources from = { env, p, NULL, "" };

	if (file->field != NULL)
		return (field_value(a, &from, file->field, err));
	if (file->resource != NULL)
		return (resource_value(a, &from, file->resource, err));
	(void)err_set(err, "file %s: no source", file->path);
	return (NULL);
}

static char *
variable(struct arena *a, const struct sources *from, const Tripod__Env *spec,
    const struct variables *known, struct err *err)
{
	char *value;

	if (spec->field != NULL)
		return (field_value(a, from, spec->field, err));
	if (spec->resource != NULL)
		return (resource_value(a, from, spec->resource, err));
	if (spec->file != NULL) {
		(void)err_set(err, "a value from a file is not supported");
		return (NULL);
	}
	value = translate_expand(a, spec->value, known);
	if (value == NULL)
		(void)err_set(err, "too long");
	return (value);
}

/* The names, and what their values will be found by; -1: no room. */
static int
name_all(Runtime__V1__ContainerConfig *c, struct arena *a,
    const Tripod__Container *spec, struct variables *known)
{
	Runtime__V1__KeyValue *kv;
	size_t i, n = spec->n_env;

	c->envs = arena_array(a, n == 0 ? 1 : n, sizeof(*c->envs));
	kv = arena_array(a, n == 0 ? 1 : n, sizeof(*kv));
	if (c->envs == NULL || kv == NULL)
		return (-1);
	for (i = 0; i < n; i++) {
		runtime__v1__key_value__init(&kv[i]);
		kv[i].key = spec->env[i]->name;
		c->envs[i] = &kv[i];
	}
	c->n_envs = n;
	return (variables_init(known, a, c->envs, n));
}

static int
container_env(Runtime__V1__ContainerConfig *c, struct arena *a,
    const struct sources *from, const Tripod__Container *spec,
    struct variables *known, struct err *err)
{
	size_t i, before = a->used;
	char *value;

	if (name_all(c, a, spec, known) == -1)
		return (err_set(err, "too many variables"));
	for (i = 0; i < spec->n_env; i++) {
		value = variable(a, from, spec->env[i], known, err);
		if (value == NULL)
			return (
			    err_prefix(err, "variable %s", spec->env[i]->name));
		if (a->used - before > TRANSLATE_TEXT_MAX)
			return (err_set(err, "the environment is too long"));
		c->envs[i]->value.data = (uint8_t *)value;
		c->envs[i]->value.len = strlen(value);
		variables_set(known, c->envs[i]->key, value);
	}
	return (0);
}

/* NULL when they do not fit. */
static char **
expand_all(
    struct arena *a, char **list, size_t n, const struct variables *known)
{
	char **out = arena_array(a, n == 0 ? 1 : n, sizeof(*out));
	size_t i, before = a->used;

	for (i = 0; out != NULL && i < n; i++) {
		out[i] = translate_expand(a, list[i], known);
		if (out[i] == NULL || a->used - before > TRANSLATE_TEXT_MAX)
			return (NULL);
	}
	return (out);
}

int
container_texts(Runtime__V1__ContainerConfig *c, struct arena *a,
    const struct sources *from, const Tripod__Container *spec, struct err *err)
{
	struct variables known;

	if (container_env(c, a, from, spec, &known, err) == -1)
		return (-1);
	c->command = expand_all(a, spec->command, spec->n_command, &known);
	c->args = expand_all(a, spec->arg, spec->n_arg, &known);
	if (c->command == NULL || c->args == NULL)
		return (err_set(err, "command and arguments are too long"));
	c->n_command = spec->n_command;
	c->n_args = spec->n_arg;
	return (0);
}

int
translate_fits(const Tripod__Container *spec)
{
	Runtime__V1__ContainerConfig c = RUNTIME__V1__CONTAINER_CONFIG__INIT;
	struct sources none = { NULL, NULL, NULL, "" };
	struct arena a;
	struct err err;
	int rc;

	arena_init(&a, TRANSLATE_TEXT_MAX);
	rc = container_texts(&c, &a, &none, spec, &err);
	arena_release(&a);
	return (rc == 0);
}
