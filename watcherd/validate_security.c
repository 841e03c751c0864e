#include <string.h>

#include "watcherd/grammar.h"
#include "watcherd/validate_rules.h"

#define SYSCTL_SIZE 256
#define IPC_SYSCTLS                                             \
	"kernel.sem kernel.shmall kernel.shmmax kernel.shmmni " \
	"kernel.shm_rmid_forced kernel.msgmax kernel.msgmnb "   \
	"kernel.msgmni"

/* Given, but empty: it is no profile. */
static void
check_app_armor(
    struct validate *v, const struct node *context, const struct path *up)
{
	struct path path = { up, "appArmorProfile", 0, 0 };
	const struct node *profile = node_get(context, path.name);

	if (node_says(profile, "type", "Localhost") &&
	    node_says(profile, "localhostProfile", ""))
		fault(
		    v, profile, &path, "localhostProfile", "must not be empty");
}

static int
adds_sys_admin(const struct node *context)
{
	const struct node *list = list_of(
	    node_get(context, "capabilities"), "add");
	size_t i;

	/* As the kubelet compares: without "CAP_" it is another word. */
	for (i = 0; list != NULL && i < list->n; i++) {
		if (list->item[i]->kind == NODE_STRING &&
		    strcmp(list->item[i]->str, "CAP_SYS_ADMIN") == 0)
			return (1);
	}
	return (0);
}

void
rule_security(
    struct validate *v, const struct node *context, const struct path *path)
{
	const struct node *gain = node_get_kind(
	    context, "allowPrivilegeEscalation", NODE_BOOL);
	const struct node *users = node_get_kind(
	    v->spec, "hostUsers", NODE_BOOL);

	if (gain != NULL && !gain->num && node_on(context, "privileged"))
		fault(v, context, path, "allowPrivilegeEscalation",
		    "must not be false with privileged true");
	if (gain != NULL && !gain->num && adds_sys_admin(context))
		fault(v, context, path, "allowPrivilegeEscalation",
		    "must not be false with the capability CAP_SYS_ADMIN");
	if (node_says(context, "procMount", "Unmasked") &&
	    (users == NULL || users->num))
		fault(v, context, path, "procMount",
		    "may be Unmasked only with hostUsers false");
	check_app_armor(v, context, path);
}

/*
 * Dots for slashes if the first separator is a slash, which then stand for
 * dots within names.
 */
static void
sysctl_normal(const char *name, char out[static SYSCTL_SIZE])
{
	size_t i, len = strlen(name), first = strcspn(name, "./");
	int swap = name[first] == '/';

	for (i = 0; i < len && i < SYSCTL_SIZE - 1; i++) {
		out[i] = name[i];
		if (swap && (name[i] == '/' || name[i] == '.'))
			out[i] = name[i] == '/' ? '.' : '/';
	}
	out[i] = '\0';
}

static void
check_sysctl(
    struct validate *v, const struct node *sysctl, const struct path *path)
{
	const char *name = node_get_str(sysctl, "name");
	char normal[SYSCTL_SIZE], q[QUOTE_MAX];

	if (name == NULL)
		return;
	sysctl_normal(name, normal);
	if (node_on(v->spec, "hostNetwork") && strncmp(normal, "net.", 4) == 0)
		fault(v, sysctl, path, "name",
		    "must not be of the network with hostNetwork, got %s",
		    quote(q, name));
	if (node_on(v->spec, "hostIPC") &&
	    (choices_match(IPC_SYSCTLS, normal) ||
		strncmp(normal, "fs.mqueue.", 10) == 0))
		fault(v, sysctl, path, "name",
		    "must not be of the IPC namespace with hostIPC, got %s",
		    quote(q, name));
}

void
rule_pod_security(
    struct validate *v, const struct node *context, const struct path *up)
{
	struct path list = { up, "sysctls", 0, 0 };
	struct path here = { &list, NULL, 0, 0 };
	const struct node *sysctls = list_of(context, list.name);

	for (; sysctls != NULL && here.index < sysctls->n; here.index++)
		check_sysctl(v, sysctls->item[here.index], &here);
	check_app_armor(v, context, up);
}
