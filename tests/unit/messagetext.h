/*
 * A message as text: every field that is set, in the order of the proto
 * file, two blanks for each level.
 */
#ifndef MESSAGETEXT_H
#define MESSAGETEXT_H

#include <stdio.h>

#include <protobuf-c/protobuf-c.h>

void message_text(FILE *, const ProtobufCMessage *, int depth);
/* The same as a string that the caller frees. */
char *message_string(const ProtobufCMessage *);

#endif
