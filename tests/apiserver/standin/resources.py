"""The kinds served and what is special about each."""

import ipaddress

from . import meta
from . import podcheck
from . import poddefaults
from . import podupdate

COMMON_FIELDS = ("metadata.name", "metadata.namespace")
REFERENCE_FIELDS = tuple("involvedObject." + f for f in (
    "apiVersion", "fieldPath", "kind", "name", "namespace",
    "resourceVersion", "uid"))


class Resource:
    """A kind with the hooks that create, update and delete call."""

    group = ""
    version = "v1"
    namespaced = True
    short = ()
    fields = COMMON_FIELDS
    subresources = ("status",)
    upsert = False          # whether PUT may create
    returns_deleted = False  # whether DELETE answers with the object
    verbs = ("create", "delete", "deletecollection", "get", "list", "patch",
             "update", "watch")

    @property
    def gv(self):
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def root(self):
        return f"/apis/{self.gv}" if self.group else f"/api/{self.version}"

    def name_ok(self, name):
        return meta.is_subdomain(name)

    def prepare_create(self, obj):
        """Fill in defaults; throw away what a creator may not set."""

    def check_create(self, problems, obj):
        podcheck.check_meta(problems, obj, self.name_ok)

    def prepare_update(self, new, old, subresource):
        """Put back what this way of writing may not change."""

    def check_update(self, problems, new, old, subresource):
        podcheck.check_meta(problems, new, self.name_ok)

    def grace(self, _obj, _wanted):
        """Seconds of graceful deletion; None: deleted at once."""
        return None


class Pods(Resource):
    name, kind, singular = "pods", "Pod", "pod"
    short = ("po",)
    fields = COMMON_FIELDS + (
        "spec.nodeName", "spec.restartPolicy", "spec.schedulerName",
        "spec.serviceAccountName", "spec.hostNetwork", "status.phase",
        "status.podIP", "status.podIPs", "status.nominatedNodeName")
    subresources = ("status", "eviction", "binding")
    returns_deleted = True

    def prepare_create(self, obj):
        obj.setdefault("spec", {})
        obj["metadata"]["generation"] = 1
        obj["status"] = {"phase": "Pending"}
        poddefaults.apply(obj)

    def check_create(self, problems, obj):
        podcheck.check_pod(problems, obj)
        if not problems.causes:
            obj["status"]["qosClass"] = poddefaults.qos_class(obj)

    def prepare_update(self, new, old, subresource):
        if subresource == "status":
            new["spec"] = old["spec"]
            keep(new["metadata"], old["metadata"], "ownerReferences")
            status = new.setdefault("status", {})
            status.setdefault("qosClass", old["status"].get("qosClass"))
            podupdate.sync_addresses(status)
        else:
            new["status"] = old["status"]
            new.setdefault("spec", {})
            poddefaults.apply(new)
        generation = old["metadata"].get("generation", 1)
        changed = new["spec"] != old["spec"]
        new["metadata"]["generation"] = generation + changed

    def check_update(self, problems, new, old, subresource):
        podcheck.check_meta(problems, new)
        podupdate.check_mirror_annotation(problems, new, old)
        if subresource == "status":
            podupdate.check_status(problems, new, old)
        else:
            podupdate.check_spec(problems, new, old)

    def grace(self, obj, wanted):
        spec = obj["spec"]
        if wanted is None:
            wanted = spec.get("terminationGracePeriodSeconds", 30)
        if wanted < 0:
            wanted = 1
        if not spec.get("nodeName") or \
                obj["status"].get("phase") in ("Failed", "Succeeded"):
            wanted = 0
        return wanted


class Nodes(Resource):
    name, kind, singular = "nodes", "Node", "node"
    namespaced = False
    short = ("no",)
    fields = ("metadata.name", "spec.unschedulable")

    def prepare_create(self, obj):
        obj.setdefault("spec", {})
        obj.setdefault("status", {})
        self.normalise(obj)

    def prepare_update(self, new, old, subresource):
        if subresource == "status":
            new["spec"] = old["spec"]
            new.setdefault("status", {})
        else:
            new["status"] = old["status"]
            new.setdefault("spec", {})
        self.normalise(new)

    @staticmethod
    def normalise(obj):
        status = obj["status"]
        for key in ("capacity", "allocatable"):
            if not status.get(key):
                status.pop(key, None)
        if "capacity" in status and "allocatable" not in status:
            status["allocatable"] = meta.clone(status["capacity"])
        status.setdefault("daemonEndpoints",
                          {"kubeletEndpoint": {"Port": 0}})
        info = status.setdefault("nodeInfo", {})
        for key in ("machineID", "systemUUID", "bootID", "kernelVersion",
                    "osImage", "containerRuntimeVersion", "kubeletVersion",
                    "kubeProxyVersion", "operatingSystem", "architecture"):
            info.setdefault(key, "")

    def check_create(self, problems, obj):
        super().check_create(problems, obj)
        self.check_node(problems, obj)

    def check_update(self, problems, new, old, subresource):
        super().check_update(problems, new, old, subresource)
        self.check_node(problems, new)
        for field in ("providerID", "podCIDR"):
            before = old["spec"].get(field)
            if before and new["spec"].get(field) != before:
                problems.forbidden(f"spec.{field}", "node updates may not "
                                   f"change {field} except from \"\" to "
                                   "valid")

    def check_node(self, problems, obj):
        seen = set()
        for i, taint in enumerate(obj["spec"].get("taints", [])):
            path = f"spec.taints[{i}]"
            if not meta.is_qualified(taint.get("key", "")):
                problems.invalid(f"{path}.key", taint.get("key", ""),
                                 "name part must be non-empty")
            podcheck.choose(problems, taint.get("effect", ""), "effect",
                            f"{path}.effect")
            pair = taint.get("key"), taint.get("effect")
            if pair in seen:
                problems.duplicate(path, f"{pair[0]}:{pair[1]}")
            seen.add(pair)
        for i, item in enumerate(obj["status"].get("addresses", [])):
            if item.get("type") in ("InternalIP", "ExternalIP") and \
                    not parses(item.get("address", "")):
                problems.invalid(f"status.addresses[{i}].address",
                                 item.get("address", ""),
                                 "must be a valid IP address")
        for key in ("capacity", "allocatable"):
            podcheck.check_resources(
                problems, {"limits": obj["status"].get(key, {})},
                f"status.{key}")


class Namespaces(Resource):
    name, kind, singular = "namespaces", "Namespace", "namespace"
    namespaced = False
    short = ("ns",)
    fields = ("metadata.name", "status.phase")
    subresources = ("status", "finalize")
    returns_deleted = True

    def name_ok(self, name):
        return meta.is_label_name(name)

    def prepare_create(self, obj):
        obj["spec"] = {"finalizers": ["kubernetes"]}
        obj["status"] = {"phase": "Active"}
        obj["metadata"].setdefault("labels", {})[
            "kubernetes.io/metadata.name"] = obj["metadata"].get("name", "")

    def prepare_update(self, new, old, subresource):
        new["spec"] = old["spec"]
        if subresource != "status":
            new["status"] = old["status"]
        new["metadata"].setdefault("labels", {})[
            "kubernetes.io/metadata.name"] = old["metadata"]["name"]

    def grace(self, obj, wanted):
        return 0


class Leases(Resource):
    name, kind, singular = "leases", "Lease", "lease"
    group = "coordination.k8s.io"
    fields = COMMON_FIELDS
    subresources = ()
    upsert = True

    def prepare_create(self, obj):
        obj.setdefault("spec", {})
        obj.pop("status", None)

    def prepare_update(self, new, old, subresource):
        new.setdefault("spec", {})

    def check_create(self, problems, obj):
        super().check_create(problems, obj)
        self.check_lease(problems, obj)

    def check_update(self, problems, new, old, subresource):
        super().check_update(problems, new, old, subresource)
        self.check_lease(problems, new)

    @staticmethod
    def check_lease(problems, obj):
        for field, least in (("leaseDurationSeconds", 1),
                             ("leaseTransitions", 0)):
            value = obj["spec"].get(field)
            if value is not None and value < least:
                problems.invalid(f"spec.{field}", value,
                                 "must be greater than 0" if least else
                                 "must be greater than or equal to 0")
        if obj["spec"].get("holderIdentity") == "":
            problems.invalid("spec.holderIdentity", "", "must not be empty")


class Events(Resource):
    name, kind, singular = "events", "Event", "event"
    short = ("ev",)
    fields = COMMON_FIELDS + REFERENCE_FIELDS + (
        "reason", "reportingComponent", "source", "type")
    subresources = ()
    upsert = True

    def prepare_create(self, obj):
        obj.setdefault("involvedObject", {})
        obj.setdefault("source", {})

    def check_create(self, problems, obj):
        super().check_create(problems, obj)
        self.check_namespace(problems, obj)
        if "eventTime" in obj:
            self.check_new_style(problems, obj)

    def check_update(self, problems, new, old, subresource):
        super().check_update(problems, new, old, subresource)
        self.check_namespace(problems, new)

    @staticmethod
    def check_namespace(problems, obj):
        own = obj["metadata"].get("namespace", "")
        about = obj.get("involvedObject", {}).get("namespace", "")
        if about != own and not (about == "" and
                                 own in ("default", "kube-system")):
            problems.invalid("involvedObject.namespace", about,
                             "does not match event.namespace")

    @staticmethod
    def check_new_style(problems, obj):
        for field in ("reportingInstance", "action", "reason"):
            value = obj.get(field, "")
            if not value or len(value) > 128:
                problems.required(field, "required for a new-style event")
        if not obj.get("reportingComponent"):
            problems.required("reportingController")


def keep(new, old, key):
    """Give `new` exactly the value that `old` has for the key, or none."""
    if key in old:
        new[key] = old[key]
    else:
        new.pop(key, None)


def parses(text):
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


class Virtual(Resource):
    """A resource that can only be posted and is not stored."""

    namespaced = False
    subresources = ()
    verbs = ("create",)

    def __init__(self, group, name, kind):
        self.group, self.name, self.kind = group, name, kind
        self.singular = kind.lower()


STORED = (Namespaces(), Nodes(), Pods(), Events(), Leases())
VIRTUAL = (
    Virtual("authorization.k8s.io", "selfsubjectaccessreviews",
            "SelfSubjectAccessReview"),
    Virtual("authentication.k8s.io", "selfsubjectreviews",
            "SelfSubjectReview"),
)
ALL = {res.name: res for res in STORED + VIRTUAL}
