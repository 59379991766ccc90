"""The forked child: loads the program, evaluates the steps of the tests, and reports each result.

The program shares this interpreter, so nothing here is hidden from it, and nothing is decided here: expected values are
not in this process. Whatever a program makes this code report counts as its answer only.
"""

import atexit
import builtins
import io
import os
import sys
import threading
import types

from codekiln.sandbox.inside.plain_values import dumps, encode

# For type checkers, which take this name for true: the confined process imports nothing for types.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from codekiln.sandbox.inside.messages import Step

    Namespace = dict[str, object]

FILE = "<program>"
_OPAQUE = '{"opaque": '
# Bound now, because a program may replace the attributes of these modules. threading._shutdown is private.
_write, _exit, _exit_functions = os.write, os._exit, atexit._run_exitfuncs
_shutdown = vars(threading)["_shutdown"]
_NAME = type.__dict__["__name__"].__get__


class Channel:
    """Writes one JSON line per message, each led by the nonce of this run."""

    def __init__(self, handle: int, nonce: str, limit: int) -> None:
        self._handle, self._nonce, self._limit = handle, nonce.encode(), limit

    def send(self, *message: object) -> None:
        """Write one message; a message beyond the limit is replaced by its first word and ``large``."""
        text = dumps(message).encode()
        if len(text) > self._limit:
            text = dumps(["large"]).encode()
        data = memoryview(self._nonce + b" " + text + b"\n")
        while data:
            data = data[_write(self._handle, data) :]


def run(channel: Channel, mode: str, program: str, setup: types.CodeType | None, steps: "tuple[Step, ...]") -> None:
    """Run ``program`` as ``__main__`` and then the steps; never returns.

    Args:
        channel: Where results are reported.
        mode: ``calls`` evaluates the steps in the program's namespace; ``stdin`` has none and exits as a script does.
        program: Source text.
        setup: Code to execute after the program, or None.
        steps: See `codekiln.sandbox.inside.messages.Step`.
    """
    namespace = _main_namespace()
    code = _compile(channel, program)
    _match_recursion_limit()
    if mode == "stdin":
        _run_as_script(channel, code, namespace)
    for piece in (code, setup):
        if piece is not None and not _load(channel, piece, namespace):
            _exit(0)
    channel.send("loaded")
    for index, (kind, step) in enumerate(steps):
        _STEPS[kind](channel, index, step, namespace)
    _shutdown()  # a plain interpreter waits for threads too
    channel.send("done")
    _exit(0)


def _main_namespace() -> "Namespace":
    module = types.ModuleType("__main__")
    vars(module)["__builtins__"] = builtins
    for name in [name for name in sys.modules if name.split(".")[0] == "codekiln"]:
        del sys.modules[name]
    sys.modules["__main__"] = module
    return module.__dict__


def _compile(channel: Channel, program: str) -> types.CodeType:
    try:
        return compile(program, FILE, "exec", dont_inherit=True)
    except MemoryError:
        channel.send("raised", "MemoryError", "while compiling", 0)
    except (SyntaxError, ValueError, RecursionError, OverflowError) as error:
        channel.send("invalid", *_describe(error))
    return _exit(0)


def _match_recursion_limit() -> None:
    depth = 0
    frame: types.FrameType | None = sys._getframe(1)
    while frame is not None:
        depth, frame = depth + 1, frame.f_back
    sys.setrecursionlimit(1000 + depth)


def _load(channel: Channel, code: types.CodeType, namespace: "Namespace") -> bool:
    try:
        exec(code, namespace)
    except BaseException as error:
        channel.send("raised", *_describe(error))
        return False
    return True


def _run_as_script(channel: Channel, code: types.CodeType, namespace: "Namespace") -> None:
    status = 0
    try:
        exec(code, namespace)
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else int(error.code is not None)
    except BaseException as error:
        channel.send("raised", *_describe(error))
        status = 1
    _shutdown()
    _exit_functions()
    sys.stdout.flush()
    channel.send("done")
    _exit(status & 255)


def _value(channel: Channel, index: int, code: types.CodeType, namespace: "Namespace") -> None:
    try:
        result = encode(eval(code, namespace))
    except BaseException as error:
        channel.send("step", index, "raised", *_describe(error))
    else:
        channel.send("step", index, "value", result)


def _pair(channel: Channel, index: int, code: types.CodeType, namespace: "Namespace") -> None:
    """Send two results, and whether they are equal: two objects that are not plain data can be compared here only."""
    try:
        left, right = eval(code, namespace)
        both = encode(left), encode(right)
        opaque = [_OPAQUE in dumps(side) for side in both]
        same = all(opaque) and bool(left == right)
        shown = [{"opaque": "object"} if hidden else side for side, hidden in zip(both, opaque, strict=True)]
    except BaseException as error:
        channel.send("step", index, "raised", *_describe(error))
    else:
        channel.send("step", index, "pair", *shown, same)


def _block(channel: Channel, index: int, code: types.CodeType, namespace: "Namespace") -> None:
    try:
        exec(code, namespace)
    except BaseException as error:
        channel.send("step", index, "raised", *_describe(error))
    else:
        channel.send("step", index, "value", True)


def _example(channel: Channel, index: int, code: types.CodeType, namespace: "Namespace") -> None:
    printed, before = io.StringIO(), sys.stdout
    sys.stdout = printed
    raised = None
    try:
        exec(code, namespace)
    except BaseException as error:
        raised = _describe(error)
    sys.stdout = before
    channel.send("step", index, "example", encode(io.StringIO.getvalue(printed)), raised)


_STEPS = {"value": _value, "pair": _pair, "block": _block, "example": _example}


def _describe(error: BaseException) -> tuple[str, str, int]:
    """Return type name, message and the line of the program where it was raised (0 when outside it)."""
    try:
        text = str(error)
    except BaseException:
        text = "(its message raises)"
    if isinstance(error, SyntaxError):
        return *_describe_type(_NAME(type(error)), error.msg), error.lineno or 0
    line, step = 0, error.__traceback__
    while step is not None:
        line = step.tb_lineno if step.tb_frame.f_code.co_filename == FILE else line
        step = step.tb_next
    return *_describe_type(_NAME(type(error)), text), line


def _describe_type(name: str, text: str = "") -> tuple[str, str]:
    return name[:80], str.encode(text[:300], "ascii", "backslashreplace").decode()
