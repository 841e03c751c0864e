/*
 * What surrounds the files of act, where a test has nothing to say about it.
 */
#include "cri.pb-c.h"
#include "reconciled/act_parts.h"
#include "reconciled/collect.h"
#include "reconciled/message.h"

void
collect_soon(struct collect *c)
{
	(void)c;
}

void
collect_trash(struct collect *c)
{
	(void)c;
}

void
files_remove_log(
    const struct files *f, const struct pod *p, const struct seen_container *c)
{
	(void)f;
	(void)p;
	(void)c;
}

void
handler_cancel(struct handler_run *run)
{
	(void)run;
}

int
prepare_admit(const struct reconciled *r, const struct pod *p, struct err *err)
{
	(void)r;
	(void)p;
	(void)err;
	return (0);
}

void
prepare_warn(struct reconciled *r, const struct pod *p)
{
	(void)r;
	(void)p;
}

Runtime__V1__PodSandboxConfig *
prepare_sandbox(struct arena *a, struct reconciled *r, const struct pod *p,
    uint32_t attempt)
{
	(void)r;
	(void)p;
	(void)attempt;
	return (message_new(a, &runtime__v1__pod_sandbox_config__descriptor));
}

void
reconcile_kick(struct reconciled *r)
{
	(void)r;
}

const char *
policy_handler(const struct policy *policy, const char *name)
{
	(void)policy;
	return (name);
}

const char *
grpc_code_str(enum grpc_code code)
{
	(void)code;
	return ("?");
}

Runtime__V1__ImageSpec *
translate_image(struct arena *a, const struct pod *p, const char *image)
{
	(void)p;
	(void)image;
	return (message_new(a, &runtime__v1__image_spec__descriptor));
}

void
observe_sandbox(struct reconciled *r, struct pod *p, struct seen_sandbox *s)
{
	(void)r;
	(void)p;
	(void)s;
}

int
cgroup_make(const struct cgroups *c, const struct pod *p, struct err *err)
{
	(void)c;
	(void)p;
	(void)err;
	return (0);
}
