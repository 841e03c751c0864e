#include "ctl/goal.h"

#include <string.h>

#include "ctl/pods.h"

int
goal_parse(struct goal *g, const char *s)
{
	static const char *const words[] = {
		[GOAL_READY] = "ready",
		[GOAL_RUNNING] = "running",
		[GOAL_GONE] = "gone",
	};
	const char *hash = s + 5;
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(s, words[i]) != 0)
			continue;
		*g = (struct goal){ (enum goal_kind)i, s, NULL };
		return (0);
	}
	if (strncmp(s, "hash=", 5) != 0 || strlen(hash) < GOAL_HASH_MIN ||
	    hash[strspn(hash, "0123456789abcdef")] != '\0')
		return (-1);
	*g = (struct goal){ GOAL_HASH, s, hash };
	return (0);
}

static int
has_hash(const struct goal *g, const Tripod__PodItem *p)
{
	return (strncmp(p->hash, g->hash, strlen(g->hash)) == 0);
}

static int
is_so(const struct goal *g, const Tripod__PodItem *p)
{
	switch (g->kind) {
	case GOAL_READY:
		return (p != NULL && pod_is_ready(p));
	case GOAL_RUNNING:
		return (p != NULL && pod_is_running(p));
	case GOAL_GONE:
		return (p == NULL);
	case GOAL_HASH:
		return (p != NULL && has_hash(g, p) && pod_is_ready(p));
	}
	return (0);
}

int
goal_reached(const struct goal *g, const Tripod__PodItem *p, int64_t now_ns,
    struct err *why)
{
	char text[PODS_TEXT_MAX];

	if (is_so(g, p))
		return (1);
	if (p == NULL) {
		(void)err_set(why, "there is no such pod");
		return (0);
	}
	if (g->kind == GOAL_HASH && !has_hash(g, p)) {
		(void)err_set(why, "its hash is %s", p->hash);
		return (0);
	}
	pod_why(p, now_ns, text);
	if (text[0] != '\0')
		(void)err_set(why, "%s", text);
	else
		(void)err_set(why, "it is %s%s", pod_state(p),
		    pod_is_ready(p) ? ", ready" : "");
	return (0);
}
