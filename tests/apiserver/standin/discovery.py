"""What clients ask before they ask for objects."""

from . import resources

VERSION = {
    "major": "1", "minor": "36", "gitVersion": "v1.36.0-standin",
    "gitCommit": "", "gitTreeState": "clean",
    "buildDate": "2026-01-01T00:00:00Z", "goVersion": "python",
    "compiler": "cpython", "platform": "linux/amd64",
}
OPENAPI_V2 = {"swagger": "2.0", "paths": {}, "definitions": {},
              "info": {"title": "Kubernetes", "version": "v1.36.0"}}
OPENAPI_V2_PROTOBUF = b"\x0a\x032.0"    # field 1, "swagger": "2.0"


def api_versions():
    return {"kind": "APIVersions", "versions": ["v1"],
            "serverAddressByClientCIDRs": []}


def groups():
    """The named groups with their versions."""
    return sorted({(r.group, r.version) for r in resources.ALL.values()
                   if r.group})


def group(name, version):
    entry = {"groupVersion": f"{name}/{version}", "version": version}
    return {"name": name, "versions": [entry], "preferredVersion": entry}


def api_group_list():
    return {"kind": "APIGroupList", "apiVersion": "v1",
            "groups": [group(*g) for g in groups()]}


def api_group(name):
    for known, version in groups():
        if known == name:
            return {"kind": "APIGroup", "apiVersion": "v1",
                    **group(known, version)}
    return None


def api_resource_list(gv):
    found = []
    for res in resources.ALL.values():
        if res.gv != gv:
            continue
        found.append({
            "name": res.name, "singularName": res.singular,
            "namespaced": res.namespaced, "kind": res.kind,
            "verbs": list(res.verbs), "shortNames": list(res.short)})
        for sub in res.subresources:
            found.append({
                "name": f"{res.name}/{sub}", "singularName": "",
                "namespaced": res.namespaced, "kind": res.kind,
                "verbs": ["get", "patch", "update"] if sub == "status"
                else ["create"]})
    if not found:
        return None
    return {"kind": "APIResourceList", "apiVersion": "v1",
            "groupVersion": gv, "resources": found}


def openapi_v3(gv):
    """Just enough of OpenAPI v3 for kubectl to see field validation."""
    paths = {}
    for res in resources.STORED:
        if res.gv != gv:
            continue
        collection = f"{res.root}/{res.name}"
        if res.namespaced:
            collection = f"{res.root}/namespaces/{{namespace}}/{res.name}"
        operation = {
            "parameters": [{"name": "fieldValidation", "in": "query",
                            "schema": {"type": "string"}}],
            "responses": {},
            "x-kubernetes-group-version-kind": {
                "group": res.group, "version": res.version,
                "kind": res.kind}}
        paths[collection] = {"post": operation}
        paths[collection + "/{name}"] = {"patch": operation,
                                         "put": operation}
    return {"openapi": "3.0.0", "paths": paths, "components": {},
            "info": {"title": "Kubernetes", "version": "v1.36.0"}}


def answer(path):
    """The document at a discovery path, or None."""
    parts = path.strip("/").split("/")
    if path == "/api":
        return api_versions()
    if path == "/apis":
        return api_group_list()
    if path == "/version":
        return VERSION
    if path == "/openapi/v2":
        return OPENAPI_V2
    if path == "/openapi/v3":
        gvs = sorted({r.root for r in resources.STORED})
        return {"paths": {root[1:]: {"serverRelativeURL":
                                     f"/openapi/v3{root}"}
                          for root in gvs}}
    if path.startswith("/openapi/v3/api"):
        gv = "/".join(parts[3:])
        return openapi_v3(gv)
    if parts[0] == "api" and len(parts) == 2:
        return api_resource_list(parts[1])
    if parts[0] == "apis" and len(parts) == 2:
        return api_group(parts[1])
    if parts[0] == "apis" and len(parts) == 3:
        return api_resource_list("/".join(parts[1:]))
    return None
