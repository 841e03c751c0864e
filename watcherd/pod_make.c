#include "watcherd/pod_make.h"

#include <string.h>

void *
make_array(struct maker *m, size_t count, size_t size)
{
	void *p;

	if ((p = arena_array(m->arena, count > 0 ? count : 1, size)) == NULL)
		m->failed = 1;
	return (p);
}

void *
make_message(struct maker *m, const ProtobufCMessageDescriptor *type)
{
	void *message;

	if ((message = make_array(m, 1, type->sizeof_message)) != NULL)
		protobuf_c_message_init(type, message);
	return (message);
}

void *
make_list(struct maker *m, const struct node *list, size_t *n, make_item *make)
{
	char *out;
	void *item;
	size_t i;

	*n = 0;
	if (list == NULL ||
	    (out = make_array(m, list->n, sizeof(item))) == NULL)
		return (NULL);
	for (i = 0; i < list->n; i++) {
		item = make(m, list->item[i]);
		memcpy(out + i * sizeof(item), &item, sizeof(item));
	}
	*n = list->n;
	return (out);
}

char *
make_borrowed(const char *text)
{
	return ((char *)(uintptr_t)(text != NULL ? text : ""));
}

char *
make_text(const struct node *map, const char *key)
{
	return (make_borrowed(node_get_str(map, key)));
}

char **
make_texts(struct maker *m, const struct node *list, size_t *n)
{
	char **out;
	size_t i;

	*n = 0;
	if (list == NULL ||
	    (out = make_array(m, list->n, sizeof(*out))) == NULL)
		return (NULL);
	for (i = 0; i < list->n; i++)
		out[i] = make_borrowed(list->item[i]->str);
	*n = list->n;
	return (out);
}

Tripod__KeyValue *
make_pair(struct maker *m, const char *key, const char *value)
{
	Tripod__KeyValue *out;

	if ((out = make_message(m, &tripod__key_value__descriptor)) == NULL)
		return (NULL);
	out->key = make_borrowed(key);
	out->value = make_borrowed(value);
	return (out);
}

Tripod__KeyValue **
make_pairs(struct maker *m, const struct node *map, size_t *n)
{
	Tripod__KeyValue **out;
	size_t i;

	*n = 0;
	if (map == NULL || (out = make_array(m, map->n, sizeof(*out))) == NULL)
		return (NULL);
	for (i = 0; i < map->n; i++)
		out[i] = make_pair(
		    m, map->member[i].key, map->member[i].value->str);
	*n = map->n;
	return (out);
}

static void *
make_named_pair(struct maker *m, const struct node *from)
{
	return (make_pair(
	    m, node_get_str(from, "name"), node_get_str(from, "value")));
}

Tripod__KeyValue **
make_named(struct maker *m, const struct node *list, size_t *n)
{
	return (make_list(m, list, n, make_named_pair));
}

int64_t *
make_numbers(struct maker *m, const struct node *list, size_t *n)
{
	int64_t *out;
	size_t i;

	*n = 0;
	if (list == NULL ||
	    (out = make_array(m, list->n, sizeof(*out))) == NULL)
		return (NULL);
	for (i = 0; i < list->n; i++)
		out[i] = list->item[i]->num;
	*n = list->n;
	return (out);
}

Tripod__Number *
make_number(struct maker *m, const struct node *map, const char *key)
{
	const struct node *number = node_get_kind(map, key, NODE_NUMBER);
	Tripod__Number *out;

	if (number == NULL ||
	    (out = make_message(m, &tripod__number__descriptor)) == NULL)
		return (NULL);
	out->value = number->num;
	return (out);
}

int
make_truth(const struct node *map, const char *key)
{
	return (node_get_num(map, key, 0) != 0);
}

int
make_word(const struct node *map, const char *key, const char *const *words)
{
	const char *word = node_get_str(map, key);
	int i;

	for (i = 0; word != NULL && words[i] != NULL; i++) {
		if (strcmp(word, words[i]) == 0)
			return (i);
	}
	return (0);
}
