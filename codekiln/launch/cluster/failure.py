"""A failed job, explained: what ended, what that means, what the log and the cluster said, and where to look."""

import re

from codekiln.errors import ClusterError, CodekilnError, InputError
from codekiln.launch.cluster.api import Api, Refused, Trouble
from codekiln.launch.cluster.events import warnings
from codekiln.launch.cluster.job_kinds import KINDS, Kind, Object
from codekiln.launch.cluster.logs import TAIL
from codekiln.launch.cluster.monitor import Ended
from codekiln.launch.cluster.request import JobRequest
from codekiln.launch.cluster.status import MISTAKE, Ending, endings, last_attempt

_MEANS = {
    MISTAKE: "2: something that the user has to correct; the job's log says what",
    143: "143: it was asked to end (SIGTERM) and saved a checkpoint; run the step again to continue from it",
    137: "137: it was killed (SIGKILL), as a rule because it used more memory than its limit",
}
_VOLUME = "FailedMount|FailedAttachVolume|[Pp]ersistent[Vv]olume[Cc]laim"
# For a job that was given up, by what the cluster said about it; the first that fits.
_FIXES = {
    "Multi-Attach": "give storage.sharedVolume in the chart's values a storage class with ReadWriteMany, or let steps "
    "and jobs run on one node",
    f"({_VOLUME}).*(not found|non-existent)": "create what is missing in namespace {namespace}",
    _VOLUME: "correct what the warnings say about the volume",
    "restarts allow": "correct what ends the pods, or raise gpuPools.{pool}.restarts in the chart's values",
    "CreateContainerConfigError": "create what is missing in namespace {namespace}, or correct gpuPools.{pool}.env",
    "Image|RegistryUnavailable": "correct gpuPools.{pool}.image, image.registry or image.pullSecrets in the chart's "
    "values",
}
_ERROR = re.compile(r"^(?:\[[^]]*]:? ?)?error: ")


def explain(request: JobRequest, ended: Ended, api: Api) -> CodekilnError:
    """Return the error for a job that did not complete: InputError where the job says that the user can correct it."""
    kind = KINDS[request.pool.api]
    found = endings(last_attempt(kind, ended.pods)) or endings(ended.pods)
    first = found[0] if found else None
    tail = _tail(api, kind, ended, first)
    deadline = kind.deadline in ended.reason
    mistake = next((each for each in found if each.code == MISTAKE), None)
    if mistake and not ended.alive and not deadline:
        return _mistake(request, kind, api, _tail(api, kind, ended, mistake), mistake)
    warned = warnings(api, ended.job, ended.pods)
    parts = [
        f"{kind.kind} {request.name} of step '{request.step}' on pool '{request.pool_name}' failed: {ended.reason}",
        *([_deadline(request)] if deadline else []),
        *(_given_up(request, ended, warned, api.namespace) if ended.alive else []),
        *(f"  {each}" for each in found[:5]),
        *(f"  exit code {_MEANS[code]}" for code in _codes(found)),
        *_block("last lines of its log", tail),
        *_block("warnings of the cluster", warned[-10:]),
        *_block("to look further", commands(request, kind, api.namespace, first.pod if first else "")),
    ]
    return ClusterError("\n".join(parts))


def commands(request: JobRequest, kind: Kind, namespace: str, pod: str) -> list[str]:
    """Return the commands that show more about a job; ``pod`` is a pod of it, or an empty string."""
    kubectl, pods = f"kubectl -n {namespace}", f"-l {kind.job_label}={request.name}"
    which = pod or pods
    return [
        f"{kubectl} describe {kind.kind.lower()} {request.name}",
        f"{kubectl} get pods {pods} -o wide",
        f"{kubectl} logs {which} -c {kind.container} --tail=200",
        f"{kubectl} logs {which} -c {kind.container} --previous",
        f"{kubectl} get events --sort-by=.lastTimestamp --field-selector involvedObject.name={pod or request.name}",
    ]


def _mistake(request: JobRequest, kind: Kind, api: Api, tail: list[str], ending: Ending) -> InputError:
    what, fix = _said(tail), ""
    if what.count("\n  fix: ") == 1:
        what, _, fix = what.partition("\n  fix: ")
    log = f"kubectl -n {api.namespace} logs {ending.pod} -c {kind.container}"
    return InputError(
        what or "\n".join(["the job ended with exit code 2; its last lines:", *tail]),
        where=f"job {request.name} of step '{request.step}'",
        fix=fix or f"correct what the job's log says: {log}",
    )


def _said(tail: list[str]) -> str:
    """Return the last error that the job has printed: the worker repeats it at the very end."""
    starts = [number for number, line in enumerate(tail) if _ERROR.match(line)]
    return "\n".join([_ERROR.sub("", tail[starts[-1]]), *tail[starts[-1] + 1 :]]) if starts else ""


def _codes(found: list[Ending]) -> list[int]:
    return [code for code in _MEANS if any(each.code == code for each in found)]


def _deadline(request: JobRequest) -> str:
    setting = f"gpuPools.{request.pool_name}.deadlineSeconds"
    return (
        f"  it ran longer than {setting} in the chart's values allows ({request.pool.deadline_seconds} s)\n"
        f"  fix: raise it, or run the step again to continue from the last checkpoint"
    )


def _given_up(request: JobRequest, ended: Ended, warned: list[str], namespace: str) -> list[str]:
    # Warnings about a volume outlast its arrival, so that they count only where it is what is missing.
    lines = [ended.reason, *(warned if re.search(_VOLUME, ended.reason) else ())]
    for pattern, fix in _FIXES.items():
        if any(re.search(pattern, line) for line in lines):
            text = fix.format(namespace=namespace, pool=request.pool_name)
            return [f"  fix: {text}; then run the step again"]
    return []


def _tail(api: Api, kind: Kind, ended: Ended, ending: Ending | None) -> list[str]:
    names = {pod["metadata"]["name"]: pod for pod in ended.pods}
    pod = names.get(ending.pod) if ending else None
    if pod is not None and not _followed(kind, pod, ended):
        try:
            return api.log(ending.pod, {"container": kind.container, "tailLines": TAIL}) if ending else []
        except (Refused, Trouble):
            return [*ended.tail]
    return [*ended.tail]


def _followed(kind: Kind, pod: Object, ended: Ended) -> bool:
    return kind.is_first(pod) and bool(ended.tail)


def _block(title: str, lines: list[str]) -> list[str]:
    return [f"  {title}:", *(f"    {line}" for line in lines)] if lines else []
