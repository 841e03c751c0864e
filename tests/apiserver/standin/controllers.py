"""The parts of a controller manager that a node agent meets.

Node lifecycle: taints from conditions, and Ready Unknown when the lease is
no longer renewed.  Garbage collection: what a deleted Node owned.  Namespace
deletion: empties and removes a terminating namespace.
"""

import select
import threading
import time

from . import meta
from . import resources
from .admission import NOT_READY, UNREACHABLE

PERIOD = 0.2
LEASES = "kube-node-lease"
CONDITION_TAINTS = {"MemoryPressure": "node.kubernetes.io/memory-pressure",
                    "DiskPressure": "node.kubernetes.io/disk-pressure",
                    "PIDPressure": "node.kubernetes.io/pid-pressure"}
MANAGED = {NOT_READY, UNREACHABLE, "node.kubernetes.io/unschedulable"} | \
    set(CONDITION_TAINTS.values())
HEARTBEAT = ("Ready", "MemoryPressure", "DiskPressure", "PIDPressure")


class Controllers:
    """One thread that looks after every change and a few times a second."""

    def __init__(self, store, rest, lease_grace, gc_delay):
        self.store = store
        self.rest = rest
        self.lease_grace = lease_grace  # seconds, or None: never Unknown
        self.gc_delay = gc_delay        # seconds, or None: no collection
        self.orphans = {}               # uid -> when first seen ownerless
        self.beats = {}                 # node -> (renewTime, when seen)

    def start(self):
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        watcher = self.store.subscribe("nodes")
        while True:
            select.select([watcher.fd], [], [], PERIOD)
            watcher.settle()
            watcher.queue.clear()
            with self.store.lock:
                self.look()

    def look(self):
        for node in self.store.list("nodes")[0]:
            self.watch_lease(node)
        for node in self.store.list("nodes")[0]:
            self.taint(node)
        if self.gc_delay is not None:
            self.collect()
        for space in self.store.list("namespaces")[0]:
            if "deletionTimestamp" in space["metadata"]:
                self.empty(space)

    # -- node lifecycle

    def taint(self, node):
        wanted = wanted_taints(node)
        have = node["spec"].get("taints", [])
        keep = [t for t in have if t.get("key") not in MANAGED or
                (t["key"], t["effect"]) in wanted]
        known = {(t.get("key"), t.get("effect")) for t in keep}
        keep += [{"key": key, "effect": effect} for key, effect in wanted
                 if (key, effect) not in known]
        if keep == have:
            return
        new = meta.clone(node)
        new["spec"]["taints"] = keep
        if not keep:
            del new["spec"]["taints"]
        self.store.put("nodes", new)

    def watch_lease(self, node):
        if self.lease_grace is None:
            return
        name = node["metadata"]["name"]
        lease = self.store.get("leases", LEASES, name)
        beat = (meta.get(lease, "spec", "renewTime"), heartbeat(node))
        now = time.monotonic()
        if self.beats.get(name, (None,))[0] != beat:
            self.beats[name] = (beat, now)
        elif now - self.beats[name][1] > self.lease_grace:
            self.mark_unknown(node)

    def mark_unknown(self, node):
        conditions = meta.get(node, "status", "conditions", default=[])
        stale = [c for c in conditions if c.get("type") in HEARTBEAT and
                 c.get("status") != "Unknown"]
        if not stale:
            return
        new = meta.clone(node)
        for condition in new["status"]["conditions"]:
            if condition.get("type") in HEARTBEAT:
                condition.update(
                    status="Unknown", reason="NodeStatusUnknown",
                    message="Kubelet stopped posting node status.",
                    lastTransitionTime=meta.stamp())
        self.store.put("nodes", new)
        self.unready_pods(node["metadata"]["name"])

    def unready_pods(self, node):
        for pod in self.store.list("pods")[0]:
            if meta.get(pod, "spec", "nodeName") != node:
                continue
            new = meta.clone(pod)
            for condition in new["status"].get("conditions", []):
                if condition.get("type") == "Ready" and \
                        condition.get("status") == "True":
                    condition.update(status="False",
                                     lastTransitionTime=meta.stamp())
            if new != pod:
                self.store.put("pods", new)

    # -- garbage collection

    def collect(self):
        """Delete, gracefully, what belongs to a Node that is no more."""
        live = {n["metadata"]["uid"] for n in self.store.list("nodes")[0]}
        seen = {}
        for kind in ("pods", "leases"):
            for obj in self.store.list(kind)[0]:
                m = obj["metadata"]
                owners = m.get("ownerReferences", [])
                if not owners or "deletionTimestamp" in m or any(
                        o.get("kind") != "Node" or o.get("uid") in live
                        for o in owners):
                    continue
                since = self.orphans.get(m["uid"], time.monotonic())
                seen[m["uid"]] = since
                if time.monotonic() - since >= self.gc_delay:
                    self.rest.delete_locked(resources.ALL[kind], obj, None)
        self.orphans = seen

    # -- namespaces

    def empty(self, space):
        name = space["metadata"]["name"]
        left = 0
        for res in resources.STORED:
            if not res.namespaced:
                continue
            for obj in self.store.list(res.name, name)[0]:
                left += 1
                if "deletionTimestamp" not in obj["metadata"]:
                    self.rest.delete_locked(res, obj, None)
        if not left:
            new = meta.clone(space)
            new["spec"].pop("finalizers", None)
            self.store.remove("namespaces", new)


def wanted_taints(node):
    """Taints that the conditions of a node call for."""
    out = []
    conditions = {c.get("type"): c.get("status") for c in meta.get(
        node, "status", "conditions", default=[])}
    ready = conditions.get("Ready")
    if ready == "False":
        out.append((NOT_READY, "NoSchedule"))
    elif ready == "Unknown":
        out.append((UNREACHABLE, "NoSchedule"))
        out.append((UNREACHABLE, "NoExecute"))
    for kind, key in CONDITION_TAINTS.items():
        if conditions.get(kind) == "True":
            out.append((key, "NoSchedule"))
    if meta.get(node, "spec", "unschedulable"):
        out.append(("node.kubernetes.io/unschedulable", "NoSchedule"))
    return out


def heartbeat(node):
    for item in meta.get(node, "status", "conditions", default=[]):
        if item.get("type") == "Ready" and item.get("status") != "Unknown":
            return item.get("lastHeartbeatTime")
    return None
