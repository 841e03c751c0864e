/*
 * Bytes of a manifest, YAML or JSON, read in both modes.  Beyond not
 * crashing: the same bytes have the same answer, an answer is never without
 * reason, problems are in order, what is valid strictly has a first pod
 * that is the same and not marked when read leniently, a valid pod's
 * mirror JSON is read back to the same text, and fits into a message; and
 * written as a manifest again, in either mode, it is the same pod, which
 * is then written the same way.
 */
#include <stdlib.h>
#include <string.h>

#include "ipc/peer.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/first_tree.h"
#include "watcherd/canonical.h"
#include "watcherd/excerpt.h"
#include "watcherd/manifest.h"

static void
must(int cond)
{
	if (!cond)
		abort();
}

static void
check_definition(const Tripod__Definition *m)
{
	struct problems *p = xcalloc(1, sizeof(*p));
	struct arena arena;
	struct node *tree;
	char *again;
	size_t len;

	must(m->pod != NULL && m->pod->n_container > 0);
	must(strlen(m->pod->hash) == 32 && m->pod->uid[0] != '\0');
	arena_init(&arena, MANIFEST_ARENA_MAX);
	/* A NUL is kept. */
	problems_init(p, &arena, MANIFEST_LENIENT);
	tree = first_tree(m->mirror_json.data, m->mirror_json.len, &arena, p);
	must(tree != NULL && p->errors == 0);
	again = canonical_json(&arena, tree, &len);
	must(again != NULL && len == m->mirror_json.len &&
	    memcmp(again, m->mirror_json.data, len) == 0);
	arena_release(&arena);
	free(p);
}

/* The last one may say that there were more. */
static void
check_order(const Tripod__Manifest *m)
{
	const Tripod__Problem *a, *b;
	size_t i;

	for (i = 1; i + 1 < m->n_problem; i++) {
		a = m->problem[i - 1];
		b = m->problem[i];
		must(a->severity <= b->severity);
		must(a->severity < b->severity || a->line < b->line ||
		    (a->line == b->line && a->column <= b->column));
	}
}

static void
check(const Tripod__Manifest *m)
{
	size_t i, errors = 0;

	check_order(m);
	for (i = 0; i < m->n_problem; i++)
		errors += m->problem[i]->severity ==
		    TRIPOD__PROBLEM__SEVERITY__ERROR;
	if (m->state == TRIPOD__MANIFEST__STATE__INVALID) {
		must(errors > 0 && m->n_definition == 0);
		return;
	}
	must(m->state == TRIPOD__MANIFEST__STATE__VALID && errors == 0);
	must(m->n_definition > 0);
	for (i = 0; i < m->n_definition; i++)
		check_definition(m->definition[i]);
}

/* What is shown of a problem's place is printable, whatever the file has. */
static void
check_excerpts(const Tripod__Manifest *m, const uint8_t *data, size_t len)
{
	struct excerpt e;
	char *text;
	size_t i, j, n;
	FILE *fp;

	for (i = 0; i < m->n_problem; i++) {
		if (excerpt_find(&e, data, len, m->problem[i]->line,
			m->problem[i]->column) == -1)
			continue;
		must(e.mark + e.nmark <= e.len);
		fp = open_memstream(&text, &n);
		must(fp != NULL);
		excerpt_print(&e, 0, fp);
		must(fclose(fp) == 0);
		for (j = 0; j < n; j++)
			must(text[j] == '\n' ||
			    ((uint8_t)text[j] >= 0x20 && text[j] != 0x7f));
		free(text);
	}
}

/* So small that it is within all limits of a reader. */
#define ROUND_MAX 262144

static char *
rendered(const struct manifest_source *src, size_t *len)
{
	struct arena arena;
	char *text;
	FILE *fp;
	int rc;

	arena_init(&arena, 2 * MANIFEST_ARENA_MAX);
	fp = open_memstream(&text, len);
	must(fp != NULL);
	rc = manifest_render(src, FORM_YAML, &arena, fp);
	must(rc == 0 && fclose(fp) == 0);
	arena_release(&arena);
	return (text);
}

static void
check_round(const struct manifest_source *src)
{
	struct manifest_source again = *src;
	struct arena one, two;
	Tripod__Manifest *m1, *m2;
	char *text, *text2;
	size_t i, len2;

	arena_init(&one, MANIFEST_ARENA_MAX);
	arena_init(&two, MANIFEST_ARENA_MAX);
	m1 = manifest_parse(src, &one);
	must(m1 != NULL);
	if (m1->state != TRIPOD__MANIFEST__STATE__VALID)
		goto out;
	again.bytes = text = rendered(src, &again.len);
	if (again.len <= ROUND_MAX) {
		m2 = manifest_parse(&again, &two);
		must(m2 != NULL &&
		    m2->state == TRIPOD__MANIFEST__STATE__VALID &&
		    m2->n_definition == m1->n_definition);
		for (i = 0; i < m1->n_definition; i++)
			must(strcmp(m1->definition[i]->pod->hash,
				 m2->definition[i]->pod->hash) == 0);
		text2 = rendered(&again, &len2);
		must(len2 == again.len && memcmp(text, text2, len2) == 0);
		free(text2);
	}
	free(text);
out:
	arena_release(&one);
	arena_release(&two);
}

/* Is the first document, however empty, a Pod? */
static int
starts_with_pod(const struct manifest_source *src, struct arena *arena)
{
	struct problems *p = xcalloc(1, sizeof(*p));
	struct node *root;
	const char *kind;

	problems_init(p, arena, MANIFEST_LENIENT);
	root = first_tree(src->bytes, src->len, arena, p);
	kind = root != NULL ? node_get_str(root, "kind") : NULL;
	free(p);
	return (kind != NULL && strcmp(kind, "Pod") == 0);
}

/* Strict refuses more, and means the same. */
static void
check_modes(const Tripod__Manifest *strict, const struct manifest_source *src)
{
	const Tripod__Pod *pod, *same;
	struct arena arena;
	Tripod__Manifest *m;

	arena_init(&arena, 2 * MANIFEST_ARENA_MAX);
	m = manifest_parse(src, &arena);
	must(m != NULL);
	check(m);
	if (strict->state == TRIPOD__MANIFEST__STATE__VALID &&
	    starts_with_pod(src, &arena)) {
		must(m->n_definition == 1);
		pod = m->definition[0]->pod;
		same = strict->definition[0]->pod;
		must(strcmp(pod->hash, same->hash) == 0);
		must(pod->n_unsupported == 0 && same->n_unsupported == 0);
	}
	arena_release(&arena);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const struct manifest_source src = { "a.yaml", "node1", data, len,
		MANIFEST_STRICT };
	const struct manifest_source lenient = { "a.yaml", "node1", data, len,
		MANIFEST_LENIENT };
	struct arena one, two;
	Tripod__Manifest *m1, *m2;
	uint8_t *p1, *p2;
	size_t n1, n2;

	if (len > MANIFEST_SIZE_DEFAULT)
		return (0);
	arena_init(&one, MANIFEST_ARENA_MAX);
	arena_init(&two, MANIFEST_ARENA_MAX);
	m1 = manifest_parse(&src, &one);
	m2 = manifest_parse(&src, &two);
	must(m1 != NULL && m2 != NULL);
	check(m1);
	check_excerpts(m1, data, len);
	check_modes(m1, &lenient);
	check_round(&src);
	check_round(&lenient);
	n1 = tripod__manifest__get_packed_size(m1);
	n2 = tripod__manifest__get_packed_size(m2);
	p1 = xmalloc(n1);
	p2 = xmalloc(n2);
	(void)tripod__manifest__pack(m1, p1); /* as long as it said */
	(void)tripod__manifest__pack(m2, p2);
	must(n1 == n2 && memcmp(p1, p2, n1) == 0);
	free(p1);
	free(p2);
	arena_release(&one);
	arena_release(&two);
	return (0);
}
