/*
 * Between the files of translate; see translate.h.
 */
#ifndef TRANSLATE_PARTS_H
#define TRANSLATE_PARTS_H

#include "reconciled/message.h"
#include "reconciled/translate.h"

/* protobuf-c gives each map an entry type of its own, all of one shape. */
struct map_entry {
	ProtobufCMessage base;
	char *key;
	char *value;
};

struct map {
	struct arena *arena;
	const ProtobufCMessageDescriptor *type;
	struct map_entry **entry;
	size_t n;
};

/* Room for max entries of the map's type. */
struct map map_new(
    struct arena *, const ProtobufCMessageDescriptor *, size_t max);
/* A later value replaces the one before. */
void map_set(struct map *, const char *key, const char *value);
void map_set_number(struct map *, const char *key, int64_t);
/* NULL if it is not there. */
const char *map_get(const struct map *, const char *key);

/* The pod's annotations with those of where it came from; room for more. */
struct map translate_annotations(
    struct arena *, const struct pod *, size_t more);

Runtime__V1__LinuxSandboxSecurityContext *sandbox_security(
    struct arena *, const struct translate_env *, const Tripod__Pod *);
/* NULL and err. */
Runtime__V1__LinuxContainerSecurityContext *container_security(struct arena *,
    const struct translate_env *, const Tripod__Pod *, const struct instance *,
    struct err *);

Runtime__V1__LinuxContainerResources *sandbox_resources(
    struct arena *, const Tripod__Pod *);
Runtime__V1__LinuxContainerResources *sandbox_overhead(
    struct arena *, const Tripod__Pod *);
Runtime__V1__LinuxContainerResources *container_resources(struct arena *,
    const struct translate_env *, const Tripod__Pod *,
    const Tripod__Container *);

/* Where values from elsewhere come from; env NULL: they are empty. */
struct sources {
	const struct translate_env *env;
	const struct pod *pod;
	const Tripod__Container *self; /* NULL in a volume */
	const char *ips;
};

/* Value of a reference; NULL and err. */
char *field_value(struct arena *, const struct sources *,
    const Tripod__FieldRef *, struct err *);
char *resource_value(struct arena *, const struct sources *,
    const Tripod__ResourceRef *, struct err *);
/* Environment, command and arguments, expanded; -1 and err. */
int container_texts(Runtime__V1__ContainerConfig *, struct arena *,
    const struct sources *, const Tripod__Container *, struct err *);

/* -1 and err. */
int container_mounts(Runtime__V1__ContainerConfig *, struct arena *,
    const struct translate_env *, const struct pod *, const struct instance *,
    struct err *);

#endif
