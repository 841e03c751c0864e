"""The server behind the connections: one answer for each request."""

import json

from . import discovery
from . import errors
from . import meta
from . import resources
from . import tables
from .admission import Admission
from .auth import ANONYMOUS, Action, Authenticator, Authorizer, is_admin
from .faults import Faults
from .request import PROTOBUF
from .rest import Rest, is_dry

OPENAPI_TYPE = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
HEALTH = ("/readyz", "/healthz", "/livez")
NAMESPACES = ("default", "kube-system", "kube-public", "kube-node-lease")


class Answer:
    """Code, body and headers of an answer that is no stream."""

    def __init__(self, code, body, kind="application/json", headers=None):
        self.code = code
        self.body = body if isinstance(body, bytes) else body.encode()
        self.kind = kind
        self.headers = dict(headers or {})


def json_answer(code, value, headers=None):
    return Answer(code, json.dumps(value, separators=(",", ":")) + "\n",
                  headers=headers)


def text_answer(code, text, headers=None):
    return Answer(code, text, "text/plain; charset=utf-8", headers)


def error_answer(error):
    return json_answer(error.code, error.status(), error.headers)


def not_allowed():
    return errors.ApiError(405, "MethodNotAllowed", "the server does not "
                           "allow this method on the requested resource")


def allowed_verbs(req):
    if req.subresource is None:
        return req.res.verbs
    if req.subresource == "status":
        return ("get", "update", "patch")
    return ("create",)


class App:
    """Everything that the connections share."""

    def __init__(self, options, store, tokens, rules):
        self.options = options
        self.store = store
        lag = options.lag / 1000
        self.admission = Admission(store, lag, resources.ALL)
        self.rest = Rest(store, self.admission)
        self.authenticator = Authenticator(tokens)
        self.authorizer = Authorizer(store, lag, rules)
        self.faults = Faults()
        for name in NAMESPACES:
            self.ensure_namespace(name)

    def ensure_namespace(self, name):
        res = resources.ALL["namespaces"]
        if self.store.get(res.name, "", name):
            return
        obj = {"kind": res.kind, "apiVersion": "v1", "metadata": {
            "name": name, "uid": meta.new_uid(),
            "creationTimestamp": meta.stamp()}}
        res.prepare_create(obj)
        self.store.put(res.name, obj)

    # -- one request

    def identify(self, req, certificate):
        req.user = self.authenticator.user(
            certificate, req.headers.get("Authorization"))

    def answer(self, req):
        """The Answer to a request that is no watch."""
        if req.path == "/faults" or req.path.startswith("/faults/"):
            return self.answer_faults(req)
        if req.res is None:
            return self.answer_path(req)
        self.authorize(req)
        if req.res in resources.VIRTUAL:
            return self.answer_virtual(req)
        handler = getattr(self, "do_" + req.verb, None)
        if handler is None or req.verb not in allowed_verbs(req):
            raise not_allowed()
        answer = handler(req)
        if req.warnings:
            answer.headers["Warning"] = ", ".join(
                f'299 - "{escape(w)}"' for w in req.warnings)
        return answer

    def authorize(self, req):
        self.authorizer.check(req.user, req.action())
        if not req.known:
            raise errors.ApiError(404, "NotFound", "the server could not "
                                  "find the requested resource")

    def answer_path(self, req):
        self.authorizer.check_path(req.user, req.path, req.verb)
        if req.method != "GET":
            raise not_allowed()
        if any(req.path == p or req.path.startswith(p + "/")
               for p in HEALTH):
            return text_answer(200, "ok")
        if req.path == "/openapi/v2" and "protobuf" in req.headers.get(
                "Accept", ""):
            return Answer(200, discovery.OPENAPI_V2_PROTOBUF, OPENAPI_TYPE)
        found = discovery.answer(req.path)
        if found is None:
            return text_answer(404, "404 page not found\n")
        return json_answer(200, found)

    # -- verbs

    def shown(self, req, code, obj):
        if not req.as_table or code >= 300 or "metadata" not in obj:
            return json_answer(code, obj)
        info = {"resourceVersion": obj["metadata"].get("resourceVersion")}
        return json_answer(code, tables.table(
            req.res, [obj], info, include=req.query.get("includeObject")))

    def do_get(self, req):
        return self.shown(req, 200, self.rest.get(
            req.res, req.namespace, req.name))

    def do_list(self, req):
        req.preferred()
        found = self.rest.list(req.res, req.namespace, req.query)
        if not req.as_table:
            return json_answer(200, found)
        return json_answer(200, tables.table(
            req.res, found["items"], found["metadata"],
            include=req.query.get("includeObject")))

    def do_create(self, req):
        if req.subresource == "eviction":
            return self.evict(req)
        if req.subresource == "binding":
            return self.bind(req)
        if req.name or (req.res.namespaced and not req.namespace):
            raise not_allowed()
        self.need_json(req)
        namespace = req.namespace
        obj = self.rest.create(req.user, req.res, namespace, req.body(),
                               req.query, req.warn)
        return self.shown(req, 201, obj)

    def do_update(self, req):
        self.need_json(req)
        obj, code = self.rest.update(req.user, req.res, req.subresource,
                                     req.where, req.body(), req.query,
                                     req.warn)
        return self.shown(req, code, obj)

    def do_patch(self, req):
        obj = self.rest.patch(req.user, req.res, req.subresource, req.where,
                              req.content_type, req.body(), req.query,
                              req.warn)
        return self.shown(req, 200, obj)

    def do_delete(self, req):
        obj, gone = self.rest.delete(req.user, req.res, req.where,
                                     req.body(optional=True), req.query)
        if gone and not req.res.returns_deleted:
            return json_answer(200, self.success(req, obj))
        return self.shown(req, 200, obj)

    def do_deletecollection(self, req):
        found = self.rest.list(req.res, req.namespace, req.query)
        for obj in found["items"]:
            m = obj["metadata"]
            self.rest.delete(req.user, req.res,
                             (m.get("namespace", ""), m["name"]),
                             req.body(optional=True), req.query)
        return json_answer(200, found)

    @staticmethod
    def success(req, obj):
        return {"kind": "Status", "apiVersion": "v1", "metadata": {},
                "status": "Success", "details": errors.where(
                    req.res, obj["metadata"]["name"],
                    uid=obj["metadata"]["uid"])}

    @staticmethod
    def need_json(req):
        if req.content_type not in ("application/json", PROTOBUF):
            raise errors.ApiError(
                415, "UnsupportedMediaType", "the body of the request was in "
                "an unknown format - accepted media types include: "
                "application/json")

    # -- pods: eviction and binding

    def evict(self, req):
        body = req.body()
        self.rest.delete(req.user, req.res, req.where,
                         body.get("deleteOptions"), req.query)
        return json_answer(201, {"kind": "Status", "apiVersion": "v1",
                                 "metadata": {}, "status": "Success"})

    def bind(self, req):
        node = meta.get(req.body(), "target", "name", default="")
        with self.store.lock:
            old = self.rest.get(req.res, *req.where)
            if meta.get(old, "spec", "nodeName"):
                raise errors.conflict(req.res, req.name, "pod is already "
                                      "assigned to a node")
            if not is_dry(req.query):
                pod = meta.clone(old)
                pod["spec"]["nodeName"] = node
                self.store.put("pods", pod)
        return json_answer(201, {"kind": "Status", "apiVersion": "v1",
                                 "metadata": {}, "status": "Success"})

    # -- answers about the asker

    def answer_virtual(self, req):
        body = req.body()
        if not isinstance(body, dict):
            raise errors.bad_request("the body is no JSON object")
        if req.res.kind == "SelfSubjectReview":
            body["status"] = {"userInfo": {
                "username": req.user.name, "groups": list(req.user.groups)}}
        else:
            allowed, why = self.access(req.user, body.get("spec") or {})
            body["status"] = {"allowed": allowed}
            if why:
                body["status"]["reason"] = why
        body.setdefault("metadata", {})["creationTimestamp"] = None
        return json_answer(201, body)

    def access(self, user, spec):
        ask = spec.get("resourceAttributes")
        if ask is None:
            path = meta.get(spec, "nonResourceAttributes", "path",
                            default="")
            verb = meta.get(spec, "nonResourceAttributes", "verb",
                            default="")
            try:
                self.authorizer.check_path(user, path or "/", verb)
            except errors.ApiError as error:
                return False, error.message
            return True, ""
        if is_admin(user):
            return True, ""
        res = resources.ALL.get(ask.get("resource"))
        if res is None or res.group != ask.get("group", ""):
            return False, ""
        return self.authorizer.allows(user, Action(
            ask.get("verb"), res, ask.get("subresource") or None,
            ask.get("namespace", ""), ask.get("name", ""), {}))

    # -- fault injection

    def answer_faults(self, req):
        if req.user is ANONYMOUS or not is_admin(req.user):
            raise errors.ApiError(403, "Forbidden", "faults are for admins")
        if req.method == "GET":
            return json_answer(200, self.faults.shown())
        if req.method == "DELETE":
            ident = req.path[len("/faults/"):]
            if ident and not ident.isdigit():
                raise errors.bad_request("a fault's id is a number")
            self.faults.clear(int(ident) if ident else None)
            return json_answer(200, [])
        spec = req.body()
        if isinstance(spec, dict) and "match" not in spec:
            return self.fault_now(spec)
        return json_answer(201, self.faults.add(spec).shown())

    def fault_now(self, spec):
        """Without a match: what can be done at once, is."""
        action = spec.get("action") or {}
        if not action or not set(action) <= {"compact", "dropWatches",
                                             "watchError"}:
            return json_answer(201, self.faults.add(spec).shown())
        self.act(action)
        return json_answer(200, {"done": True})

    def act(self, action):
        """The effects of a fault on the server rather than on a request."""
        if action.get("compact"):
            self.store.compact()
        if action.get("dropWatches"):
            self.end_watches("drop")
        if action.get("watchError"):
            self.end_watches(watch_error(action["watchError"]))

    def end_watches(self, how):
        with self.store.lock:
            for watcher in list(self.store.watchers):
                watcher.end(how)


def watch_error(code):
    reasons = {410: "Expired", 429: "TooManyRequests", 500: "InternalError"}
    return errors.ApiError(code, reasons.get(code, ""),
                           "injected watch error").status()


def escape(text):
    return text.replace("\\", "\\\\").replace('"', '\\"')
