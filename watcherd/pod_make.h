/*
 * What the parts of pod.c share: building a Pod message of ipc/tripod.proto
 * in an arena.  For watcherd/pod*.c only.
 *
 * When memory runs out, "failed" is set, NULL is returned, and whatever has
 * been built is thrown away at the end; so a builder need not watch for it
 * beyond not using NULL.  Strings are borrowed from the tree.
 */
#ifndef POD_MAKE_H
#define POD_MAKE_H

#include "common/mem.h"
#include "tripod.pb-c.h"
#include "watcherd/tree.h"

struct maker {
	struct arena *arena;
	const struct node *meta, *spec; /* of the pod; meta may be NULL */
	const struct node *container;	/* whose probes and hooks are made */
	int failed;
};

/* Builds one message of the item of a list. */
typedef void *make_item(struct maker *, const struct node *);

void *make_array(struct maker *, size_t count, size_t size);
/* An empty message: &tripod__port__descriptor ... */
void *make_message(struct maker *, const ProtobufCMessageDescriptor *);
/* A message of each item of a list, which may be NULL. */
void *make_list(struct maker *, const struct node *list, size_t *n, make_item);

/* Text of a member; "" if it is not there. */
char *make_text(const struct node *map, const char *key);
/* As message fields have it: nobody writes through it.  NULL is "". */
char *make_borrowed(const char *);
char **make_texts(struct maker *, const struct node *list, size_t *n);
Tripod__KeyValue *make_pair(struct maker *, const char *, const char *);
Tripod__KeyValue **make_pairs(
    struct maker *, const struct node *map, size_t *n);
/* Of a list of mappings "name", "value". */
Tripod__KeyValue **make_named(
    struct maker *, const struct node *list, size_t *n);
int64_t *make_numbers(struct maker *, const struct node *list, size_t *n);
/* NULL if the member is not there. */
Tripod__Number *make_number(
    struct maker *, const struct node *map, const char *key);
/* Truth of a member that is false when it is not there. */
int make_truth(const struct node *map, const char *key);
/*
 * Number of a member's word in a list that ends with NULL; 0 if it is not
 * there.
 */
int make_word(const struct node *map, const char *key, const char *const *);

/* The builders of pod_container.c, pod_probe.c ... */
make_item make_container, make_probe, make_handler, make_volume;
make_item make_field_ref, make_resource_ref, make_pod_security;
Tripod__Security *make_security(struct maker *, const struct node *container);
Tripod__Resource **make_amounts(
    struct maker *, const struct node *map, size_t *n);
Tripod__Resources *make_resources(struct maker *, const struct node *);
extern const char *const make_pull_policies[];

#endif
