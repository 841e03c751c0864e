/*
 * Between the files of act; see reconcile.h.  Doing what the plan says: one
 * action, one call, its result into seen and memo.  No policy here.
 */
#ifndef ACT_PARTS_H
#define ACT_PARTS_H

#include "reconciled/handler.h"
#include "reconciled/prepare.h"
#include "reconciled/reconcile.h"

#define REQUEST_MAX (32 * 1024 * 1024) /* far above a manifest's limit */

/* An action under way. */
struct op {
	TAILQ_ENTRY(op) turn; /* IMAGE: pulls under way, or waiting */
	struct reconciled *r;
	struct pod *pod;
	struct action act; /* its id is not to be used */
	char *id;
	struct backoff crash;	 /* CREATE: of the new instance */
	struct mtime began;	 /* IMAGE: the pull */
	struct cri_call *call;	 /* IMAGE: the pull; NULL: it waits */
	int pulled;		 /* IMAGE: just now */
	struct handler_run *run; /* hooks */
};

/* Every action ends here. */
void op_free(struct op *);
/* A pod may have got another definition; its containers then differ. */
struct memo_container *op_memo(const struct op *);
const Tripod__Container *op_spec(const struct op *);
/* The instance that it is about, of that attempt. */
struct instance_of op_instance(const struct op *, uint32_t attempt);
/* The container that it is about; NULL if it is gone. */
struct seen_container *op_container(const struct op *);
/* Logs a failure and, when it may have worked after all, looks. */
void op_failed(struct op *, const struct cri_result *, struct retry *);
void op_log(const struct op *, const struct cri_result *);
/* For people: what is dead could not be removed, and stays for a while. */
void removal_failed(const struct op *, const struct cri_result *);

/* Why a container does not run; shown until something works. */
void memo_failed(
    struct memo_container *, const char *reason, const char *message);
void memo_worked(struct memo_container *, struct retry *);
uint8_t act_jitter(void);

/* Start an action; each ends in op_free(). */
void act_image(struct op *);
void act_run_sandbox(struct op *);
void act_stop_sandbox(struct op *);
void act_remove_sandbox(struct op *);
void act_create(struct op *);
void act_start(struct op *);
void act_stop(struct op *);
void act_remove(struct op *);
void act_post_start(struct op *);
void act_pre_stop(struct op *);

/* Notes that the stop of a container has begun, and ends its postStart. */
void stop_begin(struct op *, struct seen_container *);
/* It has been started, or may have been: its hook is due when it runs. */
void hook_begin(const Tripod__Container *, struct seen_container *);

#endif
