"""Who asks, and what they may do.

Certificates (CN = user, O = groups) and static tokens give the identity.
Authorisation: `system:masters` may do all; nodes go through the rules of the
node authorizer; other users have RBAC-like rules (RULES below).
"""

import collections
import hmac

from . import errors
from . import meta

User = collections.namedtuple("User", "name groups")
Action = collections.namedtuple(
    "Action", "verb res subresource namespace name fields")
Rule = collections.namedtuple(
    "Rule", "group resources verbs names namespace", defaults=(None, None))

ANONYMOUS = User("system:anonymous", ("system:unauthenticated",))
OPEN_PATHS = ("/healthz", "/livez", "/readyz", "/version")
DISCOVERY = ("/api", "/apis", "/openapi")
NODE_PREFIX = "system:node:"
LEASE_NAMESPACE = "kube-node-lease"
AUTHORIZATION = "authorization.k8s.io"

EVERYBODY = [
    Rule(AUTHORIZATION, ("selfsubjectaccessreviews",), ("create",)),
    Rule("authentication.k8s.io", ("selfsubjectreviews",), ("create",)),
]
NODES = [
    Rule("", ("events",), ("create", "update", "patch")),
    Rule("", ("pods",), ("create", "delete")),
    Rule("", ("pods/status",), ("update", "patch")),
    Rule("", ("nodes",), ("create", "get", "list", "watch", "update",
                          "patch")),
    Rule("", ("nodes/status",), ("update", "patch")),
    Rule("coordination.k8s.io", ("leases",),
         ("get", "create", "update", "patch", "delete")),
]


def agent_rules(node):
    """Rights of the user `tripod`, a stranger to the node authorizer."""
    lease = "coordination.k8s.io"
    return [
        Rule("", ("nodes",), ("create",)),
        Rule("", ("nodes",), ("get", "list", "watch"), (node,)),
        Rule("", ("nodes/status",), ("patch",), (node,)),
        Rule("", ("pods",), ("get", "list", "watch", "create", "delete")),
        Rule("", ("pods/status",), ("patch",)),
        Rule("", ("events",), ("create", "patch")),
        Rule(lease, ("leases",), ("create",), None, LEASE_NAMESPACE),
        Rule(lease, ("leases",), ("get", "update", "patch"), (node,),
             LEASE_NAMESPACE),
    ]


class Authenticator:
    """Static tokens, and the client certificate of a connection."""

    def __init__(self, tokens):
        self.tokens = tokens  # token -> User

    def user(self, certificate, header):
        """The identity of a request; a refused credential raises 401.

        `certificate` is None (none sent), False (not to be trusted) or the
        dictionary that the TLS layer returns.
        """
        if certificate:
            return certificate_user(certificate)
        scheme, _, token = (header or "").partition(" ")
        if scheme.lower() == "bearer" and token.strip():
            for known, user in self.tokens.items():
                if hmac.compare_digest(known.encode(),
                                       token.strip().encode()):
                    return with_group(user)
            raise errors.unauthorized()
        if certificate is False:
            raise errors.unauthorized()
        return ANONYMOUS


def with_group(user):
    groups = tuple(user.groups)
    return User(user.name, groups + ("system:authenticated",))


def certificate_user(certificate):
    name, groups = "", []
    for part in certificate.get("subject", ()):
        for key, value in part:
            if key == "commonName":
                name = value
            elif key == "organizationName":
                groups.append(value)
    if not name:
        raise errors.unauthorized()
    return with_group(User(name, tuple(groups)))


def node_name(user):
    """The node that a user speaks for, or None."""
    if "system:nodes" in user.groups and user.name.startswith(NODE_PREFIX):
        return user.name[len(NODE_PREFIX):]
    return None


def is_admin(user):
    return "system:masters" in user.groups


class Authorizer:
    """Says yes or why not."""

    def __init__(self, store, lag, rules):
        self.store = store
        self.lag = lag  # seconds until a pod is in the node graph
        self.rules = rules  # user name -> rules

    def check_path(self, user, path, verb):
        """Paths that are no resource: health, discovery, version."""
        root = "/" + path.split("/")[1]
        open_path = any(path == p or path.startswith(p + "/")
                        for p in OPEN_PATHS)
        if is_admin(user) or (open_path and verb == "get"):
            return
        if verb == "get" and user is not ANONYMOUS and root in DISCOVERY:
            return
        raise errors.ApiError(
            403, "Forbidden", f'forbidden: User "{user.name}" cannot {verb} '
            f'path "{path}"', {})

    def check(self, user, action):
        allowed, why = self.allows(user, action)
        if not allowed:
            raise errors.forbidden(action.res, action.name,
                                   refusal(user, action, why))

    def allows(self, user, action):
        if is_admin(user):
            return True, ""
        rules = list(self.rules.get(user.name, []))
        if user is not ANONYMOUS:
            rules += EVERYBODY
        if any(permits(r, action) for r in rules):
            return True, ""
        node = node_name(user)
        if node is not None:
            return self.node_allows(node, action)
        return False, ""

    def node_allows(self, node, action):
        """The node authorizer with its selector rules."""
        special = {"pods": self.node_pods, "nodes": node_nodes,
                   "leases": node_leases}.get(action.res.name)
        if special and not action.subresource:
            verdict = special(node, action)
            if verdict is not None:
                return verdict
        if any(permits(r, action) for r in NODES):
            return True, ""
        return False, ""

    def node_pods(self, node, action):
        if action.verb in ("list", "watch"):
            if action.fields.get("spec.nodeName") == node:
                return True, ""
            return False, ("can only list/watch pods with spec.nodeName "
                           "field selector")
        if action.verb == "get":
            pod = self.store.get("pods", action.namespace, action.name)
            if pod and meta.get(pod, "spec", "nodeName") == node and \
                    self.store.age(pod) >= self.lag:
                return True, ""
            return False, (f"no relationship found between node '{node}' "
                           "and this object")
        return None


def node_nodes(node, action):
    if action.verb not in ("get", "list", "watch"):
        return None
    if action.name == node:
        return True, ""
    what = f"'{action.name}'" if action.name else "all nodes"
    return False, (f"node '{node}' cannot read {what}, only its own Node "
                   "object")


def node_leases(node, action):
    if action.namespace != LEASE_NAMESPACE:
        return False, (f'can only access leases in the "{LEASE_NAMESPACE}" '
                       "system namespace")
    if action.verb != "create" and action.name != node:
        return False, ("can only access node lease with the same name as "
                       "the requesting node")
    return None


def permits(rule, action):
    resource = action.res.name
    if action.subresource:
        resource += "/" + action.subresource
    return (rule.group == action.res.group and resource in rule.resources and
            action.verb in rule.verbs and
            (rule.names is None or action.name in rule.names) and
            (rule.namespace is None or rule.namespace == action.namespace))


def refusal(user, action, why):
    resource = action.res.name
    if action.subresource:
        resource += "/" + action.subresource
    scope = f'in the namespace "{action.namespace}"' if action.namespace \
        else "at the cluster scope"
    text = (f'User "{user.name}" cannot {action.verb} resource "{resource}" '
            f'in API group "{action.res.group}" {scope}')
    return f"{text}: {why}" if why else text
