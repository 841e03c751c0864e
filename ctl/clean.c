#include "ctl/clean.h"

#include <stddef.h>
#include <stdint.h>

/* Bytes of the character at s if it is well formed (RFC 3629), else 0. */
static size_t
character_length(const uint8_t *s)
{
	static const struct {
		uint8_t mask, lead;
		size_t n;
		uint32_t least; /* less would be overlong */
	} forms[] = { { 0x80, 0x00, 1, 0 }, { 0xe0, 0xc0, 2, 0x80 },
		{ 0xf0, 0xe0, 3, 0x800 }, { 0xf8, 0xf0, 4, 0x10000 } };
	uint32_t c;
	size_t i, j;

	for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if ((s[0] & forms[i].mask) != forms[i].lead)
			continue;
		c = s[0] & (uint8_t)~forms[i].mask;
		for (j = 1; j < forms[i].n; j++) {
			if ((s[j] & 0xc0) != 0x80)
				return (0); /* the final NUL, too */
			c = c << 6 | (s[j] & 0x3f);
		}
		if (c < forms[i].least || c > 0x10ffff ||
		    (c >= 0xd800 && c <= 0xdfff))
			return (0);
		return (forms[i].n);
	}
	return (0);
}

/* C0, DEL and C1: what a terminal would act on. */
static int
is_control(const uint8_t *s)
{
	return (s[0] < 0x20 || s[0] == 0x7f ||
	    (s[0] == 0xc2 && s[1] >= 0x80 && s[1] <= 0x9f));
}

void
clean_text(char *text)
{
	uint8_t *s = (uint8_t *)text;
	size_t n, i;

	while (*s != '\0') {
		n = character_length(s);
		if (n == 0 || is_control(s)) {
			for (i = 0; i < (n == 0 ? 1 : n); i++)
				s[i] = '?';
		}
		s += n == 0 ? 1 : n;
	}
}

void
clean_line(char *text, size_t len)
{
	uint8_t *s = (uint8_t *)text;
	size_t at, n;

	for (at = 0; at < len; at += n) {
		n = character_length(s + at); /* the NUL ends all */
		if (s[at] == '\t' || (n > 0 && !is_control(s + at)))
			continue;
		n = 1;
		s[at] = '?';
	}
}

/* One value: a text, or a message with texts in it. */
static void
clean_value(const ProtobufCFieldDescriptor *f, void *value)
{
	if (value == NULL || value == f->default_value)
		return;
	if (f->type == PROTOBUF_C_TYPE_MESSAGE)
		clean_message(value);
	else if (*(char *)value != '\0') /* "" may be a constant */
		clean_text(value);
}

void
clean_message(ProtobufCMessage *m)
{
	const ProtobufCFieldDescriptor *f;
	void **list;
	size_t i, j, n;

	for (i = 0; i < m->descriptor->n_fields; i++) {
		f = &m->descriptor->fields[i];
		if (f->type != PROTOBUF_C_TYPE_STRING &&
		    f->type != PROTOBUF_C_TYPE_MESSAGE)
			continue;
		list = (void **)(void *)((uint8_t *)m + f->offset);
		n = 1;
		if (f->label == PROTOBUF_C_LABEL_REPEATED) {
			n = *(size_t *)(void *)((uint8_t *)m +
			    f->quantifier_offset);
			list = *list;
		} else if (f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) {
			continue; /* no item of the answer has one */
		}
		for (j = 0; j < n; j++)
			clean_value(f, list[j]);
	}
}
