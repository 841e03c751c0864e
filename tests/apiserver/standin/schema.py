"""Decoding of request bodies against api.schema.

Does to a body what a typed server does: refuses wrong types, drops unknown
fields (reporting them), nulls and empty values that mean "not set", and
brings times into their one form.
"""

import os

from .errors import bad_request
from . import meta

LIMITS = {"int32": 2 ** 31, "int64": 2 ** 63}

# Values of these fields are pointers in the real types: empty counts as set.
KEEP_EMPTY = {
    "hostPath.type", "runtimeClassName", "storageClassName",
    "holderIdentity", "priority", "terminationGracePeriodSeconds",
}
# Booleans that are no pointers: false means "not set".
PLAIN_BOOL = {"hostNetwork", "hostPID", "hostIPC", "stdin", "stdinOnce",
              "tty", "readOnly", "unschedulable"}
PLAIN_INT = {"hostPort", "initialDelaySeconds", "signal", "count",
             "observedGeneration", "generation"}
# Struct values (not pointers): always there in what a real server stores.
FILL = {
    "ContainerStatus": {"image": "", "imageID": "", "ready": False,
                        "restartCount": 0, "lastState": {}, "state": {}},
    "ContainerStateTerminated": {"exitCode": 0, "startedAt": None,
                                 "finishedAt": None},
    "ContainerStateRunning": {"startedAt": None},
    "PodCondition": {"lastProbeTime": None, "lastTransitionTime": None},
    "NodeCondition": {"lastHeartbeatTime": None, "lastTransitionTime": None},
}


def load(path):
    """{type: {field: (type, required)}} from the schema file."""
    types, current = {}, None
    with open(path, encoding="ascii") as stream:
        for line in stream:
            line = line.rstrip("\n")
            if not line or line.startswith("#"):
                continue
            if line.startswith("\t"):
                field, kind, *required = line.split()
                current[field] = (kind, bool(required))
            else:
                current = types[line] = {}
    return types


TYPES = load(os.path.join(os.path.dirname(__file__), "api.schema"))


class Decoder:
    """One decoding; `unknown` lists the paths of fields that were dropped."""

    def __init__(self):
        self.unknown = []

    def decode(self, value, kind, path=""):
        if kind.startswith("[]"):
            return self.sequence(value, kind[2:], path)
        if kind.startswith("map<"):
            return self.mapping(value, kind[4:-1], path)
        if kind in TYPES:
            return self.struct(value, kind, path)
        return self.scalar(value, kind, path)

    def wrong(self, value, kind, path):
        found = {dict: "object", list: "array", str: "string",
                 bool: "bool"}.get(type(value), "number")
        return bad_request(f"json: cannot unmarshal {found} into Go struct "
                           f"field {path.lstrip('.')} of type {kind}")

    def sequence(self, value, kind, path):
        if not isinstance(value, list):
            raise self.wrong(value, "[]" + kind, path)
        return [self.decode(v, kind, f"{path}[{i}]")
                for i, v in enumerate(value)]

    def mapping(self, value, kind, path):
        if not isinstance(value, dict):
            raise self.wrong(value, f"map[string]{kind}", path)
        return {k: self.decode("" if v is None else v, kind, f"{path}.{k}")
                for k, v in value.items()}

    def struct(self, value, kind, path):
        if not isinstance(value, dict):
            raise self.wrong(value, kind, path)
        fields, out = TYPES[kind], {}
        for name, item in value.items():
            where = f"{path}.{name}"
            if name not in fields:
                self.unknown.append(where.lstrip("."))
                continue
            if item is None:
                continue
            ftype, required = fields[name]
            item = self.decode(item, ftype, where)
            if required or not self.means_unset(item, ftype, where, name):
                out[name] = item
        for name, item in FILL.get(kind, {}).items():
            out.setdefault(name, meta.clone(item))
        return out

    @staticmethod
    def means_unset(item, ftype, path, name):
        if name in KEEP_EMPTY or path.endswith(".hostPath.type"):
            return False
        if item == "" or item == []:
            return True
        if item == {}:
            return ftype.startswith("map<")
        if item is False:
            return name in PLAIN_BOOL
        return item == 0 and item is not False and name in PLAIN_INT

    def scalar(self, value, kind, path):
        if kind in ("any", "FieldsV1"):
            return value
        if kind in ("Time", "MicroTime"):
            return self.time(value, kind, path)
        if kind == "Quantity":
            if isinstance(value, bool) or not isinstance(
                    value, (str, int, float)):
                raise self.wrong(value, kind, path)
            return str(value)
        if kind == "IntOrString" and isinstance(value, str):
            return value
        if kind == "string":
            if not isinstance(value, str):
                raise self.wrong(value, kind, path)
            return value
        if kind == "boolean":
            if not isinstance(value, bool):
                raise self.wrong(value, "bool", path)
            return value
        return self.integer(value, kind, path)

    def integer(self, value, kind, path):
        limit = LIMITS.get(kind, 2 ** 31)
        if isinstance(value, bool) or not isinstance(value, int) or \
                not -limit <= value < limit:
            raise self.wrong(value, kind, path)
        return value

    def time(self, value, kind, path):
        if not isinstance(value, str):
            raise self.wrong(value, kind, path)
        if value == "":
            return value
        try:
            return meta.normal_time(value, kind == "MicroTime")
        except ValueError:
            raise bad_request(f'parsing time "{value}" in '
                              f"{path.lstrip('.')}") from None
