"""The Table form of objects that `kubectl get` prints."""

from . import meta


def column(name, kind="string", priority=0, form=""):
    return {"name": name, "type": kind, "format": form,
            "description": name, "priority": priority}


NAME = column("Name", form="name")
AGE = column("Age")
COLUMNS = {
    "pods": [NAME, column("Ready"), column("Status"), column("Restarts"),
             AGE, column("IP", priority=1), column("Node", priority=1),
             column("Nominated Node", priority=1),
             column("Readiness Gates", priority=1)],
    "nodes": [NAME, column("Status"), column("Roles"), AGE,
              column("Version"), column("Internal-IP", priority=1),
              column("External-IP", priority=1),
              column("OS-Image", priority=1),
              column("Kernel-Version", priority=1),
              column("Container-Runtime", priority=1)],
    "namespaces": [NAME, column("Status"), AGE],
    "leases": [NAME, column("Holder"), AGE],
    "events": [column("Last Seen"), column("Type"), column("Reason"),
               column("Object"), column("Subobject", priority=1),
               column("Source", priority=1), column("Message"),
               column("First Seen", priority=1),
               column("Count", "integer", priority=1),
               column("Name", priority=1)],
}


def table(res, objects, info, with_columns=True, include="Metadata"):
    out = {"kind": "Table", "apiVersion": "meta.k8s.io/v1",
           "metadata": info}
    out["columnDefinitions"] = COLUMNS.get(res.name, [NAME, AGE]) \
        if with_columns else []
    out["rows"] = [row(res, obj, include) for obj in objects]
    return out


def row(res, obj, include):
    cells = CELLS.get(res.name, other_cells)(obj)
    out = {"cells": cells}
    if include == "Object":
        out["object"] = obj
    elif include != "None":
        out["object"] = {"kind": "PartialObjectMetadata",
                         "apiVersion": "meta.k8s.io/v1",
                         "metadata": obj["metadata"]}
    return out


def duration(seconds):
    """Two units at most, as kubectl prints ages."""
    seconds = int(seconds)
    if seconds < 0:
        return "<invalid>" if seconds < -1 else "0s"
    if seconds < 120:
        return f"{seconds}s"
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if minutes < 10:
        rest = seconds % 60
        return f"{minutes}m{rest}s" if rest else f"{minutes}m"
    if minutes < 180:
        return f"{minutes}m"
    if hours < 8:
        rest = minutes % 60
        return f"{hours}h{rest}m" if rest else f"{hours}h"
    if hours < 48:
        return f"{hours}h"
    if days < 8:
        rest = hours % 24
        return f"{days}d{rest}h" if rest else f"{days}d"
    return f"{days}d"


def age(text):
    if not text:
        return "<unknown>"
    return duration((meta.now() - meta.parse_time(text)).total_seconds())


def created(obj):
    return age(obj["metadata"].get("creationTimestamp"))


# -- pods

def pod_cells(pod):
    spec, status = pod["spec"], pod.get("status", {})
    statuses = status.get("containerStatuses", [])
    total = len(spec.get("containers", []))
    ready = sum(1 for s in statuses if s.get("ready") and
                meta.get(s, "state", "running") is not None)
    return [pod["metadata"]["name"], f"{ready}/{total}", pod_reason(pod),
            restarts(statuses), created(pod),
            status.get("podIP") or "<none>",
            spec.get("nodeName") or "<none>",
            status.get("nominatedNodeName") or "<none>", gates(pod)]


def pod_reason(pod):
    spec, status = pod["spec"], pod.get("status", {})
    reason = status.get("reason") or status.get("phase", "Unknown")
    pending = init_reason(spec, status)
    if pending:
        reason = pending
    else:
        running = False
        for item in reversed(status.get("containerStatuses", [])):
            running = running or (item.get("ready", False) and meta.get(
                item, "state", "running") is not None)
            reason = state_reason(item) or reason
        if reason == "Completed" and running:
            reason = "Running" if is_ready(status) else "NotReady"
    if "deletionTimestamp" in pod["metadata"]:
        return "Unknown" if status.get("reason") == "NodeLost" else \
            "Terminating"
    return reason


def state_reason(item):
    """The word for a container that is not simply running, or None."""
    waiting = meta.get(item, "state", "waiting")
    ended = meta.get(item, "state", "terminated")
    if waiting is not None and waiting.get("reason"):
        return waiting["reason"]
    if ended is None:
        return None
    if ended.get("reason"):
        return ended["reason"]
    if ended.get("signal"):
        return f"Signal:{ended['signal']}"
    return f"ExitCode:{ended.get('exitCode', 0)}"


def init_reason(spec, status):
    total = len(spec.get("initContainers", []))
    restartable = {c["name"] for c in spec.get("initContainers", [])
                   if c.get("restartPolicy") == "Always"}
    for i, item in enumerate(status.get("initContainerStatuses", [])):
        ended = meta.get(item, "state", "terminated")
        if ended is not None and ended.get("exitCode", 0) == 0:
            continue
        if item.get("name") in restartable and item.get("started"):
            continue
        word = state_reason(item)
        if word and word != "PodInitializing":
            return "Init:" + word
        return f"Init:{i}/{total}"
    return None


def is_ready(status):
    return any(c.get("type") == "Ready" and c.get("status") == "True"
               for c in status.get("conditions", []))


def restarts(statuses):
    count = sum(s.get("restartCount", 0) for s in statuses)
    ends = [meta.get(s, "lastState", "terminated", "finishedAt")
            for s in statuses]
    ends = [e for e in ends if e]
    if count and ends:
        return f"{count} ({age(max(ends))} ago)"
    return str(count)


def gates(pod):
    wanted = [g.get("conditionType")
              for g in pod["spec"].get("readinessGates", [])]
    if not wanted:
        return "<none>"
    true = {c.get("type") for c in pod["status"].get("conditions", [])
            if c.get("status") == "True"}
    return f"{sum(g in true for g in wanted)}/{len(wanted)}"


# -- nodes and the rest

def node_cells(node):
    status = node.get("status", {})
    info = status.get("nodeInfo", {})

    def address(kind):
        for item in status.get("addresses", []):
            if item.get("type") == kind:
                return item.get("address")
        return "<none>"

    return [node["metadata"]["name"], node_state(node), node_roles(node),
            created(node), info.get("kubeletVersion", ""),
            address("InternalIP"), address("ExternalIP"),
            info.get("osImage") or "<unknown>",
            info.get("kernelVersion") or "<unknown>",
            info.get("containerRuntimeVersion") or "<unknown>"]


def node_state(node):
    word = "Unknown"
    for item in meta.get(node, "status", "conditions", default=[]):
        if item.get("type") == "Ready":
            word = "Ready" if item.get("status") == "True" else "NotReady"
    if meta.get(node, "spec", "unschedulable"):
        word += ",SchedulingDisabled"
    return word


def node_roles(node):
    prefix = "node-role.kubernetes.io/"
    roles = sorted(key[len(prefix):]
                   for key in node["metadata"].get("labels", {})
                   if key.startswith(prefix))
    return ",".join(roles) or "<none>"


def event_cells(event):
    about = event.get("involvedObject", {})
    source = event.get("source", {})
    last = event.get("lastTimestamp") or event.get("eventTime") or \
        event["metadata"].get("creationTimestamp")
    first = event.get("firstTimestamp") or last
    where = [source.get("component") or
             event.get("reportingComponent", ""), source.get("host", "")]
    return [age(last), event.get("type", ""), event.get("reason", ""),
            f"{about.get('kind', '').lower()}/{about.get('name', '')}",
            about.get("fieldPath", ""), ", ".join(w for w in where if w),
            event.get("message", "").strip(), age(first),
            event.get("count", 1), event["metadata"]["name"]]


def namespace_cells(space):
    return [space["metadata"]["name"], space["status"]["phase"],
            created(space)]


def lease_cells(lease):
    return [lease["metadata"]["name"],
            lease["spec"].get("holderIdentity", ""), created(lease)]


def other_cells(obj):
    return [obj["metadata"]["name"], created(obj)]


CELLS = {"pods": pod_cells, "nodes": node_cells, "events": event_cells,
         "namespaces": namespace_cells, "leases": lease_cells}
