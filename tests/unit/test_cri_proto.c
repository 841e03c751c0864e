/*
 * Compares what cri.proto says of the interface with a table of all of it
 * (message, number, field, label, type), starting from the methods that
 * cri.c calls.  Exit 77: there is no table.
 *
 *	test_cri_proto [TABLE]
 */
#include "reconciled/crimethod.h"

#include "common/log.h"
#include "common/mem.h"

#define TABLE "../shared/data/cri-v1.tsv"
#define PACKAGE "runtime.v1."
#define TABLE_MAX (1024 * 1024)
#define ROWS_MAX 4096
#define SEEN_MAX 512
#define DEPTH_MAX 32

struct row {
	const char *column[5]; /* message, number, field, label, type */
};

struct comparison {
	struct arena text; /* of the rows */
	struct row rows[ROWS_MAX];
	size_t nrows;
	const void *seen[SEEN_MAX]; /* descriptors */
	size_t nseen;
	size_t compared;
	int failures;
};

static void
fail(struct comparison *c, const char *message, const char *field,
    const char *why)
{
	(void)fprintf(stderr, "%s %s: %s\n", message, field, why);
	c->failures++;
}

static const char *
plain_name(const char *name)
{
	size_t len = strlen(PACKAGE);

	return (strncmp(name, PACKAGE, len) == 0 ? name + len : name);
}

static const char *
type_str(const ProtobufCFieldDescriptor *f)
{
	static const char *const names[] = {
		[PROTOBUF_C_TYPE_INT32] = "int32",
		[PROTOBUF_C_TYPE_INT64] = "int64",
		[PROTOBUF_C_TYPE_UINT32] = "uint32",
		[PROTOBUF_C_TYPE_UINT64] = "uint64",
		[PROTOBUF_C_TYPE_BOOL] = "bool",
		[PROTOBUF_C_TYPE_STRING] = "string",
		[PROTOBUF_C_TYPE_BYTES] = "bytes",
		[PROTOBUF_C_TYPE_MESSAGE] = NULL,
	};
	const ProtobufCMessageDescriptor *m = f->descriptor;
	const ProtobufCEnumDescriptor *e = f->descriptor;

	if (f->type == PROTOBUF_C_TYPE_MESSAGE)
		return (plain_name(m->name));
	if (f->type == PROTOBUF_C_TYPE_ENUM)
		return (plain_name(e->name));
	log_assert(names[f->type] != NULL);
	return (names[f->type]);
}

static const struct row *
find(const struct comparison *c, const char *message, const char *field)
{
	size_t i;

	for (i = 0; i < c->nrows; i++)
		if (strcmp(c->rows[i].column[0], message) == 0 &&
		    strcmp(c->rows[i].column[2], field) == 0)
			return (&c->rows[i]);
	return (NULL);
}

static int
seen(struct comparison *c, const void *descriptor)
{
	size_t i;

	for (i = 0; i < c->nseen; i++)
		if (c->seen[i] == descriptor)
			return (1);
	log_assert(c->nseen < SEEN_MAX);
	c->seen[c->nseen++] = descriptor;
	return (0);
}

static void
compare_enum(struct comparison *c, const ProtobufCEnumDescriptor *e)
{
	const char *name = plain_name(e->name);
	const struct row *row;
	unsigned int i;

	if (seen(c, e))
		return;
	for (i = 0; i < e->n_values; i++) {
		row = find(c, name, e->values[i].name);
		if (row == NULL)
			fail(c, name, e->values[i].name, "not in the table");
		else if (strtol(row->column[1], NULL, 10) != e->values[i].value)
			fail(c, name, e->values[i].name, "wrong number");
		c->compared++;
	}
}

static void
compare_field(struct comparison *c, const char *message,
    const ProtobufCFieldDescriptor *f)
{
	const struct row *row = find(c, message, f->name);
	const char *label = f->label == PROTOBUF_C_LABEL_REPEATED ? "repeated"
								  : "single";

	c->compared++;
	if (row == NULL)
		fail(c, message, f->name, "not in the table");
	else if (strtoul(row->column[1], NULL, 10) != f->id)
		fail(c, message, f->name, "wrong number");
	else if (strcmp(row->column[3], label) != 0)
		fail(c, message, f->name, "wrong label");
	else if (strcmp(row->column[4], type_str(f)) != 0)
		fail(c, message, f->name, "wrong type");
}

static void
compare_message(
    struct comparison *c, const ProtobufCMessageDescriptor *m, int depth)
{
	const char *name = plain_name(m->name);
	unsigned int i;

	log_assert(depth < DEPTH_MAX);
	if (seen(c, m))
		return;
	for (i = 0; i < m->n_fields; i++) {
		compare_field(c, name, &m->fields[i]);
		if (m->fields[i].type == PROTOBUF_C_TYPE_MESSAGE)
			compare_message(c, m->fields[i].descriptor, depth + 1);
		else if (m->fields[i].type == PROTOBUF_C_TYPE_ENUM)
			compare_enum(c, m->fields[i].descriptor);
	}
}

/* "/runtime.v1.Service/Method" has a row "service Service". */
static void
compare_method(struct comparison *c, enum cri_method method)
{
	const struct grpc_method *m = &cri_method_desc(method)->grpc;
	char service[64], type[160];
	const struct row *row;

	if (sscanf(m->path, "/" PACKAGE "%60[^/]", type) != 1)
		return; /* not CRI */
	(void)snprintf(service, sizeof(service), "service %.40s", type);
	(void)snprintf(type, sizeof(type), "%s -> %s%s",
	    plain_name(m->request->name),
	    method == CRI_GET_CONTAINER_EVENTS ? "stream " : "",
	    plain_name(m->response->name));
	c->compared++;
	if ((row = find(c, service, cri_method_str(method))) == NULL)
		fail(c, service, cri_method_str(method), "not in the table");
	else if (strcmp(row->column[4], type) != 0)
		fail(c, service, cri_method_str(method), "wrong messages");
	compare_message(c, m->request, 0);
	compare_message(c, m->response, 0);
}

static void
add_row(struct comparison *c, const char *text)
{
	struct row *row = &c->rows[c->nrows];
	char *line;
	size_t i;

	if (text[0] == '#')
		return;
	log_assert(c->nrows < ROWS_MAX);
	line = arena_strdup(&c->text, text);
	log_assert(line != NULL);
	line[strcspn(line, "\n")] = '\0';
	for (i = 0; i < 5; i++)
		if ((row->column[i] = strsep(&line, "\t")) == NULL)
			row->column[i] = "";
	c->nrows++;
}

int
main(int argc, char *argv[])
{
	struct comparison *c = xcalloc(1, sizeof(*c));
	const char *path = argc > 1 ? argv[1] : TABLE;
	char *line = NULL;
	size_t size = 0;
	FILE *f;
	int m, failed;

	log_init("test_cri_proto");
	arena_init(&c->text, TABLE_MAX);
	if ((f = fopen(path, "re")) == NULL) {
		(void)printf("cannot run on this machine: no %s to compare "
			     "with\n",
		    path);
		free(c);
		return (77);
	}
	while (getline(&line, &size, f) != -1)
		add_row(c, line);
	free(line);
	(void)fclose(f);
	for (m = 0; m < CRI_METHODS; m++)
		compare_method(c, (enum cri_method)m);
	(void)printf("%zu fields, values and methods compared, %d differ\n",
	    c->compared, c->failures);
	/* Far fewer than there are: nothing was compared at all. */
	failed = c->failures != 0 || c->compared < 300;
	arena_release(&c->text);
	free(c);
	return (failed);
}
