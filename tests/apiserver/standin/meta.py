"""Small facts about every object: clone, time, names, addresses."""

import datetime
import ipaddress
import re
import uuid

DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
LABEL_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?")
QUALIFIED = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?")
RFC3339 = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(\.\d+)?([Zz]|[-+]\d\d:\d\d)")
UTC = datetime.timezone.utc


def clone(value):
    """A deep copy of a JSON value."""
    if isinstance(value, dict):
        return {k: clone(v) for k, v in value.items()}
    if isinstance(value, list):
        return [clone(v) for v in value]
    return value


def now():
    return datetime.datetime.now(UTC)


def stamp(when=None):
    """metav1.Time: whole seconds, UTC."""
    return (when or now()).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_time(text):
    """Any RFC 3339 time, or ValueError."""
    m = RFC3339.fullmatch(text)
    if m is None:
        raise ValueError("not an RFC 3339 time")
    day, clock, fraction, zone = m.groups()
    micro = ((fraction or ".0")[1:] + "000000")[:6]
    zone = "+00:00" if zone in "Zz" else zone
    return datetime.datetime.fromisoformat(
        f"{day}T{clock}.{micro}{zone}").astimezone(UTC)


def normal_time(text, micro=False):
    when = parse_time(text)
    if micro:
        return when.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return stamp(when)


def new_uid():
    return str(uuid.uuid4())


def is_label_name(text):
    return len(text) <= 63 and DNS_LABEL.fullmatch(text) is not None


def is_subdomain(text):
    return (0 < len(text) <= 253 and
            all(DNS_LABEL.fullmatch(p) for p in text.split(".")))


def is_qualified(text):
    """[domain/]name, as label and annotation keys and condition types."""
    prefix, slash, name = text.rpartition("/")
    if slash and not is_subdomain(prefix):
        return False
    return 0 < len(name) <= 63 and QUALIFIED.fullmatch(name) is not None


def is_label_value(text):
    return len(text) <= 63 and LABEL_VALUE.fullmatch(text) is not None


def ip_family(text):
    """4 or 6, or 0 when the text is no canonical address."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return 0
    return address.version if str(address) == text else 0


def get(obj, *path, default=None):
    """obj[path[0]][path[1]]..., or the default where one is missing."""
    for key in path:
        if not isinstance(obj, dict) or obj.get(key) is None:
            return default
        obj = obj[key]
    return obj
