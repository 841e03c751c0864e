"""Objects and their verbs, for any identity (mirror.md 2 and 3.5)."""

import itertools
import threading

from standin.client import JSON_PATCH, SMP

from .base import (COUNTER, NODES, PODS, RUNNING, ZERO, Case, condition,
                   container_status, ended, node, path_of, plain)


class Create(Case):
    def make(self, pod, client=None, **query):
        return self.expect(201, (client or self.admin).call(
            "POST", PODS, pod, **query))

    def test_what_the_server_sets(self):
        pod = plain(nodeName="n9")
        pod["metadata"].update({"uid": "mine", "generation": 9})
        pod["status"] = {"phase": "Running", "podIP": "10.1.1.1"}
        made = self.make(pod)
        m = made["metadata"]
        self.assertNotEqual("mine", m["uid"])
        self.assertEqual(1, m["generation"])
        self.assertIn("creationTimestamp", m)
        self.assertEqual({"phase": "Pending", "qosClass": "BestEffort"},
                         made["status"])

    def test_defaults(self):
        spec = self.make(plain())["spec"]
        for key, value in (("restartPolicy", "Always"),
                           ("dnsPolicy", "ClusterFirst"),
                           ("schedulerName", "default-scheduler"),
                           ("terminationGracePeriodSeconds", 30),
                           ("enableServiceLinks", True), ("priority", 0)):
            self.assertEqual(value, spec[key], key)
        self.assertEqual(2, len(spec["tolerations"]))
        container = spec["containers"][0]
        self.assertEqual("IfNotPresent", container["imagePullPolicy"])
        self.assertEqual("File", container["terminationMessagePolicy"])

    def test_mirror_gets_no_tolerations(self):
        self.assertEqual(
            [{"operator": "Exists", "effect": "NoExecute"}],
            self.make(self.mirror())["spec"]["tolerations"])

    def test_priority_classes(self):
        pod = plain(priorityClassName="system-node-critical")
        self.assertEqual(2000001000, self.make(pod)["spec"]["priority"])
        for spec in ({"priority": 5}, {"priorityClassName": "none"},
                     {"priorityClassName": "system-node-critical",
                      "priority": 7}):
            self.expect(403, self.admin.call("POST", PODS, plain(**spec)),
                        "Forbidden")

    def test_name_taken(self):
        pod = plain()
        self.make(pod)
        body = self.expect(409, self.admin.call("POST", PODS, pod),
                           "AlreadyExists")
        self.assertEqual("pods", body["details"]["kind"])

    def test_generate_name(self):
        pod = plain()
        pod["metadata"] = {"generateName": "gen-"}
        self.assertTrue(self.make(pod)["metadata"]["name"].startswith("gen-"))

    def test_namespace_missing(self):
        body = self.expect(404, self.admin.call(
            "POST", "/api/v1/namespaces/nowhere/pods", plain()), "NotFound")
        self.assertEqual("namespaces", body["details"]["kind"])

    def test_namespace_differs(self):
        pod = plain()
        pod["metadata"]["namespace"] = "kube-system"
        self.expect(400, self.admin.call("POST", PODS, pod), "BadRequest")

    def test_unknown_fields(self):
        pod = plain()
        pod["spec"]["bogus"] = 1
        response, _ = self.admin.raw("POST", PODS, pod, {
            "Content-Type": "application/json"})
        self.assertEqual(201, response.status)
        self.assertIn('unknown field \\"spec.bogus\\"',
                      response.getheader("Warning"))
        pod["metadata"]["name"] += "x"
        self.expect(400, self.admin.call("POST", PODS, pod,
                                         fieldValidation="Strict"),
                    "BadRequest", "unknown field")

    def test_invalid(self):
        def container(**more):
            return {"containers": [{"name": "c", "image": "i", **more}]}

        for spec in ({"containers": []}, {"restartPolicy": "Sometimes"},
                     container(name="UPPER"), container(image=""),
                     container(imagePullPolicy="Maybe"),
                     container(volumeMounts=[{"name": "x",
                                              "mountPath": "/x"}]),
                     container(ports=[{"containerPort": 70000}]),
                     {"activeDeadlineSeconds": 0},
                     {"volumes": [{"name": "v"}, {"name": "v"}]},
                     {"tolerations": [{"effect": "Sometimes"}]}):
            self.expect(422, self.admin.call("POST", PODS, plain(**spec)),
                        "Invalid")
        self.expect(422, self.admin.call("POST", PODS, plain("Bad_Name")),
                    "Invalid")

    def test_malformed(self):
        self.expect(400, self.admin.call("POST", PODS, "{no json"))
        self.expect(422, self.admin.call("POST", PODS, {"kind": "Pod"}))
        self.expect(400, self.admin.call("POST", PODS, []))
        self.expect(400, self.admin.call("POST", PODS, node("x")))
        self.expect(415, self.admin.call("POST", PODS, plain(),
                                         kind="text/plain"))
        response, _ = self.admin.raw("POST", PODS, "x" * (3 * 2 ** 20 + 1),
                                     {"Content-Type": "application/json"})
        self.assertEqual(413, response.status)

    def test_pod_security(self):
        name = f"secure{next(COUNTER)}"
        self.expect(201, self.admin.call("POST", "/api/v1/namespaces", {
            "apiVersion": "v1", "kind": "Namespace", "metadata": {
                "name": name, "labels": {
                    "pod-security.kubernetes.io/enforce": "baseline"}}}))
        path = f"/api/v1/namespaces/{name}/pods"
        self.eventually(201, lambda: self.admin.call("POST", path, plain()))
        self.expect(403, self.admin.call("POST", path,
                                         plain(hostNetwork=True)),
                    "Forbidden", "violates PodSecurity")


class Change(Case):
    def setUp(self):
        super().setUp()
        self.pod = self.expect(201, self.admin.call(
            "POST", PODS, self.mirror()))
        self.path = path_of(self.pod)

    def test_generation(self):
        def generation(answer):
            return self.expect(200, answer)["metadata"]["generation"]

        self.assertEqual(1, generation(self.merge(
            self.path, {"metadata": {"labels": {"x": "y"}}})))
        self.assertEqual(1, generation(self.patch_status(
            self.pod, {"phase": "Running"}, self.admin)))
        self.assertEqual(2, generation(self.merge(
            self.path, {"spec": {"activeDeadlineSeconds": 99}})))
        change = {"spec": {"containers": [{"name": "c", "image": "bb:2"}]}}
        self.assertEqual(3, generation(self.admin.call(
            "PATCH", self.path, change, SMP)))
        self.assertEqual(3, generation(self.admin.call(
            "PATCH", self.path, change, SMP)))
        self.assertEqual(4, generation(self.admin.call(
            "DELETE", self.path)))

    def test_spec_is_immutable(self):
        for spec in ({"restartPolicy": "Never"}, {"nodeName": "n2"},
                     {"hostNetwork": True}, {"tolerations": []},
                     {"containers": [{"name": "c", "image": "i"},
                                     {"name": "d", "image": "i"}]}):
            self.expect(422, self.merge(self.path, {"spec": spec}),
                        "Invalid")
        more = self.pod["spec"]["tolerations"] + [
            {"key": "x", "operator": "Exists"}]
        self.expect(200, self.merge(self.path,
                                    {"spec": {"tolerations": more}}))
        self.expect(200, self.merge(self.path, {"spec": {
            "activeDeadlineSeconds": 10}}))
        self.expect(422, self.merge(self.path, {"spec": {
            "activeDeadlineSeconds": 20}}))

    def test_no_change_no_version(self):
        again = self.expect(200, self.merge(self.path, {"metadata": {
            "labels": {"app": "web"}}}))
        self.assertEqual(self.pod["metadata"]["resourceVersion"],
                         again["metadata"]["resourceVersion"])

    def test_stale_version(self):
        self.expect(200, self.merge(self.path, {"metadata": {
            "labels": {"n": "1"}}}))
        self.expect(409, self.admin.call("PUT", self.path, self.pod),
                    "Conflict")
        old = self.pod["metadata"]["resourceVersion"]
        self.expect(409, self.merge(self.path, {"metadata": {
            "resourceVersion": old, "labels": {"n": "2"}}}), "Conflict")

    def test_uid_protects(self):
        status = {"status": {"phase": "Running"}}
        for kind in (SMP, "application/merge-patch+json"):
            self.expect(422, self.admin.call(
                "PATCH", self.path + "/status",
                {"metadata": {"uid": "other"}, **status}, kind), "Invalid")

    def test_json_patch(self):
        found = self.expect(200, self.admin.call("PATCH", self.path, [
            {"op": "add", "path": "/metadata/labels/j", "value": "p"}],
            JSON_PATCH))
        self.assertEqual("p", found["metadata"]["labels"]["j"])

    def test_unknown_patch_type(self):
        self.expect(415, self.admin.call("PATCH", self.path, {},
                                         "application/json"))

    def test_main_resource_leaves_status(self):
        found = self.expect(200, self.merge(self.path, {
            "status": {"phase": "Failed"}}))
        self.assertEqual("Pending", found["status"]["phase"])

    def test_status_leaves_spec(self):
        found = self.expect(200, self.merge(self.path + "/status", {
            "spec": {"nodeName": "x"}, "status": {"phase": "Running"},
            "metadata": {"ownerReferences": None}}))
        self.assertEqual("n1", found["spec"]["nodeName"])
        self.assertEqual(1, len(found["metadata"]["ownerReferences"]))
        self.assertEqual("Running", found["status"]["phase"])


class Status(Case):
    """Rules of pods/status."""

    def setUp(self):
        super().setUp()
        self.pod = self.known_mirror()

    def good(self, status, pod=None):
        return self.expect(200, self.patch_status(pod or self.pod,
                                                  status))["status"]

    def bad(self, status, pod=None):
        return self.expect(422, self.patch_status(pod or self.pod, status),
                           "Invalid")

    def test_conditions(self):
        self.good({"conditions": [condition("Ready", reason="A")]})
        self.expect(200, self.merge(path_of(self.pod) + "/status", {
            "status": {"conditions": [
                condition("Ready", reason="A"),
                condition("example.com/gate")]}}))
        found = self.good({"conditions": [
            condition("Ready", "False", reason=None)]})["conditions"]
        kinds = {c["type"]: c for c in found}
        self.assertEqual("False", kinds["Ready"]["status"])
        self.assertNotIn("reason", kinds["Ready"])
        self.assertIn("example.com/gate", kinds)
        found = self.good({"conditions": [
            {"type": "Ready", "$patch": "delete"}]})["conditions"]
        self.assertEqual(["example.com/gate"], [c["type"] for c in found])

    def test_addresses(self):
        found = self.good({"podIP": "10.1.1.1", "podIPs": [
            {"ip": "10.1.1.1"}, {"ip": "fd00::1"}]})
        self.assertEqual(2, len(found["podIPs"]))
        found = self.good({"podIP": "10.1.1.2", "podIPs": [
            {"ip": "10.1.1.2"}, {"$patch": "replace"}]})
        self.assertEqual([{"ip": "10.1.1.2"}], found["podIPs"])
        self.bad({"podIPs": [{"ip": "10.1.1.2"}, {"ip": "10.1.1.3"}]})
        self.bad({"hostIP": "10.0.0.1", "hostIPs": [{"ip": "10.0.0.2"}]})
        self.good({"hostIP": "10.0.0.1", "hostIPs": [{"ip": "10.0.0.1"}]})

    def test_qos_class_is_fixed(self):
        self.bad({"qosClass": "Burstable"})
        self.assertEqual("BestEffort", self.good(
            {"phase": "Running"})["qosClass"])

    def test_container_statuses_are_replaced(self):
        self.good({"containerStatuses": [container_status(RUNNING)]})
        found = self.good({"containerStatuses": [
            container_status(ended(1))]})
        self.assertEqual(["terminated"], list(
            found["containerStatuses"][0]["state"]))

    def test_restart_always(self):
        self.good({"containerStatuses": [container_status(ended(0))]})
        self.good({"containerStatuses": [container_status(RUNNING)]})

    def test_ended_stays_ended(self):
        for policy, code, again in (("Never", 0, False), ("Never", 1, False),
                                    ("OnFailure", 0, False),
                                    ("OnFailure", 1, True)):
            pod = self.mirror()
            pod["spec"]["restartPolicy"] = policy
            pod = self.known_mirror(pod)
            self.good({"containerStatuses": [
                container_status(ended(code))]}, pod)
            answer = self.patch_status(pod, {"containerStatuses": [
                container_status(RUNNING)]})
            self.expect(200 if again else 422, answer)

    def test_bad_values(self):
        self.bad({"conditions": [{"type": "not a name", "status": "True"}]})
        self.bad({"observedGeneration": -1})

    def test_missing_pod(self):
        self.expect(200, self.admin.call("DELETE", path_of(self.pod), ZERO))
        self.expect(404, self.patch_status(self.pod, {"phase": "Running"}))


class Delete(Case):
    def test_bound_pod_waits_for_its_node(self):
        pod = self.known_mirror()
        found = self.expect(200, self.admin.call("DELETE", path_of(pod)))
        self.assertEqual(30, found["metadata"]["deletionGracePeriodSeconds"])
        self.assertIn("deletionTimestamp", found["metadata"])
        self.expect(200, self.admin.call("GET", path_of(pod)))
        self.expect(200, self.node.call("DELETE", path_of(pod), ZERO))
        self.expect(404, self.admin.call("GET", path_of(pod)), "NotFound")

    def test_immediate(self):
        ended_pod = self.known_mirror()
        self.expect(200, self.patch_status(ended_pod, {
            "phase": "Succeeded"}))
        unbound = self.expect(201, self.admin.call("POST", PODS, plain()))
        for pod in (ended_pod, unbound):
            self.expect(200, self.admin.call("DELETE", path_of(pod)))
            self.expect(404, self.admin.call("GET", path_of(pod)))
        self.expect(404, self.admin.call("DELETE", path_of(unbound)))

    def test_uid_precondition(self):
        pod = self.known_mirror()
        body = {**ZERO, "preconditions": {"uid": "other"}}
        self.expect(409, self.node.call("DELETE", path_of(pod), body),
                    "Conflict")
        body["preconditions"]["uid"] = pod["metadata"]["uid"]
        self.expect(200, self.node.call("DELETE", path_of(pod), body))

    def test_finalizers(self):
        pod = self.make_mirror(self.mirror(finalizers=["example.com/x"]))
        found = self.expect(200, self.admin.call("DELETE", path_of(pod),
                                                 ZERO))
        self.assertIn("deletionTimestamp", found["metadata"])
        self.expect(200, self.admin.call("GET", path_of(pod)))
        self.expect(200, self.merge(path_of(pod), {"metadata": {
            "finalizers": None}}))
        self.expect(404, self.admin.call("GET", path_of(pod)))


class ListAndWatch(Case):
    def space(self):
        name = f"space{next(COUNTER)}"
        self.expect(201, self.admin.call("POST", "/api/v1/namespaces", {
            "apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": name}}))
        return f"/api/v1/namespaces/{name}/pods"

    def post(self, path, pod):
        return self.eventually(201, lambda: self.admin.call("POST", path,
                                                            pod))

    def labelled(self, **labels):
        pod = plain()
        pod["metadata"]["labels"] = labels
        return pod

    def test_selectors_and_pages(self):
        path = self.space()
        for color in ("red", "blue", "red"):
            self.post(path, self.labelled(color=color))

        def count(**query):
            return len(self.expect(200, self.admin.call(
                "GET", path, **query))["items"])

        self.assertEqual(3, count(resourceVersion="0"))
        self.assertEqual(2, count(labelSelector="color=red"))
        self.assertEqual(1, count(labelSelector="color in (blue,green)"))
        self.assertEqual(3, count(fieldSelector="spec.nodeName="))
        self.expect(400, self.admin.call("GET", path,
                                         fieldSelector="spec.x=1"))
        first = self.expect(200, self.admin.call("GET", path, limit="2"))
        self.assertEqual(2, len(first["items"]))
        token = first["metadata"]["continue"]
        self.assertEqual(1, count(limit="2", **{"continue": token}))

    def test_version_of_the_future(self):
        now = int(self.expect(200, self.admin.call("GET", NODES))[
            "metadata"]["resourceVersion"])
        self.expect(504, self.admin.call(
            "GET", NODES, resourceVersion=str(now + 10 ** 6),
            resourceVersionMatch="NotOlderThan"), "Timeout")

    def test_events_of_a_life(self):
        path = self.space()
        version = self.expect(200, self.admin.call("GET", path))[
            "metadata"]["resourceVersion"]
        pod = self.post(path, self.labelled(color="red"))
        one = f"{path}/{pod['metadata']['name']}"
        self.expect(200, self.merge(one, {"metadata": {"labels": {
            "color": "blue"}}}))
        self.expect(200, self.merge(one, {"metadata": {"labels": {
            "color": "red"}}}))
        self.expect(200, self.admin.call("DELETE", one, ZERO))
        for query, kinds in (
                ({}, ["ADDED", "MODIFIED", "MODIFIED", "DELETED"]),
                ({"labelSelector": "color=red"},
                 ["ADDED", "DELETED", "ADDED", "DELETED"])):
            stream = self.admin.watch(path, resourceVersion=version, **query)
            seen = list(itertools.islice(stream, len(kinds)))
            stream.close()
            self.assertEqual(kinds, [e["type"] for e in seen])
            versions = [int(e["object"]["metadata"]["resourceVersion"])
                        for e in seen]
            self.assertEqual(sorted(set(versions)), versions)

    def test_initial_events_and_timeout(self):
        path = self.space()
        self.post(path, plain())
        seen = list(self.admin.watch(path, timeoutSeconds="1",
                                     allowWatchBookmarks="true"))
        self.assertEqual("ADDED", seen[0]["type"])
        self.assertLessEqual({e["type"] for e in seen[1:]}, {"BOOKMARK"})

    def test_live_events(self):
        path = self.space()
        timer = threading.Timer(0.3, self.post, (path, plain()))
        timer.start()
        stream = self.admin.watch(path)
        self.assertEqual("ADDED", next(stream)["type"])
        stream.close()
        timer.join()

    def test_bad_version(self):
        code, _ = self.admin.call("GET", PODS, watch="1",
                                  resourceVersion="x")
        self.assertIn(code, (400, 422))


class Namespaces(Case):
    def test_terminating(self):
        if self.server.process and "--real" in self.server.extra:
            self.skipTest("no controller manager ends a namespace")
        name = f"gone{next(COUNTER)}"
        path = f"/api/v1/namespaces/{name}"
        self.expect(201, self.admin.call("POST", "/api/v1/namespaces", {
            "apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": name}}))
        pod = plain(nodeName="n1")
        self.expect(201, self.admin.call("POST", path + "/pods", pod))
        found = self.expect(200, self.admin.call("DELETE", path))
        self.assertEqual("Terminating", found["status"]["phase"])
        body = self.expect(403, self.admin.call("POST", path + "/pods",
                                                plain()), "Forbidden")
        self.assertEqual("NamespaceTerminating",
                         body["details"]["causes"][0]["reason"])
        one = f"{path}/pods/{pod['metadata']['name']}"
        self.eventually(200, lambda: self.admin.call("DELETE", one, ZERO))
        self.eventually(404, lambda: self.admin.call("GET", path))
