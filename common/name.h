/*
 * Grammars of names, after the rules of the Kubernetes API (RFC 1123
 * labels and subdomains, qualified names) as manifests meet them.
 * All are pure; lengths are in bytes.
 */
#ifndef NAME_H
#define NAME_H

#include <stddef.h>

#define NAME_FILE_SIZE 256 /* a file name and its NUL */

/* 1-63 of a-z 0-9 '-', not at either end with '-'. */
int name_is_label(const char *);
/* At most 253, parts joined by single '.', each like a label. */
int name_is_subdomain(const char *);
/* "[prefix/]name", prefix a subdomain, name 1-63 of [A-Za-z0-9._-]. */
int name_is_qualified(const char *);
/* Empty, or like the name part of a qualified name. */
int name_is_label_value(const char *);
/* 1-15 of a-z 0-9 '-', a letter in it, no "--". */
int name_is_port(const char *);
/* Printable ASCII without '='. */
int name_is_env(const char *);
/* A uid that may become a directory: 1-128 of [A-Za-z0-9._-], no dot
 * first. */
int name_is_uid(const char *);
/* One file name: no '/', not "." or "..", 1-255 bytes, no control
 * characters. */
int name_is_file(const char *, size_t);

/*
 * A node's name from host name or configuration: blanks trimmed,
 * lower case; -1 if the result is no subdomain or does not fit.
 */
int name_node(const char *, char *, size_t);

#endif
