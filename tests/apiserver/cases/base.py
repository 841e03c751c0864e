"""One server for all cases, and the objects they are made of."""

import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

from standin.client import MERGE, SMP, Client

HERE = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
PROGRAM = os.path.join(HERE, "apiserver")
PODS = "/api/v1/namespaces/default/pods"
NODES = "/api/v1/nodes"
LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
MIRROR = "kubernetes.io/config.mirror"
ZERO = {"gracePeriodSeconds": 0}
MINE = {"fieldSelector": "spec.nodeName=n1"}
COUNTER = itertools.count(1)


def use_real():
    folder = os.environ.get("KUBEBUILDER_ASSETS", "")
    return os.access(os.path.join(folder, "kube-apiserver"), os.X_OK)


class Server:
    """A process of tests/apiserver/apiserver and the folder it works in."""

    def __init__(self, *extra, real=False, environment=None):
        self.dir = tempfile.mkdtemp(prefix="apiserver-")
        self.extra = list(extra) + (["--real"] if real else [])
        self.environment = environment
        self.process = None
        self.start()

    def start(self, *extra, port=0):
        self.process = subprocess.Popen(
            [sys.executable, PROGRAM, "--dir", self.dir, "--port", str(port),
             "--node", "n1", "--node", "n2", *self.extra, *extra],
            stdout=subprocess.PIPE, env=self.environment, text=True)
        if not self.process.stdout.readline().startswith("ready"):
            raise AssertionError(f"the server did not start: {self.dir}")

    def stop(self):
        self.process.terminate()
        code = self.process.wait(20)
        self.process.stdout.close()
        return code

    def close(self):
        if self.process.poll() is None:
            self.stop()
        shutil.rmtree(self.dir)

    def client(self, name=None, **more):
        return Client(self.dir, name, **more)

    def requests(self):
        with open(os.path.join(self.dir, "requests.log"),
                  encoding="utf-8") as stream:
            return [json.loads(line) for line in stream]


class Shared:
    """The server that most cases use; started by the first that asks."""

    server = None
    nodes = {}

    @classmethod
    def get(cls):
        if cls.server is None:
            extra = [] if use_real() else ["--lag", "100"]
            cls.server = Server(*extra, real=use_real())
        return cls.server

    @classmethod
    def close(cls):
        if cls.server is not None:
            cls.server.close()


class Case(unittest.TestCase):
    """Clients of three identities, and short words for common steps."""

    standin_only = False

    def setUp(self):
        if self.standin_only and use_real():
            self.skipTest("a matter of the stand-in")
        self.server = Shared.get()
        self.admin = self.server.client("admin")
        self.node = self.server.client("n1")

    # -- checks

    def expect(self, code, answer, reason=None, text=None):
        """Check an answer (code, body); returns the body."""
        self.assertEqual(code, answer[0], answer[1])
        if reason:
            self.assertEqual(reason, answer[1]["reason"])
        if text:
            self.assertIn(text, answer[1]["message"])
        return answer[1]

    def eventually(self, code, ask, seconds=5):
        """Repeat a request until it has that code."""
        end = time.monotonic() + seconds
        while True:
            answer = ask()
            if answer[0] == code or time.monotonic() > end:
                return self.expect(code, answer)
            time.sleep(0.03)

    # -- objects

    def live_node(self, name="n1"):
        """The Node, made by its own identity when it is not there."""
        found = self.admin.call("GET", f"{NODES}/{name}")
        if found[0] == 404:
            client = self.server.client(name)
            self.expect(201, client.call("POST", NODES, node(name)))
            found = self.admin.call("GET", f"{NODES}/{name}")
        return self.expect(200, found)

    def mirror(self, node_name="n1", **metadata):
        uid = self.live_node(node_name)["metadata"]["uid"]
        return mirror(node_name, uid, **metadata)

    def make_mirror(self, pod=None):
        """Create a mirror pod as the node and return it."""
        pod = pod or self.mirror()
        client = self.server.client(pod["spec"]["nodeName"])
        return self.eventually(201, lambda: client.call("POST", PODS, pod))

    def known_mirror(self, pod=None):
        """A mirror that authorizer and admission already know."""
        pod = self.make_mirror(pod)
        client = self.server.client(pod["spec"]["nodeName"])
        return self.eventually(200, lambda: client.call("GET", path_of(pod)))

    def patch_status(self, pod, status, client=None):
        body = {"metadata": {"uid": pod["metadata"]["uid"]},
                "status": status}
        return (client or self.node).call(
            "PATCH", path_of(pod) + "/status", body, SMP)

    def merge(self, path, body, client=None):
        return (client or self.admin).call("PATCH", path, body, MERGE)


def path_of(pod):
    return f"{PODS}/{pod['metadata']['name']}"


def node(name, **more):
    out = {"apiVersion": "v1", "kind": "Node",
           "metadata": {"name": name,
                        "labels": {"kubernetes.io/hostname": name}},
           "spec": {"taints": [{"key": "tripod/static-only",
                                "effect": "NoSchedule"}]},
           "status": {"addresses": [
               {"type": "InternalIP", "address": "10.0.0.1"},
               {"type": "Hostname", "address": name}]}}
    out["metadata"].update(more)
    return out


def plain(name=None, **spec):
    """An ordinary pod, not a mirror."""
    return {"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": name or f"plain-{next(COUNTER)}"},
            "spec": {"containers": [{"name": "c", "image": "bb:1"}], **spec}}


def mirror(node_name, uid, **metadata):
    pod = plain(f"web{next(COUNTER)}-{node_name}", nodeName=node_name)
    pod["spec"]["tolerations"] = [{"operator": "Exists",
                                   "effect": "NoExecute"}]
    pod["metadata"].update({
        "labels": {"app": "web"},
        "annotations": {MIRROR: "abc", "kubernetes.io/config.hash": "abc",
                        "kubernetes.io/config.source": "file"},
        "ownerReferences": [{"apiVersion": "v1", "kind": "Node",
                             "name": node_name, "uid": uid,
                             "controller": True}]}, **metadata)
    return pod


def condition(kind, status="True", **more):
    return {"type": kind, "status": status,
            "lastTransitionTime": "2026-01-01T00:00:00Z", **more}


def container_status(state, name="c", **more):
    return {"name": name, "image": "bb:1", "imageID": "sha256:1",
            "ready": "running" in state, "restartCount": 0, "state": state,
            **more}


RUNNING = {"running": {"startedAt": "2026-01-01T00:00:00Z"}}


def ended(code):
    return {"terminated": {"exitCode": code, "reason": "Error",
                           "finishedAt": "2026-01-01T00:00:01Z"}}
