/* Volumes, and fields of the pod that they and variables show. */
#include "watcherd/pod_make.h"

#include <stdlib.h>
#include <string.h>

#include "watcherd/quantity.h"

#define MODE_DEFAULT 0644

static const char *const host_path_types[] = {
	[TRIPOD__HOST_PATH__TYPE__ANY] = "",
	[TRIPOD__HOST_PATH__TYPE__DIRECTORY_OR_CREATE] = "DirectoryOrCreate",
	[TRIPOD__HOST_PATH__TYPE__DIRECTORY] = "Directory",
	[TRIPOD__HOST_PATH__TYPE__FILE_OR_CREATE] = "FileOrCreate",
	[TRIPOD__HOST_PATH__TYPE__FILE] = "File",
	[TRIPOD__HOST_PATH__TYPE__SOCKET] = "Socket",
	[TRIPOD__HOST_PATH__TYPE__CHAR_DEVICE] = "CharDevice",
	[TRIPOD__HOST_PATH__TYPE__BLOCK_DEVICE] = "BlockDevice",
	NULL,
};

/* Paths; those of single labels and annotations end with the subscript. */
static const struct {
	const char *path;
	Tripod__FieldRef__Field field;
	int keyed;
} field_paths[] = {
	{ "metadata.name", TRIPOD__FIELD_REF__FIELD__NAME, 0 },
	{ "metadata.namespace", TRIPOD__FIELD_REF__FIELD__NAMESPACE, 0 },
	{ "metadata.uid", TRIPOD__FIELD_REF__FIELD__UID, 0 },
	{ "metadata.labels", TRIPOD__FIELD_REF__FIELD__LABELS, 0 },
	{ "metadata.annotations", TRIPOD__FIELD_REF__FIELD__ANNOTATIONS, 0 },
	{ "metadata.labels['", TRIPOD__FIELD_REF__FIELD__LABEL, 1 },
	{ "metadata.annotations['", TRIPOD__FIELD_REF__FIELD__ANNOTATION, 1 },
	{ "spec.nodeName", TRIPOD__FIELD_REF__FIELD__NODE_NAME, 0 },
	{ "spec.host", TRIPOD__FIELD_REF__FIELD__NODE_NAME, 0 },
	{ "spec.serviceAccountName", TRIPOD__FIELD_REF__FIELD__SERVICE_ACCOUNT,
	    0 },
	{ "status.hostIP", TRIPOD__FIELD_REF__FIELD__HOST_IP, 0 },
	{ "status.hostIPs", TRIPOD__FIELD_REF__FIELD__HOST_IPS, 0 },
	{ "status.podIP", TRIPOD__FIELD_REF__FIELD__POD_IP, 0 },
	{ "status.podIPs", TRIPOD__FIELD_REF__FIELD__POD_IPS, 0 },
};

/* The key in "metadata.labels['KEY']", given what comes before it. */
static char *
subscript(struct maker *m, const char *path, size_t before)
{
	size_t len = strlen(path);
	char *key;

	/* Validation has seen the "']" at the end. */
	if (len < before + 2)
		return (make_borrowed(NULL));
	if ((key = arena_memdup(m->arena, path + before, len - before - 2)) ==
	    NULL)
		m->failed = 1;
	return (key);
}

void *
make_field_ref(struct maker *m, const struct node *from)
{
	const char *path = node_get_str(from, "fieldPath"), *known;
	Tripod__FieldRef *out;
	size_t i;

	if (path == NULL ||
	    (out = make_message(m, &tripod__field_ref__descriptor)) == NULL)
		return (NULL);
	for (i = 0; i < sizeof(field_paths) / sizeof(*field_paths); i++) {
		known = field_paths[i].path;
		if (!field_paths[i].keyed) {
			if (strcmp(path, known) == 0)
				out->field = field_paths[i].field;
		} else if (strncmp(path, known, strlen(known)) == 0) {
			out->field = field_paths[i].field;
			out->key = subscript(m, path, strlen(known));
		}
	}
	return (out);
}

void *
make_resource_ref(struct maker *m, const struct node *from)
{
	static const char limits[] = "limits.", requests[] = "requests.";
	const char *resource = node_get_str(from, "resource");
	const char *divisor = node_get_str(from, "divisor");
	Tripod__ResourceRef *out;
	struct quantity q;
	int cpu;

	if (resource == NULL ||
	    (out = make_message(m, &tripod__resource_ref__descriptor)) == NULL)
		return (NULL);
	out->container = make_text(from, "containerName");
	out->request = strncmp(resource, requests, strlen(requests)) == 0;
	if (out->request)
		resource += strlen(requests);
	else if (strncmp(resource, limits, strlen(limits)) == 0)
		resource += strlen(limits);
	out->resource = make_borrowed(resource);
	cpu = strcmp(resource, "cpu") == 0;
	if (divisor != NULL && quantity_parse(divisor, &q, NULL) == 0)
		out->divisor = cpu ? quantity_milli(&q) : quantity_whole(&q);
	if (out->divisor < 1)
		out->divisor = cpu ? 1000 : 1;
	return (out);
}

static Tripod__HostPath *
make_host_path(struct maker *m, const struct node *from)
{
	Tripod__HostPath *out;

	if ((out = make_message(m, &tripod__host_path__descriptor)) == NULL)
		return (NULL);
	out->path = make_text(from, "path");
	out->type = (Tripod__HostPath__Type)make_word(
	    from, "type", host_path_types);
	return (out);
}

static Tripod__EmptyDir *
make_empty_dir(struct maker *m, const struct node *from)
{
	const char *limit = node_get_str(from, "sizeLimit");
	Tripod__EmptyDir *out;
	struct quantity q;

	if ((out = make_message(m, &tripod__empty_dir__descriptor)) == NULL)
		return (NULL);
	out->memory = strcmp(make_text(from, "medium"), "Memory") == 0;
	if (limit != NULL && quantity_parse(limit, &q, NULL) == 0)
		out->size_limit = quantity_whole(&q);
	return (out);
}

static Tripod__ImageVolume *
make_image(struct maker *m, const struct node *from)
{
	Tripod__ImageVolume *out;

	if ((out = make_message(m, &tripod__image_volume__descriptor)) == NULL)
		return (NULL);
	out->reference = make_text(from, "reference");
	out->pull_policy = (Tripod__PullPolicy)make_word(
	    from, "pullPolicy", make_pull_policies);
	return (out);
}

/* The path without empty and "." components, as a kubelet writes it. */
static char *
clean_path(struct maker *m, const char *path)
{
	char *out, *end;
	size_t n;

	if ((out = arena_strdup(m->arena, path)) == NULL) {
		m->failed = 1;
		return (NULL);
	}
	for (end = out; *path != '\0'; path += n) {
		path += strspn(path, "/");
		n = strcspn(path, "/");
		if (n == 0 || (n == 1 && *path == '.'))
			continue;
		if (end != out)
			*end++ = '/';
		memcpy(end, path, n);
		end += n;
	}
	*end = '\0';
	return (out);
}

/* Files of a volume, with their order in the manifest. */
struct file {
	Tripod__DownwardFile *file;
	size_t index;
};
struct files {
	struct file *file;
	size_t n;
	int mode; /* of those that have none */
};

static int
file_compare(const void *a, const void *b)
{
	const struct file *x = a, *y = b;
	int order = strcmp(x->file->path, y->file->path);

	if (order != 0)
		return (order);
	return (x->index < y->index ? -1 : x->index > y->index);
}

static void
file_add(struct maker *m, struct files *files, const struct node *item)
{
	Tripod__DownwardFile *out;

	out = make_message(m, &tripod__downward_file__descriptor);
	if (out == NULL ||
	    (out->path = clean_path(m, make_text(item, "path"))) == NULL)
		return;
	out->mode = (int32_t)node_get_num(item, "mode", files->mode);
	out->field = make_field_ref(m, node_get(item, "fieldRef"));
	out->resource = make_resource_ref(
	    m, node_get(item, "resourceFieldRef"));
	files->file[files->n].index = files->n;
	files->file[files->n++].file = out;
}

static void
files_add(struct maker *m, struct files *files, const struct node *from)
{
	const struct node *items = node_get(from, "items");
	size_t i;

	for (i = 0; items != NULL && i < items->n; i++)
		file_add(m, files, items->item[i]);
}

/* Sorted by path; of several with one path the last counts. */
static Tripod__Downward *
make_files(struct maker *m, struct files *files)
{
	Tripod__Downward *out;
	size_t i;

	if ((out = make_message(m, &tripod__downward__descriptor)) == NULL ||
	    (out->file = make_array(m, files->n, sizeof(*out->file))) == NULL)
		return (NULL);
	if (files->n > 0)
		qsort(
		    files->file, files->n, sizeof(*files->file), file_compare);
	for (i = 0; i < files->n; i++) {
		if (i + 1 == files->n ||
		    strcmp(files->file[i].file->path,
			files->file[i + 1].file->path) != 0)
			out->file[out->n_file++] = files->file[i].file;
	}
	return (out);
}

static size_t
count_items(const struct node *from)
{
	const struct node *items = node_get(from, "items");

	return (items != NULL ? items->n : 0);
}

static Tripod__Downward *
make_downward(struct maker *m, const struct node *from)
{
	struct files files = { NULL, 0, 0 };

	files.file = make_array(m, count_items(from), sizeof(*files.file));
	if (files.file == NULL)
		return (NULL);
	files.mode = (int)node_get_num(from, "defaultMode", MODE_DEFAULT);
	files_add(m, &files, from);
	return (make_files(m, &files));
}

static Tripod__Downward *
make_projected(struct maker *m, const struct node *from)
{
	const struct node *list = node_get(from, "sources");
	struct files files = { NULL, 0, 0 };
	size_t i, n = 0;

	for (i = 0; list != NULL && i < list->n; i++)
		n += count_items(node_get(list->item[i], "downwardAPI"));
	if ((files.file = make_array(m, n, sizeof(*files.file))) == NULL)
		return (NULL);
	files.mode = (int)node_get_num(from, "defaultMode", MODE_DEFAULT);
	for (i = 0; list != NULL && i < list->n; i++)
		files_add(m, &files, node_get(list->item[i], "downwardAPI"));
	return (make_files(m, &files));
}

void *
make_volume(struct maker *m, const struct node *from)
{
	const struct node *source;
	Tripod__Volume *out;

	if ((out = make_message(m, &tripod__volume__descriptor)) == NULL)
		return (NULL);
	out->name = make_text(from, "name");
	if ((source = node_get(from, "hostPath")) != NULL) {
		out->source_case = TRIPOD__VOLUME__SOURCE_HOST_PATH;
		out->host_path = make_host_path(m, source);
	} else if ((source = node_get(from, "emptyDir")) != NULL) {
		out->source_case = TRIPOD__VOLUME__SOURCE_EMPTY_DIR;
		out->empty_dir = make_empty_dir(m, source);
	} else if ((source = node_get(from, "downwardAPI")) != NULL) {
		out->source_case = TRIPOD__VOLUME__SOURCE_DOWNWARD;
		out->downward = make_downward(m, source);
	} else if ((source = node_get(from, "projected")) != NULL) {
		out->source_case = TRIPOD__VOLUME__SOURCE_DOWNWARD;
		out->downward = make_projected(m, source);
	} else if ((source = node_get(from, "image")) != NULL) {
		out->source_case = TRIPOD__VOLUME__SOURCE_IMAGE;
		out->image = make_image(m, source);
	}
	return (out);
}
