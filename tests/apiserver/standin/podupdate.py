"""What may change in a stored pod, through the main resource and /status."""

from . import meta
from .admission import MIRROR

SPEC_RULE = ("pod updates may not change fields other than "
             "`spec.containers[*].image`,`spec.initContainers[*].image`,"
             "`spec.activeDeadlineSeconds`,`spec.tolerations` (only "
             "additions to existing tolerations),"
             "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 "
             "if it was previously negative)")
SYSTEM_CONDITIONS = {"PodScheduled", "Ready", "Initialized",
                     "ContainersReady", "DisruptionTarget",
                     "PodReadyToStartContainers"}
PHASES = ("Pending", "Running", "Succeeded", "Failed", "Unknown")


def check_mirror_annotation(problems, new, old):
    """The mark of a mirror pod never changes, by whatever way."""
    after = new["metadata"].get("annotations", {}).get(MIRROR)
    before = old["metadata"].get("annotations", {}).get(MIRROR)
    if after != before:
        problems.invalid(f"metadata.annotations[{MIRROR}]",
                         after if after is not None else "",
                         "may not add, remove or update mirror pod "
                         "annotation")


def check_spec(problems, new, old):
    """Only the few mutable fields of a pod's spec may differ."""
    munged, before = meta.clone(new["spec"]), old["spec"]
    for kind in ("containers", "initContainers"):
        mine, theirs = munged.get(kind, []), before.get(kind, [])
        if len(mine) != len(theirs):
            problems.forbidden(f"spec.{kind}", "pod updates may not add or "
                               "remove containers")
            return
        for i, (a, b) in enumerate(zip(mine, theirs)):
            if not a.get("image", "").strip():
                problems.required(f"spec.{kind}[{i}].image")
            a["image"] = b.get("image")
    check_deadline(problems, munged, before)
    check_added_tolerations(problems, munged, before)
    if before.get("terminationGracePeriodSeconds", 0) < 0 and \
            munged.get("terminationGracePeriodSeconds") == 1:
        munged["terminationGracePeriodSeconds"] = \
            before["terminationGracePeriodSeconds"]
    for key in ("activeDeadlineSeconds", "tolerations"):
        munged.pop(key, None)
    rest = {k: v for k, v in before.items()
            if k not in ("activeDeadlineSeconds", "tolerations")}
    if munged != rest:
        problems.forbidden("spec", SPEC_RULE)


def check_deadline(problems, new, old):
    after = new.get("activeDeadlineSeconds")
    before = old.get("activeDeadlineSeconds")
    path = "spec.activeDeadlineSeconds"
    if after is None and before is not None:
        problems.invalid(path, "null", "must not update from a positive "
                         "integer to nil value")
    elif after is not None and not 0 < after < 2 ** 31:
        problems.invalid(path, after, "must be between 1 and 2147483647, "
                         "inclusive")
    elif after is not None and before is not None and after > before:
        problems.invalid(path, after, "must be less than or equal to "
                         "previous value")


def check_added_tolerations(problems, new, old):
    after = new.get("tolerations", [])
    for item in old.get("tolerations", []):
        same = [t for t in after
                if {k: v for k, v in t.items() if k != "tolerationSeconds"}
                == {k: v for k, v in item.items()
                    if k != "tolerationSeconds"}]
        if not same:
            problems.forbidden("spec.tolerations", "existing toleration can "
                               "not be modified except its "
                               "tolerationSeconds")
            return


# -- status

def sync_addresses(status):
    """podIP rules over podIPs[0], as in the conversion of a real server."""
    first = meta.get(status, "podIP")
    ips = status.get("podIPs", [])
    if first and (not ips or ips[0].get("ip") != first):
        status["podIPs"] = [{"ip": first}]
    elif ips and not first:
        status["podIP"] = ips[0].get("ip", "")


def check_status(problems, new, old):
    status, before = new["status"], old["status"]
    if status.get("phase") and status["phase"] not in PHASES:
        problems.unsupported("status.phase", status["phase"], PHASES)
    if status.get("qosClass") != before.get("qosClass"):
        problems.invalid("status.qosClass", status.get("qosClass", ""),
                         "field is immutable")
    if status.get("observedGeneration", 0) < 0:
        problems.invalid("status.observedGeneration",
                         status["observedGeneration"],
                         "must be greater than or equal to 0")
    check_conditions(problems, status.get("conditions", []))
    check_ips(problems, status, "hostIP")
    check_ips(problems, status, "podIP")
    for kind in ("containerStatuses", "initContainerStatuses"):
        check_transitions(problems, new["spec"], kind,
                          status.get(kind, []), before.get(kind, []))


def check_conditions(problems, conditions):
    seen = set()
    for i, condition in enumerate(conditions):
        path = f"status.conditions[{i}]"
        kind = condition.get("type", "")
        if kind not in SYSTEM_CONDITIONS and not meta.is_qualified(kind):
            problems.invalid(f"{path}.type", kind, "name part must consist "
                             "of alphanumeric characters")
        if kind in seen:
            problems.duplicate(f"{path}.type", kind)
        seen.add(kind)
        if condition.get("status") not in ("True", "False", "Unknown"):
            problems.unsupported(f"{path}.status", condition.get("status"),
                                 ("True", "False", "Unknown"))
        if condition.get("observedGeneration", 0) < 0:
            problems.invalid(f"{path}.observedGeneration",
                             condition["observedGeneration"],
                             "must be greater than or equal to 0")


def check_ips(problems, status, name):
    path = f"status.{name}s"
    ips = [item.get("ip", "") for item in status.get(name + "s", [])]
    single = status.get(name)
    families = [meta.ip_family(ip) for ip in ips]
    for i, (ip, family) in enumerate(zip(ips, families)):
        if not family:
            problems.invalid(f"{path}[{i}].ip", ip, "must be a valid IP "
                             "address, (e.g. 10.9.8.7 or 2001:db8::ffff)")
    if ips and name == "hostIP" and ips[0] != single:
        problems.invalid(f"{path}[0].ip", ips[0], "must be equal to `hostIP`")
    if not ips and single and not meta.ip_family(single):
        problems.invalid(f"status.{name}", single, "must be a valid IP "
                         "address, (e.g. 10.9.8.7 or 2001:db8::ffff)")
    if len(ips) > 2:
        problems.invalid(path, len(ips), "may specify no more than one IP "
                         "for each IP family")
    elif len(ips) == 2 and families[0] == families[1]:
        problems.invalid(path, ", ".join(ips), "may specify no more than one "
                         "IP for each IP family")


def may_restart(spec, kind, name, code):
    """Whether a container that ended so may run again in this pod."""
    list_name = "initContainers" if kind.startswith("init") else "containers"
    policy = spec.get("restartPolicy", "Always")
    for container in spec.get(list_name, []):
        if container.get("name") != name:
            continue
        own = container.get("restartPolicy", policy)
        for rule in container.get("restartPolicyRules", []):
            codes = meta.get(rule, "exitCodes", "values", default=[])
            inside = meta.get(rule, "exitCodes", "operator") == "In"
            if (code in codes) == inside:
                return True
        policy = own
    return policy == "Always" or (policy == "OnFailure" and code != 0)


def check_transitions(problems, spec, kind, new, old):
    """An ended container stays ended unless the restart policy says else."""
    after = {s.get("name"): (i, s) for i, s in enumerate(new)}
    for before in old:
        ended = meta.get(before, "state", "terminated")
        index, now = after.get(before.get("name"), (0, None))
        if ended is None or now is None:
            continue
        if may_restart(spec, kind, before["name"], ended.get("exitCode", 0)):
            continue
        if meta.get(now, "state", "terminated") is None:
            problems.forbidden(f"status.{kind}[{index}].state", "may not be "
                               "transitioned to non-terminated state")
