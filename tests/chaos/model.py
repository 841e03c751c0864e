"""What has been put into the manifest folder, and so what must run."""

from pods import Pod

STEADY = ("steady-host", "steady-net")
FILES = 14
PODS = 20


class File:
    """A manifest; one that is refused stands for its last good version, of
    which only the daemons know which it was."""

    def __init__(self, name):
        self.name = name
        self.pods = ()      # of the newest good version
        self.versions = [()]  # one of them is in force
        self.broken = False
        self.moved = False  # pods came or went since the last rest

    def in_force(self):
        return self.versions if self.broken else [self.pods]

    def text(self):
        text = "---\n".join(pod.text for pod in self.pods)
        return text.replace("image:", "imagine:", 1) if self.broken else text


class Model:
    """The files, and the steps that change them at random."""

    def __init__(self, rng, token, rig):
        self.rng = rng
        self.token = token
        self.rig = rig
        self.files = {}
        self.serial = 0
        self.on_host = set()  # (full name, revision), ever
        self.touched = set()  # full names whose containers may change

    # Choices.

    def current(self):
        """All pods of good files but the steady ones, with their files."""
        return [(f, p) for f in self.files.values() if not f.broken
                for p in f.pods if p.name not in STEADY]

    def some(self, want=lambda f: True):
        found = [f for f in self.files.values()
                 if f.pods and f.pods[0].name not in STEADY and want(f)]
        return self.rng.choice(found) if found else None

    def pod(self, name=None, shape=None):
        self.serial += 1
        name = name or f"p{self.serial}"
        pod = Pod(self.rng, self.token, name, self.serial, shape)
        if pod.host:
            self.on_host.add((pod.full, str(pod.revision)))
        return pod

    # Writing.

    def write(self, file, pods, broken=False):
        self.files[file.name] = file
        self.touched.update(p.full for p in file.pods if p not in pods)
        self.touched.update(p.full for p in pods if p not in file.pods)
        file.broken = broken
        if not broken:
            file.pods = tuple(pods)
            file.versions.append(file.pods)
        self.rig.put(file.name, file.text())

    def unlink(self, file):
        self.touched.update(p.full for p in file.pods)
        file.broken = False
        file.pods = ()
        file.versions.append(())
        self.rig.drop(file.name)

    # Steps; each says what it did.

    def start(self):
        for name in STEADY:
            file = File(name + ".yaml")
            shape = "probed" if name == "steady-net" else "plain"
            self.write(file, [self.pod(name, shape)])

    def add(self):
        if sum(len(f.pods) for f in self.files.values()) >= PODS:
            return None
        name = f"f{self.rng.randrange(FILES)}.yaml"
        file = self.files.get(name) or File(name)
        if file.broken:
            return None
        new = [self.pod() for _ in range(self.rng.choice([1, 1, 1, 2, 3]))]
        file.moved = True
        self.write(file, [*file.pods, *new])
        return f"add {' '.join(p.name for p in new)} to {name}"

    def edit(self):
        if not (file := self.some(lambda f: not f.broken)):
            return None
        pods = list(file.pods)
        i = self.rng.randrange(len(pods))
        shape = self.rng.choice([pods[i].shape, None])
        pods[i] = self.pod(pods[i].name, shape)
        self.write(file, pods)
        return f"edit {pods[i].name} in {file.name}: {pods[i].shape}"

    def shrink(self):
        if not (file := self.some(lambda f: not f.broken)):
            return None
        gone = self.rng.choice(file.pods)
        file.moved = True
        if len(file.pods) == 1:
            self.unlink(file)
        else:
            self.write(file, [p for p in file.pods if p is not gone])
        return f"take {gone.name} out of {file.name}"

    def spoil(self):
        if not (file := self.some(lambda f: not f.broken and not f.moved)):
            return None
        self.write(file, file.pods, broken=True)
        return f"break {file.name}"

    def mend(self):
        if not (file := self.some(lambda f: f.broken)):
            return None
        self.write(file, file.pods)
        self.touched.update(p.full for v in file.versions for p in v)
        return f"mend {file.name}"

    def remove(self):
        if not (file := self.some()):
            return None
        self.touched.update(p.full for v in file.versions for p in v)
        self.unlink(file)
        return f"remove {file.name}"

    def rename(self):
        file = self.some(lambda f: not f.broken)
        name = f"f{self.rng.randrange(FILES)}.yaml"
        target = self.files.get(name) or File(name)
        if not file or target.pods or target.broken:
            return None
        pods = file.pods
        file.moved = target.moved = True
        self.unlink(file)
        # The file name is part of a pod's identity.
        self.write(target, pods)
        return f"rename {file.name} to {name}"

    def blink(self):
        """Away and back at once."""
        if not (file := self.some(lambda f: not f.broken)):
            return None
        pods = file.pods
        self.unlink(file)
        self.write(file, pods)
        return f"remove {file.name} and put it back"

    def rewrite(self):
        """The same again: nobody may notice."""
        if not (file := self.some(lambda f: not f.broken)):
            return None
        self.rig.put(file.name, file.text())
        return f"write {file.name} again"

    def clear(self):
        for file in self.files.values():
            if file.pods or file.broken:
                self.unlink(file)

    def step(self):
        names = (["add"] * 5 + ["edit"] * 5 + ["shrink", "spoil"] * 2
                 + ["mend", "remove", "rename", "blink", "rewrite"])
        return getattr(self, self.rng.choice(names))()

    # At rest.

    def rest(self, seen):
        """What is in force is known now: seen tells the (name, revision) of
        each file's pods."""
        for file in self.files.values():
            for version in file.in_force():
                if {(p.full, str(p.revision)) for p in version} == \
                        seen.get(file.name, set()):
                    break
            file.versions = [version]
            if file.broken:
                file.pods = version
            file.moved = False
        self.touched.clear()
