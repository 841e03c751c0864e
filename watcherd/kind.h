/*
 * What a document says it is: apiVersion and kind.
 */
#ifndef KIND_H
#define KIND_H

#include "watcherd/problem.h"
#include "watcherd/tree.h"

enum kind {
	KIND_POD,
	KIND_LIST, /* "items" are pods that say so, or of a PodList */
	KIND_POD_LIST,
	KIND_WRONG /* anything else; a problem was added, and is enough */
};

/*
 * Read leniently there are no lists, and the two keys count in any
 * spelling of upper and lower case: the last one, by the order of the file
 * in JSON, by that of their bytes in YAML.
 */
enum kind kind_of(const struct node *, enum document_form, struct problems *);

#endif
