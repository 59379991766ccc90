"""What a command says when Ctrl-C ends it: how to go on, in one line."""

import signal
from collections.abc import Mapping, Sequence

_KEEPS = "the same command goes on with what is done"
_AGAIN: Mapping[str, str] = {
    "check": "nothing was trained or sampled; give the same command again",
    "compare": _KEEPS,
    "exercise": "nothing was written; give the same command again",
    "export": "nothing is left of the export; give the same command again",
    "grade": _KEEPS,
    "harden": _KEEPS,
    "judge": "repeat the command to continue",
    "plan": "nothing was changed; give the same command again",
    "promote": "give the same command again: it completes what it has begun",
    "run": "repeat the command to continue",
    "serve": "nothing is served any more",
    "stage": "the same command goes on; training from its last checkpoint",
    "submit": "what was submitted goes on without this command",
    "validate": "nothing was changed; give the same command again",
    "verify": "nothing was changed; give the same command again",
}


def interrupted(command: str, words: Sequence[str]) -> str:
    """Return the line for a command and what was given to it."""
    has_output = any(word.startswith(("--out", "-o")) for word in words)
    if command == "generate":
        again = _KEEPS if has_output else "nothing was kept: with --output the same command would go on"
    elif command == "compare" and not has_output:
        again = "nothing was changed; give the same command again"
    else:
        again = _AGAIN.get(command, "give the same command again")
    return f"stopped; {again}"


def end_at_once() -> None:
    """Let a further Ctrl-C end this process at once: what there is to keep is kept."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
