#include "tests/unit/podworld.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define ARENA_MAX (16 * 1024 * 1024)

int
podworld_setup(void **state)
{
	static struct fixture f;

	memset(&f, 0, sizeof(f));
	arena_init(&f.arena, ARENA_MAX);
	f.env.pod_logs = "/var/log/pods";
	f.env.state = "/var/lib/tripod";
	f.env.cgroup_root = "";
	f.env.node = "node";
	f.env.addresses = "192.0.2.1,2001:db8::1";
	f.env.dns.domain = "";
	f.env.seccomp_profiles = "/profiles";
	f.env.machine.cpus = 2;
	f.env.machine.memory = 1000000;
	f.in.spec = &f.container;
	f.in.image_ref = "sha256:1";
	f.in.image_uid = -1;
	f.in.image_user = "";
	f.in.ips = "10.0.0.2,fd00::2";
	tripod__definition__init(&f.definition);
	tripod__pod__init(&f.pod);
	tripod__pod_security__init(&f.pod_security);
	tripod__container__init(&f.container);
	tripod__security__init(&f.security);
	tripod__resources__init(&f.resources);
	f.container.name = TEXT("test_container");
	f.container.image = TEXT("foo/image:v1");
	f.containers[0] = &f.container;
	f.pod.container = f.containers;
	f.pod.n_container = 1;
	f.pod.hash = TEXT("0123");
	f.pod.grace_seconds = 30;
	f.definition.pod = &f.pod;
	f.p = pod_new("u-1", "default", "web-node");
	text_set(&f.p->file, "web.yaml");
	f.p->seen_ns = SEEN_NS;
	f.p->definition = &f.definition;
	pod_make_room(f.p, POD_CONTAINERS_MAX);
	*state = &f;
	return (0);
}

int
podworld_teardown(void **state)
{
	struct fixture *f = *state;

	pod_free(f->p);
	arena_release(&f->arena);
	return (0);
}

/* Maps of all messages have one shape. */
const char *
map_value(const void *entries, size_t n, const char *key)
{
	Runtime__V1__PodSandboxConfig__LabelsEntry *const *e = entries;
	size_t i;

	for (i = 0; i < n; i++)
		if (strcmp(e[i]->key, key) == 0)
			return (e[i]->value);
	return (NULL);
}

Runtime__V1__ContainerConfig *
podworld_made(struct fixture *f)
{
	Runtime__V1__ContainerConfig *c;

	c = translate_container(&f->arena, &f->env, f->p, &f->in, &f->err);
	if (c == NULL)
		fail_msg("%s", f->err.text);
	return (c);
}

Runtime__V1__LinuxContainerSecurityContext *
podworld_security(struct fixture *f)
{
	return (podworld_made(f)->linux->security_context);
}

void
podworld_want(struct fixture *f, int limit, const char *name, int64_t amount)
{
	static Tripod__Resource item[2], *list[2][1];

	tripod__resource__init(&item[limit]);
	item[limit].name = TEXT(name);
	item[limit].amount = amount;
	list[limit][0] = &item[limit];
	if (limit) {
		f->resources.limit = list[1];
		f->resources.n_limit = amount < 0 ? 0 : 1;
	} else {
		f->resources.request = list[0];
		f->resources.n_request = amount < 0 ? 0 : 1;
	}
	f->container.resources = &f->resources;
}
