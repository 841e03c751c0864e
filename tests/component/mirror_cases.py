"""The cases of mirror.sh; prints TAP."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import traceback

HERE = os.path.dirname(os.path.realpath(__file__))
APISERVER = os.path.join(HERE, "..", "apiserver")
sys.path.insert(0, APISERVER)

from standin.client import Client, SMP  # noqa: E402

NODE = "n1"
HASH = "kubernetes.io/config.hash"
MIRROR = "kubernetes.io/config.mirror"
LEASE = f"/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/{NODE}"
REAL = "KUBEBUILDER_ASSETS" in os.environ
# Sanitizers take memory, and calls that the filter would deny.
SANITIZED = "-san" in os.environ["TRIPOD_OBJ"]


class Failure(Exception):
    pass


def until(what, fn, seconds=10.0):
    """Waits for a condition; returns its value."""
    limit = time.monotonic() + seconds
    while True:
        value = fn()
        if value:
            return value
        if time.monotonic() > limit:
            raise Failure(f"not within {seconds} s: {what}")
        time.sleep(0.005)


def check(what, ok):
    if not ok:
        raise Failure(what)


class World:
    """One API server, one driver and a supervised mirrord."""

    def __init__(self, folder, conf="", kubeconfig="node.kubeconfig",
                 api=True, options=()):
        self.folder = folder
        self.api_folder = os.path.join(folder, "api")
        os.makedirs(self.api_folder)
        os.chmod(folder, 0o755)
        self.port = None
        self.api_process = None
        self.options = options
        self.daemon = None
        self.lines = []
        self.kubeconfig = kubeconfig
        self.api_start()
        if not api:
            self.api_stop()
        self.socket = os.path.join(folder, "mirror.sock")
        self.driver_start()
        path = os.path.join(folder, "mirrord.conf")
        with open(path, "w") as out:
            out.write(f"socket {self.socket}\nuser 64202\nlog level debug\n")
            if kubeconfig:
                out.write(f"kubeconfig {self.api_folder}/{kubeconfig}\n")
            out.write(conf)
        self.conf = path
        self.mirrord_start()

    # Processes.

    def api_start(self):
        command = [os.path.join(APISERVER, "apiserver"), "--dir",
                   self.api_folder, "--node", NODE, "--store",
                   os.path.join(self.folder, "store.json"), *self.options]
        if self.port:
            command += ["--port", str(self.port)]
        if REAL:
            command.append("--real")
        self.api_process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL,
            stderr=open(os.path.join(self.folder, "api.log"), "a"))
        path = os.path.join(self.api_folder, "port")
        until("the API server is ready", lambda: os.path.exists(path), 60)
        with open(path) as stream:
            self.port = int(stream.read())

    def api_stop(self):
        self.api_process.terminate()
        self.api_process.wait(30)

    def driver_start(self):
        self.out = open(os.path.join(self.folder, "driver.log"), "w+")
        self.driver = subprocess.Popen(
            [os.path.join(os.environ["TRIPOD_OBJ"],
                          "tests/component/mirror_peer"), self.socket, NODE],
            stdin=subprocess.PIPE, stdout=self.out, text=True, bufsize=1)
        until("the socket", lambda: os.path.exists(self.socket))

    def mirrord_start(self):
        self.daemon = subprocess.Popen(
            [os.path.join(os.environ["TRIPOD_BIN"], "mirrord"),
             "-f", self.conf],
            # Looking for leaks takes calls that nobody confined has.
            env=dict(os.environ, ASAN_OPTIONS="detect_leaks=0"),
            stderr=open(os.path.join(self.folder, "mirrord.log"), "a"))

    def mirrord_end(self, seconds=10):
        """Its exit status."""
        return self.daemon.wait(seconds)

    def close(self):
        for process in self.daemon, self.driver, self.api_process:
            if process and process.poll() is None:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
        code = self.daemon.returncode if self.daemon else 0
        if code != 0:
            raise Failure(f"mirrord ended with {code}")

    # reconciled's side.

    def say(self, line):
        self.driver.stdin.write(line + "\n")

    def heard(self):
        with open(os.path.join(self.folder, "driver.log")) as stream:
            return stream.read().splitlines()

    def last(self, word):
        return ([line for line in self.heard()
                 if line.startswith(word)] or [""])[-1]

    def pod(self, name="web", uid="u1", digest=None, phase="Running",
            terminating=False, labels=None, ns="default", **spec):
        """Tells of a pod; the name gets its suffix here."""
        full = f"{name}-{NODE}"
        container = {"name": "c", "image": spec.pop("image", "localhost/bb:1")}
        manifest = {
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": full, "namespace": ns,
                         "labels": labels or {"app": name},
                         "finalizers": ["example.com/never"],
                         "annotations": {HASH: digest or uid, "my": "note"}},
            "spec": {"containers": [container], "hostNetwork": True, **spec}}
        path = os.path.join(self.folder, f"{name}-{digest or uid}.json")
        # The driver may still be reading the one before.
        with open(path + ".new", "w") as out:
            json.dump(manifest, out)
        os.rename(path + ".new", path)
        self.say(f"pod {path} {ns} {full} {uid} {digest or uid} {phase}"
                 + (" terminating" if terminating else ""))

    def gone(self, name="web", uid="u1", ns="default"):
        self.say(f"gone {ns} {name}-{NODE} {uid}")

    def event(self, number, count=1, name="web", digest="u1",
              reason="BackOff", ns="default"):
        self.say(f"event {ns} {name}-{NODE} {digest} "
                 f"{1795774500000000000 + number} {count} {reason}")

    # The API's side.

    @property
    def admin(self):
        return Client(self.api_folder, "admin", port=self.port)

    def get(self, path):
        code, body = self.admin.call("GET", path)
        return body if code == 200 else None

    def pod_path(self, name="web", ns="default"):
        return f"/api/v1/namespaces/{ns}/pods/{name}-{NODE}"

    def mirror(self, name="web", ns="default"):
        return self.get(self.pod_path(name, ns))

    def node(self):
        return self.get(f"/api/v1/nodes/{NODE}")

    def running(self, name="web", other_than=None, digest=None, seconds=10):
        """Waits for a mirror in phase Running."""
        def there():
            pod = self.mirror(name)
            return (pod and pod["status"].get("phase") == "Running" and
                    pod["metadata"]["uid"] != other_than and
                    "deletionTimestamp" not in pod["metadata"] and
                    (digest is None or
                     pod["metadata"]["annotations"][HASH] == digest) and pod)
        return until(f"mirror of {name} is Running", there, seconds)

    def absent(self, name="web", seconds=10):
        until(f"mirror of {name} is gone",
              lambda: self.mirror(name) is None, seconds)

    def requests(self, verb=None, **fields):
        with open(os.path.join(self.api_folder, "requests.log")) as stream:
            found = [json.loads(line) for line in stream]
        return [r for r in found if r["user"] == f"system:node:{NODE}" and
                (verb is None or r["verb"] == verb) and
                all(re.search(v, str(r.get(k))) for k, v in fields.items())]

    def events(self, digest="u1"):
        """As kubectl describe looks for them, by the mirror annotation."""
        code, body = self.admin.call(
            "GET", "/api/v1/namespaces/default/events",
            fieldSelector=f"involvedObject.uid={digest}")
        check(f"events answered {code}", code == 200)
        return {e["metadata"]["name"]: e for e in body["items"]}

    def counts(self, expected, digest="u1", seconds=10):
        until(f"events {expected}", lambda: sorted(
            e["count"] for e in self.events(digest).values()) == expected,
              seconds)

    def delete(self, grace, name="web"):
        code, _ = self.admin.call("DELETE", self.pod_path(name), {
            "kind": "DeleteOptions", "apiVersion": "v1",
            "gracePeriodSeconds": grace})
        check(f"delete answered {code}", code == 200)

    def patch(self, body, name="web", sub=""):
        code, answer = self.admin.call("PATCH", self.pod_path(name) + sub,
                                       body, SMP)
        check(f"patch answered {code}: {answer}", code == 200)
        return answer

    def fault(self, **rule):
        if "match" in rule:  # faults are for mirrord, not for us
            rule["match"].setdefault("user", f"system:node:{NODE}")
        code, body = self.admin.call("POST", "/faults", rule)
        check(f"fault: {code} {body}", code < 300)

    def faults_end(self):
        self.admin.call("DELETE", "/faults")

    def settled(self):
        """Past the lag of the server's caches after a creation."""
        time.sleep(0.4)


def took(what, limit, fn):
    """fn() must be done within limit seconds; one retry for a busy CPU."""
    started = time.monotonic()
    value = fn()
    elapsed = time.monotonic() - started
    print(f"# {what}: {elapsed * 1000:.0f} ms (at most {limit * 1000:.0f})")
    check(f"{what} took {elapsed * 1000:.0f} ms", elapsed <= limit)
    return value


# The cases.

def case_create(w):
    """a static pod gets a mirror owned by the node, with its status"""
    w.pod()
    pod = w.running()
    meta = pod["metadata"]
    node = w.node()
    check("owner", meta["ownerReferences"] == [{
        "apiVersion": "v1", "kind": "Node", "name": NODE,
        "uid": node["metadata"]["uid"], "controller": True}])
    check("annotations", meta["annotations"][HASH] == "u1" and
          meta["annotations"][MIRROR] == "u1" and
          meta["annotations"]["kubernetes.io/config.source"] == "file" and
          meta["annotations"]["my"] == "note")
    check("config.seen", re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z",
        meta["annotations"]["kubernetes.io/config.seen"]))
    check("no finalizers", not meta.get("finalizers"))
    check("generation", meta.get("generation") == 1)
    check("toleration", {"operator": "Exists", "effect": "NoExecute"} in
          pod["spec"]["tolerations"])
    status = pod["status"]
    container = status["containerStatuses"][0]
    check("container", container["ready"] and "running" in container["state"])
    check("addresses", status["podIP"] == "10.0.0.5" and
          status["hostIPs"] == [{"ip": "10.0.0.5"}])
    check("ready", [c["status"] for c in status["conditions"]
                    if c["type"] == "Ready"] == ["True"])
    check("observedGeneration", "observedGeneration" not in status)
    until("reconciled hears of it", lambda: w.last("MIRROR").startswith(
        f"MIRROR default web-{NODE} PRESENT {meta['uid']}"))
    check("api item", w.last("API").startswith("API 1 https://"))


def case_node(w):
    """the node is registered, tainted and ready, and follows the runtime"""
    node = until("node", w.node)
    check("taint", any(t["key"] == "tripod/static-only" and
                       t["effect"] == "NoSchedule"
                       for t in node["spec"]["taints"]))
    check("no room", node["status"]["allocatable"]["pods"] == "0")
    labels = node["metadata"]["labels"]
    check("labels", labels["kubernetes.io/hostname"] == NODE and
          "kubernetes.io/os" not in labels)

    def ready(status):
        return any(c["type"] == "Ready" and c["status"] == status
                   for c in w.node()["status"]["conditions"])
    until("Ready", lambda: ready("True"))
    w.say("node notready")
    until("not Ready", lambda: ready("False"))
    w.say("node ready")
    until("Ready again", lambda: ready("True"))


def case_force_delete(w):
    """a force-deleted mirror is there again within 100 ms"""
    w.pod()
    uid = w.running()["metadata"]["uid"]
    w.settled()
    w.delete(0)

    def again():
        until("new mirror", lambda: (w.mirror() or {"metadata": {
            "uid": uid}})["metadata"]["uid"] != uid)
    took("force-deleted, there again", 0.1, again)
    w.running(other_than=uid)


def case_graceful_delete(w):
    """a gracefully deleted mirror is replaced at once"""
    w.pod()
    uid = w.running()["metadata"]["uid"]
    w.settled()
    w.delete(30)
    took("deleted, replaced", 0.5, lambda: w.running(other_than=uid))


def edited(w, what, body, undone):
    uid = w.running()["metadata"]["uid"]
    w.settled()
    w.patch(body)

    def back():
        until(what, lambda: undone(w.mirror() or
                                   {"metadata": {}, "spec": {}}))
    took(what, 0.2, back)
    w.running(other_than=uid)


def case_label(w):
    """a changed label is put back within 200 ms"""
    w.pod()
    edited(w, "label undone", {"metadata": {"labels": {"app": "x"}}},
           lambda p: p["metadata"].get("labels", {}).get("app") == "web")


def case_label_removed(w):
    """a removed label is put back"""
    w.pod()
    edited(w, "label back", {"metadata": {"labels": {"app": None}}},
           lambda p: p["metadata"].get("labels", {}).get("app") == "web")


def case_annotation(w):
    """a changed annotation is put back"""
    w.pod()
    edited(w, "annotation undone", {"metadata": {"annotations": {"my": "x"}}},
           lambda p: p["metadata"].get("annotations", {}).get("my") == "note")


def case_image(w):
    """a changed image is put back within 200 ms"""
    w.pod()
    edited(w, "image undone",
           {"spec": {"containers": [{"name": "c", "image": "evil:1"}]}},
           lambda p: p["spec"].get("containers", [{}])[0].get("image") ==
           "localhost/bb:1")


def case_foreign_label(w):
    """a label that the manifest does not set stays"""
    w.pod()
    uid = w.running()["metadata"]["uid"]
    w.patch({"metadata": {"labels": {"other": "yes"}}})
    w.pod(phase="Failed")
    until("status", lambda: w.mirror()["status"]["phase"] == "Failed")
    check("same mirror", w.mirror()["metadata"]["uid"] == uid)
    check("label", w.mirror()["metadata"]["labels"]["other"] == "yes")


def case_strict(w):
    """with drift strict an added label is an edit"""
    w.pod()
    edited(w, "label removed", {"metadata": {"labels": {"other": "yes"}}},
           lambda p: "app" in p["metadata"].get("labels", {}) and
           "other" not in p["metadata"]["labels"])


case_strict.conf = "drift strict\n"


def case_drift_report(w):
    """with drift report an edit stays and is told of"""
    w.pod()
    uid = w.running()["metadata"]["uid"]
    w.patch({"metadata": {"labels": {"app": "x"}}})
    until("reported", lambda: "edited: label" in w.last("MIRROR"))
    check("same mirror", w.mirror()["metadata"]["uid"] == uid)


case_drift_report.conf = "drift report\n"


def case_drift_loop(w):
    """somebody who edits again and again is not fought for ever"""
    w.pod()
    w.running()
    for _ in range(200):
        if "again and again" in w.last("MIRROR"):
            break
        code, _ = w.admin.call("PATCH", w.pod_path(), {
            "metadata": {"labels": {"app": "x"}}}, SMP)
        time.sleep(0.1)
    else:
        raise Failure("never gave up")
    repairs = len(w.requests("delete", code="200", path="web-"))
    check(f"{repairs} repairs", repairs == 6)


def case_status(w):
    """every phase is published, the mirror stays"""
    w.pod(phase="Pending")
    until("Pending, waiting", lambda: (w.mirror() or {"status": {}})["status"]
          .get("containerStatuses", [{}])[0].get("state", {}).get("waiting"))
    uid = w.mirror()["metadata"]["uid"]
    started = w.mirror()["status"]["startTime"]
    for phase in "Running", "Failed", "Running", "Succeeded":
        w.pod(phase=phase)
        until(phase, lambda: w.mirror()["status"]["phase"] == phase)
    last = w.mirror()
    check("same mirror", last["metadata"]["uid"] == uid)
    check("start time stays", last["status"]["startTime"] == started)
    check("qosClass is the server's", last["status"]["qosClass"])
    check("nothing refused", not w.requests("patch", code="4.."))
    for request in w.requests("patch", path="/status$"):
        if "pods/web" in request["path"]:
            check("qosClass sent", "qosClass" not in
                  request["body"]["status"])


def case_status_edit(w):
    """a status written by others is put back"""
    w.pod()
    w.running()
    w.patch({"status": {"phase": "Failed", "conditions": [
        {"type": "example.com/mine", "status": "True"}]}}, sub="/status")
    until("phase back", lambda: w.mirror()["status"]["phase"] == "Running", 15)
    check("condition of others stays", any(
        c["type"] == "example.com/mine"
        for c in w.mirror()["status"]["conditions"]))


def case_hash(w):
    """a changed manifest replaces the mirror, after the old pod's end"""
    w.pod()
    uid = w.running()["metadata"]["uid"]
    w.pod(terminating=True)
    w.pod(uid="u2", phase="Pending", image="localhost/bb:2")
    w.pod(phase="Succeeded", terminating=True)
    until("status of the old", lambda: w.mirror()["status"]["phase"] ==
          "Succeeded")
    check("still the old mirror", w.mirror()["metadata"]["uid"] == uid)
    w.gone()
    w.pod(uid="u2", image="localhost/bb:2")
    pod = w.running(other_than=uid, digest="u2")
    check("image", pod["spec"]["containers"][0]["image"] == "localhost/bb:2")
    check("generation", pod["metadata"]["generation"] == 1)


def case_fixed_uid(w):
    """with a fixed uid a new hash replaces the mirror too"""
    w.pod(digest="h1")
    uid = w.running(digest="h1")["metadata"]["uid"]
    w.pod(digest="h2", image="localhost/bb:2")
    w.running(other_than=uid, digest="h2")


def case_gone(w):
    """the mirror goes at once, its last status before"""
    w.pod()
    uid = w.running()["metadata"]["uid"]
    w.settled()
    w.pod(phase="Running", terminating=True)
    w.pod(phase="Failed", terminating=True)
    w.gone()
    took("gone", 0.2, w.absent)
    mine = w.requests(path=f"web-{NODE}")
    check("last status, then deletion",
          [r["verb"] for r in mine][-2:] == ["patch", "delete"] and
          mine[-2]["body"]["status"]["phase"] == "Failed")
    check("uid is a precondition",
          mine[-1]["body"]["preconditions"]["uid"] == uid)


def case_gone_deleted(w):
    """a mirror deleted while its pod ends does not come back"""
    w.pod()
    w.running()
    w.pod(terminating=True)
    until("told", lambda: "ending" in w.last("MIRROR"))
    w.delete(0)
    w.absent()
    w.pod(phase="Failed", terminating=True)
    w.gone()
    w.pod("other", "o1")
    w.running("other")
    check("stays away", w.mirror() is None)


def make_pod(w, name, ns="default", mirror=None, phase=None):
    node = w.node()
    body = {"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": f"{name}-{NODE}", "namespace": ns},
            "spec": {"nodeName": NODE, "containers": [
                {"name": "c", "image": "x"}]}}
    if mirror:
        body["metadata"]["annotations"] = {MIRROR: mirror, HASH: mirror}
        body["metadata"]["ownerReferences"] = [{
            "apiVersion": "v1", "kind": "Node", "name": NODE,
            "uid": node["metadata"]["uid"], "controller": True}]
    code, answer = w.admin.call("POST", f"/api/v1/namespaces/{ns}/pods", body)
    check(f"create: {code} {answer}", code == 201)
    return answer


def case_orphan(w):
    """a mirror that no manifest wants is removed"""
    until("node", w.node)
    make_pod(w, "orphan", mirror="h")
    w.absent("orphan")


def case_orphan_start(w):
    """one that became an orphan while nobody looked is removed too"""
    w.pod()
    w.pod("two", "t1")
    w.running()
    w.running("two")
    w.daemon.terminate()
    check("exit", w.mirrord_end() == 0)
    w.gone("two", "t1")
    w.mirrord_start()
    w.absent("two")
    check("the other stays", w.mirror() is not None)


def case_restart(w):
    """a restarted mirrord adopts mirrors without touching them"""
    w.pod()
    before = w.running()
    w.daemon.kill()
    w.mirrord_end()
    w.mirrord_start()
    until("present", lambda: len([line for line in w.heard() if
          f"PRESENT {before['metadata']['uid']}" in line]) >= 2)
    time.sleep(0.3)
    after = w.mirror()
    check("untouched", after["metadata"]["resourceVersion"] ==
          before["metadata"]["resourceVersion"])


def case_edited_meanwhile(w):
    """an edit made while mirrord was away is undone"""
    w.pod()
    uid = w.running()["metadata"]["uid"]
    w.daemon.kill()
    w.mirrord_end()
    w.patch({"spec": {"containers": [{"name": "c", "image": "evil:1"}]}})
    w.mirrord_start()
    pod = w.running(other_than=uid)
    check("image", pod["spec"]["containers"][0]["image"] == "localhost/bb:1")


def case_conflict(w):
    """an ordinary pod of the name is left alone, and told of"""
    until("node", w.node)
    uid = make_pod(w, "web")["metadata"]["uid"]
    w.pod()
    until("conflict", lambda: " CONFLICT " in w.last("MIRROR"))
    time.sleep(0.3)
    check("still there", w.mirror()["metadata"]["uid"] == uid)
    check("nothing deleted", not w.requests("delete"))
    # Its owner deletes it: nobody else could end it; then the name is free.
    w.delete(30)
    pod = w.running(other_than=uid)
    check("mirror now", MIRROR in pod["metadata"]["annotations"])


def case_foreign_terminating(w):
    """an ordinary pod that is being deleted is finished"""
    until("node", w.node)
    make_pod(w, "stray")
    w.delete(30, "stray")
    w.absent("stray")


def case_node_deleted(w):
    """a deleted node is registered again, mirrors get the new owner"""
    w.pod()
    pod = w.running()
    old = w.node()["metadata"]["uid"]
    w.admin.call("DELETE", f"/api/v1/nodes/{NODE}")
    node = until("new node", lambda: (w.node() or {"metadata": {
        "uid": old}})["metadata"]["uid"] != old and w.node(), 20)
    fresh = w.running(other_than=pod["metadata"]["uid"], seconds=20)
    check("owner", fresh["metadata"]["ownerReferences"][0]["uid"] ==
          node["metadata"]["uid"])
    until("lease", lambda: (w.get(LEASE) or {"metadata": {}})["metadata"].get(
        "ownerReferences", [{}])[0].get("uid") == node["metadata"]["uid"], 20)


case_node_deleted.conf = "reregister delay 1s\nlease interval 1s\n"


def case_no_reregister(w):
    """with reregister no a deleted node stays away"""
    until("node", w.node)
    w.admin.call("DELETE", f"/api/v1/nodes/{NODE}")
    w.pod()
    until("waits", lambda: "Node object" in w.last("MIRROR"))
    renewed = len(w.requests(path="leases"))
    time.sleep(2.2)
    check("no node", w.node() is None)
    check("no lease is renewed", len(w.requests(path="leases")) <= renewed + 1)


case_no_reregister.conf = ("reregister no\nreregister delay 0\n"
                           "lease interval 1s\n")


def case_existing(w):
    """with node existing only mirrors are made"""
    w.pod()
    until("waits", lambda: "Node object" in w.last("MIRROR"))
    code, _ = w.admin.call("POST", "/api/v1/nodes", {
        "apiVersion": "v1", "kind": "Node", "metadata": {"name": NODE}})
    check(f"node {code}", code == 201)
    w.running()
    check("no lease", w.get(LEASE) is None)
    check("node untouched", not w.requests("patch", path="nodes"))


case_existing.conf = "node existing\nlease interval 1s\n"


def case_lease(w):
    """the lease is renewed with strictly increasing times"""
    until("lease", lambda: w.get(LEASE))
    times = []
    limit = time.monotonic() + 4.5
    while time.monotonic() < limit:
        lease = w.get(LEASE)
        now = lease["spec"]["renewTime"]
        check("form", re.fullmatch(
            r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", now))
        if not times or times[-1] != now:
            times.append(now)
        time.sleep(0.05)
    check(f"{len(times)} renewals", 4 <= len(times) <= 7)
    check("increasing", times == sorted(times))
    check("holder", lease["spec"]["holderIdentity"] == NODE and
          lease["spec"]["leaseDurationSeconds"] == 40)
    # After a restart it goes on from the last value.
    code, _ = w.admin.call("PATCH", LEASE, {"spec": {
        "renewTime": "2099-01-01T00:00:00.000000Z"}},
        "application/merge-patch+json")
    check(f"lease patch {code}", code == 200)
    w.daemon.terminate()
    w.mirrord_end()
    w.mirrord_start()
    until("beyond", lambda: w.get(LEASE)["spec"]["renewTime"] >
          "2099-01-01T00:00:00.000000Z")


case_lease.conf = "lease interval 1s\n"


def case_absent_at_start(w):
    """without an API server mirrord waits; it comes, everything appears"""
    w.pod()
    until("told", lambda: w.last("API 0"))
    time.sleep(1)
    w.api_start()
    w.running(seconds=30)
    check("reachable", w.last("API").startswith("API 1"))


case_absent_at_start.api = False


def case_away_and_back(w):
    """the API server goes, things change, it returns"""
    w.pod()
    w.pod("two", "t1")
    uid = w.running()["metadata"]["uid"]
    w.running("two")
    w.api_stop()
    until("told", lambda: w.last("API").startswith("API 0"))
    w.pod(phase="Failed")
    w.gone("two", "t1")
    w.pod("three", "d1")
    time.sleep(1)
    w.api_start()
    w.running("three", seconds=30)
    w.absent("two")
    until("status", lambda: w.mirror()["status"]["phase"] == "Failed")
    check("same mirror", w.mirror()["metadata"]["uid"] == uid)


def case_history_lost(w):
    """410 leads to a new list, nothing is lost"""
    w.pod()
    uid = w.running()["metadata"]["uid"]
    w.fault(action={"watchError": 410})
    w.fault(action={"compact": True})
    w.settled()
    lists = len(w.requests("list", path="pods"))
    check("listed again", lists >= 2)
    w.delete(0)
    w.running(other_than=uid)


def case_watch_dropped(w):
    """a watch that is cut goes on where it was"""
    w.pod()
    uid = w.running()["metadata"]["uid"]
    for _ in range(3):
        w.fault(action={"dropWatches": True})
        w.settled()
    check("not listed again", len(w.requests("list", path="pods")) == 1)
    w.delete(0)
    w.running(other_than=uid)


def case_expired_version(w):
    """the server has forgotten the place while it was away"""
    w.pod()
    w.running()
    w.api_stop()
    os.remove(os.path.join(w.folder, "store.json"))
    w.api_start()
    w.running(seconds=40)


def case_faults_create(w):
    """403, 500, 429 and cut answers to a creation only delay it"""
    for action in ({"status": 403}, {"status": 500},
                   {"status": 429, "retryAfter": 1, "body": "busy"},
                   {"close": "before"}, {"close": "after"},
                   {"close": "mid"}):
        w.fault(match={"verb": "create", "resource": "pods"}, count=1,
                action=action)
        w.pod("web", "u1")
        w.running(seconds=30)
        w.gone()
        w.absent(seconds=30)
        w.faults_end()


def case_faults_other(w):
    """the same for deletion, status and garbage instead of lists"""
    w.pod()
    w.running()
    for verb in "patch", "delete":
        for action in ({"status": 500}, {"close": "after"},
                       {"garbage": "text"}, {"garbage": "truncated"}):
            w.fault(match={"verb": verb, "resource": ["pods", "pods/status"]},
                    count=1, action=action)
            w.pod(phase="Failed")
            until("Failed", lambda: w.mirror()["status"]["phase"] == "Failed",
                  30)
            w.pod(phase="Running")
            w.running(seconds=30)
            w.settled()
            w.delete(30)
            w.running(seconds=30)
            w.faults_end()


def case_garbage_lists(w):
    """lists and watches that make no sense are asked for again"""
    w.pod()
    uid = w.running()["metadata"]["uid"]
    for kind in "text", "truncated", "slow":
        w.fault(match={"verb": ["list", "watch"]}, count=2,
                action={"garbage": kind})
        w.fault(action={"watchError": 410})
        time.sleep(2)
        w.faults_end()
    w.delete(0)
    w.running(other_than=uid, seconds=40)


def case_huge_list(w):
    """a list without end is cut off, memory stays small"""
    w.pod()
    w.running()
    w.fault(match={"verb": "list"}, count=1, action={"garbage": "huge"})
    w.fault(action={"watchError": 410})
    time.sleep(3)
    with open(f"/proc/{w.daemon.pid}/status") as stream:
        peak = int(re.search(r"VmHWM:\s+(\d+)", stream.read()).group(1))
    print(f"# peak memory {peak} KiB")
    if not SANITIZED:
        check("memory", peak < 100 * 1024)
    w.pod("two", "t1")
    w.running("two", seconds=30)


def case_denied(w):
    """401 is answered by reading the credentials again"""
    w.pod()
    w.running()
    w.fault(match={"user": f"system:node:{NODE}"}, count=2,
            action={"status": 401})
    w.pod(phase="Failed")
    until("Failed", lambda: w.mirror()["status"]["phase"] == "Failed", 40)


def case_refused(w):
    """what admission refuses is told and does not disturb the others"""
    w.pod("bad", "b1", serviceAccountName="robot")
    w.pod()
    w.running()
    until("refused", lambda: any(
        f"bad-{NODE} REFUSED" in line and "403" in line
        for line in w.heard()))


def case_finalizer(w):
    """a finalizer of others keeps the old mirror, without a hot loop"""
    w.pod()
    pod = w.running()
    w.settled()
    w.patch({"metadata": {"finalizers": ["example.com/keep"]}})
    w.delete(0)
    time.sleep(2)
    check("few deletions", len(w.requests("delete", path="web-")) < 6)
    w.patch({"metadata": {"finalizers": None}})
    w.running(other_than=pod["metadata"]["uid"], seconds=20)


def case_link_lost(w):
    """when the link is lost mirrord ends in order, the mirrors stay"""
    w.pod()
    uid = w.running()["metadata"]["uid"]
    w.say("drop")
    check("exit status", w.mirrord_end() == 0)
    w.mirrord_start()
    until("back", lambda: len([line for line in w.heard() if
          f"PRESENT {uid}" in line]) >= 2)


def case_idle(w):
    """without a kubeconfig it stays connected and says so"""
    until("told", lambda: w.last("API") == "API 0 - not configured")
    w.pod()
    time.sleep(0.3)
    check("alive", w.daemon.poll() is None)


case_idle.kubeconfig = None


def case_token(w):
    """a token instead of a certificate"""
    w.pod()
    w.running()


case_token.kubeconfig = "node-token.kubeconfig"


def case_token_file(w):
    """a token file, read relative to the kubeconfig"""
    w.pod()
    w.running()


case_token_file.kubeconfig = "node-tokenfile.kubeconfig"


def case_files(w):
    """certificate, key and CA in files"""
    w.pod()
    w.running()


case_files.kubeconfig = "node-files.kubeconfig"


def case_plain_user(w):
    """a dedicated user with ordinary rights"""
    w.pod()
    w.running()


case_plain_user.kubeconfig = "tripod.kubeconfig"


def case_wrong_ca(w):
    """a server that another authority vouches for is not talked to"""
    path = os.path.join(w.api_folder, "wrong.kubeconfig")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:P-256", "-nodes", "-keyout", "/dev/null",
         "-out", os.path.join(w.api_folder, "wrong.crt"), "-subj", "/CN=x",
         "-days", "1"], check=True, stderr=subprocess.DEVNULL)
    with open(os.path.join(w.api_folder, "node-files.kubeconfig")) as stream:
        text = stream.read().replace("ca.crt", "wrong.crt")
    with open(path, "w") as out:
        out.write(text)
    with open(w.conf) as stream:
        conf = stream.read().replace("node-files", "wrong")
    w.daemon.terminate()
    w.mirrord_end()
    before = len(w.requests())
    with open(w.conf, "w") as out:
        out.write(conf)
    w.mirrord_start()
    until("told", lambda: "certificate" in w.last("API 0").lower())
    check("nothing was said", len(w.requests()) == before)


case_wrong_ca.kubeconfig = "node-files.kubeconfig"


def case_many(w):
    """a hundred pods at once"""
    started = time.monotonic()
    for i in range(100):
        w.pod(f"p{i:03}", f"m{i:03}")

    def running():
        pods = w.get("/api/v1/pods")["items"]
        return sum(p["status"].get("phase") == "Running" for p in pods) == 100
    until("all Running", running, 60)
    print(f"# 100 mirrors Running after {time.monotonic() - started:.1f} s")


def case_confined(w):
    """it runs without privileges, behind a filter"""
    w.pod()
    w.running()
    with open(f"/proc/{w.daemon.pid}/status") as stream:
        status = dict(line.split(":\t") for line in stream.read()
                      .strip().split("\n") if ":\t" in line)
    check("uid", status["Uid"].split() == ["64202"] * 4)
    check("groups", status["Groups"].strip() == "")
    for key in "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb":
        check(key, int(status[key], 16) == 0)
    check("no_new_privs", status["NoNewPrivs"].strip() == "1")
    check("one thread", status["Threads"].strip() == "1")
    if not SANITIZED:
        check("seccomp", status["Seccomp"].strip() == "2")


def case_events(w):
    """what happens becomes an Event of the mirror and is counted up"""
    w.pod()
    w.running()
    w.event(1)
    w.counts([1])
    event = w.events()[f"web-{NODE}.18ebdf64b1346801"]
    about = event["involvedObject"]
    check("about", about["kind"] == "Pod" and about["name"] == f"web-{NODE}"
          and about["uid"] == w.mirror()["metadata"]["annotations"][MIRROR]
          and about["fieldPath"] == "spec.containers{c}")
    check("what", event["type"] == "Warning" and event["reason"] == "BackOff"
          and event["message"] == "it is BackOff")
    check("from", event["source"] == {"component": "tripod", "host": NODE})
    check("when", event["firstTimestamp"] == event["lastTimestamp"] ==
          "2026-11-27T10:15:00Z")
    w.event(1, 3)
    w.counts([3])
    event = w.events()[f"web-{NODE}.18ebdf64b1346801"]
    check("last", event["lastTimestamp"] == "2026-11-27T10:15:02Z")
    # The next mirrord finds it there.
    w.daemon.kill()
    w.daemon.wait()
    w.mirrord_start()
    until("another HELLO", lambda: len([
        line for line in w.heard() if line.startswith("HELLO")]) == 2)
    w.event(1, 4)
    w.counts([4])
    check("one object", len(w.events()) == 1)
    # The server has forgotten it.
    code, _ = w.admin.call("DELETE", "/api/v1/namespaces/default/events/"
                           f"web-{NODE}.18ebdf64b1346801")
    check(f"delete answered {code}", code == 200)
    w.event(1, 5)
    w.counts([5])


def case_events_are_many(w):
    """of many events some are told, and no mirror waits for them"""
    w.pod()
    w.running()
    for number in range(600):
        w.event(number)
    w.pod("other", "u2")
    took("a mirror beside events", 2.0, lambda: w.running("other"))
    w.event(1000, digest="u2", name="other")
    w.counts([1], "u2", 30)
    check("allowance", len(w.events()) <= 25)


def case_events_refused(w):
    """without the right for events everything else goes on"""
    w.fault(match={"resource": "events"}, count=3, action={"status": 403})
    w.pod()
    w.running()
    w.event(1)
    w.event(2)
    w.event(3)
    until("refusals", lambda: len(w.requests(
        "create", path="/events", code="403")) == 3)
    w.event(4)
    w.counts([1])
    with open(os.path.join(w.folder, "mirrord.log")) as stream:
        check("told once", stream.read().count("events are not told") == 1)


def case_events_later(w):
    """an event waits for the API server, but not for ever"""
    w.fault(match={"resource": "events"}, count=1, action={"status": 503})
    w.pod()
    w.running()
    w.event(1)
    w.event(1, 2)
    w.counts([2], seconds=20)
    # A namespace that is not there.
    w.event(2, ns="nowhere")
    w.event(3)
    w.counts([1, 2])


def run(folder, name, fn):
    world = None
    try:
        world = World(folder, getattr(fn, "conf", ""),
                      getattr(fn, "kubeconfig", "node.kubeconfig"),
                      getattr(fn, "api", True), getattr(fn, "options", ()))
        fn(world)
        world.close()
        world = None
        return True
    except Exception:  # whatever it was, the next case has its turn
        for line in traceback.format_exc().splitlines():
            print("# " + line)
        for log in "mirrord.log", "driver.log", "api.log":
            path = os.path.join(folder, log)
            if os.path.exists(path):
                with open(path, errors="replace") as stream:
                    for line in stream.read().splitlines()[-40:]:
                        print(f"# {log}: {line}")
        return False
    finally:
        if world:
            try:
                world.close()
            except Failure as err:
                print(f"# {err}")


def main():
    base = sys.argv[1]
    pattern = sys.argv[2] if len(sys.argv) > 2 else ""
    cases = [(name[5:], fn) for name, fn in globals().items()
             if name.startswith("case_") and pattern in name]
    failed = 0
    for number, (name, fn) in enumerate(cases, 1):
        ok = run(os.path.join(base, name), name, fn)
        failed += not ok
        print(f"{'ok' if ok else 'not ok'} {number} - {name}: {fn.__doc__}",
              flush=True)
    print(f"1..{len(cases)}")
    return 1 if failed or not cases else 0


if __name__ == "__main__":
    sys.exit(main())
