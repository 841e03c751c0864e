#include "reconciled/translate.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "reconciled/translate_parts.h"

struct map
map_new(struct arena *a, const ProtobufCMessageDescriptor *type, size_t max)
{
	struct map m = { a, type, NULL, 0 };

	log_assert(type->sizeof_message == sizeof(struct map_entry));
	m.entry = must_alloc(a, max, sizeof(struct map_entry *));
	return (m);
}

const char *
map_get(const struct map *m, const char *key)
{
	size_t i;

	for (i = 0; i < m->n; i++)
		if (strcmp(m->entry[i]->key, key) == 0)
			return (m->entry[i]->value);
	return (NULL);
}

void
map_set(struct map *m, const char *key, const char *value)
{
	size_t i;

	for (i = 0; i < m->n; i++)
		if (strcmp(m->entry[i]->key, key) == 0)
			break;
	if (i == m->n) {
		m->entry[m->n] = message_new(m->arena, m->type);
		m->entry[m->n]->key = must_strdup(m->arena, key);
		m->n++;
	}
	m->entry[i]->value = must_strdup(m->arena, value);
}

void
map_set_number(struct map *m, const char *key, int64_t value)
{
	char buf[24];

	(void)snprintf(buf, sizeof(buf), "%" PRId64, value); /* fits */
	map_set(m, key, buf);
}

char *
translate_log_folder(struct arena *a, const struct pod *p)
{
	return (must_printf(a, "%s_%s_%s", p->namespace_, p->name, p->uid));
}

static void
container_labels(Runtime__V1__ContainerConfig *c, struct arena *a,
    const struct pod *p, const char *name)
{
	struct map m;

	m = map_new(
	    a, &runtime__v1__container_config__labels_entry__descriptor, 5);
	map_set(&m, LABEL_POD_NAME, p->name);
	map_set(&m, LABEL_POD_NAMESPACE, p->namespace_);
	map_set(&m, LABEL_POD_UID, p->uid);
	map_set(&m, LABEL_CONTAINER_NAME, name);
	map_set(&m, LABEL_MANAGED, LABEL_MANAGED_VALUE);
	c->labels = (void *)m.entry;
	c->n_labels = m.n;
}

/* The kubelet's FNV-1a of name and image, as it prints it (2.4). */
static void
container_hash(char buf[static 9], const Tripod__Container *spec)
{
	char text[8];
	const char *parts[] = { "{\"image\":\"", spec->image, "\",\"name\":\"",
		spec->name, "\"}" };
	const char *lead = "([]uint8)[", *p, *q;
	uint32_t h = 2166136261U;
	size_t i;
	int first = 1;

	for (p = lead; *p != '\0'; p++)
		h = (h ^ (uint8_t)*p) * 16777619U;
	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		for (p = parts[i]; *p != '\0'; p++) {
			(void)snprintf(text, sizeof(text), "%s%d",
			    first ? "" : " ", (uint8_t)*p); /* fits */
			first = 0;
			for (q = text; *q != '\0'; q++)
				h = (h ^ (uint8_t)*q) * 16777619U;
		}
	}
	h = (h ^ (uint8_t)']') * 16777619U;
	(void)snprintf(buf, 9, "%" PRIx32, h); /* at most 8 digits */
}

static void
container_annotations(Runtime__V1__ContainerConfig *c, struct arena *a,
    const struct pod *p, const Tripod__Container *spec)
{
	char hash[9];
	struct map m;

	m = map_new(a,
	    &runtime__v1__container_config__annotations_entry__descriptor, 5);
	container_hash(hash, spec);
	map_set(&m, "io.kubernetes.container.hash", hash);
	map_set_number(
	    &m, "io.kubernetes.container.restartCount", c->metadata->attempt);
	map_set(&m, "io.kubernetes.container.terminationMessagePath",
	    spec->termination_message_path);
	map_set(&m, ANNOTATION_MESSAGE_POLICY,
	    spec->message_from_log ? MESSAGE_FROM_LOG : "File");
	map_set_number(&m, ANNOTATION_GRACE, p->definition->pod->grace_seconds);
	c->annotations = (void *)m.entry;
	c->n_annotations = m.n;
}

Runtime__V1__ImageSpec *
translate_image(struct arena *a, const struct pod *p, const char *image)
{
	struct map m = translate_annotations(a, p, 0);
	Runtime__V1__ImageSpec *s;
	const char *base = strrchr(image, '/');
	int plain;

	/* Neither tag nor digest: the runtime wants the tag spelled out. */
	base = base == NULL ? image : base + 1;
	plain = strpbrk(base, ":@") == NULL;
	s = message_new(a, &runtime__v1__image_spec__descriptor);
	s->image = must_printf(a, "%s%s", image, plain ? ":latest" : "");
	s->annotations = (void *)m.entry;
	s->n_annotations = m.n;
	return (s);
}

static Runtime__V1__LinuxContainerConfig *
container_linux(struct arena *a, const struct translate_env *env,
    const Tripod__Pod *pod, const struct instance *in, struct err *err)
{
	Runtime__V1__LinuxContainerConfig *l;

	l = message_new(a, &runtime__v1__linux_container_config__descriptor);
	l->security_context = container_security(a, env, pod, in, err);
	if (l->security_context == NULL)
		return (NULL);
	l->resources = container_resources(a, env, pod, in->spec);
	return (l);
}

Runtime__V1__ContainerConfig *
translate_container(struct arena *a, const struct translate_env *env,
    const struct pod *p, const struct instance *in, struct err *err)
{
	const Tripod__Container *spec = in->spec;
	struct sources from = { env, p, spec, in->ips };
	Runtime__V1__ContainerConfig *c;

	c = message_new(a, &runtime__v1__container_config__descriptor);
	c->metadata = message_new(
	    a, &runtime__v1__container_metadata__descriptor);
	c->metadata->name = spec->name;
	c->metadata->attempt = in->attempt;
	c->image = message_new(a, &runtime__v1__image_spec__descriptor);
	c->image->image = must_strdup(a, in->image_ref);
	c->image->user_specified_image = spec->image;
	if (container_texts(c, a, &from, spec, err) == -1 ||
	    container_mounts(c, a, env, p, in, err) == -1)
		return (NULL);
	c->linux = container_linux(a, env, p->definition->pod, in, err);
	if (c->linux == NULL)
		return (NULL);
	c->working_dir = spec->working_dir;
	c->stdin = spec->stdin;
	c->stdin_once = spec->stdin_once;
	c->tty = spec->tty;
	container_labels(c, a, p, spec->name);
	container_annotations(c, a, p, spec);
	c->log_path = must_printf(a, "%s/%u.log", spec->name, in->attempt);
	return (c);
}
