"""What a machine has: processes, mounts, networks, cgroups, folders."""

import os
import re
import subprocess

from rigged import OBJ, children, read

ID = re.compile(r"[0-9a-f]{64}")


def listing(runtime):
    """The runtime's sandboxes and containers, as dictionaries."""
    text = subprocess.run(
        [os.path.join(OBJ, "tests", "chaos", "list"), "-s", runtime],
        check=True, stdout=subprocess.PIPE, text=True).stdout
    sandboxes, containers = [], []
    for line in text.splitlines():
        kind, *rest = line.split(" ")
        if kind == "sandbox":
            keys = "id state marked uid name attempt revision"
            sandboxes.append(dict(zip(keys.split(), rest)))
        else:
            keys = "id sandbox state marked uid name attempt"
            containers.append(dict(zip(keys.split(), rest)))
    for one in sandboxes + containers:
        one["marked"] = one["marked"] == "1"
        one["attempt"] = int(one["attempt"])
    return sandboxes, containers


def born(pid):
    """Tells a process from a later one of the same number; None: gone."""
    try:
        fields = read(f"/proc/{pid}/stat").rsplit(")", 1)[1].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else fields[19]


class Process:
    """A live process of a container: whose it says it is, and whose the
    kernel knows it is."""

    def __init__(self, pid, environ):
        self.pid = pid
        self.born = born(pid)
        match = re.search(rb"(?:^|\0)CHAOS=([^\0]+)", environ)
        self.mark = match[1].decode() if match else ""
        ids = ID.findall(read(f"/proc/{pid}/cgroup"))
        self.container = ids[-1] if ids else ""

    def alive(self):
        return self.born is not None and born(self.pid) == self.born

    def is_first(self):
        """In its container."""
        try:
            return re.search(r"^NSpid:.*\t1$", read(f"/proc/{self.pid}/status"),
                             re.M) is not None
        except OSError:
            return False


def processes(token):
    """Those of containers: of marked ones by their mark, of sandboxes by
    their place below the cgroup of a pod."""
    found = []
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/environ", "rb") as file:
                environ = file.read()
            if b"CHAOS=" + token.encode() + b"/" in environ:
                found.append(Process(int(name), environ))
        except OSError:
            pass
    return [p for p in found if p.born is not None and p.container]


def members(container):
    """Process ids in the cgroups of a container or sandbox."""
    found = []
    for name in os.listdir("/proc"):
        try:
            if name.isdigit() and container in read(f"/proc/{name}/cgroup"):
                found.append(int(name))
        except OSError:
            pass
    return found


def mounts(folder):
    points = [line.split()[4] for line in
              read("/proc/self/mountinfo").splitlines()]
    return sorted(p for p in points if p.startswith(folder + "/"))


def veths():
    return len(subprocess.run(
        ["ip", "-o", "link", "show", "type", "veth"], check=True,
        stdout=subprocess.PIPE, text=True).stdout.splitlines())


def addresses(folder):
    """Sandboxes that the CNI plugin has given addresses to."""
    found = []
    for top, _, names in os.walk(folder):
        for name in names:
            if name[0].isdigit():
                found += ID.findall(read(os.path.join(top, name)))
    return found


def cgroups(root):
    """Names of all cgroups below a path, over all hierarchies."""
    found = set()
    for line in read("/proc/self/mountinfo").splitlines():
        if re.search(r" - cgroup2? ", line):
            for _, names, _ in os.walk(line.split()[4] + root):
                found.update(names)
    return found


def inhabitants(root, group):
    """What runs in a cgroup somewhere below a path."""
    path = re.compile(rf"{re.escape(root)}/.*\b{re.escape(group)}\b")
    found = []
    for name in os.listdir("/proc"):
        try:
            if name.isdigit() and path.search(read(f"/proc/{name}/cgroup")):
                found.append(read(f"/proc/{name}/cmdline").replace("\0", " "))
        except OSError:
            pass
    return found


def started(pid):
    """Children, without those of runc: what it prepares, and has not begun."""
    return [p for p in children(pid)
            if not read(f"/proc/{p}/comm").startswith("runc")]


def shims(folder):
    """Of the runtime below a folder: what each was started for, and whether
    it has a process of a container."""
    found = []
    for name in os.listdir("/proc"):
        try:
            if name.isdigit() and read(
                    f"/proc/{name}/comm").startswith("containerd-shim"):
                words = read(f"/proc/{name}/cmdline").split("\0")
                if any(w.startswith(folder + "/") for w in words):
                    found.append((words[words.index("-id") + 1],
                                  bool(started(int(name)))))
        except (OSError, ValueError):
            pass
    return found


def folder(path):
    try:
        return sorted(os.listdir(path))
    except FileNotFoundError:
        return []


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def memory_kb(pid):
    """What is the process's alone, without files: all that can leak."""
    return int(re.search(r"^Anonymous:\s+(\d+)",
                         read(f"/proc/{pid}/smaps_rollup"), re.M)[1])
