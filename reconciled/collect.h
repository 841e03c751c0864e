/*
 * Collects garbage: what gone pods have left on the disk, and, when that is
 * full, images.  Ten seconds after the start, every five minutes, and soon
 * after a pull.
 */
#ifndef COLLECT_H
#define COLLECT_H

struct reconciled;
struct collect;

struct collect *collect_new(struct reconciled *);
/* Takes NULL.  No call of it may be under way any more. */
void collect_free(struct collect *);
/* All pods are known; the first time, this begins it. */
void collect_begin(struct collect *);
/* Volumes were moved to the trash. */
void collect_trash(struct collect *);
/* An image was pulled. */
void collect_soon(struct collect *);

#endif
