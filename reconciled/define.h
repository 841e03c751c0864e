/*
 * From what files want to pods: each pod gets the definition of the file
 * that has it.
 */
#ifndef DEFINE_H
#define DEFINE_H

#include "reconciled/reconcile.h"

/*
 * Settles whose each pod is, and brings definitions to pods.  What can
 * not be defined yet, because of what is under way or because another
 * pod with its uid has to end first, is defined by a later call.
 */
void define_pods(struct reconciled *);
/*
 * Another definition with the uid of a pod that runs comes after it: it is
 * kept as its next one, and becomes its own here, when nothing of the pod
 * is left but what is dead, or what runs turns out to be made by it.  Only
 * with a whole list of what runs.
 */
void define_successors(struct pods *);

#endif
