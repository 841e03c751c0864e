#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "watcherd/grammar.h"
#include "watcherd/quantity.h"
#include "watcherd/validate_rules.h"

#define IQN_MAX 223 /* RFC 3720 */

void
rule_empty_dir(
    struct validate *v, const struct node *empty, const struct path *path)
{
	const char *text = node_get_str(empty, "sizeLimit");
	struct quantity q;

	if (text != NULL && quantity_parse(text, &q, NULL) == 0 && q.nano < 0)
		fault(v, empty, path, "sizeLimit",
		    "must not be negative, got %s", text);
}

/* A file's path, and where it is said. */
struct item {
	const char *path;
	const struct node *file;
	size_t source, index;
};

static int
item_compare(const void *a, const void *b)
{
	const struct item *ia = a, *ib = b;
	int c = strcmp(ia->path, ib->path);

	if (c != 0)
		return (c);
	if (ia->source != ib->source)
		return (ia->source < ib->source ? -1 : 1);
	return (ia->index < ib->index ? -1 : ia->index > ib->index);
}

static const struct node *
items_of(const struct node *source)
{
	return (list_of(node_get(source, "downwardAPI"), "items"));
}

/* All files of a projected volume; the caller frees them. */
static struct item *
items_collect(const struct node *sources, size_t *n)
{
	const struct node *items;
	struct item *all;
	const char *path;
	size_t i, j, size = 1;

	for (i = 0; i < sources->n; i++) {
		items = items_of(sources->item[i]);
		size += items != NULL ? items->n : 0;
	}
	all = xcalloc(size, sizeof(*all));
	for (*n = i = 0; i < sources->n; i++) {
		items = items_of(sources->item[i]);
		for (j = 0; items != NULL && j < items->n; j++) {
			path = node_get_str(items->item[j], "path");
			if (path != NULL && *path != '\0')
				all[(*n)++] = (struct item){ path,
					items->item[j], i, j };
		}
	}
	return (all);
}

static void
item_clash(struct validate *v, const struct item *a, const struct item *b,
    const struct path *list)
{
	struct path source = { list, NULL, b->source, 0 };
	struct path api = { &source, "downwardAPI", 0, 0 };
	struct path items = { &api, "items", 0, 0 };
	struct path here = { &items, NULL, b->index, 0 };
	char q[QUOTE_MAX];

	fault(v, b->file, &here, "path",
	    "must be unique in the volume, %s was used in line %u",
	    quote(q, b->path), node_get(a->file, "path")->at.line);
}

void
rule_projected(
    struct validate *v, const struct node *projected, const struct path *up)
{
	struct path list = { up, "sources", 0, 0 };
	const struct node *sources = list_of(projected, list.name);
	struct item *all;
	size_t i, n;

	if (sources == NULL)
		return;
	all = items_collect(sources, &n);
	qsort(all, n, sizeof(*all), item_compare);
	for (i = 1; i < n; i++) {
		if (strcmp(all[i - 1].path, all[i].path) == 0)
			item_clash(v, &all[i - 1], &all[i], &list);
	}
	free(all);
}

/* "iqn.YYYY-MM.AUTHORITY:NAME", "eui." and 16, "naa." and 32 characters. */
static int
is_iscsi_name(const char *text)
{
	static const char pattern[] =
	    "^(iqn\\.[0-9]{4}-[0-9]{2}\\.[[:alnum:].-]+:[^,;*&$|[:space:]]+"
	    "|eui.[[:alnum:]]{16}|naa.[[:alnum:]]{32})$";
	regex_t regex;
	int match;

	if (strlen(text) > IQN_MAX ||
	    regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB) != 0)
		return (0);
	match = regexec(&regex, text, 0, NULL, 0) == 0;
	regfree(&regex);
	return (match);
}

void
rule_iscsi(
    struct validate *v, const struct node *iscsi, const struct path *path)
{
	static const char *const names[] = { "iqn", "initiatorName" };
	const char *text;
	char q[QUOTE_MAX];
	size_t i;

	for (i = 0; i < 2; i++) {
		text = node_get_str(iscsi, names[i]);
		if (text != NULL && (*text != '\0' || i > 0) &&
		    !is_iscsi_name(text))
			fault(v, iscsi, path, names[i],
			    "must be an iSCSI name (iqn.2001-04.com.example:x, "
			    "eui. or naa.), got %s",
			    quote(q, text));
	}
	if ((node_on(iscsi, "chapAuthDiscovery") ||
		node_on(iscsi, "chapAuthSession")) &&
	    node_get(iscsi, "secretRef") == NULL)
		fault(v, iscsi, path, "secretRef", "is required with CHAP");
}

void
rule_fc(struct validate *v, const struct node *fc, const struct path *path)
{
	const struct node *lun = node_get_kind(fc, "lun", NODE_NUMBER);
	const struct node *names = list_of(fc, "targetWWNs");

	if (names != NULL && names->n > 0 && lun != NULL &&
	    (lun->num < 0 || lun->num > 255))
		fault(v, fc, path, "lun", "must be 0..255, got %lld",
		    (long long)lun->num);
}

void
rule_flocker(
    struct validate *v, const struct node *flocker, const struct path *path)
{
	const char *name = node_get_str(flocker, "datasetName");
	char q[QUOTE_MAX];

	if (name != NULL && strchr(name, '/') != NULL)
		fault(v, flocker, path, "datasetName",
		    "must not hold a slash, got %s", quote(q, name));
}

/* Is the domain of an option's key one of Kubernetes' own? */
static int
is_reserved(const char *key)
{
	const char *const own[] = { "kubernetes.io", "k8s.io" };
	size_t i, len, n = strcspn(key, "/");

	for (i = 0; key[n] == '/' && i < 2; i++) {
		len = strlen(own[i]);
		if (n >= len && strncasecmp(key + n - len, own[i], len) == 0 &&
		    (n == len || key[n - len - 1] == '.'))
			return (1);
	}
	return (0);
}

void
rule_flex(struct validate *v, const struct node *flex, const struct path *up)
{
	struct path path = { up, "options", 0, 0 };
	const struct node *map = node_get_kind(flex, path.name, NODE_MAP);
	char q[QUOTE_MAX];
	size_t i;

	for (i = 0; map != NULL && i < map->n; i++) {
		if (is_reserved(map->member[i].key))
			problem_add(v->problems, map->member[i].at, &path,
			    "a key must not be of kubernetes.io or k8s.io, "
			    "got %s",
			    quote(q, map->member[i].key));
	}
}

/* "HOST:PORT" or several with commas between. */
static int
is_registry(const char *text)
{
	size_t n, colon;

	for (;; text += n + 1) {
		n = strcspn(text, ",");
		colon = strcspn(text, ":");
		if (colon == 0 || colon + 1 >= n)
			return (0);
		if (text[n] == '\0')
			return (1);
	}
}

void
rule_quobyte(
    struct validate *v, const struct node *quobyte, const struct path *path)
{
	const char *registry = node_get_str(quobyte, "registry");
	char q[QUOTE_MAX];

	if (registry != NULL && *registry != '\0' && !is_registry(registry))
		fault(v, quobyte, path, "registry",
		    "must be HOST:PORT or a list of them with commas between, "
		    "got %s",
		    quote(q, registry));
}
