#include "reconciled/criinfo.h"

#include "common/mem.h"

#define CONFIG_SCAN_MAX (1024 * 1024)

const char *
cri_state_str(enum cri_state state)
{
	switch (state) {
	case CRI_DOWN:
		return ("down");
	case CRI_HANDSHAKING:
		return ("handshaking");
	case CRI_UP:
		return ("up");
	}
	return ("unknown");
}

const char *
criinfo_driver_str(enum cri_cgroup_driver driver)
{
	switch (driver) {
	case CRI_CGROUP_UNKNOWN:
		break;
	case CRI_CGROUP_SYSTEMD:
		return ("systemd");
	case CRI_CGROUP_CGROUPFS:
		return ("cgroupfs");
	}
	return ("unknown");
}

void
criinfo_text(char **text, const char *value)
{
	char *copy = xstrdup(value);

	free(*text);
	*text = copy;
}

void
criinfo_init(struct cri_info *info)
{
	memset(info, 0, sizeof(*info));
	info->runtime_name = xstrdup("");
	info->runtime_version = xstrdup("");
	info->sandbox_image = xstrdup("");
	info->reason = xstrdup("");
}

void
criinfo_release(struct cri_info *info)
{
	free(info->runtime_name);
	free(info->runtime_version);
	free(info->sandbox_image);
	free(info->reason);
	memset(info, 0, sizeof(*info));
}

/* Sets *ready from a condition; returns its words if it is not met. */
static const char *
condition(
    const Runtime__V1__RuntimeStatus *status, const char *type, int *ready)
{
	const Runtime__V1__RuntimeCondition *c;
	size_t i;

	*ready = 0;
	for (i = 0; status != NULL && i < status->n_conditions; i++) {
		c = status->conditions[i];
		if (strcmp(c->type, type) != 0)
			continue;
		*ready = c->status != 0;
		if (*ready)
			return ("");
		return (c->message[0] != '\0' ? c->message : c->reason);
	}
	return (NULL);
}

int
criinfo_status(struct cri_info *info, const Runtime__V1__StatusResponse *r)
{
	int runtime_ready, network_ready;
	const char *runtime, *network;
	char *reason;

	runtime = condition(r->status, "RuntimeReady", &runtime_ready);
	network = condition(r->status, "NetworkReady", &network_ready);
	if (runtime == NULL || network == NULL)
		return (-1);
	(void)xasprintf(&reason, "%s%s%s%s", /* never fails */
	    runtime_ready ? "" : "runtime not ready: ", runtime,
	    network_ready	? ""
		: runtime_ready ? "network not ready: "
				: "; network not ready: ",
	    network);
	info->runtime_ready = runtime_ready;
	info->network_ready = network_ready;
	free(info->reason);
	info->reason = reason;
	return (0);
}

/* The JSON that containerd dumps on request; NULL: there is none. */
static const char *
config_json(const Runtime__V1__StatusResponse *r)
{
	const char *json;
	size_t i;

	for (i = 0; i < r->n_info; i++)
		if (strcmp(r->info[i]->key, "config") == 0)
			break;
	if (i == r->n_info)
		return (NULL);
	json = r->info[i]->value;
	return (
	    strnlen(json, CONFIG_SCAN_MAX) == CONFIG_SCAN_MAX ? NULL : json);
}

/*
 * Without RuntimeConfig the only trace of the cgroup driver is in there.  A
 * look for the one key is enough to warn of a wrong configuration; if runtimes
 * differ nothing is concluded.
 */
enum cri_cgroup_driver
criinfo_driver(const Runtime__V1__StatusResponse *r)
{
	const char *json = config_json(r);
	int on, off;

	if (json == NULL)
		return (CRI_CGROUP_UNKNOWN);
	on = strstr(json, "\"SystemdCgroup\":true") != NULL;
	off = strstr(json, "\"SystemdCgroup\":false") != NULL;
	if (on == off)
		return (CRI_CGROUP_UNKNOWN);
	return (on ? CRI_CGROUP_SYSTEMD : CRI_CGROUP_CGROUPFS);
}

/* References have nothing that JSON escapes; what has is not taken. */
void
criinfo_sandbox_image(
    struct cri_info *info, const Runtime__V1__StatusResponse *r)
{
	static const char key[] = "\"sandboxImage\":\"";
	const char *json = config_json(r), *from, *end;

	if (json == NULL || (from = strstr(json, key)) == NULL)
		return;
	from += sizeof(key) - 1;
	end = from + strcspn(from, "\"\\");
	if (*end != '"')
		return;
	free(info->sandbox_image);
	info->sandbox_image = xstrndup(from, (size_t)(end - from));
}

void
criinfo_features(struct cri_info *info, const Runtime__V1__StatusResponse *r)
{
	const Runtime__V1__RuntimeHandlerFeatures *f;
	size_t i;

	info->has_recursive_read_only = 0;
	info->has_supplemental_groups_policy = r->features != NULL &&
	    r->features->supplemental_groups_policy;
	for (i = 0; i < r->n_runtime_handlers; i++) {
		f = r->runtime_handlers[i]->features;
		if (r->runtime_handlers[i]->name[0] != '\0' || f == NULL)
			continue;
		info->has_recursive_read_only = f->recursive_read_only_mounts;
	}
}
