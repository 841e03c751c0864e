"""What only the stand-in offers: faults, lag, restart, controllers."""

import base64
import json
import os
import shutil
import socket
import ssl
import stat
import subprocess
import sys
import tempfile
import time
import unittest

from standin.client import SMP

from .base import (Case, LEASES, MINE, NODES, PODS, ZERO, Server,
                   mirror, node, path_of, plain, use_real)

TABLE = {"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}


class Faults(Case):
    standin_only = True

    def setUp(self):
        super().setUp()
        self.addCleanup(self.admin.call, "DELETE", "/faults")

    def fault(self, action, count=1, **match):
        return self.expect(201, self.admin.call("POST", "/faults", {
            "match": match, "count": count, "action": action}))

    def test_only_admins(self):
        for client in (self.node, self.server.client()):
            self.expect(403, client.call("POST", "/faults", {}))

    def test_nonsense_is_refused(self):
        for bad in ({"action": {}}, {"match": {}, "action": {"x": 1}},
                    {"match": {"path": "("}, "action": {"status": 500}},
                    {"match": {"x": 1}, "action": {"status": 500}}, [1]):
            self.expect(400, self.admin.call("POST", "/faults", bad))

    def test_status(self):
        self.fault({"status": 429, "retryAfter": 7, "body": "slow down"},
                   2, verb="list", user="system:node:n1")
        self.expect(200, self.admin.call("GET", PODS))
        for _ in range(2):
            response, body = self.node.raw("GET", "/api/v1/pods", **MINE)
            self.assertEqual(429, response.status)
            self.assertEqual("7", response.getheader("Retry-After"))
            self.assertEqual(b"slow down", body)
        self.expect(200, self.node.call("GET", "/api/v1/pods", **MINE))
        self.assertEqual(2, self.admin.call("GET", "/faults")[1][0]["hits"])

    def test_close_before_and_after(self):
        for how, done in (("before", False), ("after", True)):
            pod = plain()
            self.fault({"close": how}, verb="create")
            with self.assertRaises((OSError, EOFError)):
                self.admin.raw("POST", PODS, pod,
                               {"Content-Type": "application/json"})
            self.expect(200 if done else 404,
                        self.admin.call("GET", path_of(pod)))

    def test_close_mid(self):
        self.fault({"close": "mid"}, verb="list")
        with self.assertRaises(Exception):
            self.admin.call("GET", PODS)

    def test_garbage(self):
        self.fault({"garbage": "text"}, verb="list")
        self.assertIsInstance(self.admin.call("GET", PODS)[1], str)
        self.fault({"garbage": "truncated"}, verb="list")
        self.assertIsInstance(self.admin.call("GET", PODS)[1], str)
        self.fault({"garbage": "huge"}, verb="list")
        connection = self.admin.connect()
        connection.request("GET", PODS, headers=self.admin.headers)
        self.assertEqual(2 ** 22, len(
            connection.getresponse().read(2 ** 22)))
        connection.close()

    def test_delay(self):
        self.fault({"delay": 0.3}, verb="list")
        before = time.monotonic()
        self.expect(200, self.admin.call("GET", PODS))
        self.assertGreater(time.monotonic() - before, 0.29)

    def test_slow_answer_blocks_nobody(self):
        self.fault({"delay": 3}, verb="watch")
        connection = self.admin.connect()
        connection.request("GET", PODS + "?watch=1",
                           headers=self.admin.headers)
        before = time.monotonic()
        self.expect(200, self.admin.call("GET", PODS))
        self.assertLess(time.monotonic() - before, 1)
        connection.close()

    def test_compaction(self):
        version = self.expect(200, self.admin.call("GET", PODS))[
            "metadata"]["resourceVersion"]
        self.expect(200, self.admin.call("POST", "/faults", {
            "action": {"compact": True}}))
        events = list(self.admin.watch(PODS, resourceVersion=version))
        self.assertEqual(["ERROR"], [e["type"] for e in events])
        self.assertEqual(410, events[0]["object"]["code"])

    def test_watches_dropped_or_ended(self):
        for action, ends in (({"dropWatches": True}, None),
                             ({"watchError": 410}, "ERROR")):
            pod = self.expect(201, self.admin.call("POST", PODS, plain()))
            stream = self.admin.watch(
                PODS, fieldSelector=f"metadata.name="
                f"{pod['metadata']['name']}")
            self.assertEqual("ADDED", next(stream)["type"])
            self.expect(200, self.admin.call("POST", "/faults", {
                "action": action}))
            try:
                rest = [e["type"] for e in stream]
            except (OSError, EOFError, ValueError):
                rest = []
            except Exception as error:  # http.client.IncompleteRead
                self.assertIn("IncompleteRead", repr(error))
                rest = []
            self.assertEqual([ends] if ends else [], rest)

    def test_streaming_list_is_refused(self):
        self.expect(422, self.admin.call(
            "GET", PODS, watch="1", sendInitialEvents="true",
            resourceVersionMatch="NotOlderThan"), "Invalid")


class Tables(Case):
    standin_only = True

    def table(self, path):
        response, data = self.admin.raw("GET", path, headers=TABLE)
        self.assertEqual(200, response.status)
        return json.loads(data)

    def test_pods(self):
        pod = self.make_mirror()
        table = self.table(path_of(pod))
        names = [c["name"] for c in table["columnDefinitions"]]
        self.assertEqual(["Name", "Ready", "Status", "Restarts", "Age", "IP",
                          "Node", "Nominated Node", "Readiness Gates"],
                         names)
        cells = dict(zip(names, table["rows"][0]["cells"]))
        self.assertEqual(("0/1", "Pending", "n1"), (
            cells["Ready"], cells["Status"], cells["Node"]))

    def test_other_kinds(self):
        self.live_node()
        for path in (NODES, "/api/v1/namespaces", "/api/v1/events", LEASES):
            table = self.table(path)
            for row in table["rows"]:
                self.assertEqual(len(table["columnDefinitions"]),
                                 len(row["cells"]))

    def test_watch(self):
        self.make_mirror()
        stream = self.admin.watch(PODS, headers=TABLE)
        first, second = next(stream), None
        self.assertEqual("Table", first["object"]["kind"])
        self.assertTrue(first["object"]["columnDefinitions"])
        self.make_mirror()
        second = next(stream)
        self.assertFalse(second["object"]["columnDefinitions"])
        stream.close()

    def test_kubectl(self):
        if shutil.which("kubectl") is None:
            self.skipTest("no kubectl")
        self.live_node()
        pod = self.make_mirror()
        name = pod["metadata"]["name"]

        def kubectl(*words):
            return subprocess.run(
                ["kubectl", "--kubeconfig",
                 self.server.dir + "/admin.kubeconfig", *words],
                check=True, text=True, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, env={
                    **os.environ, "HOME": self.server.dir}).stdout

        self.assertIn(name, kubectl("get", "pods,nodes", "-A", "-o", "wide"))
        self.assertIn("n1", kubectl("describe", "pod", name))
        self.assertIn(name, kubectl("describe", "node", "n1"))
        kubectl("label", "pod", name, "a=b")
        kubectl("set", "image", "pod/" + name, "c=bb:9")
        kubectl("delete", "pod", name, "--force", "--grace-period=0")
        self.expect(404, self.admin.call("GET", path_of(pod)))


class Tls(Case):
    standin_only = True

    def test_foreign_certificate_is_401(self):
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder)
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
             "ec_paramgen_curve:prime256v1", "-nodes", "-subj",
             "/O=system:masters/CN=admin", "-keyout", folder + "/x.key",
             "-out", folder + "/x.crt"], check=True, capture_output=True)
        client = self.server.client()
        client.context.load_cert_chain(folder + "/x.crt", folder + "/x.key")
        self.expect(401, client.call("GET", PODS), "Unauthorized")

    def test_keep_alive_and_alpn(self):
        context = self.admin.context
        context.set_alpn_protocols(["h2", "http/1.1"])
        with socket.create_connection(("127.0.0.1", self.admin.port)) as raw:
            with context.wrap_socket(raw, server_hostname="localhost") as s:
                self.assertEqual("http/1.1", s.selected_alpn_protocol())
                for _ in range(2):
                    s.sendall(b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n")
                    self.assertIn(b"200 OK", s.recv(4096))

    def test_chunked_body(self):
        pod = plain()
        connection = self.admin.connect()
        text = json.dumps(pod).encode()
        connection.request("POST", PODS, iter([text[:9], text[9:]]), {
            "Content-Type": "application/json", "Expect": "100-continue"},
            encode_chunked=True)
        self.assertEqual(201, connection.getresponse().status)
        connection.close()

    def test_oldest_version(self):
        context = ssl.create_default_context(
            cafile=self.server.dir + "/ca.crt")
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        with socket.create_connection(("127.0.0.1", self.admin.port)) as raw:
            with context.wrap_socket(raw, server_hostname="localhost") as s:
                self.assertEqual("TLSv1.2", s.version())


class OwnServer(unittest.TestCase):
    """Cases that need a server of their own."""

    def setUp(self):
        if use_real():
            self.skipTest("a matter of the stand-in")

    def serve(self, *extra):
        server = Server(*extra)
        self.addCleanup(server.close)
        return server

    def ask(self, code, answer):
        self.assertEqual(code, answer[0], answer[1])
        return answer[1]

    def wait(self, found, seconds=5):
        end = time.monotonic() + seconds
        while not found():
            self.assertLess(time.monotonic(), end, "waited in vain")
            time.sleep(0.02)

    def test_lag(self):
        server = self.serve("--lag", "400")
        client, admin = server.client("n1"), server.client("admin")
        made = self.ask(201, client.call("POST", NODES, node("n1")))
        pod = mirror("n1", made["metadata"]["uid"])
        body = self.ask(404, client.call("POST", PODS, pod))
        self.assertEqual("nodes", body["details"]["kind"])
        self.wait(lambda: client.call("POST", PODS, pod)[0] == 201)
        self.ask(403, client.call("GET", path_of(pod)))
        self.ask(404, client.call("DELETE", path_of(pod), ZERO))
        self.ask(200, admin.call("GET", path_of(pod)))
        self.wait(lambda: client.call("GET", path_of(pod))[0] == 200)
        self.ask(200, client.call("DELETE", path_of(pod), ZERO))

    def test_restart(self):
        store = os.path.join(tempfile.mkdtemp(), "objects.json")
        self.addCleanup(shutil.rmtree, os.path.dirname(store))
        server = self.serve()
        admin = server.client("admin")
        with open(server.dir + "/ca.crt", encoding="ascii") as stream:
            authority = stream.read()
        for keep, code in (([], 404), (["--store", store], 404),
                           (["--store", store], 200)):
            self.assertEqual(0, server.stop())
            self.assertFalse(os.path.exists(server.dir + "/port"))
            server.start(*keep, port=admin.port)
            self.ask(code, admin.call("GET", f"{PODS}/kept"))
            if code == 404:
                self.ask(201, admin.call("POST", PODS, plain("kept")))
        with open(server.dir + "/ca.crt", encoding="ascii") as stream:
            self.assertEqual(authority, stream.read())

    def test_lost_state_makes_old_versions_too_old(self):
        server = self.serve()
        admin = server.client("admin")
        version = self.ask(200, admin.call("GET", PODS))["metadata"][
            "resourceVersion"]
        server.stop()
        server.start(port=admin.port)
        events = list(admin.watch(PODS, resourceVersion=version))
        self.assertEqual(410, events[0]["object"]["code"])

    def test_controllers(self):
        server = self.serve("--lag", "0", "--gc", "0.1", "--lease-grace",
                            "0.6")
        client, admin = server.client("n1"), server.client("admin")
        made = self.ask(201, client.call("POST", NODES, node("n1")))
        uid = made["metadata"]["uid"]

        def taints():
            spec = admin.call("GET", f"{NODES}/n1")[1]["spec"]
            return {t["key"].rpartition("/")[2]
                    for t in spec.get("taints", [])}

        def ready(status):
            self.ask(200, client.call(
                "PATCH", f"{NODES}/n1/status", {"status": {"conditions": [
                    {"type": "Ready", "status": status}]}}, SMP))

        ready("False")
        self.wait(lambda: taints() == {"static-only", "not-ready"})
        ready("True")
        self.wait(lambda: taints() == {"static-only"})
        self.wait(lambda: "unreachable" in taints())
        pod = mirror("n1", uid)
        self.ask(201, client.call("POST", PODS, pod))
        self.ask(200, admin.call("DELETE", f"{NODES}/n1"))
        self.wait(lambda: "deletionTimestamp" in admin.call(
            "GET", path_of(pod))[1]["metadata"])

    def test_path_prefix(self):
        server = self.serve("--prefix", "/k8s/c1")
        admin = server.client("admin")
        self.ask(200, admin.call("GET", "/k8s/c1" + PODS))
        self.ask(404, admin.call("GET", PODS))
        with open(server.dir + "/node.kubeconfig",
                  encoding="ascii") as stream:
            self.assertIn(f":{admin.port}/k8s/c1\n", stream.read())

    def test_request_log(self):
        server = self.serve()
        self.ask(403, server.client("n1").call("GET", NODES))
        self.wait(lambda: any(
            (r["user"], r["verb"], r["code"], r["path"]) ==
            ("system:node:n1", "list", 403, NODES)
            for r in server.requests()))

    def test_files(self):
        server = self.serve()
        for name in ("admin", "n1", "n2", "node", "node-token", "node-files",
                     "node-tokenfile", "tripod"):
            path = f"{server.dir}/{name}.kubeconfig"
            self.assertEqual(0o600, stat.S_IMODE(os.stat(path).st_mode))
            with open(path, encoding="ascii") as stream:
                text = stream.read()
            self.assertIn("current-context: standin", text)
            if name == "admin":
                data = text.split("client-key-data: ")[1].split()[0]
                self.assertIn(b"PRIVATE KEY", base64.b64decode(data))


FAKE = """#!{python}
import json, ssl, sys, http.server
options = dict(a[2:].split("=", 1) for a in sys.argv[1:])
class Fake(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        with open(options["audit-log-path"], "a") as log:
            log.write(json.dumps({{"verb": "get", "requestURI": self.path,
                "user": {{"username": "admin"}},
                "responseStatus": {{"code": 200}}}}) + "\\n")
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200 if self.command == "GET" else 201)
        self.end_headers()
        self.wfile.write(b"ok")
    do_POST = do_GET
server = http.server.HTTPServer(
    (options["bind-address"], int(options["secure-port"])), Fake)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(options["tls-cert-file"],
                        options["tls-private-key-file"])
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
"""


class RealStart(unittest.TestCase):
    """--real with etcd and something that only looks like kube-apiserver."""

    def test_files_and_processes(self):
        if shutil.which("etcd") is None:
            self.skipTest("no etcd")
        assets = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, assets)
        fake = os.path.join(assets, "kube-apiserver")
        with open(fake, "w", encoding="ascii") as stream:
            stream.write(FAKE.format(python=sys.executable))
        os.chmod(fake, 0o755)
        server = Server(real=True, environment={
            **os.environ, "KUBEBUILDER_ASSETS": assets})
        self.addCleanup(server.close)
        with open(server.dir + "/kind", encoding="ascii") as stream:
            self.assertEqual("real\n", stream.read())
        end = time.monotonic() + 5
        while "/readyz" not in [r["path"] for r in server.requests()]:
            self.assertLess(time.monotonic(), end)
            time.sleep(0.05)
        self.assertEqual(0, server.stop())
        self.assertFalse(os.path.exists(server.dir + "/port"))
