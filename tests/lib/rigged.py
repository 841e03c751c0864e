"""A rig that is up, for programs that drive it."""

import json
import os
import shlex
import subprocess

HERE = os.path.dirname(os.path.realpath(__file__))
RIG = os.path.join(HERE, "rig")
OBJ = os.path.realpath(
    os.environ.get("TRIPOD_OBJ", os.path.join(HERE, "..", "..", "obj")))
BIN = os.environ.get("TRIPOD_BIN", os.path.join(OBJ, "bin"))


def assignments(*command):
    """Runs it and reads the shell assignments that it prints."""
    text = subprocess.run(command, check=True, stdout=subprocess.PIPE,
                          text=True).stdout
    pairs = (line.split("=", 1) for line in text.splitlines())
    return {k: (shlex.split(v) or [""])[0] for k, v in pairs}


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def children(pid):
    return [int(p) for p in read(f"/proc/{pid}/task/{pid}/children").split()]


class Rig:
    """What `rig up FOLDER OPTION...' has started."""

    def __init__(self, folder, *options):
        self.folder = os.path.realpath(folder)
        env = assignments(RIG, "up", folder, *options)
        self.manifests = env["TRIPOD_MANIFESTS"]
        self.control = env["TRIPOD_CONTROL"]
        self.runtime = env["TRIPOD_RUNTIME"]
        self.ctr = env["TRIPOD_CTR"]
        self.run = env["TRIPOD_RUN"]
        self.logs = env["TRIPOD_LOGS"]

    def down(self):
        subprocess.run([RIG, "down", self.folder], check=False)

    def status(self):
        """As tripodctl tells it; None while it cannot."""
        done = subprocess.run(
            [os.path.join(BIN, "tripodctl"), "-s", self.control, "status",
             "-o", "json"], check=False, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True)
        return json.loads(done.stdout) if done.returncode == 0 else None

    def put(self, name, text):
        """Renames a manifest into place, root's alone."""
        hidden = os.path.join(self.manifests, "." + name)
        with open(hidden, "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(text)
        os.rename(hidden, os.path.join(self.manifests, name))

    def drop(self, name):
        os.unlink(os.path.join(self.manifests, name))

    def pid(self, daemon):
        return int(read(os.path.join(self.run, daemon + ".pid")))

    def processes(self):
        """Process ids by name: the daemons, and the helpers that are their
        children.  May raise OSError while they come and go."""
        found = {n: self.pid(n) for n in ("reconciled", "watcherd", "mirrord")}
        for child in children(found["reconciled"]):
            name = read(f"/proc/{child}/comm").strip()
            if name == "reconciled":
                raise OSError("a helper has no name yet")
            found[name.removeprefix("tripod-")] = child
        for child in children(found.get("spawner", 1)):
            if read(f"/proc/{child}/comm").startswith("tripod-prober"):
                found["prober"] = child
        return found
