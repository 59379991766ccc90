"""What a ResourceQuota says when it refuses an object."""

import re

_EXCEEDED = re.compile(
    r"exceeded quota: (?P<name>[^,\s]+), requested: (?P<requested>\S+), used: \S+, limited: (?P<limited>\S+)"
)


def is_exceeded(message: str) -> bool:
    """Return whether a message is that of a ResourceQuota without room."""
    return "exceeded quota" in message


def never_fits(message: str) -> bool:
    """Return whether one object asks for more than the whole quota, so that waiting does not help."""
    from kubernetes.utils.quantity import parse_quantity

    found = _EXCEEDED.search(message)
    if not found:
        return False
    requested, limited = (_amounts(found[part]) for part in ("requested", "limited"))
    return any(
        parse_quantity(requested[name]) > parse_quantity(limited[name]) for name in requested.keys() & limited.keys()
    )


def _amounts(text: str) -> dict[str, str]:
    return dict(each.rsplit("=", 1) for each in text.split(",") if "=" in each)
