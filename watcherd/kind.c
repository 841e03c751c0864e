#include "watcherd/kind.h"

#include <ctype.h>
#include <string.h>

#include "watcherd/guess.h"
#include "watcherd/hint.h"

/* Two letters beyond ASCII are cases of these, too. */
#define KELVIN_SIGN "\xe2\x84\xaa"
#define LONG_S "\xc5\xbf"

static int
same_but_case(const char *key, const char *name)
{
	size_t n;
	int c;

	for (; *key != '\0' && *name != '\0'; key += n, name++) {
		n = 1;
		c = tolower((unsigned char)*key);
		if (strncmp(key, KELVIN_SIGN, strlen(KELVIN_SIGN)) == 0) {
			n = strlen(KELVIN_SIGN);
			c = 'k';
		} else if (strncmp(key, LONG_S, strlen(LONG_S)) == 0) {
			n = strlen(LONG_S);
			c = 's';
		}
		if (c != tolower((unsigned char)*name))
			return (0);
	}
	return (*key == *name);
}

static int
place_before(struct place a, struct place b)
{
	return (a.line != b.line ? a.line < b.line : a.column < b.column);
}

struct header {
	const struct node *map;
	enum document_form form;
	struct problems *problems;
};

/* A key in another case is told where it stands. */
static void
header_missing(
    const struct header *h, const char *name, const struct node *found)
{
	const struct path path = { NULL, name, 0, 0 };
	const char *wants = strcmp(name, "kind") == 0 ? "Pod" : "v1";
	const struct member *m;
	char buf[HINT_VALUE_MAX];
	size_t i;

	for (i = 0; found == NULL && i < h->map->n; i++) {
		m = &h->map->member[i];
		if (guess_distance(m->key, name) < guess_limit(name) ||
		    same_but_case(m->key, name)) {
			problem_add(h->problems, m->at, &path,
			    "must be \"%s\", got nothing; the key is written "
			    "\"%s\"",
			    wants, name);
			return;
		}
	}
	problem_add(h->problems, found != NULL ? found->at : h->map->at, &path,
	    "must be \"%s\", got %s", wants,
	    found != NULL ? hint_value(found, buf) : "nothing");
}

/*
 * The member that counts of those that are written so, in any case: one that
 * is no text, or else the last one of JSON, or by its key.
 */
static const struct member *
header_lenient(const struct header *h, const char *name)
{
	const struct member *m, *found = NULL;
	size_t i;

	for (i = 0; i < h->map->n; i++) {
		m = &h->map->member[i];
		if (!same_but_case(m->key, name))
			continue;
		for (; m != NULL; m = m->earlier) {
			if (m->value->kind == NODE_NULL)
				continue;
			if (m->value->kind != NODE_STRING)
				return (m);
			if (found == NULL || h->form != DOCUMENT_JSON ||
			    place_before(found->at, m->at))
				found = m;
		}
	}
	return (found);
}

/*
 * The text of one of the two keys.  NULL: it is not there, or a problem
 * was added.
 */
static const struct node *
header_find(const struct header *h, const char *name)
{
	const struct member *m = h->problems->mode == MANIFEST_STRICT
	    ? node_member(h->map, name)
	    : header_lenient(h, name);
	const struct node *found = m != NULL ? m->value : NULL;

	if (found != NULL && found->kind == NODE_STRING)
		return (found);
	header_missing(h, name, found);
	return (NULL);
}

static enum kind
header_kind(const struct header *h)
{
	const struct path path = { NULL, "kind", 0, 0 };
	const struct node *kind = header_find(h, path.name);
	char q[QUOTE_MAX], hint[HINT_MAX];

	if (kind == NULL)
		return (KIND_WRONG);
	if (strcmp(kind->str, "Pod") == 0)
		return (KIND_POD);
	if (h->problems->mode == MANIFEST_STRICT) {
		if (strcmp(kind->str, "List") == 0)
			return (KIND_LIST);
		if (strcmp(kind->str, "PodList") == 0)
			return (KIND_POD_LIST);
	}
	problem_add(h->problems, kind->at, &path, "must be \"Pod\", got %s%s",
	    quote(q, kind->str), hint_kind(kind->str, hint));
	return (KIND_WRONG);
}

enum kind
kind_of(
    const struct node *root, enum document_form form, struct problems *problems)
{
	const struct header h = { root, form, problems };
	const struct path path = { NULL, "apiVersion", 0, 0 };
	const struct node *version;
	enum kind kind;
	char q[QUOTE_MAX];

	if (root->kind == NODE_BAD)
		return (KIND_WRONG);
	if (root->kind != NODE_MAP) {
		problem_add(problems, root->at, NULL,
		    "expected a Pod, which is a mapping, got %s",
		    node_kind_str(root->kind));
		return (KIND_WRONG);
	}
	if ((kind = header_kind(&h)) == KIND_WRONG ||
	    (version = header_find(&h, path.name)) == NULL)
		return (KIND_WRONG);
	if (strcmp(version->str, "v1") == 0 || strcmp(version->str, "/v1") == 0)
		return (kind);
	problem_add(problems, version->at, &path, "must be \"v1\", got %s",
	    quote(q, version->str));
	return (KIND_WRONG);
}
