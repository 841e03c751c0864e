#include "tests/unit/policyparts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

void
parts_init(struct parts *p)
{
	memset(p, 0, sizeof(*p));
	tripod__pod__init(&p->pod);
	tripod__container__init(&p->container[0]);
	tripod__volume__init(&p->volume);
	tripod__volume_mount__init(&p->mount);
	tripod__host_path__init(&p->path);
	tripod__empty_dir__init(&p->dir);
	tripod__security__init(&p->security);
	tripod__pod_security__init(&p->pod_security);
	tripod__profile__init(&p->profile);
	tripod__number__init(&p->number);
	p->path.path = TEXT("/srv/data");
	p->volume.name = p->mount.volume = TEXT("data");
	p->volume.source_case = TRIPOD__VOLUME__SOURCE_HOST_PATH;
	p->volume.host_path = &p->path;
	p->mount.path = TEXT("/data");
	p->container[0].name = TEXT("main");
	p->container[0].image = TEXT("busybox");
	p->mounts[0] = &p->mount;
	p->container[0].mount = p->mounts;
	p->container[0].n_mount = 1;
	p->containers[0] = &p->container[0];
	p->volumes[0] = &p->volume;
	p->pod.name = TEXT("web-node");
	p->pod.namespace_ = TEXT("default");
	p->pod.uid = TEXT("0123456789abcdef");
	p->pod.hash = p->pod.uid;
	p->pod.container = p->containers;
	p->pod.n_container = 1;
	p->pod.volume = p->volumes;
	p->pod.n_volume = 1;
	p->pod.grace_seconds = 30;
	p->policy.host_network = p->policy.host_pid = p->policy.host_ipc = 1;
	p->policy.privileged = p->policy.unconfined = 1;
	p->policy.host_port = 1;
	p->policy.node = "node";
	p->policy.cluster_domain = "cluster.local";
	p->policy.machine = &p->machine;
}

void
policy_rows(const struct policy_row *row, size_t n)
{
	struct parts p;
	struct err err;
	size_t i;
	int rc;

	for (i = 0; i < n; i++) {
		parts_init(&p);
		row[i].change(&p);
		err.text[0] = '\0';
		rc = policy_check(&p.policy, &p.pod, &err);
		if (rc != (row[i].error == NULL ? 0 : -1) ||
		    (rc == -1 && strstr(err.text, row[i].error) == NULL))
			fail_msg("row %zu: %d %s", i, rc, err.text);
	}
}
