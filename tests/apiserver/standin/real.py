"""The real thing: etcd and kube-apiserver, with the same files below DIR.

The binaries are those of the folder KUBEBUILDER_ASSETS (etcd may also be
found in PATH).  No controller manager runs: nothing collects the mirrors of
a deleted Node, no taint is lifted, no namespace finishes its deletion.  The
ServiceAccount plugin is off because nobody makes service accounts.  The audit
log is turned into DIR/requests.log while it is written.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
import urllib.parse

from . import auth
from . import pki as files
from .client import Client

PATIENCE = 60
RBAC = "/apis/rbac.authorization.k8s.io/v1"
AUDIT_POLICY = """\
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: None
  users: ["system:apiserver"]
- level: Request
  verbs: [create, update, patch, delete]
- level: Metadata
"""
METHODS = {"create": "POST", "update": "PUT", "patch": "PATCH",
           "delete": "DELETE", "deletecollection": "DELETE"}


def find(name):
    """A binary of the assets folder, or of PATH."""
    folder = os.environ.get("KUBEBUILDER_ASSETS", "")
    path = os.path.join(folder, name)
    if folder and os.access(path, os.X_OK):
        return path
    path = shutil.which(name)
    if path is None:
        raise SystemExit(f"--real: no {name} in KUBEBUILDER_ASSETS nor PATH")
    return path


def free_port(address):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.bind((address, 0))
        return probe.getsockname()[1]


class Children:
    """The two servers; each logs to DIR/NAME.log."""

    def __init__(self, pki):
        self.pki = pki
        self.running = []

    def start(self, name, command):
        log = open(self.pki.path(name + ".log"), "ab")
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL,
                                   stdout=log, stderr=log)
        log.close()
        self.running.append((name, process))

    def check(self):
        for name, process in self.running:
            if process.poll() is not None:
                raise SystemExit(f"{name} ended with {process.returncode}, "
                                 f"see {self.pki.path(name + '.log')}")

    def stop(self):
        """End them in the reverse order, the patient way first."""
        for _, process in reversed(self.running):
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def start_etcd(children, options, pki):
    data = options.store + ".etcd" if options.store else pki.path("etcd")
    if not options.store:
        shutil.rmtree(data, ignore_errors=True)
    os.makedirs(data, mode=0o700, exist_ok=True)
    url = f"http://127.0.0.1:{free_port('127.0.0.1')}"
    children.start("etcd", [
        find("etcd"), "--data-dir", data,
        "--listen-client-urls", url, "--advertise-client-urls", url,
        "--listen-peer-urls", "http://127.0.0.1:0"])
    return url


def start_apiserver(children, options, pki, etcd, port):
    if not pki.have("sa.key"):
        subprocess.run(["openssl", "ecparam", "-genkey", "-noout", "-name",
                        "prime256v1", "-out", pki.path("sa.key")],
                       check=True)
    pki.write("audit-policy.yaml", AUDIT_POLICY)
    local = options.listen in ("0.0.0.0", "::")
    children.start("kube-apiserver", [
        find("kube-apiserver"), f"--etcd-servers={etcd}",
        f"--bind-address={options.listen}", f"--secure-port={port}",
        "--advertise-address=" + ("127.0.0.1" if local else options.listen),
        "--endpoint-reconciler-type=none",
        "--cert-dir=" + pki.path("real"),
        "--tls-cert-file=" + pki.path("server.crt"),
        "--tls-private-key-file=" + pki.path("server.key"),
        "--client-ca-file=" + pki.path("ca.crt"),
        "--token-auth-file=" + pki.path("tokens.csv"),
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        "--disable-admission-plugins=ServiceAccount",
        "--service-account-key-file=" + pki.path("sa.key"),
        "--service-account-signing-key-file=" + pki.path("sa.key"),
        "--service-account-issuer=https://kubernetes.default.svc",
        "--service-cluster-ip-range=10.255.0.0/24",
        "--allow-privileged=true",
        "--audit-policy-file=" + pki.path("audit-policy.yaml"),
        "--audit-log-path=" + pki.path("audit.log"),
        "--audit-log-mode=blocking"])


def wait_until(children, ready, what):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        children.check()
        try:
            if ready():
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise SystemExit(f"{what} is not ready after {PATIENCE} s")


# -- rights of the user tripod

def role_rule(rule):
    out = {"apiGroups": [rule.group], "resources": list(rule.resources),
           "verbs": list(rule.verbs)}
    if rule.names:
        out["resourceNames"] = list(rule.names)
    return out


def grant(client, rules):
    """Roles and bindings that say the same as auth.agent_rules()."""
    for namespace in (None, auth.LEASE_NAMESPACE):
        kind = "Role" if namespace else "ClusterRole"
        base = f"{RBAC}/namespaces/{namespace}/" if namespace else f"{RBAC}/"
        meta = {"name": "static-agent"}
        api = "rbac.authorization.k8s.io"
        make(client, base + kind.lower() + "s", {
            "apiVersion": api + "/v1", "kind": kind, "metadata": meta,
            "rules": [role_rule(r) for r in rules
                      if r.namespace == namespace]})
        make(client, base + kind.lower() + "bindings", {
            "apiVersion": api + "/v1", "kind": kind + "Binding",
            "metadata": meta,
            "roleRef": {"apiGroup": api, "kind": kind,
                        "name": "static-agent"},
            "subjects": [{"kind": "User", "apiGroup": api,
                          "name": "tripod"}]})


def make(client, path, obj):
    code, answer = client.call("POST", path, obj)
    if code not in (201, 409):
        raise SystemExit(f"POST {path}: {code} {answer}")


# -- the request log

def log_line(event):
    """One audit event in the form of the stand-in's request log."""
    url = urllib.parse.urlsplit(event.get("requestURI", ""))
    verb = event.get("verb")
    line = {"time": event.get("stageTimestamp"),
            "user": event.get("user", {}).get("username"),
            "verb": verb, "method": METHODS.get(verb, "GET"),
            "path": url.path,
            "query": dict(urllib.parse.parse_qsl(url.query)),
            "code": event.get("responseStatus", {}).get("code", 0)}
    if "requestObject" in event:
        line["body"] = event["requestObject"]
    if event.get("stage") == "ResponseStarted":
        line["note"] = "watch begins"
    return line


def follow_audit(pki):
    """Body of a thread: copy audit events to requests.log."""
    source = open(pki.path("audit.log"), encoding="utf-8")
    target = open(pki.path("requests.log"), "a", encoding="utf-8",
                  buffering=1)
    partial = ""
    while True:
        text = source.readline()
        if not text:
            time.sleep(0.05)
            continue
        partial += text
        if not partial.endswith("\n"):
            continue
        target.write(json.dumps(log_line(json.loads(partial))) + "\n")
        partial = ""


def run(options, ready):
    pki = files.prepare(options)
    tokens = pki.tokens(options.node)
    children = Children(pki)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    try:
        serve(options, pki, tokens, children)
        ready()
        while not stopping.wait(0.2):
            children.check()
    finally:
        children.stop()
        for name in ("port", "pid"):
            if pki.have(name):
                os.unlink(pki.path(name))


def serve(options, pki, tokens, children):
    """Start both, wait until they serve, write the files for clients."""
    port = options.port or free_port(options.listen)
    find("kube-apiserver")
    etcd = start_etcd(children, options, pki)
    address = urllib.parse.urlsplit(etcd)
    wait_until(children, lambda: socket.create_connection(
        (address.hostname, address.port), 1).close() is None, "etcd")
    with open(pki.path("audit.log"), "w", encoding="utf-8"):
        pass
    start_apiserver(children, options, pki, etcd, port)
    admin = Client(pki.folder, "admin", port=port,
                   host=files.url_host(options.listen).strip("[]"))
    wait_until(children, lambda: admin.call("GET", "/readyz")[0] == 200,
               "kube-apiserver")
    wait_until(children, lambda: admin.call(
        "GET", f"/api/v1/namespaces/{auth.LEASE_NAMESPACE}")[0] == 200,
        "the namespace for leases")
    grant(admin, auth.agent_rules(options.node[0]))
    threading.Thread(target=follow_audit, args=(pki,), daemon=True).start()
    files.announce(pki, options, port, "real", tokens)
