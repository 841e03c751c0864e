"""Admission: what may be stored, and by whom, beyond plain rights.

The plugins of a stock server that matter to a node agent, in their order:
NamespaceLifecycle, ServiceAccount, NodeRestriction, TaintNodesByCondition,
PodSecurity, Priority, DefaultTolerationSeconds.
"""

from . import errors
from . import meta
from .auth import LEASE_NAMESPACE, node_name

MIRROR = "kubernetes.io/config.mirror"
PRIORITIES = {"system-cluster-critical": 2000000000,
              "system-node-critical": 2000001000}
NOT_READY = "node.kubernetes.io/not-ready"
UNREACHABLE = "node.kubernetes.io/unreachable"
NODE_LABELS = {
    "kubernetes.io/hostname", "kubernetes.io/os", "kubernetes.io/arch",
    "beta.kubernetes.io/os", "beta.kubernetes.io/arch",
    "beta.kubernetes.io/instance-type", "node.kubernetes.io/instance-type",
    "topology.kubernetes.io/zone", "topology.kubernetes.io/region",
    "failure-domain.beta.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/region",
}
NODE_LABEL_DOMAINS = ("kubelet.kubernetes.io", "node.kubernetes.io")

# Volume types that need no object of the API.
PLAIN_VOLUMES = {
    "emptyDir", "hostPath", "image", "gcePersistentDisk",
    "awsElasticBlockStore", "gitRepo", "nfs", "iscsi", "rbd", "flexVolume",
    "cinder", "cephfs", "flocker", "downwardAPI", "fc", "vsphereVolume",
    "quobyte", "azureDisk", "photonPersistentDisk", "portworxVolume",
    "scaleIO", "storageos", "projected",
}
PLAIN_PROJECTIONS = {"downwardAPI"}


def is_mirror(pod):
    return MIRROR in pod["metadata"].get("annotations", {})


def containers(pod):
    spec = pod.get("spec", {})
    return (spec.get("initContainers", []) + spec.get("containers", []) +
            spec.get("ephemeralContainers", []))


class Admission:
    """The chain; `lag` is the age at which its caches know an object."""

    def __init__(self, store, lag, resources):
        self.store = store
        self.lag = lag
        self.resources = resources

    def cached(self, resource, namespace, name):
        obj = self.store.get(resource, namespace, name)
        if obj is None or self.store.age(obj) < self.lag:
            return None
        return obj

    # -- entry points

    def create(self, user, res, obj):
        self.namespace_lifecycle(res, obj)
        node = node_name(user)
        if res.name == "pods":
            service_account(res, obj)
        if node is not None:
            self.node_create(node, res, obj)
        if res.name == "nodes":
            taint_new_node(obj)
        if res.name == "pods":
            self.pod_security(res, obj)
            priority(res, obj)
            default_tolerations(obj)

    def update(self, user, res, subresource, new, old):
        node = node_name(user)
        if node is None:
            return
        if res.name == "pods":
            restrict_pod_status(node, res, subresource, new, old)
        elif res.name == "nodes":
            restrict_node_update(node, res, new, old)
        elif res.name == "leases":
            restrict_lease(node, res, new)

    def delete(self, user, res, namespace, name):
        node = node_name(user)
        if node is None or res.name != "pods":
            return
        pod = self.cached("pods", namespace, name)
        if pod is None:
            raise errors.not_found(res, name)
        if meta.get(pod, "spec", "nodeName") != node:
            raise errors.forbidden(
                res, name, f'node "{node}" can only delete pods with '
                "spec.nodeName set to itself")

    # -- plugins

    def namespace_lifecycle(self, res, obj):
        if not res.namespaced:
            return
        name = obj["metadata"]["namespace"]
        space = self.store.get("namespaces", "", name)
        if space is None:
            raise errors.not_found(self.resources["namespaces"], name)
        if "deletionTimestamp" in space["metadata"]:
            why = (f"unable to create new content in namespace {name} "
                   "because it is being terminated")
            raise errors.forbidden(
                res, obj["metadata"].get("name"), why,
                [{"reason": "NamespaceTerminating", "field":
                  "metadata.namespace",
                  "message": f"namespace {name} is being terminated"}])

    def node_create(self, node, res, obj):
        if res.name == "pods":
            self.restrict_pod_create(node, res, obj)
        elif res.name == "nodes":
            restrict_node_create(node, res, obj)
        elif res.name == "leases":
            restrict_lease(node, res, obj)

    def restrict_pod_create(self, node, res, pod):
        name = pod["metadata"].get("name")

        def refuse(why):
            raise errors.forbidden(res, name, why)

        if not is_mirror(pod):
            refuse(f'pod does not have "{MIRROR}" annotation, node "{node}" '
                   "can only create mirror pods")
        if meta.get(pod, "spec", "nodeName") != node:
            refuse(f'node "{node}" can only create pods with spec.nodeName '
                   "set to itself")
        owners = pod["metadata"].get("ownerReferences", [])
        if not owners:
            refuse(f'node "{node}" can only create pods with an owner '
                   "reference set to itself")
        if len(owners) > 1:
            refuse(f'node "{node}" can only create pods with a single owner '
                   "reference set to itself")
        self.restrict_owner(node, owners[0], refuse)
        for problem in api_references(pod):
            refuse(f'node "{node}" can not create pods that reference '
                   f"{problem}")

    def restrict_owner(self, node, owner, refuse):
        if (owner.get("apiVersion"), owner.get("kind"),
                owner.get("name")) != ("v1", "Node", node):
            refuse(f'node "{node}" can only create pods with an owner '
                   "reference set to itself")
        if owner.get("controller") is not True:
            refuse(f'node "{node}" can only create pods with a controller '
                   "owner reference set to itself")
        if owner.get("blockOwnerDeletion"):
            refuse(f'node "{node}" must not set blockOwnerDeletion on an '
                   "owner reference")
        live = self.cached("nodes", "", node)
        if live is None:
            raise errors.not_found(self.resources["nodes"], node)
        if live["metadata"]["uid"] != owner.get("uid"):
            refuse(f'node {node} UID mismatch: expected '
                   f'{owner.get("uid")} got {live["metadata"]["uid"]}')

    def pod_security(self, res, pod):
        space = self.store.get("namespaces", "",
                               pod["metadata"]["namespace"])
        level = space["metadata"].get("labels", {}).get(
            "pod-security.kubernetes.io/enforce", "privileged")
        problems = baseline_problems(pod)
        if level != "privileged" and problems:
            raise errors.forbidden(
                res, pod["metadata"].get("name"), "violates PodSecurity "
                f'"{level}:latest": {", ".join(problems)}')


# -- ServiceAccount

def service_account(res, pod):
    spec = pod["spec"]
    if not is_mirror(pod):
        spec.setdefault("serviceAccountName", "default")
        spec["serviceAccount"] = spec["serviceAccountName"]
        return
    problem = None
    if spec.get("serviceAccountName"):
        problem = "a mirror pod may not reference service accounts"
    elif any(kind == "secrets" for kind in api_references(pod)):
        problem = "a mirror pod may not reference secrets"
    elif any("serviceAccountToken" in source
             for volume in spec.get("volumes", [])
             for source in meta.get(volume, "projected", "sources",
                                    default=[])):
        problem = "a mirror pod may not use ServiceAccountToken volume " \
            "projections"
    if problem:
        raise errors.forbidden(res, pod["metadata"].get("name"), problem)


def api_references(pod):
    """Kinds of API objects that a pod refers to, in the plural."""
    spec = pod["spec"]
    found = []
    if spec.get("serviceAccountName"):
        found.append("a service account")
    if spec.get("imagePullSecrets"):
        found.append("secrets")
    if spec.get("resourceClaims"):
        found.append("resourceclaims")
    for container in containers(pod):
        sources = [e.get("valueFrom", {}) for e in container.get("env", [])]
        sources += container.get("envFrom", [])
        for source in sources:
            if "secretKeyRef" in source or "secretRef" in source:
                found.append("secrets")
            if "configMapKeyRef" in source or "configMapRef" in source:
                found.append("configmaps")
    for volume in spec.get("volumes", []):
        found += volume_references(volume)
    return found


def volume_references(volume):
    found = []
    for kind, source in volume.items():
        if kind == "name":
            continue
        if kind not in PLAIN_VOLUMES:
            found.append({"secret": "secrets", "configMap": "configmaps",
                          "persistentVolumeClaim": "persistentvolumeclaims",
                          "azureFile": "secrets"}.get(
                              kind, f"volumes of type {kind}"))
        elif isinstance(source, dict) and "secretRef" in source:
            found.append("secrets")
        for part in meta.get(volume, "projected", "sources", default=[]):
            found += [{"secret": "secrets", "configMap": "configmaps"}.get(
                k, f"{k} projections") for k in part
                if k not in PLAIN_PROJECTIONS]
    return found


# -- NodeRestriction

def label_domain(key):
    return key.partition("/")[0] if "/" in key else ""


def under(domain, parent):
    return domain == parent or domain.endswith("." + parent)


def forbidden_labels(keys):
    found = []
    for key in sorted(keys):
        domain = label_domain(key)
        ours = under(domain, "kubernetes.io") or under(domain, "k8s.io")
        free = key in NODE_LABELS or any(under(domain, d)
                                         for d in NODE_LABEL_DOMAINS)
        if under(domain, "node-restriction.kubernetes.io") or \
                (ours and not free):
            found.append(key)
    return found


def restrict_own_node(node, res, obj):
    name = obj["metadata"].get("name")
    if name != node:
        raise errors.forbidden(
            res, name, f'node "{node}" is not allowed to modify node '
            f'"{name}"')
    if "configSource" in obj.get("spec", {}):
        raise errors.forbidden(
            res, name, f'node "{node}" is not allowed to create pods with a '
            "non-nil configSource")


def restrict_node_create(node, res, obj):
    restrict_own_node(node, res, obj)
    bad = forbidden_labels(obj["metadata"].get("labels", {}))
    if bad:
        raise errors.forbidden(
            res, node, f'node "{node}" is not allowed to set the following '
            f'labels: {", ".join(bad)}')


def restrict_node_update(node, res, new, old):
    restrict_own_node(node, res, new)

    def refuse(what):
        raise errors.forbidden(
            res, node, f'node "{node}" is not allowed to modify {what}')

    if new.get("spec", {}).get("taints") != old.get("spec", {}).get(
            "taints"):
        refuse("taints")
    if new["metadata"].get("ownerReferences") != \
            old["metadata"].get("ownerReferences"):
        refuse("ownerReferences")
    before = old["metadata"].get("labels", {})
    after = new["metadata"].get("labels", {})
    bad = forbidden_labels(k for k in set(before) | set(after)
                           if before.get(k) != after.get(k))
    if bad:
        refuse("labels: " + ", ".join(bad))


def restrict_pod_status(node, res, subresource, new, old):
    name = old["metadata"]["name"]
    if subresource != "status":
        raise errors.forbidden(
            res, name, f'unexpected operation "UPDATE", node "{node}" can '
            "only create and delete mirror pods")
    if meta.get(old, "spec", "nodeName") != node:
        raise errors.forbidden(
            res, name, f'node "{node}" can only update pod status for pods '
            "with spec.nodeName set to itself")
    if new["metadata"].get("labels", {}) != old["metadata"].get(
            "labels", {}):
        raise errors.forbidden(
            res, name, f'node "{node}" cannot update labels through pod '
            "status")
    if meta.get(new, "status", "resourceClaimStatuses") != \
            meta.get(old, "status", "resourceClaimStatuses"):
        raise errors.forbidden(
            res, name, f'node "{node}" cannot update resource claim '
            "statuses")


def restrict_lease(node, res, obj):
    name = obj["metadata"].get("name")
    if obj["metadata"].get("namespace") != LEASE_NAMESPACE or name != node:
        raise errors.forbidden(
            res, name, "can only access node lease with the same name as "
            "the requesting node")


# -- TaintNodesByCondition, PodSecurity, Priority, DefaultTolerationSeconds

def taint_new_node(obj):
    taints = obj["spec"].setdefault("taints", [])
    if not any(t["key"] == NOT_READY for t in taints):
        taints.append({"key": NOT_READY, "effect": "NoSchedule"})


def baseline_problems(pod):
    spec = pod["spec"]
    found = [f"host namespaces ({key}=true)"
             for key in ("hostNetwork", "hostPID", "hostIPC")
             if spec.get(key)]
    found += [f'hostPath volumes (volume "{v["name"]}")'
              for v in spec.get("volumes", []) if "hostPath" in v]
    for container in containers(pod):
        if meta.get(container, "securityContext", "privileged"):
            found.append(f'privileged (container "{container["name"]}" must '
                         "not set securityContext.privileged=true)")
        if any(p.get("hostPort") for p in container.get("ports", [])):
            found.append(f'hostPort (container "{container["name"]}")')
    return found


def priority(res, pod):
    spec = pod["spec"]
    name = spec.get("priorityClassName")
    if name and name not in PRIORITIES:
        raise errors.forbidden(res, pod["metadata"].get("name"),
                               f"no PriorityClass with name {name} was "
                               "found")
    value = PRIORITIES.get(name, 0)
    if spec.get("priority", value) != value:
        raise errors.forbidden(
            res, pod["metadata"].get("name"), "the integer value of "
            f'priority ({spec["priority"]}) must not be provided in pod '
            f"spec; priority admission controller computed {value} from the "
            "given PriorityClass name")
    spec["priority"] = value
    spec.setdefault("preemptionPolicy", "PreemptLowerPriority")


def default_tolerations(pod):
    tolerations = pod["spec"].get("tolerations", [])
    for key in (NOT_READY, UNREACHABLE):
        if not any(t.get("key", "") in ("", key) and
                   t.get("effect", "NoExecute") == "NoExecute"
                   for t in tolerations):
            tolerations.append({"key": key, "operator": "Exists",
                                "effect": "NoExecute",
                                "tolerationSeconds": 300})
    if tolerations:
        pod["spec"]["tolerations"] = tolerations
