#!/usr/bin/env python3
"""A file system that shows a folder, until it does not answer any more.

hungfs.py FOLDER TARGET: mounts it and serves it until it is unmounted.

While it is stopped (SIGSTOP) nobody takes requests, as with a server that
is gone.  After SIGUSR1 it takes them and keeps them, so that even the end of
who asked does not end the wait; SIGUSR2 makes it answer all.

It speaks the kernel's protocol itself (linux/fuse.h); only what a look, a
listing, reading and making of files and folders needs is there.
"""
import ctypes
import errno
import os
import signal
import stat
import struct
import sys

LOOKUP, FORGET, GETATTR, SETATTR, READLINK, MKNOD, MKDIR = 1, 2, 3, 4, 5, 8, 9
OPEN, READ, STATFS, RELEASE, FLUSH, INIT = 14, 15, 17, 18, 25, 26
OPENDIR, READDIR, RELEASEDIR, ACCESS, INTERRUPT = 27, 28, 29, 34, 36
DESTROY, BATCH_FORGET = 38, 42
UNANSWERED = (FORGET, BATCH_FORGET, INTERRUPT)
HEADER = struct.Struct("<IIQQIIII")
ROOT = 1


class HungFS:
    def __init__(self, folder, target):
        self.paths = {ROOT: os.path.realpath(folder)}
        self.ids = {self.paths[ROOT]: ROOT}
        self.keep, self.kept = False, []
        self.fd = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
        libc = ctypes.CDLL(None, use_errno=True)
        options = (f"fd={self.fd},rootmode=40000,user_id=0,group_id=0,"
                   "allow_other,default_permissions")
        if libc.mount(b"hungfs", target.encode(), b"fuse", 0,
                      options.encode()) == -1:
            raise OSError(ctypes.get_errno(), "mount")
        signal.signal(signal.SIGUSR1, self.on_keep)
        signal.signal(signal.SIGUSR2, self.on_answer)

    def on_keep(self, *_):
        self.keep = True

    def on_answer(self, *_):
        self.keep = False
        kept, self.kept = self.kept, []
        for request in kept:
            self.answer(request)

    def node(self, path):
        if path not in self.ids:
            self.ids[path] = len(self.paths) + 1
            self.paths[self.ids[path]] = path
        return self.ids[path]

    def attributes(self, path):
        st = os.lstat(path)
        return struct.pack(
            "<QQQQQQIIIIIIIIII", self.node(path), st.st_size, st.st_blocks,
            int(st.st_atime), int(st.st_mtime), int(st.st_ctime),
            0, st.st_mtime_ns % 10 ** 9, st.st_ctime_ns % 10 ** 9,
            st.st_mode, st.st_nlink, st.st_uid, st.st_gid, 0, 4096, 0)

    def entry(self, path):
        attributes = self.attributes(path)  # nothing is remembered: times 0
        return struct.pack("<QQQQII", self.node(path), 0, 0, 0, 0, 0) + \
            attributes

    def listing(self, path, offset, size):
        out = b""
        names = [".", ".."] + sorted(os.listdir(path))
        for i, name in enumerate(names[offset:], offset + 1):
            name = name.encode()
            one = struct.pack("<QQII", i, i, len(name), 0) + name
            one += b"\0" * (-len(one) % 8)
            if len(out) + len(one) > size:
                break
            out += one
        return out

    def reply(self, op, node, body):
        path = self.paths.get(node)
        if op == INIT:
            return struct.pack("<IIIIHHI", 7, 31, 0, 0, 0, 0, 4096) + \
                b"\0" * 40
        if op == LOOKUP:
            return self.entry(os.path.join(path, body[:-1].decode()))
        if op in (GETATTR, SETATTR):
            return struct.pack("<QII", 0, 0, 0) + self.attributes(path)
        if op == READLINK:
            return os.readlink(path).encode()
        if op == MKDIR:
            mode, umask = struct.unpack_from("<II", body)
            path = os.path.join(path, body[8:-1].decode())
            os.mkdir(path, mode & ~umask)
            return self.entry(path)
        if op == MKNOD:
            mode = struct.unpack_from("<I", body)[0]
            path = os.path.join(path, body[16:-1].decode())
            os.mknod(path, stat.S_IFREG | mode & 0o777)
            return self.entry(path)
        if op in (OPEN, OPENDIR):
            return struct.pack("<QII", 0, 0, 0)
        if op in (READ, READDIR):
            _, offset, size = struct.unpack_from("<QQI", body)
            if op == READDIR:
                return self.listing(path, offset, size)
            with open(path, "rb") as file:
                file.seek(offset)
                return file.read(size)
        if op == STATFS:
            return struct.pack("<QQQQQIIII", 1, 1, 1, 1, 1, 512, 255, 512, 0) \
                + b"\0" * 24
        if op in (FLUSH, RELEASE, RELEASEDIR, ACCESS, DESTROY):
            return b""
        raise OSError(errno.ENOSYS, "")

    def answer(self, request):
        _, op, unique, node = HEADER.unpack_from(request)[:4]
        try:
            error, data = 0, self.reply(op, node, request[HEADER.size:])
        except OSError as e:
            error, data = -e.errno, b""
        try:
            os.write(self.fd, struct.pack("<IiQ", 16 + len(data), error,
                                          unique) + data)
        except FileNotFoundError:
            pass  # nobody waits for it any more

    def serve(self):
        while True:
            try:
                request = os.read(self.fd, 1 << 20)
            except FileNotFoundError:
                continue  # its asker has ended
            except OSError:
                return  # unmounted
            if HEADER.unpack_from(request)[1] in UNANSWERED:
                continue
            if self.keep:
                self.kept.append(request)
            else:
                self.answer(request)


HungFS(*sys.argv[1:]).serve()
