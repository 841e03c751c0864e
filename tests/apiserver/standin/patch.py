"""The three kinds of PATCH: strategic merge, JSON merge, JSON patch."""

from .errors import ApiError, bad_request
from . import meta

ORDER = "$setElementOrder/"
REMOVE = "$deleteFromPrimitiveList/"


class Keyed:
    """A list merged by a key of its elements (None: a set of scalars)."""

    def __init__(self, key, fields=None):
        self.key = key
        self.fields = fields or {}


META = {"ownerReferences": Keyed("uid"), "finalizers": Keyed(None)}
CONTAINER = {
    "ports": Keyed("containerPort"), "env": Keyed("name"),
    "volumeMounts": Keyed("mountPath"), "volumeDevices": Keyed("devicePath"),
}
POD_SPEC = {
    "containers": Keyed("name", CONTAINER),
    "initContainers": Keyed("name", CONTAINER),
    "ephemeralContainers": Keyed("name", CONTAINER),
    "volumes": Keyed("name"), "imagePullSecrets": Keyed("name"),
    "hostAliases": Keyed("ip"), "schedulingGates": Keyed("name"),
    "topologySpreadConstraints": Keyed("topologyKey"),
    "resourceClaims": Keyed("name"),
}
RULES = {
    "pods": {
        "metadata": META, "spec": POD_SPEC,
        "status": {"conditions": Keyed("type"), "podIPs": Keyed("ip"),
                   "hostIPs": Keyed("ip"),
                   "resourceClaimStatuses": Keyed("name")},
    },
    "nodes": {
        "metadata": META, "spec": {"podCIDRs": Keyed(None)},
        "status": {"conditions": Keyed("type"), "addresses": Keyed("type")},
    },
    "namespaces": {"metadata": META,
                   "status": {"conditions": Keyed("type")}},
    "leases": {"metadata": META},
    "events": {"metadata": META},
}


def apply(content_type, current, body, res):
    """The patched copy of `current`."""
    if content_type == "application/json-patch+json":
        return json_patch(meta.clone(current), body)
    if not isinstance(body, dict):
        raise bad_request("the patch is no JSON object")
    if content_type == "application/merge-patch+json":
        return merge_patch(meta.clone(current), body)
    return strategic(current, body, RULES.get(res.name, {}))


# -- JSON merge patch (RFC 7386)

def merge_patch(target, patch):
    if not isinstance(patch, dict):
        return patch
    if not isinstance(target, dict):
        target = {}
    for key, value in patch.items():
        if value is None:
            target.pop(key, None)
        else:
            target[key] = merge_patch(target.get(key), value)
    return target


# -- strategic merge patch

def strategic(current, patch, rules):
    """Merge `patch` into a copy of the object `current`."""
    how = patch.get("$patch")
    if how == "replace":
        return added({k: v for k, v in patch.items() if k != "$patch"})
    if how == "delete":
        return {}
    if how not in (None, "merge"):
        raise bad_request(f"Unknown patch type found: {how}")
    out = meta.clone(current)
    for key, value in patch.items():
        if key == "$retainKeys":
            out = {k: v for k, v in out.items() if k in value}
    for key, value in patch.items():
        if key.startswith(REMOVE):
            name = key[len(REMOVE):]
            out[name] = [v for v in out.get(name, []) if v not in value]
    for key, value in patch.items():
        if not key.startswith("$"):
            merge_field(out, key, value, rules.get(key, {}))
    for key, value in patch.items():
        if key.startswith(ORDER) and isinstance(out.get(key[len(ORDER):]),
                                                list):
            name = key[len(ORDER):]
            out[name] = ordered(out[name], value, rules.get(name))
    return out


def merge_field(out, key, value, rule):
    if value is None:
        out.pop(key, None)
    elif isinstance(value, dict):
        old = out.get(key)
        fields = rule if isinstance(rule, dict) else {}
        out[key] = strategic(old if isinstance(old, dict) else {}, value,
                             fields)
    elif isinstance(value, list) and isinstance(rule, Keyed):
        old = out.get(key)
        out[key] = merge_list(old if isinstance(old, list) else [], value,
                              rule)
    else:
        out[key] = meta.clone(value)


def merge_list(old, patch, rule):
    if rule.key is None:
        return old + [v for v in patch if v not in old]
    specials = [p for p in patch if isinstance(p, dict) and "$patch" in p]
    if any(p == {"$patch": "replace"} for p in specials):
        return [added(p) for p in patch if p not in specials]
    out = list(old)
    for item in patch:
        if not isinstance(item, dict) or rule.key not in item:
            raise ApiError(
                500, "InternalError", "Internal error occurred: map: "
                f"{item} does not contain declared merge key: {rule.key}")
        same = [i for i, v in enumerate(out)
                if v.get(rule.key) == item[rule.key]]
        if item.get("$patch") == "delete":
            out = [v for v in out if v.get(rule.key) != item[rule.key]]
        elif item.get("$patch") == "replace":
            fresh = added({k: v for k, v in item.items() if k != "$patch"})
            out = [v for v in out if v.get(rule.key) != item[rule.key]]
            out.append(fresh)
        elif same:
            out[same[0]] = strategic(out[same[0]], item, rule.fields)
        else:
            out.append(added(item))
    return out


def added(value):
    """A value that had no counterpart: nulls and directives fall away."""
    if isinstance(value, dict):
        return {k: added(v) for k, v in value.items()
                if v is not None and not k.startswith("$")}
    if isinstance(value, list):
        return [added(v) for v in value
                if not (isinstance(v, dict) and v.get("$patch") == "delete")]
    return value


def ordered(items, wanted, rule):
    """Elements named in `wanted` in that order; others keep their place."""
    key = rule.key if isinstance(rule, Keyed) else None

    def identity(item):
        return item.get(key) if key and isinstance(item, dict) else item

    names = [identity(w) for w in wanted]
    queue = sorted((i for i in items if identity(i) in names),
                   key=lambda i: names.index(identity(i)))
    return [queue.pop(0) if identity(i) in names else i for i in items]


# -- JSON patch (RFC 6902)

def json_patch(doc, operations):
    if not isinstance(operations, list):
        raise bad_request("a JSON patch is a list of operations")
    for step in operations:
        try:
            doc = json_step(doc, step)
        except (KeyError, IndexError, TypeError, ValueError,
                AttributeError):
            raise ApiError(
                422, "Invalid", "the server rejected our request due to an "
                f"error in our request: cannot apply {step}") from None
    return doc


def tokens(pointer):
    if pointer == "":
        return []
    if not pointer.startswith("/"):
        raise ValueError(pointer)
    return [t.replace("~1", "/").replace("~0", "~")
            for t in pointer[1:].split("/")]


def step_into(doc, path):
    for token in path:
        doc = doc[int(token)] if isinstance(doc, list) else doc[token]
    return doc


def json_step(doc, step):
    op, path = step["op"], tokens(step["path"])
    if op == "test":
        if step_into(doc, path) != step.get("value"):
            raise ValueError("test failed")
        return doc
    if op in ("move", "copy"):
        source = tokens(step["from"])
        value = meta.clone(step_into(doc, source))
        if op == "move":
            json_remove(doc, source)
        json_add(doc, path, value)
    elif op == "add":
        json_add(doc, path, meta.clone(step["value"]))
    elif op == "remove":
        json_remove(doc, path)
    elif op == "replace":
        json_remove(doc, path)
        json_add(doc, path, meta.clone(step["value"]))
    else:
        raise ValueError(op)
    return doc


def json_add(doc, path, value):
    parent = step_into(doc, path[:-1])
    if not isinstance(parent, list):
        parent[path[-1]] = value
    elif path[-1] == "-":
        parent.append(value)
    else:
        if int(path[-1]) > len(parent):
            raise IndexError(path[-1])
        parent.insert(int(path[-1]), value)


def json_remove(doc, path):
    parent = step_into(doc, path[:-1])
    del parent[int(path[-1]) if isinstance(parent, list) else path[-1]]
