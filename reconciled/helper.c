#include "reconciled/helper.h"

#include <sys/prctl.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "common/mem.h"
#include "common/mtime.h"
#include "common/privdrop.h"
#include "reconciled/disk.h"

#define PATIENCE_MS (HELPER_SECONDS * 1000 + 1000)
#define IDLE_SECONDS 1 /* before a process is let go */
#define FILES_MAX 64
#define RULES_MAX 64
#define OPEN_MAX_AT_FORK 1024

struct worker;

struct errand {
	TAILQ_ENTRY(errand) entry;
	struct helper *helper;
	char *key;
	void *request;
	int source;
	struct worker *worker; /* who does it; NULL: it has not begun */
	struct event *timer;
	struct mtime asked;
	errand_done done; /* NULL: nobody waits for it any more */
	void *ctx;
};

TAILQ_HEAD(errands, errand);

/* A process for errands, one after the other. */
struct worker {
	TAILQ_ENTRY(worker) entry;
	struct helper *helper;
	int fd;
	struct event *ev;
	struct errand *errand; /* NULL: it is idle */
};

TAILQ_HEAD(workers, worker);

struct helper {
	const struct helper_kind *kind;
	struct event_base *base;
	int fd;
	struct event *ev;
	struct errands errands; /* as they were asked for */
	struct workers workers;
	size_t nworkers, running;
	void (*on_lost)(void *);
	void *ctx;
};

/* A message with descriptors. */
union control {
	struct cmsghdr align;
	char buf[CMSG_SPACE(sizeof(int) * HELPER_FDS)];
};

static ssize_t
send_with(int to, const void *data, size_t len, const int *fds, size_t n)
{
	struct iovec iov = { (void *)(uintptr_t)data, len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	union control control;

	if (n > 0) {
		memset(&control, 0, sizeof(control));
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(sizeof(int) * n);
		memcpy(CMSG_DATA(&control.align), fds, sizeof(int) * n);
		msg.msg_control = control.buf;
		msg.msg_controllen = CMSG_SPACE(sizeof(int) * n);
	}
	return (sendmsg(to, &msg, MSG_NOSIGNAL | MSG_DONTWAIT));
}

/* Fills fds with what came, -1 for the rest; bytes as recvmsg(2). */
static ssize_t
receive_with(
    int from, void *data, size_t len, int fds[static HELPER_FDS], int flags)
{
	struct iovec iov = { data, len };
	union control control;
	struct msghdr msg = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.buf,
		.msg_controllen = sizeof(control.buf) };
	struct cmsghdr *c;
	ssize_t n;
	size_t i;

	for (i = 0; i < HELPER_FDS; i++)
		fds[i] = -1;
	do
		n = recvmsg(from, &msg, MSG_CMSG_CLOEXEC | flags);
	while (n == -1 && errno == EINTR);
	if (n <= 0)
		return (n);
	c = CMSG_FIRSTHDR(&msg);
	if (c != NULL && c->cmsg_level == SOL_SOCKET &&
	    c->cmsg_type == SCM_RIGHTS && c->cmsg_len <= sizeof(control.buf))
		memcpy(fds, CMSG_DATA(c), c->cmsg_len - CMSG_LEN(0));
	return (n);
}

static void
close_all(const int fds[static HELPER_FDS])
{
	size_t i;

	for (i = 0; i < HELPER_FDS; i++)
		if (fds[i] != -1)
			(void)close(fds[i]); /* nobody wants it */
}

/* --- the child, and the process of an errand --- */

static void
close_others(int fd, int folder, int max)
{
	int i;

	for (i = STDERR_FILENO + 1; i < max; i++)
		if (i != fd && i != folder)
			(void)close(i); /* most of them are not open */
}

/* Does one; what it has opened is closed afterwards. */
static int
errand_work(const struct helper_kind *kind, int fd, struct helper_job *job)
{
	_Alignas(max_align_t) char answer[HELPER_MESSAGE_MAX] = { 0 };
	ssize_t sent;
	size_t n;

	job->answer = answer;
	job->fd[0] = job->fd[1] = -1;
	/* Its default action is the end, also of most waits in the kernel. */
	(void)alarm(HELPER_SECONDS);
	kind->work(job);
	(void)alarm(0);
	for (n = 0; n < HELPER_FDS && job->fd[n] != -1; n++)
		;
	sent = send_with(fd, answer, kind->answer, job->fd, n);
	close_others(fd, job->folder, FILES_MAX);
	return (sent == -1 ? -1 : 0);
}

/* Ends when nobody has another errand for it. */
static void __attribute__((noreturn))
work(const struct helper_kind *kind, int fd, int folder)
{
	_Alignas(max_align_t) char request[HELPER_MESSAGE_MAX];
	struct helper_job job = { .folder = folder, .request = request };
	int fds[HELPER_FDS];

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* else it reads the end */
	while (receive_with(fd, request, sizeof(request), fds, 0) ==
	    (ssize_t)kind->request) {
		job.source = fds[0];
		if (errand_work(kind, fd, &job) == -1)
			break;
	}
	_exit(0);
}

/* Each message is the channel of a process to be forked. */
static void __attribute__((noreturn))
serve(const struct helper_kind *kind, int fd, int folder)
{
	int fds[HELPER_FDS];
	char byte;

	while (receive_with(fd, &byte, sizeof(byte), fds, 0) > 0) {
		if (fds[0] != -1 && fork() == 0) {
			close_others(fds[0], folder, FILES_MAX);
			work(kind, fds[0], folder);
		}
		/* Without a process the other end is closed by this. */
		close_all(fds);
	}
	_exit(0);
}

static void
enter_sandbox(const struct helper_kind *kind, const char *path, int optional)
{
	struct sandbox_rule rules[RULES_MAX];
	struct sandbox_path beneath = { -1, kind->beneath };
	struct sandbox s;

	log_assert(*kind->nrules + helper_nrules <= RULES_MAX);
	memcpy(rules, kind->rules, *kind->nrules * sizeof(*rules));
	memcpy(rules + *kind->nrules, helper_rules,
	    helper_nrules * sizeof(*rules));
	memset(&s, 0, sizeof(s));
	s.name = kind->name;
	s.rules = rules;
	s.nrules = *kind->nrules + helper_nrules;
	s.processes = HELPER_ERRANDS_MAX + 1;
	s.files = FILES_MAX;
	s.optional = optional;
	s.mounts = kind->beneath == 0;
	if (kind->beneath != 0) {
		beneath.fd = disk_open_above(path);
		s.paths = &beneath;
		s.npaths = 1;
	}
	(void)privdrop_capabilities(kind->capabilities);
	sandbox_enter(&s);
	if (beneath.fd != -1)
		(void)close(beneath.fd); /* only a reference */
}

/* Ends with its parent, of which it is told by the socket. */
static void __attribute__((noreturn)) child(const struct helper_kind *kind,
    int fd, int folder, const char *path, int optional)
{
	close_others(fd, folder, OPEN_MAX_AT_FORK);
	(void)signal(SIGINT, SIG_IGN); /* none of these can fail */
	(void)signal(SIGTERM, SIG_IGN);
	(void)signal(SIGCHLD, SIG_IGN); /* nobody asks how they ended */
	(void)umask(0);
	(void)prctl(PR_SET_NAME, kind->name); /* for people only */
	enter_sandbox(kind, path, optional);
	serve(kind, fd, folder);
}

struct helper *
helper_start(const struct helper_kind *kind, int folder, const char *path,
    int optional, struct err *err)
{
	struct helper *h;
	int pair[2];
	pid_t pid;

	log_assert(kind->request <= HELPER_MESSAGE_MAX &&
	    kind->answer <= HELPER_MESSAGE_MAX);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == -1) {
		(void)err_sys(err, "%s", kind->name);
		return (NULL);
	}
	if ((pid = fork()) == -1) {
		(void)err_sys(err, "%s", kind->name);
		(void)close(pair[0]);
		(void)close(pair[1]);
		return (NULL);
	}
	if (pid == 0)
		child(kind, pair[1], folder, path, optional);
	(void)close(pair[1]); /* the child's */
	h = xcalloc(1, sizeof(*h));
	h->kind = kind;
	h->fd = pair[0];
	TAILQ_INIT(&h->errands);
	TAILQ_INIT(&h->workers);
	return (h);
}

/* --- reconciled --- */

/* It says nothing unasked, so this is its end. */
static void
on_end(evutil_socket_t fd, short what, void *arg)
{
	struct helper *h = arg;

	(void)fd;
	(void)what;
	log_warnx("the %s is gone", h->kind->name);
	h->on_lost(h->ctx);
}

void
helper_run(struct helper *h, struct event_base *base, void (*on_lost)(void *),
    void *ctx)
{
	h->base = base;
	h->on_lost = on_lost;
	h->ctx = ctx;
	h->ev = event_new(base, h->fd, EV_READ, on_end, h);
	if (h->ev == NULL || event_add(h->ev, NULL) == -1)
		fatalx("event_new");
}

static void
errand_free(struct errand *e)
{
	TAILQ_REMOVE(&e->helper->errands, e, entry);
	event_free(e->timer);
	if (e->source != -1)
		(void)close(e->source); /* only a reference */
	free(e->request);
	free(e->key);
	free(e);
}

static void
worker_free(struct worker *w)
{
	TAILQ_REMOVE(&w->helper->workers, w, entry);
	w->helper->nworkers--;
	event_free(w->ev);
	(void)close(w->fd); /* it ends when it reads that, if it has not */
	free(w);
}

void
helper_free(struct helper *h)
{
	struct errand *e;
	struct worker *w;

	if (h == NULL)
		return;
	while ((e = TAILQ_FIRST(&h->errands)) != NULL)
		errand_free(e);
	while ((w = TAILQ_FIRST(&h->workers)) != NULL)
		worker_free(w);
	if (h->ev != NULL)
		event_free(h->ev);
	(void)close(h->fd); /* it ends when it reads that */
	free(h);
}

size_t
helper_errands(const struct helper *h)
{
	return (h->running);
}

static const char *
why_unanswered(const struct errand *e)
{
	if (mtime_diff(mtime_now(), e->asked) < HELPER_SECONDS * 1000)
		return ("a process ended without an answer");
	return ("the file system does not answer");
}

static void begin_more(struct helper *);

/* An idle one, or NULL. */
static struct worker *
worker_idle(const struct helper *h)
{
	struct worker *w;

	TAILQ_FOREACH (w, &h->workers, entry)
		if (w->errand == NULL)
			break;
	return (w);
}

static void
worker_listen(struct worker *w)
{
	const struct timeval idle = { IDLE_SECONDS, 0 };

	(void)event_del(w->ev); /* with another time-out */
	if (event_add(w->ev, w->errand == NULL ? &idle : NULL) == -1)
		fatalx("event_add");
}

/* The errand is over, with an answer or, by the end of who did it, none. */
static void
errand_end(struct errand *e, const void *answer, int fds[static HELPER_FDS])
{
	const struct errand_result res = { answer, why_unanswered(e), fds };
	errand_done done = e->done;
	void *ctx = e->ctx;

	e->helper->running--;
	errand_free(e);
	if (done != NULL)
		done(ctx, &res);
}

static void
on_worker(evutil_socket_t fd, short what, void *arg)
{
	_Alignas(max_align_t) char answer[HELPER_MESSAGE_MAX];
	struct worker *w = arg;
	struct helper *h = w->helper;
	struct errand *e = w->errand;
	int fds[HELPER_FDS] = { -1, -1 };
	int answered;

	answered = !(what & EV_TIMEOUT) &&
	    receive_with((int)fd, answer, sizeof(answer), fds, MSG_DONTWAIT) ==
		(ssize_t)h->kind->answer;
	w->errand = NULL;
	if (answered && e != NULL)
		worker_listen(w);
	else
		worker_free(w);
	if (e != NULL)
		errand_end(e, answered ? answer : NULL, fds);
	close_all(fds);
	begin_more(h);
}

/* One more process; NULL: it must wait. */
static struct worker *
worker_new(struct helper *h)
{
	struct worker *w;
	int pair[2];
	ssize_t n;

	if (h->nworkers >= HELPER_ERRANDS_MAX ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == -1)
		return (NULL);
	n = send_with(h->fd, "", 1, &pair[1], 1);
	(void)close(pair[1]); /* the other process's */
	if (n == -1) {
		(void)close(pair[0]); /* nobody has the other end */
		return (NULL);
	}
	w = xcalloc(1, sizeof(*w));
	w->helper = h;
	w->fd = pair[0];
	w->ev = event_new(h->base, w->fd, EV_READ, on_worker, w);
	if (w->ev == NULL)
		fatalx("event_new");
	TAILQ_INSERT_TAIL(&h->workers, w, entry);
	h->nworkers++;
	return (w);
}

static int
key_is_busy(const struct helper *h, const char *key)
{
	const struct errand *e;

	TAILQ_FOREACH (e, &h->errands, entry)
		if (e->worker != NULL && strcmp(e->key, key) == 0)
			return (1);
	return (0);
}

/* What cannot begin now is tried again later, as long as it has time. */
static void
errand_begin(struct errand *e)
{
	struct helper *h = e->helper;
	struct worker *w;
	int sent;

	if ((w = worker_idle(h)) == NULL && (w = worker_new(h)) == NULL)
		return;
	sent = send_with(w->fd, e->request, h->kind->request, &e->source,
		   e->source == -1 ? 0 : 1) != -1;
	if (!sent)
		log_warn("%s: request", h->kind->name);
	if (e->source != -1)
		(void)close(e->source); /* only a reference */
	e->source = -1;
	e->worker = w;
	w->errand = e;
	h->running++;
	worker_listen(w);
	if (!sent) /* it ends, and so does the errand, without an answer */
		event_active(w->ev, EV_TIMEOUT, 0);
}

static void
begin_more(struct helper *h)
{
	struct errand *e;

	TAILQ_FOREACH (e, &h->errands, entry) {
		if (h->running >= HELPER_ERRANDS_MAX)
			return;
		if (e->worker == NULL && !key_is_busy(h, e->key))
			errand_begin(e);
	}
}

/* Whoever does it may not be to be ended; then its place stays taken. */
static void
on_patience(evutil_socket_t fd, short what, void *arg)
{
	struct errand *e = arg;
	int none[HELPER_FDS] = { -1, -1 };
	const struct errand_result res = { NULL, why_unanswered(e), none };
	errand_done done = e->done;
	void *ctx = e->ctx;

	(void)fd;
	(void)what;
	e->done = NULL;
	if (e->worker == NULL)
		errand_free(e);
	done(ctx, &res);
}

void
helper_ask(struct helper *h, const char *key, const void *request, int source,
    errand_done done, void *ctx)
{
	const struct timeval tv = { PATIENCE_MS / 1000, 0 };
	struct errand *e = xcalloc(1, sizeof(*e));

	e->helper = h;
	e->key = xstrdup(key);
	e->request = xmalloc(h->kind->request);
	memcpy(e->request, request, h->kind->request);
	e->source = source;
	e->asked = mtime_now();
	e->done = done;
	e->ctx = ctx;
	e->timer = evtimer_new(h->base, on_patience, e);
	if (e->timer == NULL || event_add(e->timer, &tv) == -1)
		fatalx("event_add");
	TAILQ_INSERT_TAIL(&h->errands, e, entry);
	begin_more(h);
}
