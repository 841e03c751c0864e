"""What a real server fills into a new pod, and its QoS class."""

from . import meta

PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
COMPUTE = ("cpu", "memory")
UNITS = {"": 1, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12,
         "P": 1e15, "E": 1e18, "Ki": 2 ** 10, "Mi": 2 ** 20, "Gi": 2 ** 30,
         "Ti": 2 ** 40, "Pi": 2 ** 50, "Ei": 2 ** 60, "n": 1e-9, "u": 1e-6}


def apply(pod):
    """Default a decoded pod in place."""
    spec = pod["spec"]
    for key, value in (("restartPolicy", "Always"),
                       ("terminationGracePeriodSeconds", 30),
                       ("dnsPolicy", "ClusterFirst"),
                       ("schedulerName", "default-scheduler"),
                       ("enableServiceLinks", True),
                       ("securityContext", {})):
        spec.setdefault(key, value)
    for kind in ("initContainers", "containers"):
        for container in spec.get(kind, []):
            default_container(container, spec.get("hostNetwork", False))
    for volume in spec.get("volumes", []):
        default_volume(volume)
    for toleration in spec.get("tolerations", []):
        if toleration.get("operator") == "":
            del toleration["operator"]


def default_container(container, host_network):
    container.setdefault("terminationMessagePath", "/dev/termination-log")
    container.setdefault("terminationMessagePolicy", "File")
    container.setdefault("resources", {})
    container.setdefault("imagePullPolicy",
                         pull_policy(container.get("image", "")))
    for port in container.get("ports", []):
        port.setdefault("protocol", "TCP")
        if host_network and "containerPort" in port:
            port.setdefault("hostPort", port["containerPort"])
    resources = container["resources"]
    for name, value in resources.get("limits", {}).items():
        resources.setdefault("requests", {}).setdefault(name, value)
    for env in container.get("env", []):
        default_reference(env.get("valueFrom", {}))
    for name in PROBES:
        if name in container:
            default_probe(container[name])
    for hook in container.get("lifecycle", {}).values():
        if isinstance(hook, dict):
            default_handler(hook)


def pull_policy(image):
    if "@" in image:
        return "IfNotPresent"
    tag = image.rpartition("/")[2].partition(":")[2]
    return "Always" if tag in ("", "latest") else "IfNotPresent"


def default_reference(source):
    if "fieldRef" in source:
        source["fieldRef"].setdefault("apiVersion", "v1")
    if "resourceFieldRef" in source:
        source["resourceFieldRef"].setdefault("divisor", "0")


def default_handler(handler):
    if "httpGet" in handler:
        handler["httpGet"].setdefault("path", "/")
        handler["httpGet"].setdefault("scheme", "HTTP")
    if "grpc" in handler:
        handler["grpc"].setdefault("service", "")


def default_probe(probe):
    for key, value in (("timeoutSeconds", 1), ("periodSeconds", 10),
                       ("successThreshold", 1), ("failureThreshold", 3)):
        if not probe.get(key):
            probe[key] = value
    default_handler(probe)


def default_volume(volume):
    if not set(volume) - {"name"}:
        volume["emptyDir"] = {}
    for kind in ("secret", "configMap", "downwardAPI", "projected"):
        if kind in volume:
            volume[kind].setdefault("defaultMode", 0o644)
    if "hostPath" in volume:
        volume["hostPath"].setdefault("type", "")
    if "iscsi" in volume:
        volume["iscsi"].setdefault("iscsiInterface", "default")
    items = meta.get(volume, "downwardAPI", "items", default=[])
    for source in meta.get(volume, "projected", "sources", default=[]):
        items = items + meta.get(source, "downwardAPI", "items", default=[])
    for item in items:
        default_reference(item)


# -- quality of service

def quantity(text):
    """A quantity as a number; ValueError when it is none."""
    text = str(text)
    digits = text.rstrip("nukmKMGTPEi")
    unit = text[len(digits):]
    if unit not in UNITS:
        return float(text)  # 1E3 and the like
    return float(digits) * UNITS[unit]


def qos_class(pod):
    spec = pod["spec"]
    members = spec.get("initContainers", []) + spec.get("containers", [])
    guaranteed, anything = True, False
    for container in members:
        resources = container.get("resources", {})
        requests = nonzero(resources.get("requests", {}))
        limits = nonzero(resources.get("limits", {}))
        anything = anything or bool(requests or limits)
        if set(limits) != set(COMPUTE) or requests != limits:
            guaranteed = False
    if not anything:
        return "BestEffort"
    return "Guaranteed" if guaranteed else "Burstable"


def nonzero(resources):
    return {k: quantity(v) for k, v in resources.items()
            if k in COMPUTE and quantity(v) > 0}
