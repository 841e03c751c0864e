#include "tests/unit/planrow.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TEXT 512
#define CONTAINERS 8

struct fixture {
	struct planned planned; /* first: it is what others see */
	Tripod__Container container[CONTAINERS];
	Tripod__Container *init[CONTAINERS], *regular[CONTAINERS];
	char names[CONTAINERS][2];
	Tripod__RestartRule rule;
	Tripod__RestartRule *rules[1];
	int32_t codes[1];
	Tripod__Probe probe;
	Tripod__Handler handler;
};

static struct retry
backed_off(void)
{
	struct retry r = { 1, { WAIT } };

	return (r);
}

/* --- the manifest --- */

/* Those of a container, in the order of their enum. */
static Tripod__ContainerRestart
policy_of(char letter)
{
	static const char letters[] = "-AFN";

	return ((Tripod__ContainerRestart)(strchr(letters, letter) - letters));
}

static void
parse_options(struct fixture *f, Tripod__Container *c, const char *p)
{
	for (; *p != '\0' && *p != ' '; p++) {
		if (*p == '+')
			c->post_start = &f->handler;
		else if (*p == '-')
			c->pre_stop = &f->handler;
		else if (*p == '?')
			c->startup = &f->probe;
		else if (*p == '&')
			c->liveness = &f->probe;
		else if (strchr("AFN", *p) != NULL)
			c->restart = policy_of(*p);
		if (strchr("@!#", *p) != NULL) {
			c->restart_rule = f->rules;
			c->n_restart_rule = 1;
			f->rule.all = *p != '#';
			f->rule.not_in = *p == '!';
		}
	}
}

static void
parse_spec(struct fixture *f, size_t n, const char *p)
{
	Tripod__Container *c = &f->container[n];
	Tripod__Pod *def = &f->planned.def;
	int init = 0;

	assert_true(n < CONTAINERS);
	tripod__container__init(c);
	if (p[1] != ' ' && p[1] != '\0' && strchr("is", p[0]) != NULL &&
	    p[1] >= 'a' && p[1] <= 'z') {
		init = 1;
		if (p[0] == 's')
			c->restart = policy_of('A');
		p++;
	}
	f->names[n][0] = p[0];
	c->name = f->names[n];
	parse_options(f, c, p + 1);
	if (init)
		f->init[def->n_init_container++] = c;
	else
		f->regular[def->n_container++] = c;
}

static void
fill_definition(struct fixture *f, const char *pod, unsigned int want)
{
	Tripod__Pod *def = &f->planned.def;
	size_t n = 0;

	tripod__definition__init(&f->planned.definition);
	tripod__pod__init(def);
	tripod__restart_rule__init(&f->rule);
	tripod__probe__init(&f->probe);
	tripod__handler__init(&f->handler);
	f->planned.definition.pod = def;
	f->codes[0] = 42;
	f->rule.exit_code = f->codes;
	f->rule.n_exit_code = 1;
	f->rules[0] = &f->rule;
	f->probe.grace_seconds = 3;
	def->init_container = f->init;
	def->container = f->regular;
	for (pod = pod == NULL ? "a b" : pod; *pod != '\0';
	     pod += strcspn(pod, " "), pod += strspn(pod, " "))
		parse_spec(f, n++, pod);
	def->grace_seconds = GRACE;
	def->host_network = (want & W_HOST) != 0;
	if (want & W_FAILURE)
		def->restart_policy =
		    TRIPOD__RESTART_POLICY__RESTART_ON_FAILURE;
	if (want & W_NEVER)
		def->restart_policy = TRIPOD__RESTART_POLICY__RESTART_NEVER;
}

/* --- what is seen --- */

static void
parse_sandbox(struct pod_seen *seen, const char *p)
{
	struct seen_sandbox *s;
	char id[8];

	(void)snprintf(id, sizeof(id), "s%c", p[1]);
	s = sandbox_add(seen, id, (uint32_t)(p[1] - '0'), 1);
	s->ready = p[0] == 's';
	s->stopped = p[0] == 'S';
	for (p += 2; *p != '\0' && *p != ' '; p++) {
		if (*p == 'h')
			s->host_network = 1;
		else if (*p == 'n')
			s->detailed = 1;
		else if (*p == '!')
			s->busy = 1;
		else if (*p == '~')
			s->retry = backed_off();
	}
}

static void
parse_state(struct seen_container *c, char state)
{
	c->state = SEEN_EXITED;
	c->exit_code = state == 'f' ? 1 : state == 'q' ? 42 : 0;
	if (state == 'c')
		c->state = SEEN_CREATED;
	else if (state == 'r')
		c->state = SEEN_RUNNING;
	else if (state == 'u')
		c->state = SEEN_UNKNOWN;
	else if (state == 'o')
		text_set(&c->reason, "OOMKilled");
}

/* 1 if it was one about the instance alone. */
static int
parse_mark(struct seen_container *c, char mark)
{
	switch (mark) {
	case '!':
		c->busy = 1;
		return (1);
	case '~':
		c->retry = backed_off();
		return (1);
	case '%':
		c->crash.delay_ms = WAIT - NOW;
		c->crash.last.ms = NOW;
		return (1);
	case '/':
		c->round = 1;
		return (1);
	case '^':
		c->post_start = HOOK_DUE;
		return (1);
	case '_':
		c->post_start = HOOK_RUNNING;
		return (1);
	case '`':
		c->post_start = HOOK_FAILED;
		return (1);
	case '<':
	case '>':
		c->pre_stop = mark == '<' ? HOOK_RUNNING : HOOK_DONE;
		return (1);
	case 'R':
		c->restart = 1;
		return (1);
	case 'E':
		c->stop = STOP_END;
		return (1);
	case 'l':
		c->stop_until.ms = LONG;
		/* FALLTHROUGH */
	case 'k':
		c->stop = STOP_UNHEALTHY;
		c->stop_at.ms = NOW - 1000;
		return (1);
	}
	return (0);
}

static void
parse_health(struct fixture *f, const struct seen_container *c, char mark)
{
	size_t i = spec_find(&f->planned.def, c->name);
	struct health *h = &f->planned.pod->memo.container[i].health;

	assert_true(i < spec_count(&f->planned.def));
	assert_true(mark == '?' || mark == '&' || mark == '*');
	if (mark != '&')
		h->verdict[PROBE_STARTUP] = mark == '?' ? VERDICT_NONE
							: VERDICT_BAD;
	h->verdict[PROBE_LIVENESS] = mark == '&' ? VERDICT_BAD : VERDICT_NONE;
}

static void
parse_container(struct fixture *f, const char *p)
{
	struct pod *pod = f->planned.pod;
	struct seen_container *c;
	char id[8], name[2] = { p[0], '\0' };
	size_t i;

	(void)snprintf(id, sizeof(id), "%.2s", p);
	c = container_add(&pod->seen, id, name, (uint32_t)(p[1] - '0'), 1);
	parse_state(c, p[3]);
	c->finished.ms = NOW;
	(void)snprintf(id, sizeof(id), "s%c", p[4]);
	text_set(&c->sandbox_id, id);
	i = spec_find(&f->planned.def, name);
	if (i < spec_count(&f->planned.def) && c->state == SEEN_RUNNING) {
		health_begin(&pod->memo.container[i].health, c->id, 0);
		pod->memo.container[i].health.verdict[PROBE_STARTUP] =
		    VERDICT_GOOD;
	}
	for (p += 5; *p != '\0' && *p != ' '; p++)
		if (!parse_mark(c, *p))
			parse_health(f, c, *p);
}

static void
parse_seen(struct fixture *f, const char *text)
{
	while (*text != '\0') {
		text += strspn(text, " ");
		if (strchr("sSD", *text) != NULL && text[2] != '=')
			parse_sandbox(&f->planned.pod->seen, text);
		else
			parse_container(f, text);
		text += strcspn(text, " ");
	}
}

/* --- the rest --- */

static void
fill_memo(struct pod_memo *m, unsigned int bits)
{
	struct memo_container *a = &m->container[0];
	size_t i;

	for (i = 0; i < CONTAINERS; i++)
		if ((bits & M_IMAGES) || (i == 0 && (bits & M_IMAGE_A)) ||
		    (i == 1 && (bits & M_IMAGE_B)))
			text_set(&m->container[i].image_ref, "image");
	a->busy = (bits & M_BUSY_A) != 0;
	m->sandbox_busy = (bits & M_SANDBOX_BUSY) != 0;
	m->cleaned = (bits & M_CLEANED) != 0;
	if (bits & M_SANDBOX_WAITS)
		m->sandbox = backed_off();
	if (bits & M_CREATE_WAITS_A)
		a->create = backed_off();
	if (bits & M_IMAGE_WAITS_A)
		a->image = backed_off();
}

static void
fill_want(struct pod_want *w, unsigned int bits, const Tripod__Pod *def)
{
	w->pod = bits & W_UNDEFINED ? NULL : def;
	w->wanted = (bits & W_WANTED) != 0;
	w->blocked = (bits & W_BLOCKED) != 0;
	w->hold = (bits & W_HOLD) != 0;
	w->terminating = (bits & W_END) || (bits & (W_WANTED | W_HOLD)) == 0;
	w->over = bits & W_OVER ? OVER_COMPLETED : OVER_NOT;
	w->network_ready = !(bits & W_NO_NET);
	w->grace_seconds = bits & W_NONE ? 0 : bits & W_SHORT ? 1 : GRACE;
	if (pod_is_ending(w))
		w->end_since.ms = bits & W_LATE ? NOW - 5000 : NOW;
	if (bits & W_DEADLINE)
		w->deadline.ms = DEADLINE;
}

struct planned *
planned_new(
    const char *pod, const char *seen, unsigned int want, unsigned int memo)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct pod *p = pod_new("uid", "ns", "name");

	assert_non_null(f);
	f->planned.pod = p;
	fill_definition(f, pod, want);
	p->definition = &f->planned.definition;
	pod_make_room(p, POD_CONTAINERS_MAX);
	fill_want(&p->want, want, &f->planned.def);
	fill_memo(&p->memo, memo);
	parse_seen(f, seen);
	p->seen.stale = (want & W_STALE) != 0;
	p->seen.unsure = (want & W_UNSURE) != 0;
	return (&f->planned);
}

void
planned_free(struct planned *p)
{
	pod_free(p->pod);
	free(p);
}

static void
print_action(char *out, size_t size, const struct action *a)
{
	size_t len;

	assert_non_null(a->reason);
	len = (size_t)snprintf(out, size, "%s", action_kind_str(a->kind));
	if (a->kind == ACT_IMAGE)
		(void)snprintf(out + len, size - len, " %zu", a->index);
	else if (a->kind == ACT_RUN_SANDBOX)
		(void)snprintf(out + len, size - len, " %u", a->attempt);
	else if (a->kind == ACT_CREATE)
		(void)snprintf(out + len, size - len, " %zu:%u%s", a->index,
		    a->attempt, a->round > 0 ? "/" : "");
	else if (a->kind == ACT_STOP || a->kind == ACT_PRE_STOP)
		(void)snprintf(out + len, size - len, " %s %d", a->id,
		    (int)a->grace_seconds);
	else if (a->id != NULL)
		(void)snprintf(out + len, size - len, " %s", a->id);
}

static void
print_plan(char *out, const struct action *act, size_t n)
{
	size_t i, len = 0;

	out[0] = '\0';
	for (i = 0; i < n; i++) {
		len += (size_t)snprintf(
		    out + len, TEXT - len, "%s", i > 0 ? ", " : "");
		print_action(out + len, TEXT - len, &act[i]);
		len += strlen(out + len);
	}
}

static void
row_check(const struct row *row)
{
	struct action act[PLAN_MAX];
	struct mtime now = { NOW }, wake;
	struct planned *f;
	struct pod *p;
	char text[TEXT], again[TEXT];

	f = planned_new(row->pod, row->seen, row->want, row->memo);
	p = f->pod;
	print_plan(
	    text, act, plan_pod(&p->want, &p->seen, &p->memo, now, act, &wake));
	if (strcmp(text, row->plan) != 0 ||
	    wake.ms != (row->wake == 0 ? INT64_MAX : row->wake))
		fail_msg("rule %s: seen \"%s\": planned \"%s\", not \"%s\"; "
			 "wake %lld",
		    row->rule, row->seen, text, row->plan, (long long)wake.ms);
	print_plan(again, act,
	    plan_pod(&p->want, &p->seen, &p->memo, now, act, &wake));
	assert_string_equal(again, text);
	planned_free(f);
}

void
rows_check(const struct row *rows, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		row_check(&rows[i]);
}
