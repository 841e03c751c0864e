/*
 * What the parts of the YAML reader share; for yaml.c, yaml_scalar.c
 * and yaml_error.c only.
 */
#ifndef YAML_READER_PARTS_H
#define YAML_READER_PARTS_H

#include <yaml.h>

#include "watcherd/build.h"
#include "watcherd/repair.h"
#include "watcherd/yaml.h"

#define TAG_CORE "tag:yaml.org,2002:"

/*
 * A byte order mark that is not the first is text to the kubelet's reader;
 * libyaml skips it, and is shown another character, which never is text.
 */
#define YAML_MARK "\xef\xbb\xbf"
#define YAML_MARK_SHOWN "\xef\xb7\x90"

struct anchor {
	const char *name;
	uint32_t hash; /* of the name */
	struct node *node;
};

/* Where a character is, by its number; found in order. */
struct yaml_cursor {
	size_t chars, byte;
};

struct yaml_reader {
	yaml_parser_t parser;
	const unsigned char *bytes; /* what is parsed: the rest of the file */
	size_t len, taken;	    /* by libyaml */
	uint32_t line;		    /* lines before it */
	size_t lines;		    /* in it, up to where the parser got */
	struct yaml_cursor events;  /* where they are */
	struct yaml_cursor ahead;   /* where libyaml is */
	size_t token;		    /* byte before which none is unfinished */
	int too_long;		    /* one is */
	size_t marks; /* of byte order that libyaml got otherwise */
	size_t work;  /* so far, see yaml.h */
	int opened;   /* the last event was a bracket */
	size_t flow;  /* open collections in flow style */
	int can_repair, repaired;
	struct yaml_text text; /* the whole file */
	struct arena *arena;
	struct problems *problems;
	struct documents *documents;
	struct build build;
	struct anchor *anchor; /* latest last: names may be used again */
	size_t nanchors;
};

struct place yaml_place(const struct yaml_reader *, const yaml_mark_t *);
/* The same for a byte, which is all that libyaml's decoder tells. */
struct place yaml_place_of_byte(const struct yaml_reader *, size_t);
/* Adds the problem that has stopped libyaml. */
void yaml_error(struct yaml_reader *);

/* The byte of a character that libyaml counts. */
size_t yaml_byte_of(
    const struct yaml_reader *, struct yaml_cursor *, size_t index);

/* Gives a scalar back the byte order marks that libyaml was not shown. */
void yaml_scalar_marks(
    struct yaml_reader *, const yaml_event_t *, struct place);
/*
 * Refuses a scalar that libyaml takes and the kubelet's reader does not:
 * 1 after adding a problem.
 */
int yaml_scalar_refuse(
    struct yaml_reader *, const yaml_event_t *, struct place);
/* What the scalar says.  NULL: a problem was added. */
struct node *yaml_scalar_node(
    struct yaml_reader *, const yaml_event_t *, struct place);

#endif
