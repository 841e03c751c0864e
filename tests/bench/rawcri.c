/*
 * What a runtime alone takes to start pods on the host's network: the
 * figure that Tripod's own are divided by.  Prints lines of key=value,
 * times in milliseconds:
 *
 *	one run=… create=… start=… total=…	best of -r rounds
 *	restart create=… start=… total=…	container again, same sandbox
 *	update stop=… run=… create=… start=… total=…	grace 1 s, TERM ignored
 *	many pods=… parallel=… total=…
 *
 * A start ends when a command in the container has made a file, as it does
 * where Tripod's own are measured.  It removes what it made, also what an
 * earlier run has left behind; with -k it leaves the many pods there.
 */
#include "reconciled/cri.h"

#include <sys/inotify.h>

#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "common/log.h"
#include "common/mem.h"
#include "tests/component/cripod.h"

#define PODS_MAX 500
#define CONNECT_S 10
#define SCRIPT "touch /out/%s; trap '' TERM; exec sleep 1000000"

struct bench;

/* A pod on its way: one call at a time. */
struct job {
	struct bench *bench;
	struct cripod pod;
	char script[CRIPOD_TEXT];
	double begin, run, create, start; /* times at the end of each */
	int answered, marked; /* its start: by the runtime, by a file */
};

struct bench {
	const char *socket, *image;
	int count, parallel, rounds, keep;
	char log_dir[64];
	char out[96]; /* where containers make their files */
	int out_fd, inotify;
	struct event_base *base;
	struct cri *cri;
	struct job *jobs;
	/* The batch under way. */
	int next, end, running;
	int failed; /* or interrupted: nothing more is measured */
	int cleaning;
	void (*step)(struct job *);
};

static double
now_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts); /* cannot fail */
	return ((double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6);
}

/* --- batches --- */

static void
batch_next(struct bench *b)
{
	while (b->running < b->parallel && b->next < b->end &&
	    (!b->failed || b->cleaning)) {
		b->running++;
		b->step(&b->jobs[b->next++]);
	}
	if (b->running == 0)
		(void)event_base_loopbreak(b->base); /* cannot fail */
}

static void
job_done(struct job *j)
{
	j->bench->running--;
	batch_next(j->bench);
}

/* Runs a step for the jobs first to end - 1; returns how long it took. */
static double
batch(struct bench *b, void (*step)(struct job *), int first, int end)
{
	double begin = now_ms();

	b->step = step;
	b->next = first;
	b->end = end;
	b->running = 0;
	batch_next(b);
	if (b->running > 0)
		(void)event_base_dispatch(b->base); /* running tells */
	if (b->running > 0)
		fatalx("event loop ended early");
	return (now_ms() - begin);
}

/* --- starting a pod --- */

/* 0: the call failed; its job and all the measuring end here. */
static int
went_well(struct job *j, const struct cri_result *res)
{
	if (res->code == GRPC_OK)
		return (1);
	log_warnx("%s: %s %s", cri_method_str(res->method),
	    grpc_code_str(res->code), res->message);
	j->bench->failed = 1;
	job_done(j);
	return (0);
}

/* The answer and the file come in any order. */
static void
start_part(struct job *j)
{
	if (j->answered && j->marked)
		job_done(j);
}

static void
on_started(void *ctx, struct cri_result *res)
{
	struct job *j = ctx;

	if (!went_well(j, res))
		return;
	j->answered = 1;
	start_part(j);
}

/* The container named has made its file. */
static void
mark_seen(struct bench *b, const char *name)
{
	struct job *j;

	for (j = b->jobs; j < &b->jobs[PODS_MAX]; j++) {
		if (strcmp(j->pod.name, name) != 0 || j->marked)
			continue;
		j->start = now_ms();
		j->marked = 1;
		start_part(j);
		return;
	}
}

static void
on_mark(int fd, short what, void *arg)
{
	struct bench *b = arg;
	union {
		struct inotify_event first;
		char room[8192];
	} u;
	const struct inotify_event *e;
	ssize_t n, at;

	(void)what;
	n = read(fd, &u, sizeof(u));
	for (at = 0; at < n; at += (ssize_t)(sizeof(*e) + e->len)) {
		e = (const void *)&u.room[at];
		if (e->len == 0)
			continue;
		(void)unlinkat(b->out_fd, e->name, 0);
		mark_seen(b, e->name);
	}
}

static void
on_created(void *ctx, struct cri_result *res)
{
	const Runtime__V1__CreateContainerResponse *r = res->response;
	struct job *j = ctx;

	if (!went_well(j, res))
		return;
	j->create = now_ms();
	cripod_id(j->pod.container_id, r->container_id);
	j->answered = j->marked = 0;
	(void)cripod_start(&j->pod, j->bench->cri, on_started, j);
}

static void
on_run(void *ctx, struct cri_result *res)
{
	const Runtime__V1__RunPodSandboxResponse *r = res->response;
	struct job *j = ctx;

	if (!went_well(j, res))
		return;
	j->run = now_ms();
	cripod_id(j->pod.sandbox_id, r->pod_sandbox_id);
	(void)cripod_create(&j->pod, j->bench->cri, on_created, j);
}

static void
pod_start(struct job *j)
{
	j->begin = now_ms();
	(void)cripod_run(&j->pod, j->bench->cri, on_run, j);
}

static void
pod_restart(struct job *j)
{
	j->pod.container_meta.attempt++;
	j->begin = j->run = now_ms();
	(void)cripod_create(&j->pod, j->bench->cri, on_created, j);
}

/* --- ending it --- */

static void
on_container_stopped(void *ctx, struct cri_result *res)
{
	if (went_well(ctx, res))
		job_done(ctx);
}

static void
container_stop(struct job *j)
{
	Runtime__V1__StopContainerRequest req =
	    RUNTIME__V1__STOP_CONTAINER_REQUEST__INIT;

	req.container_id = j->pod.container_id;
	req.timeout = 1;
	(void)cri_call(j->bench->cri, CRI_STOP_CONTAINER, &req.base,
	    on_container_stopped, j);
}

static void
on_removed(void *ctx, struct cri_result *res)
{
	if (went_well(ctx, res))
		job_done(ctx);
}

static void
on_sandbox_stopped(void *ctx, struct cri_result *res)
{
	struct job *j = ctx;

	if (!went_well(j, res))
		return;
	(void)cripod_remove(&j->pod, j->bench->cri, on_removed, j);
}

static void
pod_remove(struct job *j)
{
	(void)cripod_stop(&j->pod, j->bench->cri, on_sandbox_stopped, j);
}

static int
is_ours(const Runtime__V1__PodSandbox *sandbox)
{
	return (sandbox->metadata != NULL &&
	    strcmp(sandbox->metadata->namespace_, CRIPOD_NAMESPACE) == 0);
}

/* Makes a job of each sandbox in our namespace, whoever left it there. */
static void
on_list(void *ctx, struct cri_result *res)
{
	const Runtime__V1__ListPodSandboxResponse *r = res->response;
	struct bench *b = ctx;
	size_t i;

	b->end = 0;
	for (i = 0; r != NULL && i < r->n_items && b->end < PODS_MAX; i++)
		if (is_ours(r->items[i]))
			cripod_id(
			    b->jobs[b->end++].pod.sandbox_id, r->items[i]->id);
	(void)event_base_loopbreak(b->base); /* cannot fail */
}

static void
clean_up(struct bench *b)
{
	Runtime__V1__ListPodSandboxRequest req =
	    RUNTIME__V1__LIST_POD_SANDBOX_REQUEST__INIT;

	(void)cri_call(b->cri, CRI_LIST_POD_SANDBOX, &req.base, on_list, b);
	(void)event_base_dispatch(b->base); /* on_list ends it or us */
	b->cleaning = 1;
	(void)batch(b, pod_remove, 0, b->end);
	b->cleaning = 0;
}

/* --- measuring --- */

static void
jobs_init(struct bench *b)
{
	char name[32], dir[CRIPOD_TEXT];
	struct job *j;
	int i;

	for (i = 0; i < PODS_MAX; i++) {
		(void)snprintf(name, sizeof(name), "raw%d", i);
		(void)snprintf(dir, sizeof(dir), "%s/%d", b->log_dir, i);
		j = &b->jobs[i];
		j->bench = b;
		j->marked = 1; /* nothing is awaited */
		(void)snprintf(j->script, sizeof(j->script), SCRIPT, name);
		cripod_init(&j->pod, name, dir, b->image, j->script);
		cripod_mount(&j->pod, b->out, "/out");
	}
}

static void
print_start(const char *what, double stop, const struct job *j)
{
	(void)printf("%s", what);
	if (stop > 0)
		(void)printf(" stop=%.1f", stop);
	if (j->run > j->begin)
		(void)printf(" run=%.1f", j->run - j->begin);
	(void)printf(" create=%.1f start=%.1f total=%.1f\n", j->create - j->run,
	    j->start - j->create, j->start - j->begin + stop);
	(void)fflush(stdout); /* a lost line shows in the numbers */
}

static void
measure_one(struct bench *b)
{
	struct job *j = &b->jobs[0], one = *j, again = *j;
	double stop;
	int i;

	for (i = 0; i < b->rounds; i++) {
		(void)batch(b, pod_start, 0, 1);
		if (i == 0 || j->start - j->begin < one.start - one.begin)
			one = *j;
		(void)batch(b, container_stop, 0, 1);
		(void)batch(b, pod_restart, 0, 1);
		if (i == 0 || j->start - j->begin < again.start - again.begin)
			again = *j;
		(void)batch(b, pod_remove, 0, 1);
		j->pod.container_meta.attempt = 0;
		if (b->failed)
			return;
	}
	print_start("one", 0, &one);
	print_start("restart", 0, &again);
	(void)batch(b, pod_start, 0, 1);
	stop = batch(b, container_stop, 0, 1);
	(void)batch(b, pod_start, 1, 2);
	if (!b->failed)
		print_start("update", stop, &b->jobs[1]);
	(void)batch(b, pod_remove, 0, 2);
}

static void
measure_many(struct bench *b)
{
	double total;

	if (b->count == 0)
		return;
	total = batch(b, pod_start, 0, b->count);
	if (b->failed)
		return;
	(void)printf("many pods=%d parallel=%d total=%.1f\n", b->count,
	    b->parallel, total);
	(void)fflush(stdout); /* a lost line shows in the numbers */
	if (!b->keep)
		(void)batch(b, pod_remove, 0, b->count);
}

/* --- frame --- */

static int
remove_entry(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return (remove(path));
}

/* Where containers make their files, and the events of it. */
static struct event *
watch_out(struct bench *b)
{
	struct event *ev;

	(void)snprintf(b->out, sizeof(b->out), "%s/out", b->log_dir);
	if (mkdir(b->out, 0755) == -1 ||
	    (b->out_fd = open(b->out, O_RDONLY | O_CLOEXEC)) == -1 ||
	    (b->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) == -1 ||
	    inotify_add_watch(b->inotify, b->out, IN_CREATE) == -1)
		fatal("%s", b->out);
	ev = event_new(b->base, b->inotify, EV_READ | EV_PERSIST, on_mark, b);
	if (ev == NULL || event_add(ev, NULL) == -1)
		fatalx("cannot watch %s", b->out);
	return (ev);
}

static void
remove_logs(const char *dir)
{
	if (nftw(dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS) == -1)
		log_warn("%s", dir);
}

static void
on_state(void *ctx, const struct cri_info *info)
{
	struct bench *b = ctx;

	if (info->state == CRI_UP)
		(void)event_base_loopbreak(b->base); /* cannot fail */
}

static void
on_late(int fd, short what, void *arg)
{
	struct bench *b = arg;

	(void)fd;
	(void)what;
	fatalx("%s: %s", b->socket, cri_info(b->cri)->reason);
}

static void
on_signal(int signo, short what, void *arg)
{
	struct bench *b = arg;

	(void)signo;
	(void)what;
	b->failed = 1; /* what runs is awaited, then removed */
}

static void
connect_runtime(struct bench *b)
{
	const struct timeval limit = { CONNECT_S, 0 };
	struct event *late = evtimer_new(b->base, on_late, b);

	b->cri = cri_new(b->base, b->socket, on_state, b);
	if (late == NULL || b->cri == NULL || evtimer_add(late, &limit) == -1)
		fatal("%s", b->socket);
	(void)event_base_dispatch(b->base); /* on_state ends it */
	event_free(late);
}

static int
number(const char *s, int max)
{
	char *end;
	long n = strtol(s, &end, 10);

	if (*s == '\0' || *end != '\0' || n < 0 || n > max)
		fatalx("%s: not a number from 0 to %d", s, max);
	return ((int)n);
}

static void
usage(void)
{
	(void)fprintf(stderr,
	    "usage: rawcri [-k] [-i image] [-n pods] [-p "
	    "parallel] [-r rounds] -s socket\n");
	exit(64);
}

static void
options(struct bench *b, int argc, char *argv[])
{
	int c;

	while ((c = getopt(argc, argv, "i:kn:p:r:s:")) != -1)
		switch (c) {
		case 'i':
			b->image = optarg;
			break;
		case 'k':
			b->keep = 1;
			break;
		case 'n':
			b->count = number(optarg, PODS_MAX);
			break;
		case 'p':
			b->parallel = number(optarg, PODS_MAX);
			break;
		case 'r':
			b->rounds = number(optarg, 1000);
			break;
		case 's':
			b->socket = optarg;
			break;
		default:
			usage();
		}
	if (b->socket == NULL || optind != argc || b->parallel == 0)
		usage();
}

int
main(int argc, char *argv[])
{
	struct bench b = {
		.image = "localhost/bb:1", .parallel = 4, .rounds = 5
	};
	const char *tmp = getenv("TMPDIR");
	struct event *sigint, *sigterm, *marks;

	log_init("rawcri");
	log_set_level(LOG_LEVEL_WARN);
	options(&b, argc, argv);
	(void)snprintf(b.log_dir, sizeof(b.log_dir), "%s/rawcri.XXXXXX",
	    tmp != NULL ? tmp : "/tmp");
	if ((b.base = event_base_new()) == NULL || mkdtemp(b.log_dir) == NULL)
		fatal("cannot start");
	b.jobs = xcalloc(PODS_MAX, sizeof(*b.jobs));
	connect_runtime(&b);
	marks = watch_out(&b);
	sigint = evsignal_new(b.base, SIGINT, on_signal, &b);
	sigterm = evsignal_new(b.base, SIGTERM, on_signal, &b);
	if (sigint == NULL || event_add(sigint, NULL) == -1 ||
	    sigterm == NULL || event_add(sigterm, NULL) == -1)
		fatalx("cannot catch signals");
	jobs_init(&b);
	clean_up(&b);
	jobs_init(&b);
	if (b.rounds > 0 && !b.failed)
		measure_one(&b);
	if (!b.failed)
		measure_many(&b);
	if (!b.keep || b.failed)
		clean_up(&b);
	remove_logs(b.log_dir);
	event_free(marks);
	event_free(sigint);
	event_free(sigterm);
	cri_free(b.cri);
	event_base_free(b.base);
	free(b.jobs);
	return (b.failed);
}
