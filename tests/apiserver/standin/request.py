"""A request as the API understands it: verb, resource, name, options."""

import json
import urllib.parse

from . import errors
from . import protobuf
from . import resources
from .auth import Action
from .selectors import FieldSelector

VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch"}
PROTOBUF = "application/vnd.kubernetes.protobuf"
BODY_LIMIT = 3 * 1024 * 1024


class Request:
    """Parsed from the request line and headers; the body comes later."""

    def __init__(self, method, target, headers):
        url = urllib.parse.urlsplit(target)
        self.method = method
        self.path = url.path
        self.query = {k: v[-1] for k, v in urllib.parse.parse_qs(
            url.query, keep_blank_values=True).items()}
        self.headers = headers
        self.user = None
        self.raw = b""
        self.warnings = []
        self.res = self.subresource = None
        self.namespace = self.name = ""
        self.known = self.route()
        self.verb = self.find_verb()

    def flag(self, key):
        return self.query.get(key, "").lower() in ("1", "true", "t")

    def route(self):
        """Find resource, namespace, name; whether the path names one."""
        parts = [urllib.parse.unquote(p)
                 for p in self.path.strip("/").split("/")]
        if parts[0] == "api" and len(parts) > 2:
            gv, rest = parts[1], parts[2:]
        elif parts[0] == "apis" and len(parts) > 3:
            gv, rest = "/".join(parts[1:3]), parts[3:]
        else:
            return False
        if rest[0] == "namespaces" and len(rest) > 2 and \
                rest[2] not in resources.ALL["namespaces"].subresources:
            self.namespace, rest = rest[1], rest[2:]
        res = resources.ALL.get(rest[0])
        if res is None or res.gv != gv or len(rest) > 3 or \
                (self.namespace and not res.namespaced):
            self.namespace = ""
            return False
        if res.namespaced and len(rest) > 1 and not self.namespace:
            return False
        self.res = res
        self.name = rest[1] if len(rest) > 1 else ""
        self.subresource = rest[2] if len(rest) > 2 else None
        return self.subresource is None or \
            self.subresource in res.subresources

    def find_verb(self):
        if self.res is None:
            return self.method.lower()
        if self.method == "GET":
            if self.name:
                return "get"
            return "watch" if self.flag("watch") else "list"
        if self.method == "DELETE":
            return "delete" if self.name else "deletecollection"
        return VERBS.get(self.method, self.method.lower())

    def action(self):
        """What the authorizer is asked."""
        fields, name = {}, self.name
        if self.verb in ("list", "watch", "deletecollection"):
            selector = FieldSelector(self.query.get("fieldSelector"),
                                     self.res)
            fields = {k: v for k, equal, v in selector.terms if equal}
            name = fields.get("metadata.name", "")
        elif self.res.name == "namespaces" and not self.namespace:
            return Action(self.verb, self.res, self.subresource, self.name,
                          self.name, fields)
        return Action(self.verb, self.res, self.subresource, self.namespace,
                      name, fields)

    @property
    def where(self):
        return self.namespace, self.name

    @property
    def content_type(self):
        """Without one a body is taken for JSON."""
        kind = self.headers.get("Content-Type", "").partition(";")[0]
        return kind.strip().lower() or "application/json"

    @property
    def as_table(self):
        """Whether the client prefers a Table over the object."""
        return self.preferred() == "table"

    def preferred(self):
        accept = self.headers.get("Accept", "*/*")
        for item in accept.split(","):
            kind, *params = [p.strip() for p in item.split(";")]
            options = dict(p.split("=", 1) for p in params if "=" in p)
            if kind not in ("application/json", "*/*", "application/*"):
                continue
            if options.get("as") == "Table" and options.get("v") == "v1":
                return "table"
            if "as" not in options:
                return "json"
        raise errors.ApiError(
            406, "NotAcceptable", "only the following media types are "
            "accepted: application/json, "
            "application/json;as=Table;v=v1;g=meta.k8s.io")

    def body(self, optional=False):
        """The body as a JSON value; also of the protobuf that we know."""
        if not self.raw and optional:
            return None
        if self.content_type == PROTOBUF:
            return protobuf.decode(self.raw)
        try:
            return json.loads(self.raw)
        except (ValueError, RecursionError) as err:
            raise errors.bad_request(
                f"the body cannot be read as JSON: {err}") from None

    def warn(self, text):
        self.warnings.append(text)
