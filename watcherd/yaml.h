/*
 * YAML bytes to trees, with libyaml and the scalar rules of scalar.h.
 *
 * UTF-8, or UTF-16 with a byte order mark.  Where libyaml takes more than
 * the kubelet's reader, which is of the same descent, what is more is
 * refused.
 *
 * Strict: all documents count, and those behind a syntax error are read
 * too.  Lenient: the first one counts, also if it is empty, and at most
 * the next 512 bytes are looked at.
 */
#ifndef YAML_READER_H
#define YAML_READER_H

#include "watcherd/problem.h"
#include "watcherd/tree.h"

#define YAML_ANCHORS_MAX 1000 /* anchors in one document */

/*
 * What reading may take, and what takes it, in units of 1 to 3 ns.  So flow
 * style ends at a depth of about 3400, where a kubelet goes on to
 * TREE_DEPTH_MAX.
 */
#define YAML_WORK_MAX 60000000
#define YAML_WORK_LOADED 2	/* a byte of the file */
#define YAML_WORK_BYTE 1	/* one of them that libyaml gets */
#define YAML_WORK_VALUE 250	/* and for each bracket around it ... */
#define YAML_WORK_LOOK 5	/* ... this, or ... */
#define YAML_WORK_LOOKS 16	/* ... this, see reader_work() */
#define YAML_WORK_FRACTION 2400 /* a number that is no integer */

/*
 * Adds what can be read; with none there is at least one problem.  There
 * may be problems all the same.
 */
void yaml_read(const void *, size_t len, struct arena *, struct problems *,
    struct documents *);

#endif
