"""Field and label selectors."""

import re

from .errors import bad_request
from . import meta

SET_TERM = re.compile(r"\s*([^\s!=(),]+)\s+(in|notin)\s*\(([^()]*)\)\s*")


def split_terms(text):
    """Split at commas that are not inside parentheses."""
    terms, depth, start = [], 0, 0
    for i, c in enumerate(text):
        depth += (c == "(") - (c == ")")
        if c == "," and depth == 0:
            terms.append(text[start:i])
            start = i + 1
    terms.append(text[start:])
    return [t.strip() for t in terms if t.strip()]


def parse_equality(term):
    """(key, wanted equal?, value), or None for another form."""
    for operator, equal in (("!=", False), ("==", True), ("=", True)):
        key, found, value = term.partition(operator)
        if found:
            return key.strip(), equal, value.strip()
    return None


class FieldSelector:
    """Equality terms on the few fields that a resource offers."""

    def __init__(self, text, res):
        self.terms = []
        for term in split_terms(text or ""):
            parsed = parse_equality(term)
            if parsed is None:
                raise bad_request(f"invalid field selector {term!r}")
            if parsed[0] not in res.fields:
                raise bad_request(
                    f'Unable to find "{res.gv}, Resource={res.name}" that '
                    f'match label selector "", field selector "{text}": '
                    f"field label not supported: {parsed[0]}")
            self.terms.append(parsed)

    def wanted(self, key):
        """The value demanded of a field, or None."""
        for name, equal, value in self.terms:
            if name == key and equal:
                return value
        return None

    def matches(self, obj):
        for key, equal, value in self.terms:
            found = meta.get(obj, *key.split("."), default="")
            if (str(found) == value) != equal:
                return False
        return True


class LabelSelector:
    """Equality, set and existence terms on labels."""

    def __init__(self, text):
        self.terms = [self.parse(t) for t in split_terms(text or "")]

    @staticmethod
    def parse(term):
        m = SET_TERM.fullmatch(term)
        if m:
            values = {v.strip() for v in m.group(3).split(",")}
            return m.group(1), m.group(2), values
        parsed = parse_equality(term)
        if parsed:
            key, equal, value = parsed
            return key, "in" if equal else "notin", {value}
        if term.startswith("!"):
            return term[1:].strip(), "absent", None
        if not meta.is_qualified(term):
            raise bad_request(f"unable to parse requirement: {term!r}")
        return term, "exists", None

    def matches(self, obj):
        labels = obj["metadata"].get("labels", {})
        for key, operator, values in self.terms:
            have = key in labels
            if operator == "exists" and not have:
                return False
            if operator == "absent" and have:
                return False
            if operator == "in" and labels.get(key) not in values:
                return False
            if operator == "notin" and labels.get(key) in values:
                return False
        return True


class Selector:
    """Namespace, fields and labels of a list or watch together."""

    def __init__(self, res, namespace, query):
        self.namespace = namespace
        self.fields = FieldSelector(query.get("fieldSelector"), res)
        self.labels = LabelSelector(query.get("labelSelector"))

    def matches(self, obj):
        if obj is None:
            return False
        if self.namespace and \
                obj["metadata"].get("namespace") != self.namespace:
            return False
        return self.fields.matches(obj) and self.labels.matches(obj)
