"""The pods of a chaos run: what their manifests say, and how they must be
when everything is at rest."""

IMAGE = "localhost/bb:1"


def container(name, command, more=""):
    """One element of a list; MARK is replaced by what tells processes."""
    text = f"""  - name: {name}
    image: {IMAGE}
    command: [sh, -c, '{command}']
    env:
    - {{name: CHAOS, value: MARK/{name}}}
"""
    return text + "".join(f"    {line}\n" for line in more.splitlines())


def plain(rng):
    command = rng.choice(["exec sleep 10000",
                          'trap "" TERM; while :; do sleep 1; done',
                          "sleep 9999 & sleep 9998 & wait"])
    return "  containers:\n" + container("main", command)


def pair(rng):
    del rng
    mount = """volumeMounts:
- {name: shared, mountPath: /shared}
- {name: memory, mountPath: /memory}
- {name: shared, mountPath: /sub, subPath: a/b}"""
    return ("""  volumes:
  - {name: shared, emptyDir: {}}
  - {name: memory, emptyDir: {medium: Memory, sizeLimit: 1Mi}}
  containers:
""" + container("one", "echo 1 >/shared/one; exec sleep 10000", mount)
            + container("two", "echo 2 >/memory/two; exec sleep 10000", mount))


def staged(rng):
    del rng
    return ("  initContainers:\n"
            + container("first", "sleep 0.2")
            + container("side", "exec sleep 10000", "restartPolicy: Always")
            + container("second", "sleep 0.1")
            + "  containers:\n" + container("main", "exec sleep 10000"))


def probed(rng):
    del rng
    return "  containers:\n" + container(
        "main", "mkdir /w; httpd -f -p 8080 -h /w", """readinessProbe:
  tcpSocket: {port: 8080}
  periodSeconds: 1
livenessProbe:
  exec: {command: ["true"]}
  periodSeconds: 2
  timeoutSeconds: 20
  failureThreshold: 5""")


def hooked(rng):
    del rng
    return "  containers:\n" + container(
        "main", "exec sleep 10000", """lifecycle:
  postStart: {exec: {command: ["true"]}}
  preStop: {exec: {command: [sleep, "0.2"]}}""")


def crasher(rng):
    life = rng.choice(["0", "0.5", "2"])
    return ("  containers:\n" + container("main", f"sleep {life}; exit 3")
            + container("calm", "exec sleep 10000"))


def once(rng):
    return "  restartPolicy: Never\n  containers:\n" + container(
        "main", f"sleep 0.3; exit {rng.choice([0, 3])}")


# Runs until killed: by then it has its result.
def never(rng):
    del rng
    return ("  restartPolicy: Never\n  containers:\n"
            + container("main", "exec sleep 10000"))


# Of a container whose start was cut off, by the end of who asked for it or
# of the runtime.  It may have run; so it never runs again.
CUT_OFF = (128, 255)

# Shape, and whether it may have a network of its own.
SHAPES = {f.__name__: f for f in (plain, pair, staged, probed, hooked,
                                  crasher, once, never)}
# In the order of a file; those without a choice must have a pod network.
WEIGHTS = [("plain", 5), ("pair", 3), ("staged", 3), ("probed", 3),
           ("hooked", 2), ("crasher", 2), ("once", 1), ("never", 1)]


class Pod:
    """One revision of a pod; immutable but for what was done to it."""

    def __init__(self, rng, token, name, revision, shape=None):
        names, weights = zip(*WEIGHTS)
        self.name = name
        self.revision = revision
        self.shape = shape or rng.choices(names, weights)[0]
        # Ports of the host can be had once only.
        self.host = self.shape != "probed" and rng.random() < 0.5
        self.killed = False
        self.mark = f"{token}/{name}/{revision}"
        self.text = f"""apiVersion: v1
kind: Pod
metadata:
  name: {name}
  labels: {{revision: "{revision}"}}
spec:
  hostNetwork: {str(self.host).lower()}
  terminationGracePeriodSeconds: {rng.choice([0, 1, 1, 2])}
""" + SHAPES[self.shape](rng).replace("MARK", self.mark)

    @property
    def full(self):
        return self.name + "-node1"

    def wrong(self, status):
        """Why this is not how the pod must be at rest; None if it is."""
        if status["terminating"]:
            return "terminating"
        if self.shape == "once":
            want = ("Succeeded", "Failed")
        elif self.shape == "never" and (self.killed or any(
                c["state"]["exitCode"] in CUT_OFF
                for c in status["containers"])):
            want = ("Failed", "Running")
        else:
            want = ("Running",)
        if status["phase"] not in want:
            return f"phase {status['phase']}"
        if status["phase"] != "Running":
            return None
        for c in status["containers"] + status["initContainers"]:
            if self.shape == "crasher" and c["name"] == "main":
                continue
            # Init containers are ready when they have done their work.
            if not c["ready"]:
                return f"{c['name']} is not ready: {c['state']}"
        return None
