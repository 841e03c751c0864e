/*
 * The schema's tables: sorted, consistent, and the same as the API's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "watcherd/schema.h"

/* Facts of the API: type, field, JSON type, "required". */
#define FACTS "tests/fixtures/pod-schema.tsv"
#define FRESH_FACTS "../shared/data/pod-schema.tsv" /* if they are there */
#define TYPES_MAX 256

struct types {
	const struct type *type[TYPES_MAX];
	size_t n;
};

/* Every type that can be reached. */
static void
collect(struct types *all, const struct type *type)
{
	size_t i;

	for (i = 0; i < all->n; i++) {
		if (all->type[i] == type)
			return;
	}
	assert_true(all->n < TYPES_MAX);
	all->type[all->n++] = type;
	for (i = 0; i < type->n; i++) {
		if (type->field[i].type != NULL)
			collect(all, type->field[i].type);
	}
}

static void
test_sorted(void **state)
{
	struct types all = { { NULL }, 0 };
	const struct type *t;
	size_t i, j;

	(void)state;
	collect(&all, &type_pod);
	for (i = 0; i < all.n; i++) {
		t = all.type[i];
		for (j = 0; j < t->n; j++) {
			if (j > 0 &&
			    strcmp(t->field[j - 1].name, t->field[j].name) >= 0)
				fail_msg("%s.%s is out of order", t->name,
				    t->field[j].name);
			assert_ptr_equal(
			    type_field(t, t->field[j].name), &t->field[j]);
			assert_int_equal(t->field[j].json == JSON_OBJECT,
			    t->field[j].type != NULL);
			assert_non_null(field_wants(&t->field[j]));
		}
	}
}

/* "1.16" to "1.99". */
static void
check_since(const struct field *f)
{
	int minor, end = 0;

	if (f->since == NULL)
		return;
	if (sscanf(f->since, "1.%d%n", &minor, &end) != 1 ||
	    f->since[end] != '\0' || minor < 16 || minor > 99)
		fail_msg("%s: since %s", f->name, f->since);
}

/* A note is there where a message needs it; a range is one. */
static void
test_columns(void **state)
{
	struct types all = { { NULL }, 0 };
	const struct field *f;
	size_t i, j;

	(void)state;
	collect(&all, &type_pod);
	for (i = 0; i < all.n; i++) {
		for (j = 0; j < all.type[i]->n; j++) {
			f = &all.type[i]->field[j];
			if (f->support == SUPPORT_REFERS ||
			    f->support == SUPPORT_REFUSED)
				assert_non_null(f->note);
			if (f->ranged)
				assert_true(f->min < f->max);
			if (f->keys != GRAMMAR_NONE)
				assert_int_equal(f->shape, SHAPE_MAP);
			if (f->fallback != NULL)
				assert_int_equal(f->shape, SHAPE_ONE);
			if (f->fallback != NULL && f->fallback_words != NULL)
				fail_msg("%s.%s has two defaults",
				    all.type[i]->name, f->name);
			check_since(f);
		}
	}
}

static void
test_guess(void **state)
{
	static const struct {
		const char *name, *guess;
	} rows[] = {
		{ "imgae", "image" },
		{ "Image", "image" },
		{ "imagepullpolicy", "imagePullPolicy" },
		{ "comand", "command" },
		{ "arg", "args" },
		{ "volumeMount", "volumeMounts" },
		{ "prots", "ports" },
		{ "enviroment", NULL },
		{ "x", NULL },
		{ "", NULL },
		{ "working", "workingDir" },
		{ "liveness", "livenessProbe" },
		{ "lifecycl", "lifecycle" },
		{ "volume", NULL },
		{ "wo", NULL },
		{ "aVeryLongNameThatIsLongerThanAnyFieldThereCouldBe", NULL },
	};
	const struct field *f;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		f = type_guess(&type_container, rows[i].name);
		if (rows[i].guess == NULL)
			assert_null(f);
		else {
			assert_non_null(f);
			assert_string_equal(f->name, rows[i].guess);
		}
	}
}

static void
test_ending(void **state)
{
	(void)state;
	assert_string_equal(
	    type_ending(&type_container_port, "port")->name, "containerPort");
	assert_string_equal(
	    type_ending(&type_volume_mount, "Path")->name, "mountPath");
	assert_null(type_ending(&type_volume_mount, "th"));
	assert_null(type_ending(&type_volume_mount, "mountPath"));
	assert_null(type_ending(&type_volume_mount, "x"));
}

/* A sample of what release notes say. */
static void
test_since(void **state)
{
	static const struct {
		const struct type *type;
		const char *name, *since;
	} rows[] = {
		{ &type_container, "image", NULL },
		{ &type_container, "startupProbe", "1.16" },
		{ &type_container, "resizePolicy", "1.27" },
		{ &type_container, "restartPolicy", "1.28" },
		{ &type_container, "restartPolicyRules", "1.34" },
		{ &type_probe, "grpc", "1.23" },
		{ &type_lifecycle, "stopSignal", "1.33" },
		{ &type_lifecycle_handler, "sleep", "1.29" },
		{ &type_pod_spec, "hostNetwork", NULL },
		{ &type_pod_spec, "hostUsers", "1.25" },
		{ &type_pod_spec, "schedulingGates", "1.26" },
		{ &type_pod_spec, "resources", "1.32" },
		{ &type_pod_spec, "hostnameOverride", "1.34" },
		{ &type_pod_security_context, "appArmorProfile", "1.30" },
		{ &type_pod_security_context, "supplementalGroupsPolicy",
		    "1.31" },
		{ &type_volume, "image", "1.31" },
		{ &type_volume, "hostPath", NULL },
		{ &type_volume_mount, "recursiveReadOnly", "1.30" },
		{ &type_env_var_source, "fileKeyRef", "1.34" },
	};
	const struct field *f;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		f = type_field(rows[i].type, rows[i].name);
		assert_non_null(f);
		if (rows[i].since == NULL)
			assert_null(f->since);
		else
			assert_string_equal(f->since, rows[i].since);
	}
}

/* How the facts write the type of a field. */
static void
json_name(const struct field *f, char *out, size_t size)
{
	static const char *const names[] = {
		[JSON_STRING] = "string",
		[JSON_BOOL] = "boolean",
		[JSON_INT32] = "integer:int32",
		[JSON_INT64] = "integer:int64",
		[JSON_QUANTITY] = "Quantity",
		[JSON_RESOURCE] = "Quantity",
		[JSON_TIME] = "Time",
		[JSON_INT_OR_STRING] = "IntOrString",
		[JSON_ANY] = "FieldsV1",
	};
	const char *one = f->json == JSON_OBJECT ? f->type->name
						 : names[f->json];

	switch (f->shape) {
	case SHAPE_ONE:
		(void)snprintf(out, size, "%s", one);
		return;
	case SHAPE_LIST:
		(void)snprintf(out, size, "[]%s", one);
		return;
	case SHAPE_MAP:
		(void)snprintf(out, size, "map<%s>", one);
		return;
	}
}

static const struct type *
find_type(const struct types *all, const char *name)
{
	size_t i;

	for (i = 0; i < all->n; i++) {
		if (strcmp(all->type[i]->name, name) == 0)
			return (all->type[i]);
	}
	return (NULL);
}

/* One line of the facts; 1 if it was about a field. */
static int
check_fact(const struct types *all, char *line)
{
	char *rest = line, *name, *field, *json, *required, want[128];
	const struct type *type;
	const struct field *f;

	line[strcspn(line, "\n")] = '\0';
	name = strsep(&rest, "\t");
	field = strsep(&rest, "\t");
	json = strsep(&rest, "\t");
	required = strsep(&rest, "\t");
	if (name[0] == '#' || json == NULL || strcmp(field, "-") == 0)
		return (0);
	if ((type = find_type(all, name)) == NULL)
		fail_msg("no type %s", name);
	if ((f = type_field(type, field)) == NULL)
		fail_msg("no field %s.%s", name, field);
	json_name(f, want, sizeof(want));
	if (strcmp(want, json) != 0)
		fail_msg("%s.%s is %s, not %s", name, field, json, want);
	if ((required != NULL && strcmp(required, "required") == 0) !=
	    ((f->flags & FIELD_REQUIRED) != 0))
		fail_msg("%s.%s: required", name, field);
	return (1);
}

/* The same fields, of the same types. */
static void
compare(const char *path, FILE *fp)
{
	struct types all = { { NULL }, 0 };
	size_t i, fields = 0, facts = 0;
	char line[256];

	collect(&all, &type_pod);
	for (i = 0; i < all.n; i++)
		fields += all.type[i]->n;
	while (fgets(line, sizeof(line), fp) != NULL)
		facts += (size_t)check_fact(&all, line);
	assert_int_equal(fclose(fp), 0);
	if (facts != fields)
		fail_msg("%s: %zu fields, not %zu", path, facts, fields);
}

static void
test_facts(void **state)
{
	FILE *fp;

	(void)state;
	if ((fp = fopen(FACTS, "re")) == NULL)
		fail_msg("no %s", FACTS);
	else
		compare(FACTS, fp);
	if ((fp = fopen(FRESH_FACTS, "re")) != NULL)
		compare(FRESH_FACTS, fp);
}

/* Paths of fields with a flag, a line each, in the order of the schema. */
static void
list_flagged(
    const struct type *type, unsigned int flag, const char *path, FILE *fp)
{
	const struct field *f;
	char inside[2100];
	size_t i;

	for (i = 0; i < type->n; i++) {
		f = &type->field[i];
		(void)snprintf(
		    inside, sizeof(inside), "%.2000s.%s", path, f->name);
		if (f->flags & flag)
			(void)fprintf(fp, "%s\n", inside);
		if (f->json == JSON_OBJECT && !(f->flags & FIELD_CLEARED))
			list_flagged(f->type, flag, inside, fp);
	}
}

static void
check_flagged(unsigned int flag, const char *want)
{
	char *got;
	size_t len;
	FILE *fp = open_memstream(&got, &len);

	assert_non_null(fp);
	list_flagged(&type_pod, flag, "", fp);
	assert_int_equal(fclose(fp), 0);
	assert_string_equal(got, want);
	free(got);
}

static void
test_cleared(void **state)
{
#define CLAIM ".spec.volumes.ephemeral.volumeClaimTemplate"
#define CLEARED(path)                                                         \
	path ".creationTimestamp\n" path ".deletionGracePeriodSeconds\n" path \
	     ".deletionTimestamp\n" path ".finalizers\n" path                 \
	     ".generateName\n" path ".generation\n" path                      \
	     ".managedFields\n" path ".ownerReferences\n" path                \
	     ".resourceVersion\n" path ".selfLink\n"
	static const char want[] = CLEARED(
	    ".metadata") ".spec.nodeName\n" CLEARED(CLAIM
	    ".metadata") ".status\n";

	(void)state;
	check_flagged(FIELD_CLEARED, want);
}

static void
test_empty(void **state)
{
	static const char want[] =
	    ".spec.affinity\n"
	    ".spec.affinity.nodeAffinity\n"
	    ".spec.affinity.nodeAffinity.preferredDuringScheduling"
	    "IgnoredDuringExecution.preference\n"
	    ".spec.affinity.podAffinity\n"
	    ".spec.affinity.podAntiAffinity\n"
	    ".spec.containers.lifecycle\n"
	    ".spec.containers.securityContext\n"
	    ".spec.containers.securityContext.capabilities\n"
	    ".spec.containers.securityContext.windowsOptions\n"
	    ".spec.dnsConfig\n"
	    ".spec.ephemeralContainers.securityContext"
	    ".capabilities\n"
	    ".spec.ephemeralContainers.securityContext"
	    ".windowsOptions\n"
	    ".spec.initContainers.lifecycle\n"
	    ".spec.initContainers.securityContext\n"
	    ".spec.initContainers.securityContext.capabilities\n"
	    ".spec.initContainers.securityContext.windowsOptions\n"
	    ".spec.resources\n"
	    ".spec.securityContext.windowsOptions\n";

	(void)state;
	check_flagged(FIELD_NO_EMPTY, want);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sorted),
		cmocka_unit_test(test_columns),
		cmocka_unit_test(test_since),
		cmocka_unit_test(test_guess),
		cmocka_unit_test(test_ending),
		cmocka_unit_test(test_facts),
		cmocka_unit_test(test_cleared),
		cmocka_unit_test(test_empty),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
