"""reconciled's side of the watch socket: lends a folder, opens files,
notes what watcherd says.  Wire formats as in ipc/imsg.h and
ipc/tripod.proto."""

import array
import ctypes
import errno
import os
import socket
import stat
import struct
import threading
import time

HELLO, WELCOME, LOG_LEVEL = 1, 2, 3
FOLDER, INOTIFY, OPEN, OPENED = 10, 11, 12, 13
BEGIN, MANIFEST, END = 14, 15, 16
STAT, STATS, IGNORED = 17, 18, 19
GONE, VALID, INVALID = 0, 1, 2
HEADER = struct.Struct("=IIII")
FD_MARK = 0x80000000  # in the length: a descriptor comes with it
EVENTS = (0x100 | 0x2 | 0x8 | 0x80 | 0x40 | 0x200 | 0x400 | 0x800 | 0x4
          | 0x01000000)
libc = ctypes.CDLL(None, use_errno=True)


def varint(n):
    out = b""
    while n > 0x7f:
        out += bytes([n & 0x7f | 0x80])
        n >>= 7
    return out + bytes([n])


def number(field, n):
    return varint(field << 3) + varint(n)


def text(field, s):
    b = s.encode()
    return varint(field << 3 | 2) + varint(len(b)) + b


def parse(data):
    """A protobuf message as {field: [value, ...]}."""
    out, at = {}, 0

    def take():
        nonlocal at
        n = shift = 0
        while True:
            byte = data[at]
            at += 1
            n |= (byte & 0x7f) << shift
            shift += 7
            if byte < 0x80:
                return n

    while at < len(data):
        key = take()
        if key & 7 == 0:
            value = take()
        else:
            assert key & 7 == 2, key
            size = take()
            value = data[at:at + size]
            at += size
        out.setdefault(key >> 3, []).append(value)
    return out


class Manifest:
    """What watcherd said about a file."""

    def __init__(self, data):
        m = parse(data)
        self.at = time.monotonic()
        self.file = m[1][0].decode()
        self.state = m.get(2, [0])[0]
        self.problems = []
        for p in map(parse, m.get(4, [])):
            self.problems.append(p.get(5, [b""])[0].decode())
        pod = parse(parse(m[8][0])[1][0]) if 8 in m else {}
        self.uid = pod.get(3, [b""])[0].decode()

    def __repr__(self):
        word = ("gone", "valid", "invalid")[self.state]
        return f"{self.file} {word} {self.problems}"


class Peer(threading.Thread):
    """Listens; takes one watcherd."""

    def __init__(self, path, uid):
        super().__init__(daemon=True)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        os.chown(path, uid, uid)
        self.listener.listen(1)
        self.cond = threading.Condition()
        self.folder, self.lent = -1, 0
        self.manifests, self.opens, self.kinds = [], [], []
        self.stats, self.ignored, self.more = [], {}, 0
        self.sock, self.hello, self.lost = None, None, False
        self.start()

    def run(self):
        self.sock = self.listener.accept()[0]
        try:
            while self.one():
                pass
        except (ConnectionResetError, BrokenPipeError):
            pass
        with self.cond:
            self.lost = True
            self.cond.notify_all()

    def exactly(self, n):
        data = b""
        while len(data) < n:
            more = self.sock.recv(n - len(data))
            if not more:
                return None
            data += more
        return data

    def one(self):
        head = self.exactly(HEADER.size)
        if head is None:
            return False
        kind, size, ident, _ = HEADER.unpack(head)
        data = self.exactly(size - HEADER.size)
        with self.cond:
            self.kinds.append(kind)
            if kind == HELLO:
                self.hello = parse(data)
            elif kind == OPEN:
                self.open(parse(data)[1][0].decode(), ident)
            elif kind == MANIFEST:
                self.manifests.append(Manifest(data))
            elif kind == STAT:
                self.stat([b.decode() for b in parse(data)[1]], ident)
            elif kind == IGNORED:
                self.ignored = {}
                for i in map(parse, parse(data).get(1, [])):
                    name = i[1][0].decode(errors="surrogateescape")
                    self.ignored[name] = i[2][0].decode()
                self.more = parse(data).get(2, [0])[0]
            self.cond.notify_all()
        return True

    def send(self, kind, payload=b"", fd=-1, ident=0):
        size = HEADER.size + len(payload)
        if fd != -1:
            size |= FD_MARK
        head = HEADER.pack(kind, size, ident, 0)
        control = []
        if fd != -1:
            control = [(socket.SOL_SOCKET, socket.SCM_RIGHTS,
                        array.array("i", [fd]))]
        self.sock.sendmsg([head + payload], control)

    def open(self, name, ident):
        self.opens.append(name)
        fd, error = -1, 0
        try:
            fd = os.open(name, os.O_RDONLY | os.O_NONBLOCK,
                         dir_fd=self.folder)
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                os.close(fd)
                fd, error = -1, errno.EINVAL
        except OSError as e:
            error = self.explain(name, e)
        payload = number(1, error) + text(2, os.strerror(error))
        self.send(OPENED, payload if error else b"", fd, ident)
        if fd != -1:
            os.close(fd)

    def explain(self, name, e):
        """A link to nowhere is not the same as no name at all."""
        if e.errno == errno.ENOENT:
            try:
                os.lstat(name, dir_fd=self.folder)
                return errno.ENOLINK
            except OSError:
                pass
        return e.errno

    def stat(self, names, ident):
        self.stats.append(names)
        files = b""
        for name in names:
            f = text(1, name)
            try:
                st = os.stat(name, dir_fd=self.folder)
                for i, n in enumerate((st.st_dev, st.st_ino, st.st_size,
                                       st.st_mtime_ns, st.st_ctime_ns)):
                    f += number(3 + i, n)
            except OSError as e:
                f += number(2, self.explain(name, e))
            files += varint(1 << 3 | 2) + varint(len(f)) + f
        self.send(STATS, files, -1, ident)

    def welcome(self):
        self.wait(lambda: self.hello is not None)
        self.send(WELCOME, number(1, 2) + text(2, "test") + text(3, "node1")
                  + text(4, "/manifests") + number(5, 2))

    def lend(self, path, only="", watched=True, silent=False):
        """Lends a folder, or says that there is none."""
        if self.folder != -1:
            os.close(self.folder)
        self.folder = -1
        if path is None:
            self.send(FOLDER, number(2, 1) + text(3, "not there"))
            return
        with self.cond:
            self.folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        self.lent += 1
        self.send(FOLDER, number(1, 1) + number(2, 1) + text(4, only)
                  + number(5, watched) + number(6, silent), self.folder)
        if not watched:
            return
        watch = libc.inotify_init1(os.O_NONBLOCK)
        wd = libc.inotify_add_watch(watch, path.encode(), EVENTS)
        assert watch >= 0 and wd >= 0
        self.send(INOTIFY, b"", watch)
        os.close(watch)

    def wait(self, test, seconds=10):
        """Until the test holds; what it returned, or a failure."""
        with self.cond:
            self.cond.wait_for(lambda: self.lost or test(), seconds)
            value = test()
        assert value, f"waited in vain; {self.manifests[-5:]}"
        return value

    def last(self, name):
        """The last word about a file."""
        said = [m for m in self.manifests if m.file == name]
        return said[-1] if said else None

    def is_last(self, name, state):
        m = self.last(name)
        return m is not None and m.state == state

    def until(self, name, state, seconds=10):
        self.wait(lambda: self.is_last(name, state), seconds)
        return self.last(name)

    def until_end(self, seconds=10):
        self.wait(lambda: self.kinds.count(END) == self.lent, seconds)

    def marker(self, folder, seconds=10):
        """Everything that happened before is settled after this."""
        name = f"marker{len(self.manifests)}.yaml"
        with open(os.path.join(folder, "." + name), "w") as f:
            f.write("not a pod\n")
        os.rename(f.name, os.path.join(folder, name))
        self.until(name, INVALID, seconds)
