"""Errors as the API reports them: an HTTP code and a Status object."""


class ApiError(Exception):
    """An answer other than success; `reason` is the machine's word for it."""

    def __init__(self, code, reason, message, details=None, headers=None):
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details or {}
        self.headers = headers or {}

    def status(self):
        out = {"kind": "Status", "apiVersion": "v1", "metadata": {},
               "status": "Failure", "message": self.message}
        if self.reason:
            out["reason"] = self.reason
        if self.details:
            out["details"] = self.details
        out["code"] = self.code
        return out


def where(res, name=None, **more):
    """The details that name a resource ("kind" is its plural, as in Go)."""
    out = {}
    if name:
        out["name"] = name
    if res.group:
        out["group"] = res.group
    out["kind"] = res.name
    out.update(more)
    return out


def label(res, name=None):
    full = res.name + ("." + res.group if res.group else "")
    return f'{full} "{name}"' if name else full


def bad_request(message):
    return ApiError(400, "BadRequest", message)


def unauthorized():
    return ApiError(401, "Unauthorized", "Unauthorized")


def forbidden(res, name, why, causes=None):
    more = {"causes": causes} if causes else {}
    return ApiError(403, "Forbidden",
                    f"{label(res, name)} is forbidden: {why}",
                    where(res, name, **more))


def not_found(res, name):
    return ApiError(404, "NotFound", f"{label(res, name)} not found",
                    where(res, name))


def already_exists(res, name):
    return ApiError(409, "AlreadyExists",
                    f"{label(res, name)} already exists", where(res, name))


def conflict(res, name, why):
    return ApiError(409, "Conflict",
                    f"Operation cannot be fulfilled on {label(res, name)}: "
                    f"{why}", where(res, name))


def expired(message):
    return ApiError(410, "Expired", message)


class Problems:
    """Collects field errors of one object and raises them as one 422."""

    WORDS = {
        "FieldValueRequired": "Required value",
        "FieldValueInvalid": "Invalid value",
        "FieldValueForbidden": "Forbidden",
        "FieldValueDuplicate": "Duplicate value",
        "FieldValueNotSupported": "Unsupported value",
        "FieldValueTooMany": "Too many",
        "FieldValueNotFound": "Not found",
    }

    def __init__(self):
        self.causes = []

    def add(self, reason, field, text):
        message = f"{self.WORDS[reason]}: {text}" if text else \
            self.WORDS[reason]
        self.causes.append({"reason": reason, "message": message,
                            "field": field})

    def required(self, field, text=""):
        self.add("FieldValueRequired", field, text)

    def invalid(self, field, value, text):
        shown = f'"{value}"' if isinstance(value, str) else value
        self.add("FieldValueInvalid", field, f"{shown}: {text}")

    def forbidden(self, field, text):
        self.add("FieldValueForbidden", field, text)

    def duplicate(self, field, value):
        self.add("FieldValueDuplicate", field, f'"{value}"')

    def unsupported(self, field, value, choices):
        shown = ", ".join(f'"{c}"' for c in choices)
        self.add("FieldValueNotSupported", field,
                 f'"{value}": supported values: {shown}')

    def raise_if_any(self, res, name):
        if not self.causes:
            return
        lines = [f"{c['field']}: {c['message']}" for c in self.causes]
        text = lines[0] if len(lines) == 1 else "[" + ", ".join(lines) + "]"
        details = {"name": name, "kind": res.kind, "causes": self.causes}
        if res.group:
            details["group"] = res.group
        raise ApiError(422, "Invalid",
                       f'{res.kind}{"." + res.group if res.group else ""} '
                       f'"{name}" is invalid: {text}', details)
