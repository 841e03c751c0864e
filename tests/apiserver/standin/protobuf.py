"""The few protobuf bodies that kubectl sends, as JSON values.

kubectl posts reviews, namespaces and evictions in protobuf whatever it is
told; answers may be JSON.  Numbers are those of the published .proto files.
"""

from .errors import bad_request

MAGIC = b"k8s\0"
TEXT, NUMBER, STRINGS = "text", "number", "strings"
MESSAGES = {
    "Unknown": {1: ("typeMeta", "TypeMeta"), 2: ("raw", bytes)},
    "TypeMeta": {1: ("apiVersion", TEXT), 2: ("kind", TEXT)},
    "ObjectMeta": {1: ("name", TEXT), 2: ("generateName", TEXT),
                   3: ("namespace", TEXT), 5: ("uid", TEXT),
                   6: ("resourceVersion", TEXT), 11: ("labels", STRINGS),
                   12: ("annotations", STRINGS)},
    "Namespace": {1: ("metadata", "ObjectMeta")},
    "SelfSubjectAccessReview": {
        1: ("metadata", "ObjectMeta"),
        2: ("spec", "SelfSubjectAccessReviewSpec")},
    "SelfSubjectAccessReviewSpec": {
        1: ("resourceAttributes", "ResourceAttributes"),
        2: ("nonResourceAttributes", "NonResourceAttributes")},
    "ResourceAttributes": {
        1: ("namespace", TEXT), 2: ("verb", TEXT), 3: ("group", TEXT),
        4: ("version", TEXT), 5: ("resource", TEXT),
        6: ("subresource", TEXT), 7: ("name", TEXT)},
    "NonResourceAttributes": {1: ("path", TEXT), 2: ("verb", TEXT)},
    "SelfSubjectReview": {1: ("metadata", "ObjectMeta")},
    "Eviction": {1: ("metadata", "ObjectMeta"),
                 2: ("deleteOptions", "DeleteOptions")},
    "DeleteOptions": {1: ("gracePeriodSeconds", NUMBER),
                      2: ("preconditions", "Preconditions"),
                      4: ("propagationPolicy", TEXT)},
    "Preconditions": {1: ("uid", TEXT), 2: ("resourceVersion", TEXT)},
}


def decode(data):
    """The object in an enveloped body; 400 for what is not known."""
    try:
        if not data.startswith(MAGIC):
            raise ValueError("no magic number")
        envelope = message(data[len(MAGIC):], "Unknown")
        kind = envelope["typeMeta"]["kind"]
        return {**message(envelope.get("raw", b""), kind),
                **envelope["typeMeta"]}
    except (KeyError, IndexError, ValueError) as error:
        raise bad_request("the body cannot be read as protobuf: "
                          f"{error!r}") from None


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7f) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def fields(data):
    """(number, int or bytes) for each field of a message."""
    at = 0
    while at < len(data):
        tag, at = varint(data, at)
        if tag & 7 == 0:
            value, at = varint(data, at)
        elif tag & 7 == 2:
            size, at = varint(data, at)
            value = data[at:at + size]
            if len(value) != size:
                raise ValueError("cut off")
            at += size
        else:
            raise ValueError(f"wire type {tag & 7}")
        yield tag >> 3, value


def message(data, kind):
    known, out = MESSAGES[kind], {}
    for number, value in fields(data):
        if number not in known:
            continue
        name, form = known[number]
        if form == NUMBER:
            out[name] = value - 2 ** 64 if value >= 2 ** 63 else value
        elif form == TEXT:
            if value:
                out[name] = value.decode()
        elif form == STRINGS:
            pair = dict(fields(value))
            out.setdefault(name, {})[pair.get(1, b"").decode()] = \
                pair.get(2, b"").decode()
        elif form is bytes:
            out[name] = value
        else:
            out[name] = message(value, form)
    return out
