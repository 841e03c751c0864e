"""The verbs of the API on stored objects."""

import base64
import datetime
import json
import random
import string

from . import errors
from . import meta
from . import patch
from . import resources
from . import schema
from .selectors import Selector

PATCH_TYPES = ("application/strategic-merge-patch+json",
               "application/merge-patch+json",
               "application/json-patch+json")
SUFFIX = string.ascii_lowercase + string.digits


class Rest:
    """Create, get, list, update, patch and delete with all their rules."""

    def __init__(self, store, admission):
        self.store = store
        self.admission = admission

    # -- reading

    def get(self, res, namespace, name):
        obj = self.store.get(res.name, namespace, name)
        if obj is None:
            raise errors.not_found(res, name)
        return obj

    def list(self, res, namespace, query):
        selector = Selector(res, namespace, query)
        with self.store.lock:
            objects, rv = self.store.list(res.name, namespace)
            oldest = self.store.oldest
        check_list_version(query, rv)
        start = continue_from(query.get("continue"), oldest)
        found = [o for o in objects if selector.matches(o) and
                 (start is None or key_of(o) > start)]
        limit = int(query.get("limit") or 0)
        if query.get("resourceVersion") == "0":
            limit = 0
        info = {"resourceVersion": str(rv)}
        if limit and len(found) > limit:
            info["remainingItemCount"] = len(found) - limit
            found = found[:limit]
            info["continue"] = continue_token(rv, key_of(found[-1]))
        return {"kind": res.kind + "List", "apiVersion": res.gv,
                "metadata": info, "items": found}

    # -- create

    def create(self, user, res, namespace, body, query, warn):
        obj = self.decode(res, body, query, warn)
        m = obj.setdefault("metadata", {})
        self.match_namespace(res, obj, namespace)
        if m.get("resourceVersion"):
            raise errors.bad_request(
                "resourceVersion should not be set on objects to be created")
        for key in ("uid", "creationTimestamp", "deletionTimestamp",
                    "deletionGracePeriodSeconds", "generation", "selfLink"):
            m.pop(key, None)
        if not m.get("name") and m.get("generateName"):
            tail = "".join(random.choices(SUFFIX, k=5))
            m["name"] = m["generateName"][:58] + tail
        with self.store.lock:
            return self.create_locked(user, res, obj, query)

    def create_locked(self, user, res, obj, query):
        m = obj["metadata"]
        res.prepare_create(obj)
        self.admission.create(user, res, obj)
        m["uid"] = meta.new_uid()
        m["creationTimestamp"] = meta.stamp()
        problems = errors.Problems()
        res.check_create(problems, obj)
        problems.raise_if_any(res, m.get("name", ""))
        if self.store.get(res.name, m.get("namespace"), m["name"]):
            raise errors.already_exists(res, m["name"])
        if is_dry(query):
            return obj
        return self.store.put(res.name, obj)

    def decode(self, res, body, query, warn):
        """The body as a typed server would see it."""
        if not isinstance(body, dict):
            raise errors.bad_request("the body is no JSON object")
        kind = body.get("kind") or res.kind
        gv = body.get("apiVersion") or res.gv
        if (kind, gv) != (res.kind, res.gv):
            raise errors.bad_request(
                f"{kind} in version \"{gv}\" cannot be handled as a "
                f"{res.kind}: no kind \"{kind}\" is registered for version "
                f"\"{gv}\"")
        decoder = schema.Decoder()
        obj = decoder.decode(body, res.kind)
        strictness = query.get("fieldValidation") or "Warn"
        if decoder.unknown and strictness == "Strict":
            raise errors.bad_request("strict decoding error: " + ", ".join(
                f'unknown field "{f}"' for f in decoder.unknown))
        if strictness == "Warn":
            for field in decoder.unknown:
                warn(f'unknown field "{field}"')
        obj["kind"], obj["apiVersion"] = res.kind, res.gv
        return obj

    @staticmethod
    def match_namespace(res, obj, namespace):
        m = obj["metadata"]
        if not res.namespaced:
            if m.pop("namespace", None):
                raise errors.bad_request("namespace is not allowed on this "
                                         "type")
        elif m.setdefault("namespace", namespace) != namespace:
            raise errors.bad_request(
                "the namespace of the provided object does not match the "
                "namespace sent on the request")

    # -- update and patch

    def update(self, user, res, subresource, where, body, query, warn):
        namespace, name = where
        new = self.decode(res, body, query, warn)
        m = new.setdefault("metadata", {})
        self.match_namespace(res, new, namespace)
        if m.setdefault("name", name) != name:
            raise errors.bad_request(
                f"the name of the object ({m['name']}) does not match the "
                f"name on the URL ({name})")
        with self.store.lock:
            old = self.store.get(res.name, namespace, name)
            if old is None and res.upsert and not subresource:
                m.pop("resourceVersion", None)
                return self.create_locked(user, res, new, query), 201
            if old is None:
                raise errors.not_found(res, name)
            uid = m.get("uid")
            if uid and uid != old["metadata"]["uid"]:
                raise errors.conflict(res, name, uid_differs(uid, old))
            return self.change(user, res, subresource, new, old, query), 200

    def patch(self, user, res, subresource, where, kind, body, query, warn):
        namespace, name = where
        if kind not in PATCH_TYPES:
            raise errors.ApiError(
                415, "UnsupportedMediaType", "the body of the request was in "
                "an unknown format - accepted media types include: " +
                ", ".join(PATCH_TYPES))
        with self.store.lock:
            old = self.get(res, namespace, name)
            raw = patch.apply(kind, old, body, res)
            new = self.decode(res, raw, query, warn)
            new.setdefault("metadata", {})
            new["metadata"].setdefault("resourceVersion",
                                       old["metadata"]["resourceVersion"])
            return self.change(user, res, subresource, new, old, query)

    def change(self, user, res, subresource, new, old, query):
        """Common end of PUT and PATCH; `new` is owned by the store after."""
        name, m, before = old["metadata"]["name"], new["metadata"], \
            old["metadata"]
        version = m.get("resourceVersion")
        if version and version != before["resourceVersion"]:
            raise errors.conflict(
                res, name, "the object has been modified; please apply your "
                "changes to the latest version and try again")
        m["resourceVersion"] = before["resourceVersion"]
        problems = errors.Problems()
        for key in ("uid", "name", "namespace"):
            if m.setdefault(key, before.get(key)) != before.get(key):
                problems.invalid(f"metadata.{key}", m[key],
                                 "field is immutable")
            if m[key] is None:
                del m[key]
        problems.raise_if_any(res, name)
        for key in ("creationTimestamp", "deletionTimestamp", "generation",
                    "deletionGracePeriodSeconds", "generateName",
                    "managedFields", "selfLink"):
            resources.keep(m, before, key)
        self.admission.update(user, res, subresource, new, old)
        res.prepare_update(new, old, subresource)
        res.check_update(problems, new, old, subresource)
        if before.get("deletionTimestamp") and set(
                m.get("finalizers", [])) - set(before.get("finalizers", [])):
            problems.forbidden("metadata.finalizers", "no new finalizers can "
                               "be added if the object is being deleted")
        problems.raise_if_any(res, name)
        if new == old:
            return old
        if is_dry(query):
            return new
        if self.deletion_complete(res, new):
            return self.store.remove(res.name, new)
        return self.store.put(res.name, new)

    @staticmethod
    def deletion_complete(res, obj):
        m = obj["metadata"]
        return ("deletionTimestamp" in m and not m.get("finalizers") and
                not m.get("deletionGracePeriodSeconds") and
                not meta.get(obj, "spec", "finalizers"))

    # -- delete

    def delete(self, user, res, where, options, query):
        """(the object or None when only a Status is due, whether gone)."""
        namespace, name = where
        options = schema.Decoder().decode(options or {}, "DeleteOptions")
        if "gracePeriodSeconds" in query:
            options.setdefault("gracePeriodSeconds",
                               int(query["gracePeriodSeconds"]))
        with self.store.lock:
            self.admission.delete(user, res, namespace, name)
            obj = self.get(res, namespace, name)
            check_preconditions(res, obj, options.get("preconditions", {}))
            if res.name == "namespaces" and name in (
                    "default", "kube-system", "kube-public"):
                raise errors.forbidden(res, name, "this namespace may not be "
                                       "deleted")
            if is_dry(query):
                return obj, False
            return self.delete_locked(res, obj,
                                      options.get("gracePeriodSeconds"))

    def delete_locked(self, res, obj, wanted):
        new = meta.clone(obj)
        m = new["metadata"]
        grace = res.grace(obj, wanted)
        if "deletionTimestamp" in m:
            if not shorten(m, wanted) and \
                    not self.deletion_complete(res, new):
                return obj, False
        else:
            m["deletionTimestamp"] = stamp_in(grace or 0)
            m["deletionGracePeriodSeconds"] = grace or 0
            if "generation" in m:
                m["generation"] += 1
        if res.name == "namespaces":
            new["status"]["phase"] = "Terminating"
            m.pop("deletionGracePeriodSeconds", None)
        if self.deletion_complete(res, new):
            return self.store.remove(res.name, new), True
        return self.store.put(res.name, new), False


def stamp_in(seconds):
    return meta.stamp(meta.now() + datetime.timedelta(seconds=seconds))


def shorten(m, wanted):
    """Shorten a running graceful deletion; whether anything changed."""
    period = m.get("deletionGracePeriodSeconds", 0)
    if wanted is None or wanted >= period:
        return False
    m["deletionGracePeriodSeconds"] = wanted
    m["deletionTimestamp"] = stamp_in(wanted)
    return True


def is_dry(query):
    return query.get("dryRun") == "All"


def uid_differs(wanted, obj):
    return (f"Precondition failed: UID in precondition: {wanted}, UID in "
            f"object meta: {obj['metadata']['uid']}")


def check_preconditions(res, obj, wanted):
    m = obj["metadata"]
    if wanted.get("uid") and wanted["uid"] != m["uid"]:
        raise errors.conflict(res, m["name"],
                              uid_differs(wanted["uid"], obj))
    version = wanted.get("resourceVersion")
    if version and version != m["resourceVersion"]:
        raise errors.conflict(
            res, m["name"], "Precondition failed: ResourceVersion in "
            f"precondition: {version}, ResourceVersion in object meta: "
            f"{m['resourceVersion']}")


def key_of(obj):
    m = obj["metadata"]
    return [m.get("namespace", ""), m["name"]]


def continue_token(rv, key):
    text = json.dumps({"rv": rv, "start": key})
    return base64.urlsafe_b64encode(text.encode()).decode()


def continue_from(token, oldest):
    if not token:
        return None
    try:
        told = json.loads(base64.urlsafe_b64decode(token))
        rv, start = int(told["rv"]), list(told["start"])
    except (ValueError, KeyError, TypeError):
        raise errors.bad_request("continue key is not valid") from None
    if rv < oldest:
        raise errors.expired(
            "The provided continue parameter is too old to display a "
            "consistent list result.")
    return start


def parse_version(text):
    """A resourceVersion of a query as a number (0 when absent)."""
    if not text:
        return 0
    if not text.isascii() or not text.isdigit():
        raise errors.ApiError(400, "BadRequest",
                              f"Invalid value: \"{text}\": strconv.ParseUint:"
                              " invalid syntax")
    return int(text)


def check_list_version(query, current):
    wanted = parse_version(query.get("resourceVersion"))
    if wanted > current:
        raise errors.ApiError(
            504, "Timeout", f"Timeout: Too large resource version: {wanted}, "
            f"current: {current}",
            {"causes": [{"reason": "ResourceVersionTooLarge",
                         "message": "Too large resource version"}],
             "retryAfterSeconds": 1})
    if query.get("resourceVersionMatch") == "Exact" and wanted != current:
        raise errors.expired("The resourceVersion for the provided list is "
                             "too old.")
