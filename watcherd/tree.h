/*
 * The tree that a manifest's bytes become: every node knows its place in
 * the file.  Both readers (yaml.h, json.h) build it and decode.h turns it
 * into a tree of typed values of the same nodes.
 *
 * All memory comes from one arena, and nodes never change owner.  What an
 * alias names is not copied: a node may have several parents, and "weight"
 * counts how many nodes it stands for once everything is written out.
 */
#ifndef TREE_H
#define TREE_H

#include <stddef.h>
#include <stdint.h>

#include "common/mem.h"

#define TREE_DEPTH_MAX 10000	 /* collections within each other */
#define TREE_NODES_MAX 100000	 /* nodes, aliases written out */
#define TREE_BYTES_MAX (4 << 20) /* bytes of text, aliases written out */
#define TREE_VALUE_MAX (2 << 20) /* bytes of one value, as it is written */

enum node_kind {
	NODE_NULL,
	NODE_BOOL,   /* num is 0 or 1 */
	NODE_NUMBER, /* str is the text of a JSON number */
	NODE_STRING, /* str, a NUL inside as UTF8_NUL */
	NODE_LIST,
	NODE_MAP, /* members sorted by the bytes of their keys */
	NODE_BAD  /* was there, but refused: look no further; str says why
		   * if that is not told yet */
};

struct place {
	uint32_t line;	 /* from 1; 0: the whole file */
	uint32_t column; /* from 1, in characters */
};

struct member;

struct node {
	enum node_kind kind;
	struct place at;
	uint32_t weight; /* nodes, itself included, aliases written out */
	uint32_t bytes;	 /* of text in them */
	uint32_t room;	 /* for members or items, by node_set() and the like */
	size_t n;	 /* bytes of str, or children */
	union {
		/* BOOL; integers that decode.h has checked; STRING: it was
		 * written with escapes of JSON */
		int64_t num;
		const struct node *source; /* MAP: what decode.h made it of */
		size_t height;		   /* as read: collections in another */
	};
	union {
		const char *str;    /* STRING, NUMBER, BAD; ends with a NUL */
		struct node **item; /* LIST */
		struct member *member; /* MAP */
	};
};

struct member {
	const char *key;
	struct place at; /* of the key */
	struct node *value;
	const struct member *earlier; /* JSON: of the same key; decode.h */
};

/*
 * The documents of a file that hold something, in order.  None: nothing
 * of it could be read, or it is empty; problems say so.
 */
#define DOCUMENTS_MAX 100

enum document_form {
	DOCUMENT_YAML,
	DOCUMENT_JSON
};

struct documents {
	enum document_form form;
	struct node *root[DOCUMENTS_MAX];
	size_t n;
};

const char *node_kind_str(enum node_kind); /* "a string", "null" ... */

/* NULL: the arena is exhausted.  Text is borrowed, not copied. */
struct node *node_new(struct arena *, enum node_kind, struct place);
struct node *node_string(
    struct arena *, struct place, const char *, size_t len);
/* A copy of any bytes as UTF-8; malformed ones become U+FFFD. */
struct node *node_text(
    struct arena *, struct place, const unsigned char *, size_t len);
struct node *node_number(struct arena *, struct place, int64_t);
/* Refused, but only if nothing takes its place in the end. */
struct node *node_bad(struct arena *, struct place, const char *why);
struct node *node_bool(struct arena *, struct place, int);

/* The value of a key of a map; NULL if there is none, or no map. */
struct node *node_get(const struct node *, const char *key);
const struct member *node_member(const struct node *, const char *key);
/* The same, but only values of that kind. */
struct node *node_get_kind(
    const struct node *, const char *key, enum node_kind);
/* Text of a string member; NULL if it is not there. */
const char *node_get_str(const struct node *, const char *key);
/* Integer or truth of a member; the fallback if it is not there. */
int64_t node_get_num(const struct node *, const char *key, int64_t fallback);

/*
 * Puts a member into a map, in order; one of the same key is replaced.
 * The key is borrowed.  -1: the arena is exhausted.
 */
int node_set(struct arena *, struct node *map, const char *key, struct node *);
/* The same with a string, which is borrowed, too. */
int node_set_text(
    struct arena *, struct node *map, const char *key, const char *text);
/* Appends to a list.  -1: the arena is exhausted. */
int node_append(struct arena *, struct node *list, struct node *);
/* Takes a member out; nothing happens if there is none. */
void node_unset(struct node *map, const char *key);

#endif
