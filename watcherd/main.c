/*
 * watcherd: reads the manifests, see watcherd(8).
 */
#include <sys/resource.h>
#include <sys/stat.h>

#include <getopt.h>
#include <libgen.h>
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
#include "common/notify.h"
#include "common/privdrop.h"
#include "common/sandbox.h"
#include "watcherd/canonical.h"
#include "watcherd/filter.h"
#include "watcherd/manifest.h"
#include "watcherd/offline.h"
#include "watcherd/sync.h"

#define DESCRIPTORS_MAX 64

enum sandbox_mode {
	MODE_REQUIRED,
	MODE_OPTIONAL
};

struct watcherd {
	/* Options. */
	const char *file;
	int must, check_conf, verbose;

	/* Configuration. */
	char *socket, *user;
	int64_t rescan_s, size_max;
	int manifests, all_names, sandbox, log_level;

	struct identity id;
	struct event_base *base;
	struct event *ev_term, *ev_int;
	struct notify notify;
	struct sync sync;
};

/* In the order of enum manifest_mode. */
static const char *const mode_choices[] = { "strict", "lenient", NULL };
static const char *const sandbox_choices[] = { "required", "optional", NULL };
static const char *const level_choices[] = { "warn", "info", "debug", NULL };

#define AT(member) offsetof(struct watcherd, member)

/* clang-format off */
static const struct conf_key keys[] = {
	{ "socket", CONF_PATH, AT(socket), RUNDIR "/watch.sock", 0, 0, NULL },
	{ "user", CONF_STRING, AT(user), "_tripodw", 0, 0, NULL },
	{ "rescan", CONF_SECONDS, AT(rescan_s), "20s", 1, 86400, NULL },
	{ "manifests", CONF_ENUM, AT(manifests), "strict", 0, 0,
	    mode_choices },
	{ "all names", CONF_BOOL, AT(all_names), "no", 0, 0, NULL },
	{ "manifest size", CONF_BYTES, AT(size_max), "1M", 1024,
	    MANIFEST_SIZE_MAX, NULL },
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
	(void)fprintf(to, "usage: watcherd [-hnvV] [-f file]\n");
	offline_usage(to);
}

static void __attribute__((noreturn)) misuse(void)
{
	usage(stderr);
	exit(EX_USAGE);
}

static void
options_read(struct watcherd *w, int argc, char *argv[])
{
	static const struct option longs[] = { { "help", 0, NULL, 'h' },
		{ "version", 0, NULL, 'V' }, { NULL, 0, NULL, 0 } };
	int c;

	w->file = SYSCONFDIR "/tripod/watcherd.conf";
	while ((c = getopt_long(argc, argv, "f:hnvV", longs, NULL)) != -1) {
		switch (c) {
		case 'f':
			w->file = optarg;
			w->must = 1;
			break;
		case 'n':
			w->check_conf = 1;
			break;
		case 'v':
			w->verbose++;
			break;
		case 'V':
			(void)printf("watcherd %s\n", VERSION);
			exit(EX_OK);
		case 'h':
			usage(stdout);
			exit(EX_OK);
		default:
			misuse();
		}
	}
	if (optind != argc)
		misuse();
}

static int
conf_read(struct watcherd *w)
{
	struct err err;

	if (conf_load(keys, NKEYS, w, w->file, w->must, &err) == -1) {
		log_warnx("%s", err.text);
		return (-1);
	}
	if (w->verbose > 0)
		w->log_level = LOG_LEVEL_DEBUG;
	log_set_level((enum log_level)w->log_level);
	return (0);
}

/* The file lists and the kernel's memory must not be ours to fill. */
static void
limit_file_size(void)
{
	const struct rlimit none = { 0, 0 };
	struct stat st;

	/* A log that goes to a file has to grow. */
	if (fstat(STDERR_FILENO, &st) == 0 && S_ISREG(st.st_mode))
		return;
	if (setrlimit(RLIMIT_FSIZE, &none) == -1)
		fatal("RLIMIT_FSIZE");
}

static void
on_signal(evutil_socket_t sig, short what, void *arg)
{
	struct watcherd *w = arg;

	(void)what;
	log_info("signal %d: ending", (int)sig);
	notify_send(&w->notify, "STOPPING=1");
	(void)event_base_loopexit(w->base, NULL); /* cannot fail here */
}

static struct event *
signal_event(struct watcherd *w, int sig)
{
	struct event *ev;

	ev = evsignal_new(w->base, sig, on_signal, w);
	if (ev == NULL || event_add(ev, NULL) == -1)
		fatalx("evsignal_new");
	return (ev);
}

/* Everything that needs a right comes before it is given up. */
static void
watcherd_open(struct watcherd *w)
{
	struct err err;
	int fd;

	notify_open(&w->notify);
	notify_send(&w->notify, "STATUS=waits for reconciled");
	if ((fd = ipc_connect(w->socket, &w->id, &err)) == -1)
		fatalx("%s", err.text);
	if ((w->base = event_base_new()) == NULL)
		fatalx("event_base_new");
	(void)signal(SIGPIPE, SIG_IGN); /* cannot fail for SIGPIPE */
	w->ev_term = signal_event(w, SIGTERM);
	w->ev_int = signal_event(w, SIGINT);
	digest_init();
	w->sync.mode = (enum manifest_mode)w->manifests;
	w->sync.size_max = w->sync.mode == MANIFEST_LENIENT
	    ? MANIFEST_SIZE_LENIENT
	    : (size_t)w->size_max;
	w->sync.all_names = w->all_names;
	w->sync.rescan_s = w->rescan_s;
	w->sync.notify = &w->notify;
	sync_init(&w->sync, w->base, fd);
	notify_watch(&w->notify, w->base);
}

static void
watcherd_confine(const struct watcherd *w)
{
	struct sandbox s;
	char *copy = xstrdup(w->socket);

	/* The empty root is made where the sockets are. */
	privdrop(&w->id, dirname(copy));
	free(copy);
	limit_file_size();
	memset(&s, 0, sizeof(s));
	s.name = "watcherd";
	s.rules = watcherd_rules;
	s.nrules = watcherd_nrules;
	s.files = DESCRIPTORS_MAX;
	s.optional = w->sandbox == MODE_OPTIONAL;
	sandbox_enter(&s);
}

static void
watcherd_release(struct watcherd *w)
{
	sync_release(&w->sync);
	notify_close(&w->notify);
	event_free(w->ev_term);
	event_free(w->ev_int);
	event_base_free(w->base);
	conf_release(keys, NKEYS, w);
}

int
main(int argc, char *argv[])
{
	struct watcherd w;
	struct err err;

	memset(&w, 0, sizeof(w));
	log_init("watcherd");
	if (offline_wanted(argc, argv))
		return (offline_run(argc, argv));
	options_read(&w, argc, argv);
	if (conf_read(&w) == -1)
		return (EX_CONFIG);
	if (w.check_conf) {
		conf_print(keys, NKEYS, &w, stdout);
		return (EX_OK);
	}
	if (identity_user(w.user, &w.id, &err) == -1) {
		log_warnx("%s", err.text);
		return (EX_CONFIG);
	}
	watcherd_open(&w);
	watcherd_confine(&w);
	(void)event_base_dispatch(w.base); /* ends by a signal or the link */
	watcherd_release(&w);
	return (EX_OK);
}
