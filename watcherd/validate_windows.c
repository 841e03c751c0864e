/*
 * Options for Windows.  No such pod can run here; whether it is valid
 * decides what a lenient reader says.
 */
#include <string.h>

#include "watcherd/validate_rules.h"

#define DOMAIN_MAX 256
#define USER_MAX 104

/* "[DOMAIN\]USER"; NULL: it is fine. */
static const char *
user_fault(const char *text)
{
	const char *user = strchr(text, '\\'), *p;

	for (p = text; *p != '\0'; p++) {
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return ("must not hold control characters");
	}
	if (user != NULL) {
		if (user == text || user - text > DOMAIN_MAX)
			return ("must have a domain of 1 to 256 bytes before "
				"the backslash");
		text = user + 1;
	}
	if (strlen(text) > USER_MAX || strspn(text, ". ") == strlen(text))
		return ("must name a user of 1 to 104 bytes, not only blanks "
			"and dots");
	if (strpbrk(text, "\"/\\:;|=,+*?<>@[]") != NULL)
		return ("must not hold any of \"/\\:;|=,+*?<>@[] in the "
			"user's name");
	return (NULL);
}

void
rule_windows(
    struct validate *v, const struct node *options, const struct path *path)
{
	const char *user = node_get_str(options, "runAsUserName");
	const char *why;

	if (user != NULL && (why = user_fault(user)) != NULL)
		fault(v, options, path, "runAsUserName", "%s", why);
	if (node_says(options, "gmsaCredentialSpec", ""))
		fault(v, options, path, "gmsaCredentialSpec",
		    "must not be empty");
}

/* A container's own word, or the pod's; -1: the two contradict. */
static int
is_host_process(const struct node *container, const struct node *pod)
{
	const struct node *own = node_get_kind(
	    node_get(node_get(container, "securityContext"), "windowsOptions"),
	    "hostProcess", NODE_BOOL);

	if (own == NULL)
		return (pod != NULL && pod->num);
	if (pod != NULL && pod->num != own->num)
		return (-1);
	return (own->num != 0);
}

void
rule_host_process(
    struct validate *v, const struct node *spec, const struct path *path)
{
	static const char *const lists[] = { "containers", "initContainers" };
	const struct node *containers,
	    *pod = node_get_kind(
		node_get(node_get(spec, "securityContext"), "windowsOptions"),
		"hostProcess", NODE_BOOL);
	size_t i, j, n = 0, all = 0;
	int host;

	for (i = 0; i < 2; i++) {
		containers = list_of(spec, lists[i]);
		for (j = 0; containers != NULL && j < containers->n; j++) {
			host = is_host_process(containers->item[j], pod);
			n += host == 1;
			/* A contradiction cannot be all. */
			all += host == -1 ? 2 : 1;
			n += host == -1;
		}
	}
	if (n > 0 && n != all)
		fault(v, spec, path, "containers",
		    "hostProcess must be true for all containers or for none");
	if (n > 0 && !node_on(spec, "hostNetwork"))
		fault(v, spec, path, "hostNetwork",
		    "must be true with containers of hostProcess");
}
