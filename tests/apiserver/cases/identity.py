"""What a node identity may do, and what it may not (mirror.md 1.13, 4.6)."""

from standin.client import SMP

from .base import (Case, LEASES, MINE, MIRROR, NODES, PODS, ZERO, node,
                   path_of, plain)


class Reading(Case):
    """The node authorizer's selectors and its graph."""

    def test_pods_only_with_own_node_selector(self):
        self.expect(200, self.node.call("GET", "/api/v1/pods", **MINE))
        for query in ({}, {"fieldSelector": "spec.nodeName=n2"},
                      {"fieldSelector": "metadata.name=x"},
                      {"fieldSelector": "spec.nodeName!=n1"}):
            self.expect(403, self.node.call("GET", "/api/v1/pods", **query),
                        "Forbidden")
            self.expect(403, self.node.call("GET", "/api/v1/pods", watch="1",
                                            **query), "Forbidden")

    def test_nodes_only_own(self):
        self.live_node()
        self.live_node("n2")
        self.expect(200, self.node.call("GET", f"{NODES}/n1"))
        self.expect(403, self.node.call("GET", f"{NODES}/n2"))
        self.expect(403, self.node.call("GET", NODES))
        self.expect(200, self.node.call("GET", NODES,
                                        fieldSelector="metadata.name=n1"))
        self.expect(403, self.node.call("GET", NODES,
                                        fieldSelector="metadata.name=n2"))

    def test_get_of_missing_or_foreign_pod_is_403(self):
        self.expect(403, self.node.call("GET", f"{PODS}/nowhere"))
        foreign = self.make_mirror(self.mirror("n2"))
        self.expect(403, self.node.call("GET", path_of(foreign)))
        own = self.known_mirror()
        self.expect(200, self.admin.call("DELETE", path_of(own), ZERO))
        self.eventually(403, lambda: self.node.call("GET", path_of(own)))

    def test_status_cannot_be_read(self):
        pod = self.known_mirror()
        self.expect(403, self.node.call("GET", path_of(pod) + "/status"))
        self.expect(403, self.node.call("GET", f"{NODES}/n1/status"))

    def test_other_kinds_are_closed(self):
        for path in ("/api/v1/namespaces", "/api/v1/events",
                     "/api/v1/namespaces/default"):
            self.expect(403, self.node.call("GET", path))

    def test_access_review(self):
        path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"

        def may(client, **ask):
            body = {"apiVersion": "authorization.k8s.io/v1",
                    "kind": "SelfSubjectAccessReview",
                    "spec": {"resourceAttributes": ask}}
            answer = self.expect(201, client.call("POST", path, body))
            return answer["status"]["allowed"]

        self.assertFalse(may(self.node, verb="patch", resource="pods"))
        self.assertTrue(may(self.node, verb="patch", resource="pods",
                            subresource="status"))
        self.assertTrue(may(self.admin, verb="patch", resource="pods"))


class Pods(Case):
    """NodeRestriction on pods."""

    def refused(self, pod, text=None):
        self.expect(403, self.node.call("POST", PODS, pod), "Forbidden",
                    text)

    def test_only_exact_mirrors(self):
        self.known_mirror()     # so that admission knows the Node
        self.refused(plain(nodeName="n1"), "can only create mirror pods")
        self.refused(self.mirror("n2"), "spec.nodeName set to itself")
        for change in ({"uid": "12345"}, {"controller": False},
                       {"blockOwnerDeletion": True}, {"name": "n2"},
                       {"kind": "Pod"}, {"apiVersion": "v2"}):
            pod = self.mirror()
            pod["metadata"]["ownerReferences"][0].update(change)
            self.refused(pod)
        pod = self.mirror()
        owner = pod["metadata"]["ownerReferences"]
        self.refused({**pod, "metadata": {**pod["metadata"],
                                          "ownerReferences": owner * 2}})
        self.refused({**pod, "metadata": {**pod["metadata"],
                                          "ownerReferences": []}})

    def test_no_references_to_api_objects(self):
        self.known_mirror()

        def with_container(**more):
            pod = self.mirror()
            pod["spec"]["containers"][0].update(more)
            return pod

        def with_spec(**more):
            pod = self.mirror()
            pod["spec"].update(more)
            return pod

        secret = {"name": "s", "key": "k"}
        for pod in (
                with_spec(serviceAccountName="default"),
                with_spec(imagePullSecrets=[{"name": "s"}]),
                with_spec(volumes=[{"name": "v",
                                    "secret": {"secretName": "s"}}]),
                with_spec(volumes=[{"name": "v",
                                    "configMap": {"name": "s"}}]),
                with_spec(volumes=[{"name": "v", "persistentVolumeClaim":
                                    {"claimName": "s"}}]),
                with_spec(volumes=[{"name": "v", "projected": {"sources": [
                    {"serviceAccountToken": {"path": "t"}}]}}]),
                with_container(env=[{"name": "A", "valueFrom":
                                     {"secretKeyRef": secret}}]),
                with_container(envFrom=[{"configMapRef":
                                         {"name": "s"}}])):
            self.refused(pod)
        fine = with_spec(volumes=[
            {"name": "e", "emptyDir": {}},
            {"name": "h", "hostPath": {"path": "/tmp"}}])
        self.expect(201, self.node.call("POST", PODS, fine))

    def test_delete_only_own(self):
        foreign = self.known_mirror(self.mirror("n2"))
        self.expect(403, self.node.call("DELETE", path_of(foreign), ZERO))
        self.expect(404, self.node.call("DELETE", f"{PODS}/nowhere", ZERO))
        own = self.known_mirror()
        self.expect(200, self.node.call("DELETE", path_of(own), ZERO))

    def test_no_write_but_status(self):
        pod = self.known_mirror()
        body = {"metadata": {"labels": {"a": "b"}}}
        self.expect(403, self.node.call("PATCH", path_of(pod), body, SMP))
        self.expect(403, self.node.call("PUT", path_of(pod), pod))
        status = path_of(pod) + "/status"
        self.expect(403, self.node.call("PATCH", status, body, SMP),
                    text="labels")
        self.expect(200, self.patch_status(pod, {"phase": "Running"}))

    def test_status_only_of_own(self):
        foreign = self.make_mirror(self.mirror("n2"))
        self.expect(403, self.patch_status(foreign, {"phase": "Running"}))
        self.expect(404, self.node.call(
            "PATCH", f"{PODS}/nowhere/status", {"status": {}}, SMP))

    def test_unknown_namespace(self):
        self.known_mirror()
        pod = self.mirror(namespace="nowhere")
        body = self.expect(404, self.node.call(
            "POST", "/api/v1/namespaces/nowhere/pods", pod))
        self.assertEqual("namespaces", body["details"]["kind"])


class Nodes(Case):
    """NodeRestriction on the Node and its Lease."""

    def test_only_own_name(self):
        self.expect(403, self.node.call("POST", NODES, node("n3")))
        self.live_node("n2")
        self.expect(403, self.node.call(
            "PATCH", f"{NODES}/n2/status", {"status": {}}, SMP))
        self.expect(403, self.node.call("DELETE", f"{NODES}/n1"))

    def test_taints_and_labels(self):
        found = self.live_node()
        keys = [t["key"] for t in found["spec"]["taints"]]
        self.assertIn("tripod/static-only", keys)

        def label(key, client=self.node, path=f"{NODES}/n1/status"):
            return client.call("PATCH", path, {"metadata": {
                "labels": {key: "x"}}}, SMP)

        for key in ("node-role.kubernetes.io/worker", "foo.k8s.io/x",
                    "node-restriction.kubernetes.io/x"):
            self.expect(403, label(key), text="labels")
        for key in ("example.com/x", "node.kubernetes.io/x",
                    "topology.kubernetes.io/zone"):
            self.expect(200, label(key))
        self.expect(403, self.node.call(
            "PATCH", f"{NODES}/n1", {"spec": {"taints": []}}, SMP),
            text="taints")
        self.expect(200, label("node-role.kubernetes.io/worker", self.admin))

    def test_forbidden_label_at_creation(self):
        extra = node("n1", labels={"node-role.kubernetes.io/x": ""})
        self.expect(403, self.node.call("POST", NODES, extra), "Forbidden")

    def test_second_creation(self):
        self.live_node()
        self.expect(409, self.node.call("POST", NODES, node("n1")),
                    "AlreadyExists")

    def test_addresses_and_conditions_by_type(self):
        self.live_node()

        def patch(status):
            return self.expect(200, self.node.call(
                "PATCH", f"{NODES}/n1/status", {"status": status}, SMP))

        first = {"type": "Ready", "status": "False", "reason": "A"}
        patch({"conditions": [first, {"type": "Other", "status": "True"}]})
        found = patch({"conditions": [{"type": "Ready", "status": "True",
                                       "reason": None}]})["status"]
        by_type = {c["type"]: c for c in found["conditions"]}
        self.assertEqual("True", by_type["Ready"]["status"])
        self.assertNotIn("reason", by_type["Ready"])
        self.assertIn("Other", by_type)
        found = patch({"addresses": [
            {"type": "InternalIP", "address": "10.0.0.9"},
            {"$patch": "replace"}]})["status"]
        self.assertEqual([{"type": "InternalIP", "address": "10.0.0.9"}],
                         found["addresses"])

    def test_leases(self):
        def lease(name="n1", namespace="kube-node-lease"):
            return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
                    "metadata": {"name": name, "namespace": namespace},
                    "spec": {"holderIdentity": name,
                             "leaseDurationSeconds": 40,
                             "renewTime": "2026-01-01T00:00:00.000001Z"}}

        other = LEASES.replace("kube-node-lease", "default")
        self.expect(403, self.node.call("POST", LEASES, lease("n2")))
        self.expect(403, self.node.call("POST", other,
                                        lease("n1", "default")))
        self.expect(404, self.node.call(
            "PATCH", f"{LEASES}/n1", {"spec": {}},
            "application/merge-patch+json"))
        made = self.expect(201, self.node.call("POST", LEASES, lease()))
        self.expect(409, self.node.call("POST", LEASES, lease()),
                    "AlreadyExists")
        self.expect(403, self.node.call("GET", f"{LEASES}/n2"))
        later = "2026-01-01T00:00:10.5Z"
        made["spec"]["renewTime"] = later
        fresh = self.expect(200, self.node.call("PUT", f"{LEASES}/n1", made))
        self.assertEqual("2026-01-01T00:00:10.500000Z",
                         fresh["spec"]["renewTime"])
        self.expect(200, self.node.call("PUT", f"{LEASES}/n1", fresh))
        made["spec"]["renewTime"] = "2026-01-01T00:00:20.000000Z"
        self.expect(409, self.node.call("PUT", f"{LEASES}/n1", made),
                    "Conflict")

    def test_events(self):
        def event(namespace):
            return {"apiVersion": "v1", "kind": "Event",
                    "metadata": {"name": "web.1", "namespace": namespace},
                    "involvedObject": {"apiVersion": "v1", "kind": "Pod",
                                       "namespace": "default",
                                       "name": "web", "uid": "abc"},
                    "type": "Normal", "reason": "Started", "message": "x",
                    "count": 1}

        path = "/api/v1/namespaces/default/events"
        self.expect(201, self.node.call("POST", path, event("default")))
        self.expect(200, self.node.call("PATCH", f"{path}/web.1",
                                        {"count": 2}, SMP))
        self.expect(404, self.node.call("PATCH", f"{path}/web.2",
                                        {"count": 2}, SMP))
        found = self.expect(200, self.admin.call(
            "GET", path, fieldSelector="involvedObject.uid=abc"))
        self.assertEqual([2], [e["count"] for e in found["items"]])
        self.expect(422, self.node.call(
            "POST", "/api/v1/namespaces/kube-public/events",
            event("kube-public")))


class Strangers(Case):
    """Nobody, somebody unknown, and the agent with plain rights."""

    def test_anonymous(self):
        nobody = self.server.client()
        self.expect(403, nobody.call("GET", "/api/v1/pods"))
        self.assertEqual((200, "ok"), nobody.call("GET", "/readyz"))

    def test_wrong_token(self):
        wrong = self.server.client(token="nonsense")
        self.expect(401, wrong.call("GET", "/api/v1/pods"), "Unauthorized")

    def test_agent_with_rbac(self):
        agent = self.server.client(token=self.token("tripod"))
        self.live_node()
        self.expect(200, agent.call("GET", "/api/v1/pods", **MINE))
        self.expect(200, agent.call("GET", "/api/v1/pods"))
        self.expect(404, agent.call("GET", f"{PODS}/nowhere"))
        self.expect(403, agent.call("GET", NODES))
        self.expect(200, agent.call("GET", NODES,
                                    fieldSelector="metadata.name=n1"))
        self.expect(403, agent.call("PATCH", f"{PODS}/nowhere", {}, SMP))
        self.expect(201, agent.call("POST", PODS, self.mirror()))

    def test_node_by_token(self):
        client = self.server.client(token=self.token("n1"))
        self.expect(200, client.call("GET", "/api/v1/pods", **MINE))
        self.expect(403, client.call("GET", "/api/v1/pods"))

    def token(self, name):
        with open(self.server.dir + "/tokens.csv",
                  encoding="utf-8") as stream:
            for line in stream:
                token, _, uid, *_ = line.strip().split(",")
                if uid == name:
                    return token
        raise AssertionError(name)


class Mark(Case):
    """The mark of a mirror pod cannot be changed by anybody."""

    def test_immutable(self):
        pod = self.known_mirror()
        for value in ("other", None):
            body = {"metadata": {"annotations": {MIRROR: value}}}
            self.expect(422, self.merge(path_of(pod), body), "Invalid")
            self.expect(422, self.merge(path_of(pod) + "/status", body,
                                        self.node), "Invalid")
        ordinary = self.expect(201, self.admin.call("POST", PODS, plain()))
        self.expect(422, self.merge(path_of(ordinary), {
            "metadata": {"annotations": {MIRROR: "x"}}}), "Invalid")

    def test_needs_a_node(self):
        pod = self.mirror()
        del pod["spec"]["nodeName"]
        self.expect(422, self.admin.call("POST", PODS, pod), "Invalid")
