/*
 * Answers of an API server.  The first byte chooses: 'w' is a watch
 * stream of pods (which also is planned for), 'l' a list of them, 'n' a
 * node, 'e' a lease, anything else the body of a refusal.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "mirrord/apijson.h"
#include "mirrord/model.h"
#include "mirrord/node.h"
#include "tests/fuzz/fuzz.h"

#define NODE "n1"
#define EVENT_MAX (64 * 1024)
#define CHUNK 7 /* so that values come in pieces */

/* A wanted pod that events may be about. */
static struct want_item *
item_new(void)
{
	static char ns[] = "default", name[] = "web-n1", hash[] = "h1";
	static char json[] =
	    "{\"metadata\":{\"name\":\"web-n1\",\"namespace\":\"default\","
	    "\"labels\":{\"app\":\"web\"}},\"spec\":{\"containers\":"
	    "[{\"name\":\"c\",\"image\":\"i\"}],\"restartPolicy\":\"Never\"}}";
	Tripod__PodItem msg = TRIPOD__POD_ITEM__INIT;
	Tripod__PodStatus st = TRIPOD__POD_STATUS__INIT;
	Tripod__ContainerStatus c = TRIPOD__CONTAINER_STATUS__INIT;
	Tripod__Condition cond = TRIPOD__CONDITION__INIT;
	Tripod__ContainerStatus *cs[] = { &c };
	Tripod__Condition *conds[] = { &cond };

	c.name = name;
	cond.type = name;
	st.container = cs;
	st.n_container = 1;
	st.condition = conds;
	st.n_condition = 1;
	msg.uid = msg.hash = hash;
	msg.namespace_ = ns;
	msg.name = name;
	msg.status = &st;
	msg.mirror_json.data = (uint8_t *)json;
	msg.mirror_json.len = sizeof(json) - 1;
	return (want_item_new(&msg, NODE, NULL));
}

/* Everything that is decided and built because of what was seen. */
static void
plan_all(struct model *m)
{
	struct seen_node node = { .uid = (char *)(uintptr_t) "u" };
	const struct plan_env env = { 1, 1, &node, DRIFT_STRICT, { 1000 } };
	struct record *r;
	struct plan p;
	size_t i;

	for (i = 0; i < m->n; i++) {
		const struct plan_pod pod = { m->rec[i]->current,
			m->rec[i]->ending, m->rec[i]->seen };

		r = m->rec[i];
		plan_pod(&env, &pod, &r->memo, &p);
		if (p.kind == PLAN_STATUS)
			json_decref(status_patch(
			    p.item->status, r->seen->status, r->seen->uid));
		if (p.kind == PLAN_NONE && r->seen != NULL)
			memo_born(&r->memo, r->seen);
	}
}

static void
take_pod(struct model *m, const json_t *object, int deleted)
{
	struct seen_pod *p = seen_pod_new(object, NODE, NULL);

	if (p == NULL)
		return;
	if (deleted) {
		model_unseen(m, p->namespace, p->name, p->uid);
		seen_pod_free(p);
	} else
		model_seen(m, p);
}

static int
on_value(void *ctx, const char *data, size_t len)
{
	struct model *m = ctx;
	struct api_result r;
	struct api_event ev;

	if (api_event_parse(&ev, data, len, NULL) == -1)
		return (-1);
	if (ev.type == API_ERROR)
		api_classify(&r, 500, ev.object);
	else
		take_pod(m, ev.object, ev.type == API_DELETED);
	api_event_release(&ev);
	plan_all(m);
	return (0);
}

static void
fuzz_watch(const char *data, size_t len)
{
	struct jframe f;
	struct model m;
	size_t n;

	model_init(&m);
	model_want(&m, item_new());
	jframe_init(&f, EVENT_MAX);
	for (; len > 0; data += n, len -= n) {
		n = len < CHUNK ? len : CHUNK;
		if (jframe_feed(&f, data, n, on_value, &m) == -1)
			break;
	}
	jframe_release(&f);
	model_release(&m);
}

static void
fuzz_list(const json_t *root)
{
	struct api_list list;
	struct model m;
	size_t i;

	if (api_list_parse(&list, root, NULL) == -1)
		return;
	model_init(&m);
	model_want(&m, item_new());
	model_list_begin(&m);
	for (i = 0; i < json_array_size(list.items); i++)
		take_pod(&m, json_array_get(list.items, i), 0);
	model_list_end(&m, list.version);
	plan_all(&m);
	model_sweep(&m);
	model_release(&m);
}

static void
fuzz_node(const json_t *root)
{
	static const struct hostinfo host = { .arch = "amd64" };
	struct seen_node *n = seen_node_new(root, NODE, NULL);
	json_t *want;

	if (n == NULL)
		return;
	want = node_build(NODE, &host, NULL);
	if (node_differs(want, n->labels, n->status))
		json_decref(node_patch(want, n->status, 0));
	json_decref(want);
	seen_node_free(n);
}

static void
fuzz_status(const json_t *root)
{
	struct api_result r;
	char text[64];

	api_classify(&r, 422, root);
	api_result_text(&r, text, sizeof(text));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char *text = (const char *)data + 1;
	json_t *root;

	log_set_level(LOG_LEVEL_WARN);
	if (len == 0)
		return (0);
	if (data[0] == 'w') {
		fuzz_watch(text, len - 1);
		return (0);
	}
	if ((root = api_parse(text, len - 1, NULL)) == NULL)
		return (0);
	if (data[0] == 'l')
		fuzz_list(root);
	else if (data[0] == 'n')
		fuzz_node(root);
	else if (data[0] == 'e')
		json_decref(lease_patch(
		    NODE, lease_next_us(seen_lease_renewed_us(root), 0)));
	else
		fuzz_status(root);
	json_decref(root);
	return (0);
}
