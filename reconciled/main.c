/*
 * reconciled: drives the container runtime, see reconciled(8).
 */
#include <sys/socket.h>
#include <sys/stat.h>

#include <linux/capability.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <ifaddrs.h>
#include <limits.h>
#include <net/if.h>
#include <netdb.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/log.h"
#include "common/name.h"
#include "common/privdrop.h"
#include "reconciled/collect.h"
#include "reconciled/disk.h"
#include "reconciled/filter.h"
#include "reconciled/kept.h"
#include "reconciled/peers.h"
#include "reconciled/prober.h"
#include "reconciled/reconcile.h"
#include "reconciled/rotate.h"

#define FILES_MAX 1024
#define PATHS_MAX (9 + CONTROLLERS)

/*
 * For volumes: their groups, and what containers of other users leave in
 * them.  Landlock keeps the last two to the folders of state and logs,
 * and the filter has only the calls on descriptors.
 */
#define CAPABILITIES                                            \
	(UINT64_C(1) << CAP_CHOWN | UINT64_C(1) << CAP_FOWNER | \
	    UINT64_C(1) << CAP_DAC_OVERRIDE)
/* For what is left in a cgroup: with v2 the kernel kills it when asked. */
#define CAPABILITIES_V1 (CAPABILITIES | UINT64_C(1) << CAP_KILL)

enum sandbox_mode {
	MODE_REQUIRED,
	MODE_OPTIONAL
};
enum cgroup_mode {
	CGROUP_AUTO,
	CGROUP_CGROUPFS,
	CGROUP_SYSTEMD
};

static const char *const sandbox_choices[] = { "required", "optional", NULL };
static const char *const cgroup_choices[] = { "auto", "cgroupfs", "systemd",
	NULL };
static const char *const conflict_choices[] = { "first", "last", NULL };
static const char *const seccomp_choices[] = { "unconfined", "runtime", NULL };
static const char *const level_choices[] = { "warn", "info", "debug", NULL };

#define AT(member) offsetof(struct reconciled_conf, member)

/* clang-format off */
static const struct conf_key keys[] = {
	{ "runtime", CONF_PATH, AT(runtime), "/run/containerd/containerd.sock",
	    0, 0, NULL },
	{ "manifests", CONF_PATH, AT(manifests), "/etc/kubernetes/manifests",
	    0, 0, NULL },
	{ "node", CONF_STRING, AT(node), NULL, 0, 0, NULL },
	{ "node address", CONF_STRING, AT(node_address), NULL, 0, 0, NULL },
	{ "sockets", CONF_PATH, AT(sockets), RUNDIR, 0, 0, NULL },
	{ "state", CONF_PATH, AT(state), STATEDIR, 0, 0, NULL },
	{ "pod logs", CONF_PATH, AT(pod_logs), "/var/log/pods", 0, 0, NULL },
	{ "container logs", CONF_PATH, AT(container_logs),
	    "/var/log/containers", 0, 0, NULL },
	{ "cgroup root", CONF_STRING, AT(cgroup_root), "", 0, 0, NULL },
	{ "cgroup driver", CONF_ENUM, AT(cgroup_driver), "auto", 0, 0,
	    cgroup_choices },
	{ "watch user", CONF_STRING, AT(watch_user), "_tripodw", 0, 0, NULL },
	{ "mirror user", CONF_STRING, AT(mirror_user), "_tripodm", 0, 0,
	    NULL },
	{ "prober", CONF_PATH, AT(prober), LIBEXECDIR "/tripod-prober", 0, 0,
	    NULL },
	{ "probe user", CONF_STRING, AT(probe_user), "_tripodp", 0, 0, NULL },
	{ "control group", CONF_STRING, AT(control_group), "tripod", 0, 0,
	    NULL },
	{ "conflict", CONF_ENUM, AT(conflict), "first", 0, 0,
	    conflict_choices },
	{ "strict modes", CONF_BOOL, AT(strict_modes), "yes", 0, 0, NULL },
	{ "stop pods on shutdown", CONF_BOOL, AT(stop_pods), "no", 0, 0, NULL },
	{ "shutdown time", CONF_SECONDS, AT(shutdown_s), "60s", 1, 3600, NULL },
	{ "allow host path", CONF_PATHS, AT(policy.host_paths), NULL, 0, 0,
	    NULL },
	{ "allow host network", CONF_BOOL, AT(policy.host_network), "yes",
	    0, 0, NULL },
	{ "allow host pid", CONF_BOOL, AT(policy.host_pid), "yes", 0, 0,
	    NULL },
	{ "allow host ipc", CONF_BOOL, AT(policy.host_ipc), "yes", 0, 0,
	    NULL },
	{ "allow host port", CONF_BOOL, AT(policy.host_port), "yes", 0, 0,
	    NULL },
	{ "allow privileged", CONF_BOOL, AT(policy.privileged), "yes", 0, 0,
	    NULL },
	{ "allow unconfined", CONF_BOOL, AT(policy.unconfined), "yes", 0, 0,
	    NULL },
	{ "allow capability", CONF_STRINGS, AT(policy.capabilities), NULL,
	    0, 0, NULL },
	{ "allow sysctl", CONF_STRINGS, AT(policy.sysctls), NULL, 0, 0,
	    NULL },
	{ "node label", CONF_STRINGS, AT(policy.labels), NULL, 0, 0, NULL },
	{ "allow runtime class", CONF_STRINGS, AT(policy.classes), NULL, 0, 0,
	    NULL },
	{ "default seccomp", CONF_ENUM, AT(seccomp_runtime), "unconfined",
	    0, 0, seccomp_choices },
	{ "seccomp profiles", CONF_PATH, AT(seccomp_profiles),
	    STATEDIR "/seccomp", 0, 0, NULL },
	{ "cluster dns", CONF_STRINGS, AT(cluster_dns), NULL, 0, 0, NULL },
	{ "cluster domain", CONF_STRING, AT(cluster_domain), "", 0, 0,
	    NULL },
	{ "image gc high", CONF_PERCENT, AT(image_gc.high), "85", 0, 100,
	    NULL },
	{ "image gc low", CONF_PERCENT, AT(image_gc.low), "80", 0, 100, NULL },
	{ "image gc min age", CONF_SECONDS, AT(image_gc.min_age_s), "2m",
	    0, 365 * 86400, NULL },
	{ "log max size", CONF_BYTES, AT(logs.size), "10M", 1024, INT64_MAX,
	    NULL },
	{ "log max files", CONF_INT, AT(logs.files), "5", 2, 1000, NULL },
	{ "resolver", CONF_PATH, AT(resolver), "/etc/resolv.conf", 0, 0,
	    NULL },
	{ "sandbox", CONF_ENUM, AT(sandbox), "required", 0, 0,
	    sandbox_choices },
	{ "log level", CONF_ENUM, AT(log_level), "info", 0, 0,
	    level_choices },
};
/* clang-format on */

#define NKEYS (sizeof(keys) / sizeof(keys[0]))

static void
usage(FILE *to)
{
	(void)fprintf(to, "usage: reconciled [-hnvV] [-f file]\n");
}

/* What the command line asks for. */
struct options {
	const char *file;
	int must, check, verbose;
};

static void
options_read(struct options *o, int argc, char *argv[])
{
	static const struct option longs[] = { { "help", 0, NULL, 'h' },
		{ "version", 0, NULL, 'V' }, { NULL, 0, NULL, 0 } };
	int c;

	o->file = SYSCONFDIR "/tripod/reconciled.conf";
	o->must = o->check = o->verbose = 0;
	while ((c = getopt_long(argc, argv, "f:hnvV", longs, NULL)) != -1) {
		switch (c) {
		case 'f':
			o->file = optarg;
			o->must = 1;
			break;
		case 'n':
			o->check = 1;
			break;
		case 'v':
			o->verbose++;
			break;
		case 'V':
			(void)printf("reconciled %s\n", VERSION);
			exit(EX_OK);
		case 'h':
			usage(stdout);
			exit(EX_OK);
		default:
			usage(stderr);
			exit(EX_USAGE);
		}
	}
	if (optind != argc) {
		usage(stderr);
		exit(EX_USAGE);
	}
}

static int
node_name(struct reconciled *r, struct err *err)
{
	char host[HOST_NAME_MAX + 1];
	const char *name = r->conf.node;

	if (name == NULL) {
		if (gethostname(host, sizeof(host)) == -1)
			return (err_sys(err, "host name"));
		host[sizeof(host) - 1] = '\0';
		name = host;
	}
	if (name_node(name, r->node, sizeof(r->node)) == -1)
		return (err_set(err, "node: \"%s\" is not a DNS name", name));
	return (0);
}

/* The first address of an interface that is up, if none is configured. */
static void
node_addresses(struct reconciled *r)
{
	struct ifaddrs *all, *i;
	char text[NI_MAXHOST];

	if (r->conf.node_address != NULL) {
		r->addresses.value[r->addresses.n++] = xstrdup(
		    r->conf.node_address);
		return;
	}
	if (getifaddrs(&all) == -1) {
		log_warn("addresses of the node");
		return;
	}
	for (i = all; i != NULL && r->addresses.n == 0; i = i->ifa_next) {
		if (i->ifa_addr == NULL || !(i->ifa_flags & IFF_UP) ||
		    (i->ifa_flags & IFF_LOOPBACK) ||
		    i->ifa_addr->sa_family != AF_INET)
			continue;
		if (getnameinfo(i->ifa_addr, sizeof(struct sockaddr_in), text,
			sizeof(text), NULL, 0, NI_NUMERICHOST) == 0)
			r->addresses.value[r->addresses.n++] = xstrdup(text);
	}
	freeifaddrs(all);
}

/* As variables of containers have them. */
static void
join_addresses(struct reconciled *r)
{
	char *text = xstrdup(""), *more;
	size_t i;

	for (i = 0; i < r->addresses.n; i++) {
		(void)xasprintf(&more, "%s%s%s", text, i == 0 ? "" : ",",
		    r->addresses.value[i]); /* never fails */
		free(text);
		text = more;
	}
	r->address_text = text;
	r->env.addresses = text;
}

/* "NAME=HANDLER" */
static int
conf_check_classes(const struct conf_list *l, struct err *err)
{
	char name[NAME_MAX + 1];
	size_t i, len;

	for (i = 0; i < l->n; i++) {
		len = strcspn(l->value[i], "=");
		(void)snprintf(name, sizeof(name), "%.*s",
		    len < sizeof(name) ? (int)len : 0, l->value[i]);
		if (!name_is_subdomain(name) || l->value[i][len] == '\0' ||
		    !policy_is_word(l->value[i] + len + 1))
			return (err_set(err,
			    "allow runtime class: must be NAME=HANDLER, got "
			    "\"%s\"",
			    l->value[i]));
	}
	return (0);
}

/* What the policy and the resolver settings are made of. */
static int
conf_apply_pods(struct reconciled *r, struct err *err)
{
	struct policy *policy = &r->conf.policy;
	size_t i;

	for (i = 0; i < r->conf.cluster_dns.n; i++)
		if (!dns_is_address(r->conf.cluster_dns.value[i]))
			return (err_set(err,
			    "cluster dns: \"%s\" is not an address",
			    r->conf.cluster_dns.value[i]));
	if (r->conf.cluster_domain[0] != '\0' &&
	    !name_is_subdomain(r->conf.cluster_domain))
		return (err_set(err, "cluster domain: \"%s\" is not a DNS name",
		    r->conf.cluster_domain));
	if (r->conf.image_gc.low > r->conf.image_gc.high)
		return (err_set(err, "image gc low: more than image gc high"));
	if (!policy->unconfined && !r->conf.seccomp_runtime)
		return (err_set(err,
		    "allow unconfined no: needs \"default seccomp runtime\""));
	if (conf_check_classes(&policy->classes, err) == -1)
		return (-1);
	policy->node = r->node;
	policy->cluster_domain = r->conf.cluster_domain;
	r->env.dns.server = r->conf.cluster_dns;
	r->env.dns.domain = r->conf.cluster_domain;
	r->env.seccomp_runtime = r->conf.seccomp_runtime;
	r->env.seccomp_profiles = r->conf.seccomp_profiles;
	return (0);
}

static int
conf_apply(struct reconciled *r, struct err *err)
{
	r->env.pod_logs = r->conf.pod_logs;
	r->env.state = r->conf.state;
	r->env.cgroup_root = r->conf.cgroup_root;
	r->env.systemd_cgroups = r->conf.cgroup_driver == CGROUP_SYSTEMD;
	if (r->conf.cgroup_root[0] == '/')
		r->env.cgroup_root++;
	r->env.node = r->node;
	if (node_name(r, err) == -1)
		return (-1);
	return (conf_apply_pods(r, err));
}

/* The runtime may say how it names cgroups; the configuration wins. */
static void
on_state(void *ctx, const struct cri_info *info)
{
	struct reconciled *r = ctx;

	if (r->conf.cgroup_driver == CGROUP_AUTO &&
	    info->cgroup_driver != CRI_CGROUP_UNKNOWN)
		r->env.systemd_cgroups = info->cgroup_driver ==
		    CRI_CGROUP_SYSTEMD;
	r->env.has_recursive_read_only = info->has_recursive_read_only;
	r->env.has_groups_policy = info->has_supplemental_groups_policy;
	log_info("runtime is %s%s%s", cri_state_str(info->state),
	    info->reason[0] != '\0' ? ": " : "", info->reason);
	reconcile_on_state(r, info);
}

static void
on_hint(void *ctx, const struct hint *hint)
{
	observe_hint(ctx, hint);
}

static void
on_resync(void *ctx, enum events_source source)
{
	struct reconciled *r = ctx;

	log_debug("events of the runtime: %s", events_source_str(source));
	r->no_events = source == EVENTS_NONE;
	observe_after(r, 0);
}

static const struct events_callbacks events_callbacks = { on_hint, on_resync };

static void
on_folder(void *ctx)
{
	struct reconciled *r = ctx;

	watch_lend(r->peers);
}

/* It cannot be started from here: the service manager starts both. */
static void
on_helper_lost(void *ctx)
{
	struct reconciled *r = ctx;

	r->exit_code = EX_SOFTWARE;
	(void)event_base_loopexit(r->base, NULL); /* cannot fail here */
}

static void
on_signal(evutil_socket_t sig, short what, void *arg)
{
	struct reconciled *r = arg;

	(void)what;
	log_info("signal %d: ending; the pods stay", (int)sig);
	notify_send(&r->ready.notify, "STOPPING=1");
	(void)event_base_loopexit(r->base, NULL); /* cannot fail here */
}

/* Groups are made, written to and killed below "kubepods" alone. */
static size_t
cgroup_paths(const struct cgroups *c, struct sandbox_path *paths)
{
	size_t i, n = 0;

	paths[n++] = (struct sandbox_path){ c->top,
		SANDBOX_READ | SANDBOX_REMOVE };
	for (i = 0; i < CONTROLLERS; i++)
		paths[n++] = (struct sandbox_path){ c->folder[i],
			SANDBOX_WRITE | SANDBOX_MAKE };
	return (n);
}

static void
drop_capabilities(const struct reconciled *r)
{
	if (privdrop_capabilities(
		r->env.machine.cgroup_v2 ? CAPABILITIES : CAPABILITIES_V1) != 0)
		log_warnx("a capability of the unit is missing: groups of "
			  "volumes and removal of what pods leave may fail");
}

static void
enter_sandbox(const struct reconciled *r)
{
	const unsigned int all = SANDBOX_READ | SANDBOX_WRITE | SANDBOX_MAKE |
	    SANDBOX_REMOVE | SANDBOX_LINK;
	struct sandbox_path paths[PATHS_MAX];
	struct sandbox s;
	size_t n = 0;
	char *real;
	int etc, resolver, pointed = -1;

	/* Files may be replaced there: hosts, resolver settings. */
	etc = disk_open_above("/etc/hosts");
	resolver = disk_open_above(r->conf.resolver);
	if ((real = realpath(r->conf.resolver, NULL)) != NULL)
		pointed = disk_open_above(real);
	free(real);
	paths[n++] = (struct sandbox_path){ etc, SANDBOX_READ };
	paths[n++] = (struct sandbox_path){ resolver, SANDBOX_READ };
	paths[n++] = (struct sandbox_path){ pointed, SANDBOX_READ };
	paths[n++] = (struct sandbox_path){ r->files.state, all };
	paths[n++] = (struct sandbox_path){ r->files.pod_logs, all };
	paths[n++] = (struct sandbox_path){ r->files.container_logs, all };
	n += cgroup_paths(&r->files.cgroups, paths + n);

	memset(&s, 0, sizeof(s));
	s.name = "reconciled";
	s.rules = reconciled_rules;
	s.nrules = reconciled_nrules;
	s.paths = paths;
	s.npaths = n;
	s.files = FILES_MAX;
	s.optional = r->conf.sandbox == MODE_OPTIONAL;
	s.kills = !r->env.machine.cgroup_v2;
	drop_capabilities(r);
	sandbox_enter(&s);
	(void)close(etc); /* only references */
	(void)close(resolver);
	if (pointed != -1)
		(void)close(pointed);
}

/* Before anything is open that it could inherit. */
static int
spawn_prober(const struct reconciled *r)
{
	const struct prober_conf conf = { r->conf.prober, r->conf.probe_user,
		r->conf.sandbox == MODE_OPTIONAL };
	struct err err;
	int fd;

	fd = prober_spawn(&conf, &err);
	if (fd == -1)
		fatalx("%s", err.text);
	return (fd);
}

/* The same; they have no more than what is open by now. */
static void
start_helpers(struct reconciled *r)
{
	const int optional = r->conf.sandbox == MODE_OPTIONAL;
	struct err err;

	if (files_start_helpers(&r->files, optional, &err) == -1)
		fatalx("%s", err.text);
	r->lender = helper_start(
	    &lender_kind, -1, r->conf.manifests, optional, &err);
	if (r->lender == NULL)
		fatalx("%s", err.text);
}

static void
loop_prepare(struct reconciled *r, int prober)
{
	static const int signals[] = { SIGTERM, SIGINT };
	struct event *ev;
	size_t i;

	if ((r->base = event_base_new()) == NULL)
		fatalx("event_base_new");
	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		ev = evsignal_new(r->base, signals[i], on_signal, r);
		if (ev == NULL || event_add(ev, NULL) == -1)
			fatalx("evsignal_new");
	}
	r->prober = prober_new(r->base, prober, on_helper_lost, r);
	helper_run(r->files.mounter, r->base, on_helper_lost, r);
	helper_run(r->files.finder, r->base, on_helper_lost, r);
	helper_run(r->lender, r->base, on_helper_lost, r);
	reconcile_init(r);
	r->lend = lend_new(r->base, r->lender, r->conf.manifests,
	    r->conf.strict_modes, on_folder, r);
}

static void
serve(struct reconciled *r)
{
	kept_load(r->files.manifests, watch_restore, r);
	r->cri = cri_new(r->base, r->conf.runtime, on_state, r);
	if (r->cri == NULL)
		fatal("%s", r->conf.runtime);
	rotate_start(r);
	ready_start(r);
	r->collect = collect_new(r);
	r->events = events_new(r->base, r->cri, &events_callbacks, r);
	lend_check(r->lend);
	event_node_normal(r, "Starting", "reconciled " VERSION " starts");
	peers_run(r->peers);
	log_info("ready: node %s, %zu manifests kept", r->node, r->desired.n);
	(void)event_base_dispatch(r->base); /* ends by on_signal() */
	events_free(r->events);
	rotate_stop(r);
	ready_stop(r);
	cri_free(r->cri);
	collect_free(r->collect);
}

int
main(int argc, char *argv[])
{
	struct reconciled r;
	struct options o;
	struct err err;
	int prober;

	log_init("reconciled");
	options_read(&o, argc, argv);
	memset(&r, 0, sizeof(r));
	if (conf_load(keys, NKEYS, &r.conf, o.file, o.must, &err) == -1 ||
	    conf_apply(&r, &err) == -1) {
		log_warnx("%s", err.text);
		return (EX_CONFIG);
	}
	if (o.check) {
		conf_print(keys, NKEYS, &r.conf, stdout);
		return (EX_OK);
	}
	log_set_level(
	    o.verbose > 0 ? LOG_LEVEL_DEBUG : (enum log_level)r.conf.log_level);
	if (geteuid() != 0)
		fatalx("must be started by root");
	prober = spawn_prober(&r);
	/* Folders for containers are to be what they are made as. */
	(void)umask(022);
	node_addresses(&r);
	join_addresses(&r);
	r.conf.policy.machine = &r.env.machine;
	TAILQ_INIT(&r.pods);
	desired_init(&r.desired);
	r.desired.last = r.conf.conflict;
	r.started_ns = wall_now_ns();
	if (files_open(&r.files, &r.env, r.conf.container_logs, &err) == -1)
		fatalx("%s", err.text);
	/* The size of its disk is that of the file system with our state. */
	machine_read(&r.env.machine, r.conf.state);
	cgroup_open(&r.files.cgroups, CGROUP_TOP, &r.env);
	start_helpers(&r);
	if ((r.peers = peers_new(&r, &err)) == NULL)
		fatalx("%s", err.text);
	ready_open(&r.ready);
	loop_prepare(&r, prober);
	enter_sandbox(&r);
	serve(&r);
	return (r.exit_code);
}
