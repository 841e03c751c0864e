/*
 * Builds a tree (tree.h) from the steps of a reader: open, key, value,
 * close.  All limits of the tree, duplicate keys and merge keys are dealt
 * with here, for YAML and JSON alike.
 */
#ifndef BUILD_H
#define BUILD_H

#include "watcherd/problem.h"
#include "watcherd/tree.h"

struct build_entry;

struct build_frame {
	struct node *node;
	size_t first;	/* of its entries among all pending ones */
	int want_value; /* MAP: a key was given */
	int warned;	/* told of a merge that overwrites */
};

struct build {
	struct arena *arena;
	struct problems *problems;
	struct node *root; /* the finished tree; NULL: nothing came */
	struct build_frame frame[TREE_DEPTH_MAX];
	size_t depth;
	struct build_entry *entry; /* of all open collections, on the heap */
	size_t nentries, size;
	size_t nodes, bytes; /* so far, aliases written out */
};

void build_init(struct build *, struct arena *, struct problems *);
void build_release(struct build *);

/*
 * All return 0, or -1 after adding a problem: the tree is then useless.
 */

/* Starts a LIST or MAP; the node stays open (weight 0) until its end. */
int build_open(
    struct build *, enum node_kind, struct place, struct node **opened);
int build_close(struct build *);
/*
 * Adds a value; where a map waits for a key, it becomes the key, as text
 * ("8080", "true").  A finished node may be added several times.
 */
int build_add(struct build *, struct node *);
/* Adds "<<", whose value's members are taken over, where a key may stand. */
int build_add_merge(struct build *, struct place);
/* True where the next node is a key. */
int build_wants_key(const struct build *);

#endif
