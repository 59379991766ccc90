"""The error for a failed job: terminations, exit codes, log, the cluster's warnings, and commands that show more."""

import re

from codekiln.data.text import lines_of
from codekiln.errors import LINES, ClusterError, CodekilnError, InputError
from codekiln.launch import exit_codes
from codekiln.launch.cluster.api import ApiUnavailable, ClusterApi, RequestRefused
from codekiln.launch.cluster.events import warnings
from codekiln.launch.cluster.job_kinds import JOB_KINDS, JobKind, Object
from codekiln.launch.cluster.logs import TAIL
from codekiln.launch.cluster.monitor import DELETED, JobOutcome
from codekiln.launch.cluster.request import JobRequest
from codekiln.launch.cluster.status import Termination, failed_terminations, last_attempt

# What an exit code means, where it is not an error of the program itself.
_EXIT_CODES = {
    exit_codes.USER_ERROR: "2: something that the user has to correct; the job's log says what",
    exit_codes.SIGTERM: "143: it was asked to end (SIGTERM) and saved a checkpoint; run the step again to continue "
    "from it",
    137: "137: it was killed (SIGKILL), as a rule because it used more memory than its limit",
}
_WARNINGS = 4
_VOLUME = "FailedMount|FailedAttachVolume|[Pp]ersistent[Vv]olume[Cc]laim"
# Fixes for a job that was given up, by a pattern in the cluster's messages about it; the first match counts.
_FIXES = {
    "Multi-Attach": "give storage.sharedVolume in the chart's values a storage class with ReadWriteMany, or let steps "
    "and jobs run on one node",
    f"({_VOLUME}).*(not found|non-existent)": "create what is missing in namespace {namespace}",
    _VOLUME: "correct what the warnings say about the volume",
    "PodSecurity|security context constraint": "correct the security contexts of the pool's runtime and what the task "
    "sets (the chart's own runtimes pass `restricted`), or the label pod-security.kubernetes.io/enforce of namespace "
    "{namespace}",
    "exceeded quota": "raise the ResourceQuota of namespace {namespace}, or lower what gpuPools.{pool} asks for",
    "Queue .* (doesn't exist|is terminating or missing)": "create the queue again, or correct gpuPools.{pool}.queue in "
    "the chart's values",
    "pods cannot be created": "correct what the message names, in gpuPools.{pool}, in the task or in namespace "
    "{namespace}",
    "restarts allow": "correct what ends the pods, or raise gpuPools.{pool}.restarts in the chart's values",
    "CreateContainerConfigError": "create what is missing in namespace {namespace}, or correct gpuPools.{pool}.env",
    "Image|RegistryUnavailable": "correct gpuPools.{pool}.image, image.registry or image.pullSecrets in the chart's "
    "values",
}
_ERROR = re.compile(r"^(?:\[[^]]*]:? ?)?error: ")


def failure_error(request: JobRequest, outcome: JobOutcome, api: ClusterApi) -> CodekilnError:
    """Return the error for a job that did not complete; an InputError where it ended over a mistake of the user."""
    kind = JOB_KINDS[request.pool.api]
    found = failed_terminations(last_attempt(kind, outcome.pods)) or failed_terminations(outcome.pods)
    first = found[0] if found else None
    tail = _tail(api, kind, outcome, first)
    deadline = kind.deadline in outcome.reason
    user_error = next((each for each in found if each.code == exit_codes.USER_ERROR), None)
    if user_error and not outcome.alive and not deadline:
        return _user_error(request, kind, api, _tail(api, kind, outcome, user_error), user_error)
    messages = warnings(api, outcome.job, outcome.pods)
    first_lines = [
        f"{kind.kind} {request.name} of step '{request.step}' on pool '{request.pool_name}' failed: {outcome.reason}",
        *([_deadline(request)] if deadline else []),
        *(_given_up(request, outcome, messages, api.namespace) if outcome.alive else []),
        *(_deleted(request, kind) if outcome.reason == DELETED else []),
        *(f"  {each}" for each in found[:5]),
        *(f"  exit code {_EXIT_CODES[code]}" for code in _codes(found)),
    ]
    last_lines = [
        *_block("warnings of the cluster", messages[-_WARNINGS:]),
        *_block("to look further", _commands(request, kind, outcome, api.namespace, first.pod if first else "")),
    ]
    # The commands show more of both than a message has room for.
    room = max(1, LINES - len(lines_of("\n".join([*first_lines, *last_lines]))) - 1)
    return ClusterError("\n".join([*first_lines, *_block("last lines of its log", tail[-room:]), *last_lines]))


def failure_sentence(outcome: JobOutcome, error: CodekilnError) -> str:
    """Return one sentence for an event: reason, exit codes and fix, and nothing of the job's log.

    Args:
        outcome: How the job ended, or why it was given up.
        error: Its `failure_error`.
    """
    ended = [f"pod {each.pod}: {each.cause}" for each in failed_terminations(outcome.pods)[:2]]
    if isinstance(error, InputError):
        # What to correct is in the log, which fewer people may read than events.
        return "; ".join((outcome.reason, *ended, "something that the user has to correct, as its log says"))
    fixes = [line.strip() for line in str(error).split("\n") if line.startswith("  fix: ")]
    return "; ".join((outcome.reason, *ended, *fixes[:1]))


def kubectl_commands(request: JobRequest, kind: JobKind, namespace: str, pod: str) -> list[str]:
    """Return the ``kubectl`` commands that show more about a job; ``pod`` is a pod of it, or an empty string."""
    kubectl, pods = f"kubectl -n {namespace}", f"-l {kind.job_label}={request.name}"
    which = pod or pods
    return [
        f"{kubectl} describe {kind.kind.lower()} {request.name}",
        f"{kubectl} get pods {pods} -o wide",
        f"{kubectl} logs {which} -c {kind.container} --tail=200",
        f"{kubectl} logs {which} -c {kind.container} --previous",
        f"{kubectl} get events --sort-by=.lastTimestamp --field-selector involvedObject.name={pod or request.name}",
    ]


def _commands(request: JobRequest, kind: JobKind, outcome: JobOutcome, namespace: str, pod: str) -> list[str]:
    found = kubectl_commands(request, kind, namespace, pod)
    # Of a job that is deleted, as this step does with one that it gives up, nothing is left but the events.
    return found[-1:] if outcome.alive or outcome.reason == DELETED else found


def _user_error(
    request: JobRequest, kind: JobKind, api: ClusterApi, tail: list[str], termination: Termination
) -> InputError:
    what, fix = _last_error(tail), ""
    # Several errors have a fix each, which have to stay with them.
    if what.count("\n  fix: ") == 1:
        what, _, fix = what.partition("\n  fix: ")
    log = f"kubectl -n {api.namespace} logs {termination.pod} -c {kind.container}"
    return InputError(
        what or "\n".join(["the job ended with exit code 2; its last lines:", *tail]),
        where=f"job {request.name} of step '{request.step}'",
        fix=fix or f"correct what the job's log says: {log}",
    )


def _last_error(tail: list[str]) -> str:
    """Return the last error that the job printed: the worker prints it as its very last lines."""
    starts = [number for number, line in enumerate(tail) if _ERROR.match(line)]
    return "\n".join([_ERROR.sub("", tail[starts[-1]]), *tail[starts[-1] + 1 :]]) if starts else ""


def _codes(found: list[Termination]) -> list[int]:
    return [code for code in _EXIT_CODES if any(each.code == code for each in found)]


def _deadline(request: JobRequest) -> str:
    setting = f"gpuPools.{request.pool_name}.deadlineSeconds"
    return (
        f"  it ran longer than {setting} in the chart's values allows ({request.pool.deadline_seconds} s)\n"
        f"  fix: raise it, or run the step again to continue from the last checkpoint"
    )


def _deleted(request: JobRequest, kind: JobKind) -> list[str]:
    return [
        f"  fix: run the step again, which continues from the last checkpoint; if it is deleted again, find out by "
        f"whom: the API server's audit log names who deletes {kind.plural}.{kind.group} of name {request.name}"
    ]


def _given_up(request: JobRequest, outcome: JobOutcome, messages: list[str], namespace: str) -> list[str]:
    # Warnings about a volume outlast its arrival, so they count only where the job was given up for a volume.
    lines = [outcome.reason, *(messages if re.search(_VOLUME, outcome.reason) else ())]
    for pattern, fix in _FIXES.items():
        if any(re.search(pattern, line) for line in lines):
            text = fix.format(namespace=namespace, pool=request.pool_name)
            return [f"  fix: {text}; then run the step again"]
    return []


def _tail(api: ClusterApi, kind: JobKind, outcome: JobOutcome, termination: Termination | None) -> list[str]:
    """Return the last lines of the pod that failed, which need not be that of rank 0 whose log was followed."""
    pods = {pod["metadata"]["name"]: pod for pod in outcome.pods}
    if termination is None or termination.pod not in pods or _was_followed(kind, pods[termination.pod], outcome):
        return [*outcome.tail]
    try:
        return api.read_log(termination.pod, {"container": kind.container, "tailLines": TAIL})
    except (RequestRefused, ApiUnavailable):
        return [*outcome.tail]


def _was_followed(kind: JobKind, pod: Object, outcome: JobOutcome) -> bool:
    return kind.is_rank_zero(pod) and bool(outcome.tail)


def _block(title: str, lines: list[str]) -> list[str]:
    return [f"  {title}:", *(f"    {line}" for line in lines)] if lines else []
