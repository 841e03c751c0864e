/*
 * Builds trees (tree.h) from the steps of a reader: open, key, value,
 * close.  All limits of a tree, duplicate keys, merge keys and aliases are
 * dealt with here, for YAML and JSON alike.
 */
#ifndef BUILD_H
#define BUILD_H

#include "watcherd/problem.h"
#include "watcherd/tree.h"

struct build_entry;
struct build_frame;

/* What a key that is given twice means to a kubelet. */
enum build_duplicates {
	BUILD_LAST_WINS, /* YAML: the earlier value is forgotten */
	BUILD_KEEP	 /* JSON: the later value is laid over it; decode.h */
};

struct build {
	struct arena *arena;
	struct problems *problems;
	enum build_duplicates duplicates;
	struct node *root;	   /* the finished tree; NULL: nothing came */
	struct build_frame *frame; /* of open collections, on the heap */
	size_t depth, frames;
	struct build_entry *entry; /* of all open collections, on the heap */
	size_t nentries, entries;
	size_t nodes, bytes; /* so far, aliases written out */
	size_t aliased;	     /* nodes that only aliases stand for */
	int doubtful;	     /* there may be bad nodes that nobody told of */
};

void build_init(
    struct build *, struct arena *, struct problems *, enum build_duplicates);
void build_release(struct build *);
/*
 * Gets ready for another tree, whatever became of the last one; what was
 * used up of the limits stays so.
 */
void build_next(struct build *);

/*
 * All return 0, or -1 after adding a problem: the tree is then useless.
 */

/* Starts a LIST or MAP; the node stays open (weight 0) until its end. */
int build_open(
    struct build *, enum node_kind, struct place, struct node **opened);
int build_close(struct build *);
/*
 * Adds a value; where a map waits for a key, it becomes the key, as text
 * ("8080", "true").  What a kubelet cannot put into JSON (null as a key, a
 * node_bad()) is refused by build_check(), if it is still there then.
 */
int build_add(struct build *, struct node *);
/*
 * Adds a finished node once more.  Refuses what only aliases make large,
 * by the same measure as the kubelet's reader.
 */
int build_add_alias(struct build *, struct node *, struct place);
/* Adds "<<", whose value's members are taken over, where a key may stand. */
int build_add_merge(struct build *, struct place);
/* True where the next node is a key. */
int build_wants_key(const struct build *);
/* Tells of what is bad in a finished tree, and takes out bad keys. */
void build_check(struct build *);
/* The kind of the innermost open collection; NODE_NULL: none. */
enum node_kind build_kind(const struct build *);

#endif
