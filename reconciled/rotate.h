/*
 * Has logs of running containers rotated when they have grown too long.
 */
#ifndef ROTATE_H
#define ROTATE_H

struct reconciled;

/* Looks at all, now and from then on every ten seconds. */
void rotate_start(struct reconciled *);
void rotate_stop(struct reconciled *);

#endif
