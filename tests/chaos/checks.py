"""What must hold at rest."""

import collections
import os

import machine
from model import STEADY

# Over all processes, without what files and libraries take: 20 pods and
# their mirrors need 8 MB of it.
MEMORY_KB = 12 * 1024
# Connections to a peer, the API server, or a probed pod that come and go.
SPARE = 4


class Snapshot:
    """Everything about the machine at about one moment."""

    def __init__(self, world):
        rig = world.rig
        self.status = rig.status()
        self.sandboxes, self.containers = machine.listing(rig.runtime)
        self.processes = machine.processes(world.token)
        self.mounts = machine.mounts(rig.folder)
        pids = rig.processes()
        self.memory = {n: machine.memory_kb(p) for n, p in pids.items()}
        self.descriptors = {n: machine.descriptors(p)
                            for n, p in pids.items()}
        self.mirrors = world.mirrors()
        self.pods = {p["name"]: p for p in self.status["pods"]}
        self.uids = {p["uid"]: p for p in self.status["pods"]}
        self.revision = {s["uid"]: s["revision"] for s in self.sandboxes
                         if s["marked"]}
        ready = [s for s in self.sandboxes if s["state"] == "ready"]
        running = [c for c in self.containers if c["state"] == "running"]
        self.ready = {s["id"]: s for s in ready}
        self.live = set(self.ready) | {c["id"] for c in running}
        self.own_network = {
            s["id"] for s in ready if s["marked"] and
            (s["name"], s["revision"]) not in world.model.on_host}

    def by_file(self):
        found = collections.defaultdict(set)
        for p in self.status["pods"]:
            found[p["manifest"]].add(
                (p["name"], self.revision.get(p["uid"])))
        return found


def daemons(world, s):
    for d in s.status["daemons"]:
        if not d["up"]:
            yield f"{d['name']} is not up"
    if len(s.pods) != len(s.uids):
        yield "two pods of one name: " + " ".join(
            sorted(p["name"] for p in s.status["pods"]))
    for name, count in s.descriptors.items():
        if count > world.fds[name] + SPARE:
            yield (f"{name} has {count} descriptors, "
                   f"{world.fds[name]} at first")
    if sum(s.memory.values()) > MEMORY_KB and not world.sanitized:
        yield f"kB of memory: {s.memory}"


def wanted(world, s):
    seen = s.by_file()
    for file in world.model.files.values():
        versions = {frozenset((p.full, str(p.revision)) for p in version)
                    for version in file.in_force()}
        if seen.get(file.name, frozenset()) not in versions:
            yield (f"{file.name}: {sorted(seen.get(file.name, ()), key=str)} "
                   f"instead of one of {[sorted(v) for v in versions]}")
    for name in set(seen) - set(world.model.files):
        yield f"pods of an unknown file: {name}"
    pods = {(p.full, str(p.revision)): p
            for f in world.model.files.values()
            for v in f.in_force() for p in v}
    for uid, status in s.uids.items():
        pod = pods.get((status["name"], s.revision.get(uid)))
        if pod and (why := pod.wrong(status)):
            yield f"{status['name']}: {why}"
    for f in s.status["files"]:
        broken = world.model.files[f["file"]].broken
        if f["valid"] == broken:
            yield f"{f['file']} is {f['state']}"


def untouched(world, s):
    for name, (uid, ids) in world.before.items():
        if name in world.model.touched:
            continue
        now = s.pods.get(name)
        if now is None or now["uid"] != uid:
            yield f"{name} was not touched and is another"
            continue
        for c in now["containers"]:
            if c["name"] in ids and c["containerID"] != ids[c["name"]]:
                yield f"{name}: {c['name']} was not touched and is another"


def runtime(world, s):
    alive = collections.Counter(
        x["uid"] for x in s.ready.values() if x["marked"])
    for uid, n in alive.items():
        if n > 1:
            yield f"{n} sandboxes of {uid}"
    kept = collections.defaultdict(list)
    for c in s.containers:
        if c["marked"]:
            kept[c["uid"], c["name"]].append(c)
    for (uid, name), found in kept.items():
        found.sort(key=lambda c: c["attempt"])
        if sum(c["state"] == "running" for c in found) > 1:
            yield f"two live containers {name} of {uid}"
        most = 1 if found[-1]["state"] == "exited" else 2
        if len(found) > most:
            yield f"{len(found)} containers {name} of {uid} are kept"
    used = {c["sandbox"] for c in s.containers}
    for x in s.sandboxes:
        if x["marked"] and x["uid"] not in s.uids:
            yield f"sandbox {x['id'][:12]} of no pod: {x['name']}"
        if x["marked"] and x["state"] != "ready" and x["id"] not in used:
            newest = max(y["attempt"] for y in s.sandboxes
                         if y["uid"] == x["uid"])
            if x["attempt"] < newest:
                yield f"sandbox {x['id'][:12]} of {x['name']} is left"
    if {x["id"] for x in s.sandboxes if not x["marked"]} != world.strangers:
        yield "another sandbox than ours was touched"
    if not all(p.alive() for p in world.foreign):
        yield "another process than ours was touched"


def processes(world, s):
    marks = {p.mark for f in world.model.files.values()
             for v in f.in_force() for p in v}
    ids = collections.defaultdict(set)
    for p in s.processes:
        if p.mark.rsplit("/", 1)[0] not in marks:
            yield f"process {p.pid} of {p.mark}, which is gone"
        ids[p.mark].add(p.container)
        if p.container not in s.live:
            yield f"process {p.pid} of {p.mark} in a dead container"
    for mark, found in ids.items():
        if len(found) > 1:
            yield f"{len(found)} live instances of {mark}"
    running = {c["id"] for c in s.containers
               if c["marked"] and c["state"] == "running"}
    for one in running - {p.container for p in s.processes}:
        yield f"container {one[:12]} has no process"
    # containerd that is killed, or whose caller is, between the start of a
    # shim and that of its first process, forgets the shim; CRI cannot name it.
    known = {x["id"] for x in s.sandboxes + s.containers}
    shims = collections.Counter(
        one for one, busy in machine.shims(world.rig.folder)
        if busy or one in known or one == world.stranger)
    want = collections.Counter([*s.ready, world.stranger])
    # On a busy machine a container may get one of its own.
    for one in (shims - want - collections.Counter(running)).elements():
        yield f"a shim too many, for {one[:12]}"
    for one in (want - shims).elements():
        yield f"no shim for {one[:12]}"


def networks_lost(world, s, count):
    """A runtime that is killed while it makes the network of a sandbox
    forgets that; CRI cannot name it."""
    own = len(s.own_network)
    return not own <= count <= own + world.runtime_kills


def mounted(world, s):
    known = s.live | world.strangers | world.foreign_ids
    for point in s.mounts:
        ids = machine.ID.findall(point)
        if ids and not set(ids) <= known:
            yield f"mount {point} of nothing alive"
        if "/state/pods/" in point and not any(u in point for u in s.uids):
            yield f"mount {point} of no pod"
    count = sum("/netns/" in p for p in s.mounts)
    if networks_lost(world, s, count):
        yield f"{count} network namespaces for {len(s.own_network)}"


def networks(world, s):
    if networks_lost(world, s, count := machine.veths()):
        yield f"{count} veths for {len(s.own_network)} sandboxes"
    taken = machine.addresses(world.networks)
    if s.own_network - set(taken) or networks_lost(world, s, len(taken)):
        yield f"{len(taken)} addresses for {len(s.own_network)} sandboxes"


def folders(world, s):
    rig = world.rig
    state = os.path.join(rig.folder, "state/pods")
    for name in machine.folder(state):
        if name.startswith(".trash"):
            yield "volumes are still to be removed"
        elif name not in s.uids:
            yield f"folder of pod {name} is left"
    for name in machine.folder(os.path.join(rig.logs, "pods")):
        if name.rsplit("_", 1)[-1] not in s.uids:
            yield f"logs {name} are left"
    links = os.path.join(rig.logs, "containers")
    known = {c["id"] for c in s.containers}
    for name in machine.folder(links):
        if not os.path.exists(os.path.join(links, name)):
            yield f"link {name} leads nowhere"
        if not set(machine.ID.findall(name)) <= known:
            yield f"link {name} of a removed container"
    # That of a container whose shim was killed while it began or ended is
    # forgotten by the runtime, and goes with its pod.
    for name in machine.cgroups(world.cgroup_root):
        if name.startswith("pod") and name[3:] not in s.uids:
            yield f"cgroup {name} is left: " + str(
                machine.inhabitants(world.cgroup_root, name))
    kept = set(machine.folder(os.path.join(rig.folder, "state/manifests")))
    if kept != set(s.by_file()):
        yield (f"kept manifests {sorted(kept)}, "
               f"files of pods {sorted(s.by_file())}")


def mirrors(world, s):
    del world
    for name in sorted(set(s.mirrors) ^ set(s.pods)):
        yield f"{name} is only a " + ("mirror" if name in s.mirrors
                                      else "pod")
    for name in set(s.mirrors) & set(s.pods):
        mirror, pod = s.mirrors[name], s.pods[name]
        meta, status = mirror["metadata"], mirror["status"]
        if "deletionTimestamp" in meta:
            yield f"mirror of {name} is being deleted"
        if meta["annotations"]["kubernetes.io/config.hash"] != pod["hash"]:
            yield f"mirror of {name} has another hash"
        if meta["labels"].get("revision") != s.revision.get(pod["uid"]):
            yield f"mirror of {name} has labels {meta['labels']}"
        if status["phase"] != pod["phase"]:
            yield f"mirror of {name} is {status['phase']}"
        ours = {c["name"]: (c["ready"], c["restartCount"])
                for c in pod["containers"]}
        theirs = {c["name"]: (c["ready"], c["restartCount"])
                  for c in status.get("containerStatuses", ())}
        if ours != theirs:
            yield f"mirror of {name} tells {theirs}, not {ours}"


ALL = (daemons, wanted, untouched, runtime, processes, mounted, networks,
       folders, mirrors)


def findings(world):
    """What is not as it must be, and the picture it was seen in."""
    try:
        s = Snapshot(world)
        return [f"{check.__name__}: {what}" for check in ALL
                for what in check(world, s)], s
    except (OSError, ValueError, KeyError, TypeError,
            machine.subprocess.CalledProcessError) as error:
        return [f"cannot look: {error!r}"], None


def steady(log, names):
    """From the API server's requests: a pod that was ready is never said
    not to be."""
    ready = set()
    for line in log:
        path = line.get("path", "")
        name = path.split("/")[-2] if path.endswith("/status") else ""
        if name not in names or line.get("code") != 200:
            continue
        for c in (line.get("body") or {}).get("status", {}).get(
                "conditions", ()):
            if c.get("type") != "Ready":
                continue
            if c.get("status") == "True":
                ready.add(name)
            elif name in ready:
                yield f"{name} was said to be unready at {line['time']}"


STEADY_NAMES = {name + "-node1" for name in STEADY}
