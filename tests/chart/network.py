"""Whether NetworkPolicies let one pod talk to another: what a network plugin does, in small."""

from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Any


@dataclass(frozen=True)
class Pod:
    """A pod, or with an address something outside the cluster."""

    namespace: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    address: str = ""


def allowed(policies: list[dict[str, Any]], source: Pod, target: Pod, port: int, protocol: str = "TCP") -> bool:
    """Return whether both the source's egress and the target's ingress let the connection pass."""
    out = _passes(policies, source, target, port, protocol, "Egress", "egress", "to")
    return out and _passes(policies, target, source, port, protocol, "Ingress", "ingress", "from")


def _passes(
    policies: list[dict[str, Any]], pod: Pod, peer: Pod, port: int, protocol: str, kind: str, rules: str, side: str
) -> bool:
    selecting = [each for each in policies if kind in each["spec"]["policyTypes"] and _selects(each, pod)]
    if not selecting:
        return True
    return any(
        _peer(rule.get(side), peer, each["metadata"]["namespace"]) and _port(rule.get("ports"), port, protocol)
        for each in selecting
        for rule in each["spec"].get(rules) or []
    )


def _selects(policy: dict[str, Any], pod: Pod) -> bool:
    return policy["metadata"]["namespace"] == pod.namespace and _matches(policy["spec"]["podSelector"], pod.labels)


def _peer(peers: list[dict[str, Any]] | None, pod: Pod, namespace: str) -> bool:
    return not peers or any(_one(peer, pod, namespace) for peer in peers)


def _one(peer: dict[str, Any], pod: Pod, namespace: str) -> bool:
    if "ipBlock" in peer:
        return bool(pod.address) and _inside(peer["ipBlock"], pod.address)
    if pod.address:
        return False
    if "namespaceSelector" in peer:
        labels = {"kubernetes.io/metadata.name": pod.namespace}
        here = _matches(peer["namespaceSelector"], labels)
    else:
        here = pod.namespace == namespace
    return here and _matches(peer.get("podSelector", {}), pod.labels)


def _inside(block: dict[str, Any], address: str) -> bool:
    ip = ip_address(address)
    networks = [ip_network(block["cidr"]), *map(ip_network, block.get("except", []))]
    within = [ip.version == each.version and ip in each for each in networks]
    return within[0] and not any(within[1:])


def _port(ports: list[dict[str, Any]] | None, port: int, protocol: str) -> bool:
    return not ports or any(each["port"] == port and each.get("protocol", "TCP") == protocol for each in ports)


def _matches(selector: dict[str, Any], labels: dict[str, str]) -> bool:
    exact = all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items())
    return exact and all(_expression(each, labels) for each in selector.get("matchExpressions", []))


def _expression(expression: dict[str, Any], labels: dict[str, str]) -> bool:
    value = labels.get(expression["key"])
    return {
        "Exists": value is not None,
        "DoesNotExist": value is None,
        "In": value in expression.get("values", []),
        "NotIn": value not in expression.get("values", []),
    }[expression["operator"]]
