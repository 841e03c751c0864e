"""Keys, certificates, tokens and kubeconfigs below DIR (openssl(1))."""

import base64
import os
import secrets
import subprocess

DAYS = "3650"
SERVER_NAMES = ("localhost", "kubernetes", "kubernetes.default",
                "kubernetes.default.svc")
CA_EXTENSIONS = ("basicConstraints=critical,CA:TRUE",
                 "keyUsage=critical,keyCertSign,cRLSign,digitalSignature")
CLIENT_EXTENSIONS = ("basicConstraints=critical,CA:FALSE",
                     "keyUsage=critical,digitalSignature",
                     "extendedKeyUsage=clientAuth")

KUBECONFIG = """\
apiVersion: v1
kind: Config
clusters:
- name: standin
  cluster:
    server: {server}
    {authority}
users:
- name: {user}
  user:
{credentials}
contexts:
- name: standin
  context:
    cluster: standin
    user: {user}
current-context: standin
"""


class Pki:
    """What lies below the folder; makes what is missing."""

    def __init__(self, folder):
        self.folder = folder
        os.makedirs(folder, mode=0o755, exist_ok=True)

    def path(self, name):
        return os.path.join(self.folder, name)

    def have(self, *names):
        return all(os.path.exists(self.path(n)) for n in names)

    def write(self, name, text, mode=0o644):
        part = self.path(name + ".part")
        fd = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
        with os.fdopen(fd, "w", encoding="utf-8") as stream:
            stream.write(text)
        os.rename(part, self.path(name))

    def read(self, name):
        with open(self.path(name), encoding="utf-8") as stream:
            return stream.read()

    # -- certificates

    def start(self, name, subject, extensions, signed=True):
        """Begin to make NAME.key and NAME.crt; returns the process."""
        command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                   "ec_paramgen_curve:prime256v1", "-nodes", "-sha256",
                   "-days", DAYS, "-subj", subject,
                   "-config", self.path("openssl.cnf"),
                   "-keyout", self.path(name + ".key"),
                   "-out", self.path(name + ".crt")]
        for extension in extensions:
            command += ["-addext", extension]
        if signed:
            command += ["-CA", self.path("ca.crt"),
                        "-CAkey", self.path("ca.key")]
        return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)

    def make_all(self, hosts, nodes):
        """Every certificate that is not there yet."""
        self.write("openssl.cnf", "[req]\ndistinguished_name = dn\n[dn]\n")
        if not self.have("ca.crt", "ca.key"):
            finish([self.start("ca", "/CN=standin-ca", CA_EXTENSIONS,
                               signed=False)])
        jobs = []
        names = "\n".join(hosts) + "\n"
        if not self.have("server.crt", "server.key", "server.names") or \
                self.read("server.names") != names:
            jobs.append(self.start("server", "/CN=kube-apiserver", (
                "basicConstraints=critical,CA:FALSE",
                "keyUsage=critical,digitalSignature",
                "extendedKeyUsage=serverAuth",
                "subjectAltName=" + ",".join(alternative(h)
                                             for h in hosts))))
            self.write("server.names", names)
        if not self.have("admin.crt", "admin.key"):
            jobs.append(self.start("admin", "/O=system:masters/CN=admin",
                                   CLIENT_EXTENSIONS))
        for node in nodes:
            if not self.have(f"{node}.crt", f"{node}.key"):
                jobs.append(self.start(
                    node, f"/O=system:nodes/CN=system:node:{node}",
                    CLIENT_EXTENSIONS))
        finish(jobs)

    # -- tokens

    def tokens(self, nodes):
        """{name: (token, user, groups)}, kept over restarts (tokens.csv)."""
        wanted = {"admin": ("admin", "system:masters"),
                  "tripod": ("tripod", "")}
        for node in nodes:
            wanted[node] = (f"system:node:{node}", "system:nodes")
        known = {}
        if self.have("tokens.csv"):
            for line in self.read("tokens.csv").splitlines():
                token, _, name, *_ = line.split(",")
                known[name] = token
        out = {name: (known.get(name) or secrets.token_hex(16), user, group)
               for name, (user, group) in wanted.items()}
        self.write("tokens.csv", "".join(
            ",".join(filter(None, (token, user, name, group))) + "\n"
            for name, (token, user, group) in out.items()), 0o600)
        return out

    # -- kubeconfigs

    def inline(self, name):
        with open(self.path(name), "rb") as stream:
            return base64.b64encode(stream.read()).decode()

    def kubeconfig(self, name, server, user, lines, authority=None):
        authority = authority or \
            "certificate-authority-data: " + self.inline("ca.crt")
        self.write(name, KUBECONFIG.format(
            server=server, user=user, authority=authority,
            credentials="\n".join("    " + line for line in lines)), 0o600)

    def kubeconfigs(self, server, nodes, tokens):
        def certificate(name):
            return [f"client-certificate-data: {self.inline(name + '.crt')}",
                    f"client-key-data: {self.inline(name + '.key')}"]

        self.kubeconfig("admin.kubeconfig", server, "admin",
                        certificate("admin"))
        self.kubeconfig("tripod.kubeconfig", server, "tripod",
                        ["token: " + tokens["tripod"][0]])
        for node in nodes:
            user = f"system:node:{node}"
            self.kubeconfig(f"{node}.kubeconfig", server, user,
                            certificate(node))
        node = nodes[0]
        user = f"system:node:{node}"
        self.kubeconfig("node.kubeconfig", server, user, certificate(node))
        self.write("node.token", tokens[node][0] + "\n", 0o600)
        self.kubeconfig("node-token.kubeconfig", server, user,
                        ["token: " + tokens[node][0]])
        self.kubeconfig("node-tokenfile.kubeconfig", server, user,
                        ["tokenFile: node.token"])
        self.kubeconfig("node-files.kubeconfig", server, user,
                        [f"client-certificate: {node}.crt",
                         f"client-key: {node}.key"],
                        "certificate-authority: ca.crt")


def alternative(host):
    kind = "IP" if ":" in host or host.replace(".", "").isdigit() else "DNS"
    return f"{kind}:{host}"


def finish(jobs):
    for job in jobs:
        _, text = job.communicate()
        if job.returncode != 0:
            raise RuntimeError(f"openssl failed: {text}")


def url_host(address):
    if address in ("0.0.0.0", ""):
        return "127.0.0.1"
    if address == "::":
        return "[::1]"
    return f"[{address}]" if ":" in address else address


def prepare(options):
    """Certificates and tokens; stale signs of readiness go away."""
    pki = Pki(options.dir)
    for name in ("port", "pid"):
        if pki.have(name):
            os.unlink(pki.path(name))
    hosts = list(SERVER_NAMES) + ["127.0.0.1", "::1"]
    hosts += [h for h in [options.listen] + options.host
              if h not in hosts + ["0.0.0.0", "::"]]
    pki.make_all(hosts, options.node)
    return pki


def announce(pki, options, port, kind, tokens):
    """Everything a client needs, and last of all the sign of readiness."""
    server = f"https://{url_host(options.listen)}:{port}{options.prefix}"
    pki.kubeconfigs(server, options.node, tokens)
    pki.write("kind", kind + "\n")
    pki.write("pid", f"{os.getpid()}\n")
    pki.write("port", f"{port}\n")
