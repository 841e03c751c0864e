#include "watcherd/hint.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "watcherd/problem.h"
#include "watcherd/quantity.h"

#define FIELDS_LISTED 5	 /* a type with more is not listed */
#define COMMAND_WORDS 40 /* bytes of a command that is split */

static void append(char *, const char *, ...)
    __attribute__((format(printf, 2, 3)));

static void
append(char *buf, const char *fmt, ...)
{
	size_t len = strlen(buf);
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(buf + len, HINT_MAX - len, fmt, ap); /* may be cut */
	va_end(ap);
}

const char *
hint_value(const struct node *node, char buf[static HINT_VALUE_MAX])
{
	char q[QUOTE_MAX];

	if (node->kind == NODE_STRING)
		(void)snprintf(
		    buf, HINT_VALUE_MAX, "the string %s", quote(q, node->str));
	else if (node->kind == NODE_NUMBER)
		(void)snprintf(
		    buf, HINT_VALUE_MAX, "the number %.40s", node->str);
	else if (node->kind == NODE_BOOL)
		(void)snprintf(
		    buf, HINT_VALUE_MAX, "%s", node->num ? "true" : "false");
	else
		return (node_kind_str(node->kind));
	return (buf);
}

static int
is_required(const struct field *f)
{
	return ((f->flags & (FIELD_REQUIRED | FIELD_NEEDED)) != 0);
}

/* "; its fields are a, b", or those that it needs. */
static void
append_fields(const struct type *type, char *buf)
{
	int all = type->n <= FIELDS_LISTED;
	const char *before = all ? "; its fields are " : "; it needs ";
	size_t i;

	for (i = 0; i < type->n; i++) {
		if (!all && !is_required(&type->field[i]))
			continue;
		append(buf, "%s%s", before, type->field[i].name);
		before = ", ";
	}
}

/* "A=b" where a name and a value are wanted. */
static int
append_pair(const struct type *type, const char *text, char *buf)
{
	size_t n = strcspn(text, "=");

	if (text[n] == '\0' || type_field(type, "name") == NULL ||
	    type_field(type, "value") == NULL || strlen(text) > COMMAND_WORDS)
		return (0);
	append(buf, "; write {name: %.*s, value: \"%s\"}", (int)n, text,
	    text + n + 1);
	return (1);
}

static void
hint_object(const struct field *f, const struct node *node, char *buf)
{
	if (node->kind == NODE_STRING && append_pair(f->type, node->str, buf))
		return;
	append_fields(f->type, buf);
}

/* A command line of plain words, as a list. */
static int
append_words(const char *text, char *buf)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789 /.:,=_-+@%";
	const char *before = "; write [";
	size_t n;

	if (*text == '\0' || strlen(text) > COMMAND_WORDS ||
	    text[strspn(text, plain)] != '\0')
		return (0);
	for (; *text != '\0'; text += n + strspn(text + n, " ")) {
		n = strcspn(text, " ");
		append(buf, "%s\"%.*s\"", before, (int)n, text);
		before = ", ";
	}
	append(buf, "]");
	return (1);
}

static void
hint_list(const struct field *f, const struct node *node, char *buf)
{
	int named = f->type != NULL && node->kind == NODE_MAP && node->n > 0 &&
	    type_field(f->type, node->member[0].key) == NULL &&
	    type_field(f->type, "name") != NULL;

	if (f->json == JSON_STRING && node->kind == NODE_STRING &&
	    append_words(node->str, buf))
		return;
	append(buf, "; start each item with \"- %s\"", named ? "name: " : "");
}

/* Seconds in what is written behind a number; 0: no idea. */
static int64_t
unit_seconds(const char *unit)
{
	static const struct {
		const char *unit;
		int64_t seconds;
	} known[] = { { "s", 1 }, { "sec", 1 }, { "seconds", 1 }, { "m", 60 },
		{ "min", 60 }, { "minutes", 60 }, { "h", 3600 } };
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcmp(unit, known[i].unit) == 0)
			return (known[i].seconds);
	}
	return (0);
}

/* "30s" where seconds are wanted, "80/tcp" where a port is. */
static void
hint_integer(const struct field *f, const struct node *node, char *buf)
{
	size_t n, len = strlen(f->name);
	int seconds = len > 7 && strcmp(f->name + len - 7, "Seconds") == 0;
	const char *rest;
	int64_t unit;

	if (node->kind != NODE_STRING)
		return;
	n = strspn(node->str, "0123456789");
	rest = node->str + n + strspn(node->str + n, " ");
	if (n == 0 || n > 9)
		return;
	if (*rest == '\0')
		append(buf, "; leave out the quotes");
	else if (seconds && (unit = unit_seconds(rest)) > 0)
		append(buf, "; write %" PRId64,
		    unit * (int64_t)strtoll(node->str, NULL, 10));
	else if (*rest == '/')
		append(buf, "; write %.*s", (int)n, node->str);
}

static void
hint_boolean(const struct node *node, char *buf)
{
	static const char *const words[] = { "true", "false", "yes", "no", "on",
		"off", "y", "n" };
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (node->kind == NODE_STRING &&
		    strcasecmp(node->str, words[i]) == 0)
			append(buf, "; leave out the quotes");
	}
}

static void
hint_string(const struct node *node, char *buf)
{
	if (node->kind == NODE_NUMBER)
		append(buf, "; put it in quotes");
	else if (node->kind == NODE_BOOL)
		append(buf,
		    "; put it in quotes (yes, no, on, off, y and n are "
		    "booleans)");
	else if (node->kind == NODE_MAP)
		append(buf, "; put it in quotes if it is text");
}

const char *
hint_type(
    const struct field *f, const struct node *node, char buf[static HINT_MAX])
{
	buf[0] = '\0';
	if (f->shape == SHAPE_LIST)
		hint_list(f, node, buf);
	else if (f->shape == SHAPE_MAP && node->kind == NODE_LIST)
		append(buf, "; write \"name: value\", without \"- \"");
	if (f->shape != SHAPE_ONE)
		return (buf);
	switch (f->json) {
	case JSON_OBJECT:
		hint_object(f, node, buf);
		break;
	case JSON_INT32:
	case JSON_INT64:
		hint_integer(f, node, buf);
		break;
	case JSON_BOOL:
		hint_boolean(node, buf);
		break;
	case JSON_STRING:
		hint_string(node, buf);
		break;
	case JSON_QUANTITY:
	case JSON_RESOURCE:
	case JSON_TIME:
	case JSON_INT_OR_STRING:
	case JSON_ANY:
		break;
	}
	return (buf);
}

/* Units that people write, and the suffixes that were meant. */
static const struct {
	const char *unit; /* in lower case, without blanks */
	const char *decimal, *binary;
} units[] = {
	{ "b", "", NULL },
	{ "core", "", NULL },
	{ "cores", "", NULL },
	{ "cpu", "", NULL },
	{ "cpus", "", NULL },
	{ "g", "G", "Gi" },
	{ "gb", "G", "Gi" },
	{ "gi", NULL, "Gi" },
	{ "gib", NULL, "Gi" },
	{ "k", "k", "Ki" },
	{ "kb", "k", "Ki" },
	{ "ki", NULL, "Ki" },
	{ "kib", NULL, "Ki" },
	{ "mb", "M", "Mi" },
	{ "mi", NULL, "Mi" },
	{ "mib", NULL, "Mi" },
	{ "t", "T", "Ti" },
	{ "tb", "T", "Ti" },
	{ "ti", NULL, "Ti" },
	{ "tib", NULL, "Ti" },
};

static void
append_unit(const char *number, size_t i, char *buf)
{
	append(buf, "; write ");
	if (units[i].decimal != NULL)
		append(buf, "%s%s", number, units[i].decimal);
	if (units[i].decimal != NULL && units[i].binary != NULL)
		append(buf, " or ");
	if (units[i].binary != NULL)
		append(buf, "%s%s", number, units[i].binary);
}

const char *
hint_quantity(const char *text, char buf[static HINT_MAX])
{
	char number[32], *unit;
	struct quantity q;
	struct err err;
	size_t i, n = 0;

	buf[0] = '\0';
	for (; *text != '\0'; text++) {
		if (*text != ' ' && n + 1 == sizeof(number))
			return (buf);
		if (*text != ' ')
			number[n++] = *text;
	}
	number[n] = '\0';
	/* Only the blanks were wrong. */
	if (n > 0 && quantity_parse(number, &q, &err) == 0) {
		append(buf, "; write %s", number);
		return (buf);
	}
	unit = number + strspn(number, "0123456789.");
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (unit > number && strcasecmp(unit, units[i].unit) == 0) {
			*unit = '\0';
			append_unit(number, i, buf);
			break;
		}
	}
	return (buf);
}

/* Resources stand one level further down. */
static int
is_resource(const char *name)
{
	return (strcmp(name, "cpu") == 0 || strcmp(name, "memory") == 0 ||
	    strcmp(name, "ephemeral-storage") == 0 ||
	    strncmp(name, "hugepages-", 10) == 0);
}

const char *
hint_field(const struct type *type, const char *name, char buf[static HINT_MAX])
{
	const struct field *f = type_ending(type, name);

	buf[0] = '\0';
	if (f != NULL)
		append(buf, "; did you mean \"%s\"?", f->name);
	else if (type == &type_resource_requirements && is_resource(name))
		append(buf, " here; it belongs under limits or requests");
	else if (type == &type_pod_spec &&
	    (strcmp(name, "template") == 0 || strcmp(name, "replicas") == 0 ||
		strcmp(name, "selector") == 0))
		append(buf, "; it belongs to what makes pods, not to a pod");
	return (buf);
}

const char *
hint_kind(const char *kind, char buf[static HINT_MAX])
{
	static const char *const makers[] = { "Deployment", "DaemonSet",
		"StatefulSet", "ReplicaSet", "ReplicationController", "Job" };
	size_t i;

	buf[0] = '\0';
	if (strcasecmp(kind, "Pod") == 0)
		append(buf, "; it is written \"Pod\"");
	if (strcmp(kind, "CronJob") == 0)
		append(buf, "; nothing here starts pods by the clock");
	for (i = 0; i < sizeof(makers) / sizeof(makers[0]); i++) {
		if (strcmp(kind, makers[i]) == 0)
			append(buf,
			    "; what is under its spec.template is "
			    "nearly a Pod");
	}
	return (buf);
}
