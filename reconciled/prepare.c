#include "reconciled/prepare.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "reconciled/admission.h"
#include "reconciled/disk.h"
#include "reconciled/message.h"
#include "reconciled/termination.h"

#define HOSTS_MAX (1024 * 1024)
#define HOSTS "/etc/hosts"
#define DNS_ARENA_MAX (8 * 1024 * 1024)

Runtime__V1__PodSandboxConfig *
prepare_sandbox(struct arena *a, struct reconciled *r, const struct pod *p,
    uint32_t attempt)
{
	struct translate_env env = r->env;

	if (dns_needs_file(p->definition->pod))
		env.dns.file = disk_text(a, r->conf.resolver, DNS_FILE_MAX);
	return (translate_sandbox(a, &env, p, attempt));
}

int
prepare_admit(const struct reconciled *r, const struct pod *p, struct err *err)
{
	const struct pod *o;

	TAILQ_FOREACH (o, &r->pods, entry)
		if (o != p && o->definition != NULL &&
		    (pod_is_live(&o->seen) || o->memo.sandbox_busy) &&
		    admission_ports(
			p->definition->pod, o->definition->pod, err) == -1)
			return (-1);
	return (0);
}

void
prepare_warn(struct reconciled *r, const struct pod *p)
{
	const Tripod__Pod *pod = p->definition->pod;
	struct translate_env env = r->env;
	struct dns_config c;
	struct arena a;

	if (dns_misses_cluster(&env.dns, pod) && env.dns.domain[0] != '\0')
		event_warning(r, p, NULL, "MissingClusterDNS",
		    "no \"cluster dns\" is configured; the resolver "
		    "settings of the host are used");
	arena_init(&a, DNS_ARENA_MAX);
	if (dns_needs_file(pod)) {
		env.dns.file = disk_text(&a, r->conf.resolver, DNS_FILE_MAX);
		if (env.dns.file == NULL)
			event_warning(r, p, NULL, "DNSConfigForming",
			    "%s cannot be read; the pod gets the resolver "
			    "settings that the runtime finds",
			    r->conf.resolver);
	}
	dns_config(&a, &env.dns, pod, &c);
	if (c.cut)
		event_warning(r, p, NULL, "DNSConfigForming",
		    "there are more name servers, search domains or options "
		    "than resolvers take; the first ones are used");
	arena_release(&a);
}

static char *
joined_ips(struct arena *a, const struct seen_sandbox *s)
{
	char *ips = must_strdup(a, "");
	size_t i;

	for (i = 0; s != NULL && i < s->n_ip; i++)
		ips = must_printf(
		    a, "%s%s%s", ips, i == 0 ? "" : ",", s->ip[i]);
	return (ips);
}

/*
 * The file for /etc/hosts, written anew at each start.  A pod without an
 * address has the runtime's.
 */
static int
prepare_hosts(struct arena *a, struct reconciled *r, const struct pod *p,
    struct instance *in, struct err *err)
{
	const int host = p->definition->pod->host_network;
	const char *text, *base = NULL;

	if (host)
		base = disk_text(a, HOSTS, HOSTS_MAX);
	else if (in->ips[0] == '\0')
		return (0);
	text = translate_hosts(a, &r->env, p, in->ips, base);
	if (files_write_hosts(&r->files, p, text, err) == -1)
		return (-1);
	in->hosts_file = must_printf(
	    a, "%s/pods/%s/" FILES_HOSTS, r->env.state, p->uid);
	return (0);
}

static int
prepare_message(struct arena *a, struct reconciled *r, const struct pod *p,
    struct instance *in, struct err *err)
{
	char path[PATH_MAX];

	if (in->spec->termination_message_path[0] == '\0')
		return (0);
	if (message_make(
		r->files.pods, p, in->spec->name, in->attempt, path, err) == -1)
		return (-1);
	in->message_file = must_printf(a, "%s/pods/%s", r->env.state, path);
	return (0);
}

Runtime__V1__ContainerConfig *
prepare_container(struct arena *a, struct reconciled *r,
    const struct instance_of *of, struct err *err)
{
	const struct memo_container *m = &of->pod->memo.container[of->index];
	struct instance in = { .spec = spec_container(
				   of->pod->definition->pod, of->index),
		.attempt = of->attempt,
		.image_ref = m->image_ref,
		.image_uid = m->image_uid,
		.image_user = m->image_user };

	in.ips = joined_ips(a, sandbox_newest(&of->pod->seen));
	if (files_prepare_container(&r->files, of->pod, in.spec->name, err) ==
		-1 ||
	    prepare_hosts(a, r, of->pod, &in, err) == -1 ||
	    prepare_message(a, r, of->pod, &in, err) == -1)
		return (NULL);
	return (translate_container(a, &r->env, of->pod, &in, err));
}
