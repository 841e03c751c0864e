#include "tests/unit/messagetext.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef ProtobufCFieldDescriptor Field;

static void
put_string(FILE *fp, const char *text)
{
	(void)fputc('"', fp);
	for (; text != NULL && *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			(void)fprintf(fp, "\\%c", *text);
		else if ((unsigned char)*text < 0x20)
			(void)fprintf(fp, "\\x%02x", (unsigned char)*text);
		else
			(void)fputc(*text, fp);
	}
	(void)fputc('"', fp);
}

static const char *
enum_name(const Field *f, int value)
{
	const ProtobufCEnumValue *v;

	v = protobuf_c_enum_descriptor_get_value(f->descriptor, value);
	return (v != NULL ? v->name : "unknown");
}

static size_t
value_size(const Field *f)
{
	switch (f->type) {
	case PROTOBUF_C_TYPE_BOOL:
		return (sizeof(protobuf_c_boolean));
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_ENUM:
		return (4);
	case PROTOBUF_C_TYPE_INT64:
		return (8);
	case PROTOBUF_C_TYPE_BYTES:
		return (sizeof(ProtobufCBinaryData));
	default:
		return (sizeof(void *));
	}
}

/* What the value is when nobody gave it. */
static int
is_default(const Field *f, const void *value)
{
	static const char zero[sizeof(ProtobufCBinaryData)];
	const char *text;

	if (f->type == PROTOBUF_C_TYPE_STRING) {
		memcpy(&text, value, sizeof(text));
		return (text == NULL || *text == '\0');
	}
	return (memcmp(value, zero, value_size(f)) == 0);
}

static void
put_value(FILE *fp, const Field *f, const void *value, int depth)
{
	const ProtobufCMessage *message;
	const char *text;
	int64_t wide;
	int32_t narrow;

	(void)fprintf(fp, "%*s%s", 2 * depth, "", f->name);
	switch (f->type) {
	case PROTOBUF_C_TYPE_MESSAGE:
		memcpy(&message, value, sizeof(message));
		(void)fprintf(fp, " {\n");
		message_text(fp, message, depth + 1);
		(void)fprintf(fp, "%*s}\n", 2 * depth, "");
		return;
	case PROTOBUF_C_TYPE_STRING:
		memcpy(&text, value, sizeof(text));
		(void)fprintf(fp, ": ");
		put_string(fp, text);
		break;
	case PROTOBUF_C_TYPE_BOOL:
		(void)fprintf(fp, ": true");
		break;
	case PROTOBUF_C_TYPE_INT64:
		memcpy(&wide, value, sizeof(wide));
		(void)fprintf(fp, ": %" PRId64, wide);
		break;
	default:
		memcpy(&narrow, value, sizeof(narrow));
		if (f->type == PROTOBUF_C_TYPE_ENUM)
			(void)fprintf(fp, ": %s", enum_name(f, narrow));
		else
			(void)fprintf(fp, ": %" PRId32, narrow);
		break;
	}
	(void)fputc('\n', fp);
}

void
message_text(FILE *fp, const ProtobufCMessage *m, int depth)
{
	const char *base = (const char *)m, *array;
	const Field *f;
	size_t count, i;
	unsigned int n;
	int oneof;

	for (n = 0; n < m->descriptor->n_fields; n++) {
		f = &m->descriptor->fields[n];
		if (f->label == PROTOBUF_C_LABEL_REPEATED) {
			memcpy(
			    &count, base + f->quantifier_offset, sizeof(count));
			memcpy(&array, base + f->offset, sizeof(array));
			for (i = 0; i < count; i++)
				put_value(
				    fp, f, array + i * value_size(f), depth);
			continue;
		}
		if (f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) {
			memcpy(
			    &oneof, base + f->quantifier_offset, sizeof(oneof));
			if ((uint32_t)oneof != f->id)
				continue;
		}
		if (!is_default(f, base + f->offset))
			put_value(fp, f, base + f->offset, depth);
	}
}

char *
message_string(const ProtobufCMessage *m)
{
	char *text = NULL;
	size_t len;
	FILE *fp;

	if ((fp = open_memstream(&text, &len)) == NULL)
		return (NULL);
	message_text(fp, m, 0);
	if (fclose(fp) == EOF)
		return (NULL);
	return (text);
}
