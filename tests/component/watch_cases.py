"""Cases of watch.sh: watch_cases.py WATCHERD DIRECTORY [PATTERN]"""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time

from watch_peer import BEGIN, END, GONE, INVALID, MANIFEST, VALID, Peer

UID = 64201
POD = """apiVersion: v1
kind: Pod
metadata: {name: %s}
spec: {containers: [{name: c, image: x}]}
"""


class World:
    """One watcherd, with a folder that it has no right to."""

    def __init__(self, program, top, name, more=""):
        self.dir = os.path.join(top, name)
        os.mkdir(self.dir, 0o755)
        self.folder = os.path.join(self.dir, "manifests")
        os.mkdir(self.folder, 0o700)
        sock = os.path.join(self.dir, "watch.sock")
        conf = os.path.join(self.dir, "conf")
        with open(conf, "w") as f:
            f.write(f"socket {sock}\nuser {UID}\n" + more)
            for line in ("rescan 1s\n", "log level debug\n"):
                if line.rsplit(" ", 1)[0] not in more:
                    f.write(line)
        self.peer = Peer(sock, UID)
        self.log = open(os.path.join(self.dir, "log"), "w+")
        self.proc = subprocess.Popen([program, "-f", conf],
                                     stderr=self.log)
        self.peer.welcome()

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        """In place, as "cat > name" does."""
        with open(self.path(name), "w") as f:
            os.fchmod(f.fileno(), 0o600)
            f.write(text)

    def put(self, name, text):
        """Renamed into place."""
        self.write(".new", text)
        os.rename(self.path(".new"), self.path(name))

    def lend(self, **options):
        self.peer.lend(self.folder, **options)
        self.peer.until_end(30)

    def end(self):
        self.proc.terminate()
        assert self.proc.wait(10) == 0
        assert not any("SIGSYS" in line for line in self.log)


def case_confined(w):
    w.lend()
    status = {}
    with open(f"/proc/{w.proc.pid}/status") as f:
        for line in f:
            key, value = line.split(":", 1)
            status[key] = value.split()
    assert status["Uid"] == [str(UID)] * 4, status["Uid"]
    assert status["Gid"] == [str(UID)] * 4, status["Gid"]
    assert status["Groups"] == [], status["Groups"]
    for caps in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(status[caps][0], 16) == 0, caps
    assert status["NoNewPrivs"] == ["1"]
    assert status["Seccomp"] == ["2"]
    assert os.listdir(f"/proc/{w.proc.pid}/root/") == []
    fds = os.listdir(f"/proc/{w.proc.pid}/fd")
    assert len(fds) < 16, fds


def case_no_folder(w):
    w.peer.lend(None)
    w.write("a.yaml", POD % "a")
    w.lend()
    assert w.peer.kinds.count(BEGIN) == 1
    assert w.peer.last("a.yaml").state == VALID


def case_transfer(w):
    for name in "abc":
        w.put(name + ".yaml", POD % name)
    w.put("d.json", "{}")
    w.put("e.txt", POD % "e")
    w.put(".f.yaml", POD % "f")
    w.lend()
    said = [(m.file, m.state) for m in w.peer.manifests]
    assert sorted(said) == [("a.yaml", VALID), ("b.yaml", VALID),
                            ("c.yaml", VALID), ("d.json", INVALID)], said
    kinds = [k for k in w.peer.kinds if k in (BEGIN, MANIFEST, END)]
    assert kinds == [BEGIN] + [MANIFEST] * 4 + [END], kinds


def case_rename_is_fast(w):
    w.lend()
    best = 1
    for i in range(20):
        w.write(".new", POD % f"p{i}")
        began = time.monotonic()
        os.rename(w.path(".new"), w.path(f"p{i}.yaml"))
        m = w.peer.until(f"p{i}.yaml", VALID)
        best = min(best, m.at - began)
    assert best < 0.02, best


def case_held_open(w):
    """Written in two steps: nothing is said in between."""
    w.lend()
    text = POD % "a"
    with open(w.path("a.yaml"), "w") as f:
        f.write(text[:40])
        f.flush()
        w.peer.marker(w.folder)
        assert w.peer.last("a.yaml") is None
        f.write(text[40:])
    m = w.peer.until("a.yaml", VALID)
    assert [x for x in w.peer.manifests if x.file == "a.yaml"] == [m]


def case_never_closed(w):
    """Quiet for a second is taken as it is."""
    w.lend()
    with open(w.path("a.yaml"), "w") as f:
        f.write(POD % "a")
        f.flush()
        began = time.monotonic()
        m = w.peer.until("a.yaml", VALID)
        assert m.at - began > 0.9, m.at - began


def case_growing(w):
    """Somebody who never stops does not stop the transfer."""
    stop = threading.Event()

    def grow():
        with open(w.path("a.yaml"), "w") as f:
            while not stop.wait(0.05):
                f.write("# more\n")
                f.flush()

    t = threading.Thread(target=grow)
    t.start()
    w.put("b.yaml", POD % "b")
    try:
        w.lend()
        assert w.peer.last("a.yaml").state == INVALID
        assert w.peer.last("b.yaml").state == VALID
    finally:
        stop.set()
        t.join()


def case_gone(w):
    w.put("a.yaml", POD % "a")
    w.put("b.yaml", POD % "b")
    w.lend()
    os.unlink(w.path("a.yaml"))
    w.peer.until("a.yaml", GONE)
    os.rename(w.path("b.yaml"), w.path("b.yaml.bak"))
    w.peer.until("b.yaml", GONE)
    os.rename(w.path("b.yaml.bak"), w.path("b.yaml"))
    w.peer.until("b.yaml", VALID)


def case_renamed(w):
    """Another name: another pod comes, and the old one goes."""
    w.put("a.yaml", POD % "a")
    w.lend()
    os.rename(w.path("a.yaml"), w.path("b.yaml"))
    w.peer.until("b.yaml", VALID)
    w.peer.until("a.yaml", GONE)
    uids = {m.uid for m in w.peer.manifests if m.uid}
    assert len(uids) == 2, uids


def case_editors(w):
    """Dances of renames remove nothing."""
    w.put("a.yaml", POD % "a")
    w.lend()
    for i in range(5):
        os.rename(w.path("a.yaml"), w.path("a.yaml~"))
        w.write("a.yaml", (POD % "a") + f"# {i}\n")
        os.unlink(w.path("a.yaml~"))
    os.unlink(w.path("a.yaml"))
    w.put("a.yaml", POD % "other")
    w.peer.wait(lambda: len({m.uid for m in w.peer.manifests}) == 2)
    w.peer.marker(w.folder)
    time.sleep(0.3)
    assert all(m.state != GONE for m in w.peer.manifests)


def case_same_again(w):
    """Touched, or written again as it was: no news."""
    w.put("a.yaml", POD % "a")
    w.lend()
    os.utime(w.path("a.yaml"))
    w.put("a.yaml", POD % "a")
    os.chmod(w.path("a.yaml"), 0o644)
    w.peer.marker(w.folder)
    assert len([m for m in w.peer.manifests if m.file == "a.yaml"]) == 1


def case_broken(w):
    w.put("a.yaml", POD % "a")
    w.lend()
    w.put("a.yaml", (POD % "a") + "bogus: 1\n")
    m = w.peer.until("a.yaml", INVALID)
    assert m.problems == ["unknown field"], m
    w.put("a.yaml", POD % "a")
    w.peer.until("a.yaml", VALID)


def case_same_pod_twice(w):
    """Whose a pod is, is not decided here: both are told."""
    w.put("b.yaml", POD % "a")
    w.lend()
    w.put("a.yaml", POD % "a")
    w.peer.until("a.yaml", VALID)
    w.peer.until("b.yaml", VALID)


def case_odd_files(w):
    w.lend()
    os.symlink("nowhere", w.path("link.yaml"))
    os.mkfifo(w.path("fifo.yaml"))
    os.mkdir(w.path("dir.yaml"))
    w.put("large.yaml", "#" * (1 << 20) + "\n")
    w.put("empty.yaml", "")
    for name in ("link", "fifo", "dir", "large", "empty"):
        w.peer.until(name + ".yaml", INVALID)
    assert "more than 1048576" in w.peer.last("large.yaml").problems[0]
    w.put("nowhere", POD % "a")
    w.peer.until("link.yaml", VALID)


def case_future(w):
    """A clock that jumped back does not keep a file out."""
    w.write("a.yaml", POD % "a")
    os.utime(w.path("a.yaml"), (time.time() + 1e6, time.time() + 1e6))
    w.lend()
    assert w.peer.last("a.yaml").state == VALID


def case_rescan(w):
    """Unchanged files are neither opened nor told of again; and a change
    without an event is found."""
    w.put("a.yaml", POD % "a")
    w.put(".target", POD % "b")
    os.symlink(".target", w.path("b.yaml"))
    os.symlink(".nowhere", w.path("c.yaml"))
    w.write("d.yaml", "#" * (2 << 20))
    w.lend()
    w.peer.wait(lambda: len(w.peer.stats) >= 3)
    opens = list(w.peer.opens)
    w.peer.wait(lambda: len(w.peer.stats) >= 6)
    assert w.peer.stats[-1] == ["a.yaml", "b.yaml", "c.yaml", "d.yaml"]
    assert w.peer.opens == opens, w.peer.opens
    assert len(w.peer.manifests) == 4, w.peer.manifests
    w.write(".target", POD % "c")
    w.peer.wait(lambda: len({m.uid for m in w.peer.manifests if m.uid}) == 3)
    # More than once if it was caught while being written.
    assert set(w.peer.opens[len(opens):]) == {"b.yaml"}, w.peer.opens
    w.write(".nowhere", POD % "d")
    w.peer.until("c.yaml", VALID)


def case_data_link(w):
    """The link that others lead through is replaced: noticed at once."""
    for version in "12":
        os.mkdir(w.path("..v" + version))
        w.write(f"..v{version}/a.yaml", POD % f"p{version}")
    os.symlink("..v1", w.path("..data"))
    os.symlink("..data/a.yaml", w.path("a.yaml"))
    w.peer.lend(w.folder)
    w.peer.until("a.yaml", VALID)
    first = w.peer.last("a.yaml").uid
    os.symlink("..v2", w.path("..new"))
    os.rename(w.path("..new"), w.path("..data"))
    w.peer.wait(lambda: w.peer.last("a.yaml").uid != first, 3)


def case_all_names(w):
    for name in ("README", "x.yaml~", "#x#", "a.yaml.bak"):
        w.put(name, POD % "a")
    w.put(".hidden", POD % "a")
    os.mkdir(w.path("folder"))
    w.lend()
    assert {m.file for m in w.peer.manifests if m.state == VALID} == {
        "README", "x.yaml~", "#x#", "a.yaml.bak"}
    assert w.peer.ignored == {"folder": "it is a folder"}, w.peer.ignored
    os.mkdir(w.path("later"))
    w.peer.wait(lambda: "later" in w.peer.ignored)
    w.put("new", POD % "a")
    w.peer.until("new", VALID)


case_all_names.conf = "all names yes\n"


def case_only(w):
    """A single file, replaced in every way; the others do not matter."""
    w.put("pod", POD % "a")
    w.put("other.yaml", POD % "b")
    w.lend(only="pod")
    assert [m.file for m in w.peer.manifests] == ["pod"]
    w.put("pod", POD % "b")
    w.peer.wait(lambda: len({m.uid for m in w.peer.manifests}) == 2)
    os.unlink(w.path("pod"))
    w.peer.until("pod", GONE)
    w.write("pod", POD % "c")
    w.peer.until("pod", VALID)
    assert w.peer.ignored == {}, w.peer.ignored
    assert set(w.peer.opens) == {"pod"}, w.peer.opens


def case_ignored(w):
    """What does not count is told, some of it."""
    for name in ("README", "x.yaml~", "#x#", "a.yaml.bak", "4913"):
        w.put(name, POD % "a")
    for name in (b"bad\xff.yaml", b"bell\x07.yaml", b"new\nline.yaml"):
        with open(os.path.join(w.folder.encode(), name), "w"):
            pass
    os.mkdir(w.path("folder"))
    w.put(".hidden.swp", "")
    w.lend()
    ending = "its name does not end in .yaml, .yml or .json"
    odd = "its name has control characters or is not UTF-8"
    assert w.peer.ignored == {
        "README": ending, "x.yaml~": ending, "#x#": ending,
        "a.yaml.bak": ending, "4913": ending, "bad\udcff.yaml": odd,
        "bell\a.yaml": odd, "new\nline.yaml": odd,
        "folder": "it is a folder"}, w.peer.ignored
    assert w.peer.manifests == [] and w.peer.opens == []
    os.unlink(w.path("README"))
    w.peer.wait(lambda: "README" not in w.peer.ignored)
    for i in range(100):
        w.put(f"more{i:03}", "")
    w.peer.wait(lambda: w.peer.more == 108 - 32)
    assert len(w.peer.ignored) == 32


def case_unwatched(w):
    """Without events there still are listings."""
    w.put("a.yaml", POD % "a")
    w.lend(watched=False)
    assert w.peer.last("a.yaml").state == VALID
    w.put("b.yaml", POD % "b")
    w.peer.until("b.yaml", VALID)
    w.put("a.yaml", POD % "c")
    w.peer.wait(lambda: len({m.uid for m in w.peer.manifests}) == 3)
    os.unlink(w.path("b.yaml"))
    w.peer.until("b.yaml", GONE)


def case_silent(w):
    """Events that may be missing: listed often, however long a rescan is."""
    w.put(".target", POD % "a")
    os.symlink(".target", w.path("a.yaml"))
    w.lend(silent=True)
    w.write(".target", POD % "b")
    w.peer.wait(lambda: len({m.uid for m in w.peer.manifests}) == 2)


case_silent.conf = "rescan 1h\n"


def case_folder_removed(w):
    """Nothing is gone because everything is."""
    for name in "abc":
        w.put(name + ".yaml", POD % name)
    w.lend()
    shutil.rmtree(w.folder)
    time.sleep(0.5)
    assert all(m.state == VALID for m in w.peer.manifests)
    os.mkdir(w.folder, 0o700)
    w.put("a.yaml", POD % "a")
    w.lend()
    assert w.peer.kinds.count(BEGIN) == 2
    assert len(w.peer.manifests) == 4


def case_folder_renamed(w):
    w.put("a.yaml", POD % "a")
    w.lend()
    os.rename(w.folder, w.folder + ".old")
    time.sleep(0.5)
    assert all(m.state == VALID for m in w.peer.manifests)


def case_many(w):
    """10 000 files at once, more events than the kernel keeps."""
    w.put("zz.yaml", POD % "zz")
    w.lend()
    w.proc.send_signal(signal.SIGSTOP)
    for i in range(10000):
        w.write(f"{i:05}.yaml", POD % f"p{i}")
    w.proc.send_signal(signal.SIGCONT)

    def all_told():
        return len({m.file for m in w.peer.manifests}) == 10001

    w.peer.wait(all_told, 60)
    states = [m.state for m in w.peer.manifests]
    assert states.count(GONE) == 0
    w.peer.wait(lambda: sum(m.state == VALID
                            for m in w.peer.manifests) == 1000, 30)
    over = w.peer.last("09999.yaml")
    assert over.problems == ["one of more than 1000 manifests"], over
    assert w.peer.last("zz.yaml").state == VALID


def case_beyond(w):
    """More names than are known: it is told, and nothing is taken for gone."""
    for i in range(16384 + 3):
        with open(w.path(f"{i:05}.yaml"), "w"):
            pass
    w.peer.lend(w.folder)
    w.peer.wait(lambda: "(further names)" in w.peer.ignored, 60)
    assert "16384 manifests" in w.peer.ignored["(further names)"]
    assert not any(m.state == GONE for m in w.peer.manifests)


def cpu_seconds(w):
    with open(f"/proc/{w.proc.pid}/stat") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_kb(w):
    with open(f"/proc/{w.proc.pid}/status") as f:
        return next(int(line.split()[1]) for line in f
                    if line.startswith("VmHWM"))


def case_hostile_names(w):
    """100 000 names, and a rename without end: a manifest still counts."""
    w.put("a.yaml", POD % "a")
    w.lend()
    for i in range(100000):
        os.close(os.open(w.path(f"{i:06}\x1b[2J"), os.O_CREAT | os.O_WRONLY))
    stop = threading.Event()

    def rename():
        here, there = w.path("x.yaml"), w.path("y.yaml")
        w.write("x.yaml", POD % "x")
        while not stop.is_set():
            os.rename(here, there)
            here, there = there, here

    t = threading.Thread(target=rename)
    t.start()
    try:
        before, began = cpu_seconds(w), time.monotonic()
        w.put("b.yaml", POD % "b")
        w.peer.until("b.yaml", VALID)
        os.unlink(w.path("b.yaml"))
        w.peer.until("b.yaml", GONE)
        time.sleep(max(0, began + 5 - time.monotonic()))
        load = (cpu_seconds(w) - before) / (time.monotonic() - began)
    finally:
        stop.set()
        t.join()
    print(f"# load {load:.2f}, {memory_kb(w)} KiB")
    assert load < 0.5, load
    assert memory_kb(w) < 64 * 1024
    assert w.peer.last("a.yaml").state == VALID
    w.peer.wait(lambda: w.peer.more == 100000 - 32)


case_hostile_names.conf = "log level info\n"


def case_churn(w):
    """The last word is the truth."""
    w.lend()
    for i in range(300):
        name = f"p{i % 7}.yaml"
        if i % 3 == 2:
            if os.path.exists(w.path(name)):
                os.unlink(w.path(name))
        elif i % 3 == 1:
            w.write(name, POD % f"p{i % 7}")
        else:
            w.put(name, (POD % f"p{i % 7}") + f"# {i}\n")
    for i in range(7):
        there = os.path.exists(w.path(f"p{i}.yaml"))
        if there:
            w.peer.until(f"p{i}.yaml", VALID)
        elif w.peer.last(f"p{i}.yaml") is not None:
            w.peer.until(f"p{i}.yaml", GONE)


def case_link_lost(w):
    w.lend()
    w.peer.sock.shutdown(2)
    assert w.proc.wait(10) == 0


def case_garbage(w):
    w.lend()
    w.peer.send(99)
    assert w.proc.wait(10) == 0


def main():
    program, top = sys.argv[1:3]
    pattern = sys.argv[3] if len(sys.argv) > 3 else ""
    cases = {k[5:]: v for k, v in globals().items()
             if k.startswith("case_") and pattern in k}
    failed = 0
    for n, (name, case) in enumerate(cases.items(), 1):
        w = World(program, top, name, getattr(case, "conf", ""))
        try:
            case(w)
            if w.proc.poll() is None:
                w.end()
            print(f"ok {n} - {name}", flush=True)
        except Exception as e:  # the next case may pass all the same
            failed += 1
            print(f"not ok {n} - {name}: {type(e).__name__} {e} "
                  f"line {e.__traceback__.tb_next.tb_lineno}", flush=True)
            w.log.seek(0)
            sys.stdout.writelines("# " + line for line in
                                  w.log.readlines()[-20:])
            w.proc.kill()
            w.proc.wait()
        shutil.rmtree(w.dir)
    print(f"1..{len(cases)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
