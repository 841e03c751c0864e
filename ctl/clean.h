/*
 * Text from pods, registries and API servers ends on root's terminal.
 */
#ifndef CLEAN_H
#define CLEAN_H

#include <stddef.h>

#include <protobuf-c/protobuf-c.h>

/*
 * Replaces, in every string of a message and of the messages in it,
 * control characters and whatever is not UTF-8 by '?'.  In place.
 */
void clean_message(ProtobufCMessage *);
/* The same for one text. */
void clean_text(char *);
/*
 * The same for a line with a length and a NUL behind it; tabs stay, and
 * NULs inside do not end it.
 */
void clean_line(char *, size_t);

#endif
