"""Objects with versions, and the history that watches replay.

Stored objects are never changed in place: who wants to change one clones it,
changes the clone and puts it back while holding `lock`.
"""

import collections
import itertools
import json
import os
import threading
import time

HISTORY = 20000  # changes kept for watches that resume
BACKLOG = 20000  # changes one slow watch may have outstanding
EPOCH = 1704067200  # versions start at the milliseconds since 2024

Change = collections.namedtuple("Change", "rv resource old new")


class Watcher:
    """A reader of the history; `fd` becomes readable when there is news."""

    def __init__(self, resource):
        self.resource = resource
        self.fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self.queue = collections.deque()
        self.ended = None  # None, "drop", or a Status to send

    def push(self, change):
        if len(self.queue) >= BACKLOG:
            self.end("drop")
            return
        self.queue.append(change)
        self.wake()

    def end(self, how):
        self.ended = how
        self.wake()

    def wake(self):
        os.eventfd_write(self.fd, 1)

    def settle(self):
        """Forget the wake-ups so far; call before reading the queue."""
        try:
            os.eventfd_read(self.fd)
        except BlockingIOError:
            pass


class Store:
    """All objects of the server, by resource name and (namespace, name)."""

    def __init__(self, path=None):
        self.lock = threading.RLock()
        self.objects = {}
        self.history = collections.deque(maxlen=HISTORY)
        self.watchers = set()
        self.born = {}  # uid -> monotonic time of creation
        self.rv = int((time.time() - EPOCH) * 1000)
        self.path = path
        self.dirty = threading.Event()
        if path and os.path.exists(path):
            self.load()
        self.oldest = self.rv  # versions below it cannot be watched from

    # -- reading

    def table(self, resource):
        return self.objects.setdefault(resource, {})

    def get(self, resource, namespace, name):
        with self.lock:
            return self.table(resource).get((namespace or "", name))

    def list(self, resource, namespace=None):
        """Objects in the order of their keys, and the version of the list."""
        with self.lock:
            found = [obj for key, obj in sorted(self.table(resource).items())
                     if not namespace or key[0] == namespace]
            return found, self.rv

    def age(self, obj):
        """Seconds since creation; infinite for what an earlier run made."""
        born = self.born.get(obj["metadata"]["uid"])
        return float("inf") if born is None else time.monotonic() - born

    # -- writing (the caller holds the lock over its read and this)

    def put(self, resource, obj):
        """Store a new or changed object; takes it and gives it a version."""
        with self.lock:
            meta = obj["metadata"]
            key = (meta.get("namespace", ""), meta["name"])
            table = self.table(resource)
            old = table.get(key)
            self.rv += 1
            meta["resourceVersion"] = str(self.rv)
            table[key] = obj
            if old is None:
                self.born[meta["uid"]] = time.monotonic()
            self.publish(resource, old, obj)
            return obj

    def remove(self, resource, obj):
        """Remove an object; `obj` is its last state, told to watches."""
        with self.lock:
            meta = obj["metadata"]
            self.rv += 1
            meta["resourceVersion"] = str(self.rv)
            self.table(resource).pop((meta.get("namespace", ""),
                                      meta["name"]), None)
            self.born.pop(meta["uid"], None)
            self.publish(resource, obj, None)
            return obj

    def publish(self, resource, old, new):
        change = Change(self.rv, resource, old, new)
        self.history.append(change)
        if len(self.history) == HISTORY:
            self.oldest = self.history[0].rv
        for watcher in self.watchers:
            if watcher.resource == resource:
                watcher.push(change)
        self.dirty.set()

    # -- watching

    def subscribe(self, resource, after=None):
        """A watcher of changes after that version (None: from now on).

        None is returned when the version is older than the history.
        """
        with self.lock:
            watcher = Watcher(resource)
            if after is not None:
                if after < self.oldest:
                    os.close(watcher.fd)
                    return None
                for change in itertools.chain(self.history):
                    if change.rv > after and change.resource == resource:
                        watcher.push(change)
            self.watchers.add(watcher)
            return watcher

    def unsubscribe(self, watcher):
        with self.lock:
            self.watchers.discard(watcher)
            os.close(watcher.fd)

    def compact(self):
        """Forget the history: older versions can no longer be watched."""
        with self.lock:
            self.rv += 1
            self.oldest = self.rv
            self.history.clear()

    # -- persistence

    def load(self):
        with open(self.path, encoding="utf-8") as stream:
            saved = json.load(stream)
        self.rv = saved["rv"]
        for resource, objects in saved["objects"].items():
            table = self.table(resource)
            for obj in objects:
                meta = obj["metadata"]
                table[(meta.get("namespace", ""), meta["name"])] = obj

    def save(self):
        with self.lock:
            self.dirty.clear()
            text = json.dumps({"rv": self.rv, "objects": {
                name: list(table.values())
                for name, table in self.objects.items()}})
        part = self.path + ".part"
        with open(part, "w", encoding="utf-8") as stream:
            stream.write(text)
        os.rename(part, self.path)

    def keep_saving(self):
        """Body of the saver thread: write soon after a change."""
        while True:
            self.dirty.wait()
            time.sleep(0.1)  # gathers a burst into one write
            self.save()
