"""Injected faults: rules that match requests and spoil the answers."""

import re
import threading

from .errors import bad_request

ACTIONS = {"status", "retryAfter", "body", "close", "delay", "garbage",
           "compact", "dropWatches", "watchError"}
CLOSES = ("before", "after", "mid")
GARBAGE = ("text", "huge", "slow", "truncated")


class Fault:
    """One rule; `left` counts down to 0 (None: for ever)."""

    def __init__(self, ident, spec):
        if not isinstance(spec, dict) or set(spec) - {"match", "count",
                                                      "skip", "action"}:
            raise bad_request("a fault has match, count, skip and action")
        self.ident = ident
        self.spec = spec
        match = spec.get("match", {})
        if set(match) - {"verb", "path", "user", "resource"}:
            raise bad_request("match has verb, path, resource and user")
        self.verb = match.get("verb")
        self.user = match.get("user")
        self.resource = match.get("resource")
        try:
            self.path = re.compile(match.get("path", ""))
        except re.error as err:
            raise bad_request(f"match.path: {err}") from None
        self.left = spec.get("count")
        self.skip = spec.get("skip", 0)
        self.hits = 0
        self.action = spec.get("action", {})
        check_action(self.action)

    def matches(self, user, verb, path, resource):
        return (self.left != 0 and
                (self.verb is None or verb in words(self.verb)) and
                (self.user is None or user in words(self.user)) and
                (self.resource is None or
                 resource in words(self.resource)) and
                self.path.search(path) is not None)

    def shown(self):
        return {"id": self.ident, "hits": self.hits, "left": self.left,
                **self.spec}


def words(value):
    return value if isinstance(value, list) else [value]


def check_action(action):
    unknown = set(action) - ACTIONS
    if unknown or not action:
        raise bad_request(f"unknown or no action: {sorted(unknown)}")
    if action.get("close") not in (None,) + CLOSES:
        raise bad_request(f"close is one of {CLOSES}")
    if action.get("garbage") not in (None,) + GARBAGE:
        raise bad_request(f"garbage is one of {GARBAGE}")
    for key in ("status", "delay", "retryAfter", "watchError"):
        if key in action and (isinstance(action[key], bool) or
                              not isinstance(action[key], (int, float))):
            raise bad_request(f"{key} is a number")


class Faults:
    """The rules in force, oldest first; the first that matches counts."""

    def __init__(self):
        self.lock = threading.Lock()
        self.rules = []
        self.next = 1

    def add(self, spec):
        with self.lock:
            fault = Fault(self.next, spec)
            self.next += 1
            self.rules.append(fault)
            return fault

    def clear(self, ident=None):
        with self.lock:
            self.rules = [f for f in self.rules
                          if ident is not None and f.ident != ident]

    def shown(self):
        with self.lock:
            return [f.shown() for f in self.rules]

    def take(self, user, verb, path, resource):
        """The action for a request, or an empty one."""
        with self.lock:
            for fault in self.rules:
                if not fault.matches(user, verb, path, resource):
                    continue
                if fault.skip > 0:
                    fault.skip -= 1
                    continue
                fault.hits += 1
                if fault.left is not None:
                    fault.left -= 1
                return fault.action
        return {}
