"""The Pod Security Standard `restricted`, as kubernetes.io/docs/concepts/security/pod-security-standards lists it."""

from typing import Any

VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}
SYSCTLS = {
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.ping_group_range",
}


def violations(pod: dict[str, Any]) -> list[str]:
    """Return what the admission plugin would name; empty: the pod is admitted."""
    outer = pod.get("securityContext") or {}
    found = [f"{name} is set" for name in ("hostNetwork", "hostPID", "hostIPC") if pod.get(name)]
    found += [f"volume {v['name']}: {kind}" for v in pod.get("volumes", []) for kind in set(v) - {"name"} - VOLUMES]
    found += [f"sysctl {s['name']}" for s in outer.get("sysctls", []) if s["name"] not in SYSCTLS]
    found += ["supplemental user 0"] if outer.get("runAsUser") == 0 else []
    for container in [*pod["containers"], *pod.get("initContainers", []), *pod.get("ephemeralContainers", [])]:
        found += [f"{container['name']}: {each}" for each in _container(container, outer)]
    return found


def _container(container: dict[str, Any], outer: dict[str, Any]) -> list[str]:
    own = container.get("securityContext") or {}
    capabilities = own.get("capabilities") or {}
    rules = {
        "privileged": own.get("privileged"),
        "privilege escalation": own.get("allowPrivilegeEscalation") is not False,
        "capabilities kept": "ALL" not in capabilities.get("drop", []),
        "capabilities added": set(capabilities.get("add", [])) - {"NET_BIND_SERVICE"},
        "may run as root": own.get("runAsNonRoot", outer.get("runAsNonRoot")) is not True,
        "runs as root": own.get("runAsUser") == 0,
        "seccomp": _seccomp(own, outer) not in ("RuntimeDefault", "Localhost"),
        "host port": any(port.get("hostPort") for port in container.get("ports", [])),
        "procMount": own.get("procMount", "Default") != "Default",
    }
    return [name for name, broken in rules.items() if broken]


def _seccomp(own: dict[str, Any], outer: dict[str, Any]) -> str | None:
    return (own.get("seccompProfile") or outer.get("seccompProfile") or {}).get("type")
