/*
 * mirrord: shows static pods to the API server, see mirrord(8).
 */
#include <getopt.h>
#include <limits.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/conf.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/privdrop.h"
#include "common/sandbox.h"
#include "mirrord/filter.h"
#include "mirrord/mirrord.h"

/* Without a usable kubeconfig the start is tried again after this. */
#define UNUSABLE_S 30

static const char *const drift_choices[] = { "revert", "strict", "report",
	"ignore", NULL };
static const char *const node_choices[] = { "register", "existing", NULL };
static const char *const sandbox_choices[] = { "required", "optional", NULL };
static const char *const level_choices[] = { "warn", "info", "debug", NULL };

#define MEMBER(m) offsetof(struct mirrord_conf, m)

/* clang-format off */
static const struct conf_key keys[] = {
	{ "socket", CONF_PATH, MEMBER(socket), RUNDIR "/mirror.sock",
	    0, 0, NULL },
	{ "user", CONF_STRING, MEMBER(user), "_tripodm", 0, 0, NULL },
	{ "kubeconfig", CONF_PATH, MEMBER(kubeconfig), NULL, 0, 0, NULL },
	{ "drift", CONF_ENUM, MEMBER(drift), "revert", 0, 0, drift_choices },
	{ "node", CONF_ENUM, MEMBER(node), "register", 0, 0, node_choices },
	{ "reregister", CONF_BOOL, MEMBER(reregister), "yes", 0, 0, NULL },
	{ "reregister delay", CONF_SECONDS, MEMBER(reregister_delay), "10s",
	    0, 86400, NULL },
	{ "lease interval", CONF_SECONDS, MEMBER(lease), "10s", 1, 30, NULL },
	{ "request rate", CONF_INT, MEMBER(rate), "50", 1, 1000, NULL },
	{ "patience", CONF_SECONDS, MEMBER(patience), "5m", 10, 86400, NULL },
	{ "sandbox", CONF_ENUM, MEMBER(sandbox), "required", 0, 0,
	    sandbox_choices },
	{ "log level", CONF_ENUM, MEMBER(log_level), "info", 0, 0,
	    level_choices },
};
/* clang-format on */

#define NKEYS (sizeof(keys) / sizeof(keys[0]))

struct options {
	const char *file;
	int file_given, check, verbose;
};

static void __attribute__((noreturn)) usage(FILE *to, int code)
{
	(void)fprintf(to, "usage: mirrord [-hnvV] [-f file]\n");
	exit(code);
}

static void
options_parse(struct options *o, int argc, char *argv[])
{
	static const struct option longopts[] = { { "help", no_argument, NULL,
						      'h' },
		{ "version", no_argument, NULL, 'V' }, { NULL, 0, NULL, 0 } };
	int c;

	memset(o, 0, sizeof(*o));
	o->file = SYSCONFDIR "/tripod/mirrord.conf";
	while ((c = getopt_long(argc, argv, "f:hnvV", longopts, NULL)) != -1)
		switch (c) {
		case 'f':
			o->file = optarg;
			o->file_given = 1;
			break;
		case 'h':
			usage(stdout, EX_OK);
		case 'n':
			o->check = 1;
			break;
		case 'v':
			o->verbose++;
			break;
		case 'V':
			(void)printf("mirrord %s\n", VERSION);
			exit(EX_OK);
		default:
			usage(stderr, EX_USAGE);
		}
	if (optind != argc)
		usage(stderr, EX_USAGE);
}

static int
conf_read(struct mirrord *m, const struct options *o)
{
	struct err err;
	int level;

	if (conf_load(keys, NKEYS, &m->conf, o->file, o->file_given, &err) ==
	    -1) {
		log_warnx("%s", err.text);
		return (-1);
	}
	level = m->conf.log_level + o->verbose;
	if (level > LOG_LEVEL_DEBUG)
		level = LOG_LEVEL_DEBUG;
	log_set_level((enum log_level)level);
	return (0);
}

/* -n: also the kubeconfig and all it names, as root would read them. */
static int
check_only(struct mirrord *m)
{
	struct err err;

	conf_print(keys, NKEYS, &m->conf, stdout);
	if (m->conf.kubeconfig == NULL)
		return (EX_OK);
	if (cred_load(&m->cred, m->conf.kubeconfig, &err) == -1) {
		log_warnx("%s", err.text);
		return (EX_CONFIG);
	}
	cred_release(&m->cred);
	return (EX_OK);
}

void
mirrord_end(struct mirrord *m, int exit_code)
{
	m->exit_code = exit_code;
	(void)event_base_loopbreak(m->base);
}

static void
on_signal(evutil_socket_t sig, short what, void *ctx)
{
	(void)what;
	log_info("signal %d: ending", (int)sig);
	notify_send(&((struct mirrord *)ctx)->notify, "STOPPING=1");
	mirrord_end(ctx, 0);
}

static void
on_end(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	log_info("looking for the API server afresh");
	mirrord_end(ctx, 0);
}

static void
refresh(struct mirrord *m)
{
	struct timeval tv = { cred_refresh_s(&m->cred), 0 };

	cred_check_expiry(&m->cred, wall_now_ns() / 1000000000);
	if (cred_refresh(&m->cred) == CRED_RESTART)
		mirrord_end(m, 0);
	if (tv.tv_sec != 0)
		(void)event_add(m->ev_refresh, &tv);
}

static void
on_refresh(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	refresh(ctx);
}

static void
on_mirror_item(void *ctx, const Tripod__MirrorItem *item)
{
	link_mirror(ctx, item);
}

static void
on_api_item(void *ctx, const Tripod__ApiItem *item)
{
	link_api(ctx, item);
}

static void
on_denied(void *ctx)
{
	refresh(ctx);
}

static void
on_lost(void *ctx)
{
	struct mirrord *m = ctx;

	log_info("API server out of reach for %llds: starting afresh",
	    (long long)m->conf.patience);
	mirrord_end(m, 0);
}

static const struct act_callbacks act_callbacks = { on_mirror_item, on_api_item,
	on_denied, on_lost };

void
mirrord_begin(struct mirrord *m)
{
	Tripod__ApiItem item = TRIPOD__API_ITEM__INIT;
	char *server = m->cred.kc.server;

	notify_send(&m->notify, "READY=1\nSTATUS=node %s, %s", m->node,
	    m->http != NULL ? "shown to the API server" : "no API server");
	if (m->http == NULL) {
		item.reason = m->idle;
		if (server != NULL)
			item.server = server;
		link_api(m, &item);
		return;
	}
	act_start(&m->act, m->node, &m->host, server);
	m->acting = 1;
	refresh(m);
}

static struct event *
event_make(struct mirrord *m, int signal_number, event_callback_fn fn)
{
	struct event *ev = signal_number == 0
	    ? evtimer_new(m->base, fn, m)
	    : evsignal_new(m->base, signal_number, fn, m);

	if (ev == NULL)
		fatalx("event_new");
	return (ev);
}

/* The server's side: credentials, address, libraries. */
static int
open_server(struct mirrord *m, struct err *err)
{
	if (cred_load(&m->cred, m->conf.kubeconfig, err) == -1)
		return (-1);
	/* Everything OpenSSL reads from files, it reads now. */
	if (OPENSSL_init_ssl(OPENSSL_INIT_LOAD_SSL_STRINGS |
		    OPENSSL_INIT_LOAD_CRYPTO_STRINGS,
		NULL) != 1)
		fatalx("OPENSSL_init_ssl");
	if (http_resolve(&m->cred.server, &m->address, err) == -1)
		return (-1);
	m->http = http_new(m->base, &m->cred, &m->address);
	return (0);
}

/*
 * Without usable credentials or address mirrord stays connected and says
 * why; they may be there at the next start (kubeadm writes a kubeconfig
 * long after the first static pods may run).
 */
static void
open_api(struct mirrord *m)
{
	struct timeval tv = { UNUSABLE_S, 0 };
	struct err err;

	if (m->conf.kubeconfig == NULL) {
		(void)snprintf(m->idle, sizeof(m->idle), "not configured");
		return;
	}
	if (open_server(m, &err) == 0)
		return;
	log_warnx("%s", err.text);
	(void)snprintf(m->idle, sizeof(m->idle), "%s", err.text);
	(void)event_add(m->ev_end, &tv);
}

static void
open_events(struct mirrord *m)
{
	if ((m->base = event_base_new()) == NULL)
		fatalx("event_base_new");
	m->ev_term = event_make(m, SIGTERM, on_signal);
	m->ev_int = event_make(m, SIGINT, on_signal);
	m->ev_refresh = event_make(m, 0, on_refresh);
	m->ev_end = event_make(m, 0, on_end);
	if (event_add(m->ev_term, NULL) == -1 ||
	    event_add(m->ev_int, NULL) == -1)
		fatalx("event_add");
	(void)signal(SIGPIPE, SIG_IGN); /* cannot fail for SIGPIPE */
}

static struct act_policy
policy(const struct mirrord_conf *c)
{
	return ((struct act_policy){ .drift = (enum plan_drift)c->drift,
	    .node = { .existing = c->node,
		.reregister = c->reregister,
		.reregister_ms = c->reregister_delay * 1000,
		.lease_ms = c->lease * 1000 },
	    .rate = c->rate,
	    .patience_ms = c->patience * 1000 });
}

/*
 * An empty root, if there is no kubeconfig: its changes and renewed
 * credentials are looked for by name, beneath what landlock allows.
 */
static void
drop(const struct mirrord *m, const struct identity *id)
{
	char run[PATH_MAX], *slash;

	(void)snprintf(run, sizeof(run), "%s", m->conf.socket);
	if ((slash = strrchr(run, '/')) != NULL)
		*slash = '\0';
	privdrop(id, geteuid() == 0 && m->cred.nsources == 0 ? run : NULL);
}

static void
confine(const struct mirrord *m)
{
	struct sandbox_path paths[CRED_SOURCES];
	int fd[CRED_SOURCES];
	size_t i, n = cred_folders(&m->cred, fd);
	const struct sandbox sb = { .name = "mirrord",
		.rules = mirrord_rules,
		.nrules = mirrord_rules_n,
		.paths = paths,
		.npaths = n,
		.tcp_port = m->http == NULL ? 0 : m->cred.server.port,
		.processes = 0,
		.files = 64,
		.optional = m->conf.sandbox };

	for (i = 0; i < n; i++)
		paths[i] = (struct sandbox_path){ fd[i], SANDBOX_READ };
	sandbox_enter(&sb);
	for (i = 0; i < n; i++)
		if (fd[i] != -1)
			(void)close(fd[i]); /* O_PATH: nothing to lose */
}

static void
release(struct mirrord *m)
{
	if (m->http != NULL)
		act_release(&m->act);
	http_free(m->http);
	link_close(m);
	notify_close(&m->notify);
	event_free(m->ev_term);
	event_free(m->ev_int);
	event_free(m->ev_refresh);
	event_free(m->ev_end);
	event_base_free(m->base);
	cred_release(&m->cred);
	conf_release(keys, NKEYS, &m->conf);
	free(m->node);
}

int
main(int argc, char *argv[])
{
	struct mirrord m;
	struct act_policy pol;
	struct options o;
	struct identity id;
	struct err err;
	int fd;

	memset(&m, 0, sizeof(m));
	log_init("mirrord");
	options_parse(&o, argc, argv);
	if (conf_read(&m, &o) == -1)
		return (EX_CONFIG);
	if (o.check)
		return (check_only(&m));
	if (identity_user(m.conf.user, &id, &err) == -1) {
		log_warnx("%s", err.text);
		return (EX_CONFIG);
	}
	open_events(&m);
	open_api(&m);
	hostinfo_gather(&m.host);
	notify_open(&m.notify);
	notify_send(&m.notify, "STATUS=waits for reconciled");
	if ((fd = ipc_connect(m.conf.socket, &id, &err)) == -1)
		fatalx("%s", err.text);
	drop(&m, &id);
	confine(&m);
	pol = policy(&m.conf);
	if (m.http != NULL)
		act_init(&m.act, m.base, m.http, &pol, &act_callbacks, &m);
	link_open(&m, fd);
	notify_watch(&m.notify, m.base);
	(void)event_base_dispatch(m.base); /* ends by mirrord_end() */
	release(&m);
	return (m.exit_code);
}
