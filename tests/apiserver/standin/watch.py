"""Watches: an endless answer of one JSON value per change."""

import json
import random
import select
import time

from . import errors
from . import rest
from . import tables
from .selectors import Selector

INITIAL = "sendInitialEvents"


class Watch:
    """One watch; `send` writes a chunk, `sock` tells when the peer left."""

    def __init__(self, app, req, sock, send):
        self.app = app
        self.req = req
        self.res = req.res
        self.sock = sock
        self.send = send
        self.selector = Selector(req.res, req.namespace, req.query)
        self.first_table = True
        seconds = req.query.get("timeoutSeconds")
        self.limit = float(seconds) if seconds and float(seconds) > 0 \
            else random.uniform(1800, 3600)
        self.bookmarks = req.flag("allowWatchBookmarks")

    def check(self):
        """Refusals that are answered before the stream begins."""
        if INITIAL in self.req.query:
            why = ("Forbidden: sendInitialEvents is forbidden for watch "
                   "unless the WatchList feature gate is enabled")
            raise errors.ApiError(
                422, "Invalid", "ListOptions.meta.k8s.io \"\" is invalid: "
                f"{INITIAL}: {why}",
                {"group": "meta.k8s.io", "kind": "ListOptions", "causes": [
                    {"reason": "FieldValueForbidden", "field": INITIAL,
                     "message": why}]})
        rest.parse_version(self.req.query.get("resourceVersion"))

    def run(self):
        version = rest.parse_version(self.req.query.get("resourceVersion"))
        store = self.app.store
        with store.lock:
            initial = []
            if version == 0:
                initial, _ = store.list(self.res.name, self.req.namespace)
            watcher = store.subscribe(self.res.name, version or None)
            oldest = store.oldest
        if watcher is None:
            self.event("ERROR", errors.expired(
                f"too old resource version: {version} ({oldest})").status())
            return
        try:
            for obj in initial:
                if self.selector.matches(obj):
                    self.event("ADDED", obj)
            self.follow(watcher)
        finally:
            store.unsubscribe(watcher)

    def follow(self, watcher):
        """Send changes until the time is over or the peer has gone."""
        end = time.monotonic() + self.limit
        tick = self.app.options.bookmark
        mark = time.monotonic() + tick if self.bookmarks else end
        while True:
            watcher.settle()
            while watcher.queue:
                self.change(watcher.queue.popleft())
            if watcher.ended is not None:
                self.finish(watcher.ended)
                return
            now = time.monotonic()
            if now >= min(mark, end):
                if self.bookmarks:
                    self.bookmark(watcher)
                mark = now + tick
            if now >= end:
                return
            wait = max(0, min(mark, end) - now)
            if self.sock.pending() or self.peer_spoke(watcher, wait):
                raise ConnectionResetError("the watcher left")

    def peer_spoke(self, watcher, wait):
        """Wait for news; whether the peer sent anything (it never should)."""
        poll = select.poll()
        poll.register(watcher.fd, select.POLLIN)
        poll.register(self.sock.fileno(), select.POLLIN)
        ready = poll.poll(wait * 1000 + 1)
        return any(fd != watcher.fd for fd, _ in ready)

    def finish(self, how):
        if isinstance(how, dict):
            self.event("ERROR", how)
            return
        raise ConnectionResetError("watch dropped")

    def change(self, change):
        was = self.selector.matches(change.old)
        if change.new is None:
            if was:
                self.event("DELETED", change.old)
            return
        now = self.selector.matches(change.new)
        if now:
            self.event("MODIFIED" if was else "ADDED", change.new)
        elif was:
            gone = dict(change.old)
            gone["metadata"] = dict(change.old["metadata"],
                                    resourceVersion=str(change.rv))
            self.event("DELETED", gone)

    def bookmark(self, watcher):
        with self.app.store.lock:
            if watcher.queue:
                return  # the version would be ahead of what was sent
            rv = self.app.store.rv
        obj = {"kind": self.res.kind, "apiVersion": self.res.gv,
               "metadata": {"resourceVersion": str(rv),
                            "creationTimestamp": None}}
        if self.res.name == "pods":
            obj.update({"spec": {"containers": None}, "status": {}})
        self.event("BOOKMARK", obj)

    def event(self, kind, obj):
        if self.req.as_table and kind != "ERROR":
            info = {"resourceVersion": obj["metadata"]["resourceVersion"]}
            rows = [] if kind == "BOOKMARK" else [obj]
            obj = tables.table(self.res, rows, info, self.first_table,
                               self.req.query.get("includeObject"))
            self.first_table = False
        self.send(json.dumps({"type": kind, "object": obj},
                             separators=(",", ":")).encode() + b"\n")
