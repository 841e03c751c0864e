"""Validation of a new pod, and of metadata of every kind."""

import re

from . import admission
from . import meta
from .poddefaults import quantity

ENV_NAME = re.compile(r"[^=\x00-\x1f\x7f-\uffff]+")
PORT_NAME = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
CHOICES = {
    "restartPolicy": ("Always", "OnFailure", "Never"),
    "dnsPolicy": ("ClusterFirstWithHostNet", "ClusterFirst", "Default",
                  "None"),
    "imagePullPolicy": ("Always", "IfNotPresent", "Never"),
    "terminationMessagePolicy": ("File", "FallbackToLogsOnError"),
    "protocol": ("TCP", "UDP", "SCTP"),
    "effect": ("NoSchedule", "PreferNoSchedule", "NoExecute"),
    "operator": ("Exists", "Equal", "Lt", "Gt"),
    "mountPropagation": ("None", "HostToContainer", "Bidirectional"),
    "hostPath.type": ("", "DirectoryOrCreate", "Directory", "FileOrCreate",
                      "File", "Socket", "CharDevice", "BlockDevice"),
}
PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc", "sleep")


def choose(problems, value, field, path):
    if value is not None and value not in CHOICES[field]:
        problems.unsupported(path, value, CHOICES[field])


# -- metadata

def check_meta(problems, obj, name_ok=meta.is_subdomain):
    m = obj["metadata"]
    name = m.get("name", "")
    if not name:
        problems.required("metadata.name", "name or generateName is required")
    elif not name_ok(name):
        problems.invalid("metadata.name", name, "a lowercase RFC 1123 "
                         "subdomain must consist of lower case alphanumeric "
                         "characters, '-' or '.'")
    check_labels(problems, m.get("labels", {}), "metadata.labels")
    total = 0
    for key, value in m.get("annotations", {}).items():
        total += len(key) + len(value)
        if not meta.is_qualified(key.lower()):
            problems.invalid("metadata.annotations", key,
                             "name part must consist of alphanumeric "
                             "characters, '-', '_' or '.'")
    if total > 256 * 1024:
        problems.add("FieldValueTooMany", "metadata.annotations",
                     "may not be more than 262144 bytes")
    check_owners(problems, m.get("ownerReferences", []))
    for item in m.get("finalizers", []):
        if not meta.is_qualified(item) or "/" not in item:
            problems.invalid("metadata.finalizers", item,
                             "name is neither a standard finalizer name nor "
                             "is it fully qualified")


def check_labels(problems, labels, path):
    for key, value in labels.items():
        if not meta.is_qualified(key):
            problems.invalid(path, key, "name part must consist of "
                             "alphanumeric characters, '-', '_' or '.'")
        if not meta.is_label_value(value):
            problems.invalid(path, value, "a valid label must be an empty "
                             "string or consist of alphanumeric characters, "
                             "'-', '_' or '.'")


def check_owners(problems, owners):
    path = "metadata.ownerReferences"
    for i, owner in enumerate(owners):
        for field in ("apiVersion", "kind", "name", "uid"):
            if not owner.get(field):
                problems.invalid(f"{path}[{i}].{field}", "",
                                 f"{field} must not be empty")
    if sum(o.get("controller") is True for o in owners) > 1:
        problems.invalid(path, "", "Only one reference can have Controller "
                         "set to true")


# -- pods

def check_pod(problems, pod):
    check_meta(problems, pod)
    spec = pod["spec"]
    if admission.is_mirror(pod):
        path = f"metadata.annotations[{admission.MIRROR}]"
        if not spec.get("nodeName"):
            problems.invalid(path, pod["metadata"]["annotations"][
                admission.MIRROR], "must set spec.nodeName if mirror pod "
                "annotation is set")
        if spec.get("resourceClaims"):
            problems.forbidden("spec.resourceClaims", "mirror pods may not "
                               "use resource claims")
    if spec.get("nodeName") and not meta.is_subdomain(spec["nodeName"]):
        problems.invalid("spec.nodeName", spec["nodeName"],
                         "a lowercase RFC 1123 subdomain is demanded")
    for field in ("restartPolicy", "dnsPolicy"):
        choose(problems, spec.get(field), field, f"spec.{field}")
    if spec.get("hostname") and not meta.is_label_name(spec["hostname"]):
        problems.invalid("spec.hostname", spec["hostname"],
                         "a lowercase RFC 1123 label is demanded")
    deadline = spec.get("activeDeadlineSeconds")
    if deadline is not None and not 0 < deadline <= 2 ** 31 - 1:
        problems.invalid("spec.activeDeadlineSeconds", deadline,
                         "must be between 1 and 2147483647, inclusive")
    if spec.get("ephemeralContainers"):
        problems.forbidden("spec.ephemeralContainers", "cannot be set on "
                           "create")
    volumes = check_volumes(problems, spec.get("volumes", []))
    check_containers(problems, spec, volumes)
    check_tolerations(problems, spec.get("tolerations", []))


def check_volumes(problems, volumes):
    seen = set()
    for i, volume in enumerate(volumes):
        path = f"spec.volumes[{i}]"
        name = volume.get("name", "")
        if not name:
            problems.required(f"{path}.name")
        elif not meta.is_label_name(name):
            problems.invalid(f"{path}.name", name,
                             "a lowercase RFC 1123 label is demanded")
        elif name in seen:
            problems.duplicate(f"{path}.name", name)
        seen.add(name)
        if len(set(volume) - {"name"}) > 1:
            problems.forbidden(path, "may not specify more than 1 volume "
                               "type")
        host = volume.get("hostPath")
        if host is not None:
            if not host.get("path"):
                problems.required(f"{path}.hostPath.path")
            elif ".." in host["path"].split("/"):
                problems.invalid(f"{path}.hostPath.path", host["path"],
                                 "must not contain '..'")
            choose(problems, host.get("type"), "hostPath.type",
                   f"{path}.hostPath.type")
    return seen


def check_containers(problems, spec, volumes):
    if not spec.get("containers"):
        problems.required("spec.containers")
    seen, host_ports = set(), set()
    for kind in ("initContainers", "containers"):
        for i, container in enumerate(spec.get(kind, [])):
            path = f"spec.{kind}[{i}]"
            name = container.get("name", "")
            if not name:
                problems.required(f"{path}.name")
            elif not meta.is_label_name(name):
                problems.invalid(f"{path}.name", name,
                                 "a lowercase RFC 1123 label is demanded")
            elif name in seen:
                problems.duplicate(f"{path}.name", name)
            seen.add(name)
            check_container(problems, container, path, volumes)
            check_ports(problems, container, path, host_ports,
                        spec.get("hostNetwork"), kind)


def check_container(problems, container, path, volumes):
    image = container.get("image", "")
    if not image:
        problems.required(f"{path}.image")
    elif image != image.strip():
        problems.invalid(f"{path}.image", image,
                         "must not have leading or trailing whitespace")
    for field in ("imagePullPolicy", "terminationMessagePolicy"):
        choose(problems, container.get(field), field, f"{path}.{field}")
    for i, env in enumerate(container.get("env", [])):
        name = env.get("name", "")
        if not name:
            problems.required(f"{path}.env[{i}].name")
        elif not ENV_NAME.fullmatch(name):
            problems.invalid(f"{path}.env[{i}].name", name, "a valid "
                             "environment variable name must consist only "
                             "of printable ASCII characters other than '='")
        if env.get("value") and env.get("valueFrom"):
            problems.invalid(f"{path}.env[{i}].valueFrom", "",
                             "may not be specified when `value` is not empty")
    check_mounts(problems, container, path, volumes)
    check_resources(problems, container.get("resources", {}), path)
    for name in PROBES:
        if name in container:
            check_handler(problems, container[name], f"{path}.{name}")


def check_mounts(problems, container, path, volumes):
    seen = set()
    for i, mount in enumerate(container.get("volumeMounts", [])):
        where = f"{path}.volumeMounts[{i}]"
        if mount.get("name") not in volumes:
            problems.add("FieldValueNotFound", f"{where}.name",
                         f'"{mount.get("name", "")}"')
        target = mount.get("mountPath")
        if not target:
            problems.required(f"{where}.mountPath")
        elif target in seen:
            problems.invalid(f"{where}.mountPath", target, "must be unique")
        seen.add(target)
        choose(problems, mount.get("mountPropagation"), "mountPropagation",
               f"{where}.mountPropagation")


def check_resources(problems, resources, path):
    parsed = {}
    for kind in ("limits", "requests"):
        for name, text in resources.get(kind, {}).items():
            where = f"{path}.resources.{kind}[{name}]"
            try:
                value = parsed[kind, name] = quantity(text)
            except ValueError:
                problems.invalid(where, text, "quantities must match the "
                                 "regular expression")
                continue
            if value < 0:
                problems.invalid(where, text, "must be greater than or equal "
                                 "to 0")
    for (kind, name), value in parsed.items():
        limit = parsed.get(("limits", name))
        if kind == "requests" and limit is not None and value > limit:
            problems.invalid(f"{path}.resources.requests",
                             resources["requests"][name],
                             f"must be less than or equal to {name} limit of "
                             f'{resources["limits"][name]}')


def check_ports(problems, container, path, host_ports, host_network, kind):
    for i, port in enumerate(container.get("ports", [])):
        where = f"{path}.ports[{i}]"
        for field in ("containerPort", "hostPort"):
            value = port.get(field)
            if field == "containerPort" and value is None:
                problems.required(f"{where}.containerPort")
            elif value is not None and not 0 < value < 65536:
                problems.invalid(f"{where}.{field}", value,
                                 "must be between 1 and 65535, inclusive")
        choose(problems, port.get("protocol"), "protocol",
               f"{where}.protocol")
        name = port.get("name")
        if name and (len(name) > 15 or not PORT_NAME.fullmatch(name)):
            problems.invalid(f"{where}.name", name, "must be no more than "
                             "15 lower case characters")
        if host_network and port.get("hostPort") != port.get(
                "containerPort"):
            problems.invalid(f"{where}.hostPort", port.get("hostPort", 0),
                             "must match `containerPort` when `hostNetwork` "
                             "is true")
        key = (port.get("protocol"), port.get("hostIP"), port.get("hostPort"))
        if port.get("hostPort") and kind == "containers":
            if key in host_ports:
                problems.duplicate(f"{where}.hostPort", port["hostPort"])
            host_ports.add(key)


def check_handler(problems, probe, path):
    kinds = [k for k in HANDLERS if k in probe]
    if not kinds:
        problems.required(path, "must specify a handler type")
    if len(kinds) > 1:
        problems.forbidden(f"{path}.{kinds[1]}",
                           "may not specify more than 1 handler type")


def check_tolerations(problems, tolerations):
    for i, item in enumerate(tolerations):
        path = f"spec.tolerations[{i}]"
        choose(problems, item.get("effect"), "effect", f"{path}.effect")
        choose(problems, item.get("operator"), "operator",
               f"{path}.operator")
        if not item.get("key") and item.get("operator") != "Exists":
            problems.invalid(f"{path}.operator", item.get("operator", ""),
                             "operator must be Exists when `key` is empty")
        if "tolerationSeconds" in item and \
                item.get("effect") != "NoExecute":
            problems.invalid(f"{path}.effect", item.get("effect", ""),
                             "effect must be 'NoExecute' when "
                             "`tolerationSeconds` is set")
