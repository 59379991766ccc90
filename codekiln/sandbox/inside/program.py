"""The forked child: runs the program, evaluates plain calls in one go, and then answers the tester's questions.

The program shares this interpreter, so nothing here is hidden from it, and nothing is decided here: expected values are
not in this process. Whatever a program makes this code report counts as its answer only.
"""

import atexit
import builtins
import gc
import marshal
import os
import sys
import types

from codekiln.sandbox.inside.answering import ProgramExchange, Relay, send, serve
from codekiln.sandbox.inside.channel import read_frame, write_frame
from codekiln.sandbox.inside.exceptions import FILE, count_lines_after, describe
from codekiln.sandbox.inside.plain_values import Foreign, dumps, write
from codekiln.sandbox.inside.shared_classes import SharedClasses

# For type checkers, which take this name for true: the confined process imports nothing for types.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

    from codekiln.sandbox.inside.messages import CallPlan, RunMessage

    Namespace = dict[str, Any]

# Bound now, because a program may replace the attributes of these modules.
_exit, _exit_functions, _collect = os._exit, atexit._run_exitfuncs, gc.collect
MODULE = "program"
"""Name of the program's module when its functions are called: a main guard does not run then."""
_BUILTINS = frozenset(vars(builtins))
RESULT_FORMAT = 2
"""Version of marshal without references: equal values of built-in types give equal bytes, but for sets and dicts."""
_marshal, _unmarshal = marshal.dumps, marshal.loads


def run(channel: int, job: "RunMessage", plan: "CallPlan") -> "NoReturn":
    """Run one program; never returns.

    Args:
        channel: The program's end of the socket to the tester.
        job: The program and its limits; with ``stdin`` it is run as a script and nothing is called.
        plan: What is called.
    """
    is_script = job["stdin"] is not None
    namespace = _namespace("__main__" if is_script else MODULE)
    if plan["observed"]:
        # Without a seed two runs may differ, which is part of what is observed; the server's numbers are equal for all.
        sys.modules["random"].seed(plan["random_seed"])
        if plan["random_seed"] is not None:
            vars(sys.modules["time"])["sleep"] = lambda seconds: None
    # Looked up now, because a program may replace what is in a module; the server has imported it.
    sha256 = sys.modules["hashlib"].sha256 if plan["digests"] else None
    count_lines_after(job["given_lines"])
    code = _compile(channel, job["program"])
    _match_recursion_limit()
    if is_script:
        sys.stdin = vars(sys)["__stdin__"] = open(0, encoding="utf-8", errors="surrogateescape", closefd=False)  # noqa: SIM115
        _run_as_script(channel, code, namespace)
    relays = {}
    if plan["relays"]:
        relays = {"printed": Relay(), "warned": Relay()}
        sys.stdout, sys.stderr = relays.values()
    _load(channel, code, namespace)
    classes, derived = _define_shared(plan, namespace)
    if plan["setup"] is not None:
        _load(channel, plan["setup"], namespace)
    limit = job["limits"]["output_kb"] << 10
    redefined = any(name in namespace and name in _BUILTINS for name in plan["names"])
    if plan["observed"]:
        _show_results(channel, plan, namespace, limit + plan["more_output"])
    elif plan["in_one_go"] and not redefined:
        _call_in_one_go(channel, plan, namespace, classes, limit, sha256)
    else:
        _answer_questions(channel, plan, namespace, classes, derived, relays)
    _wait_for_threads()
    _exit(0)


def rehearse() -> None:
    """Run a small program several times as `run` does; the fork server does this once, for all programs.

    The compiler makes its classes when it is used for the first time, and the interpreter specialises code in place
    while that runs for the first times (PEP 659): what is done here, no child does again in copies of its own.
    """
    known = sys.modules.copy()
    plan: CallPlan = {
        "calls": tuple((None, compile(call, "<test>", "eval")) for call in _REHEARSED_CALLS), "called": ("f",),
        "names": ("f",), "in_one_go": True, "shared": (), "classes": (), "setup": None, "entry_point": "f",
        "observed": False, "relays": False, "more_output": 0, "digests": False,
        "random_seed": None,
    }  # fmt: skip
    answers, channel = os.pipe()
    for _ in range(_REHEARSALS):
        namespace = _namespace(MODULE)
        _load(channel, _compile(channel, _REHEARSED), namespace)
        classes, _derived = _define_shared(plan, namespace)
        _call_in_one_go(channel, plan, namespace, classes, 1 << 10, None)
        read_frame(answers)
    os.close(answers)
    os.close(channel)
    sys.modules.clear()
    sys.modules.update(known)


_REHEARSALS = 16
_REHEARSED = """
from typing import List
def f(numbers: List[int], word: str = "") -> int:
    \"\"\"Return a sum.\"\"\"
    total, seen = 0, {}
    for place, number in enumerate(numbers):
        if number > 1 and place % 2 == 0 or word[place:]:
            total += number
        seen[number] = seen.get(number, 0) + 1
    return total + max([len(part) for part in word.split()] + sorted(seen.values()))
"""
_REHEARSED_CALLS = ("f([1, 2, 3], 'a bc')", "[f([1]) + 0.5, 'a', None, True]", "(f([1]), {'a': 1})", "f(None)")


def _namespace(name: str) -> "Namespace":
    module = types.ModuleType(name)
    namespace = module.__dict__
    namespace["__builtins__"] = builtins
    namespace["__file__"] = FILE
    sys.modules["__main__"] = sys.modules[name] = module
    return namespace


def _compile(channel: int, program: str) -> types.CodeType:
    report: list[Any]
    try:
        # A byte order mark is part of a file's encoding, not of the program.
        return compile(program.removeprefix("\ufeff"), FILE, "exec", dont_inherit=True)
    except MemoryError:
        report = ["raised", "MemoryError", "while compiling", 0]
    except (SyntaxError, ValueError, RecursionError, OverflowError) as error:
        report = ["invalid", *describe(error)]
    _report(channel, report)
    return _exit(0)


def _match_recursion_limit() -> None:
    depth = 0
    frame: types.FrameType | None = sys._getframe(1)
    while frame is not None:
        depth, frame = depth + 1, frame.f_back
    sys.setrecursionlimit(1000 + depth)


def _load(channel: int, code: types.CodeType, namespace: "Namespace") -> None:
    try:
        exec(code, namespace)
    except BaseException as error:
        _report(channel, ["raised", *describe(error)])
        _exit(0)


def _define_shared(plan: "CallPlan", namespace: "Namespace") -> "tuple[SharedClasses, tuple[str, ...]]":
    """Execute the imports and classes of the setup, which program and tests share.

    Returns:
        The classes, and the names of those that are only the program's, because they derive from its classes.
    """
    for code in plan["shared"]:
        try:
            exec(code, namespace)
        except BaseException:
            continue  # needs names that only the tests have; the program that uses it raises NameError
    kinds = [namespace[name] for name in plan["classes"] if isinstance(namespace.get(name), type)]
    derived = tuple(kind.__name__ for kind in kinds if any(_is_own(base, kinds) for base in kind.__mro__))
    return SharedClasses(tuple(name for name in plan["classes"] if name not in derived), namespace), derived


def _is_own(kind: type, of_setup: "list[type]") -> bool:
    return kind.__module__ in (MODULE, "__main__") and all(kind is not other for other in of_setup)


def _run_as_script(channel: int, code: types.CodeType, namespace: "Namespace") -> "NoReturn":
    status = 0
    try:
        exec(code, namespace)
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else int(error.code is not None)
        _report(channel, ["loaded"])
    except BaseException as error:
        _report(channel, ["raised", *describe(error)])
        status = 1
    else:
        _report(channel, ["loaded"])
    _wait_for_threads()
    _exit_functions()
    # Files that the program left open write what they hold when they are destroyed.
    namespace.clear()
    _collect()
    if not _flush():
        status = status or 120
    _exit(status & 255)


def _call_in_one_go(
    channel: int, plan: "CallPlan", namespace: "Namespace", classes: SharedClasses, limit: int, sha256: "Any"
) -> None:
    """Evaluate all calls and send the results as lines of one message; then answer questions about objects."""
    exchange = ProgramExchange(classes, channel)
    exchange.shares_containers = False
    results: list[str | bytes] = []
    size = 0
    for name, code in plan["calls"]:
        result = _call(name, code, namespace, exchange, plan["digests"])
        results.append(result)
        size += len(result)
        if size > limit + plan["more_output"]:
            _report(channel, ["large"])
            _exit(0)
    if sha256 is not None and all(type(result) is bytes for result in results):
        _report(channel, ["digest", sha256(b"".join(results)).hexdigest()])  # type: ignore[arg-type]
        if read_frame(channel) is None:
            return
    for index, result in enumerate(results):  # in place: large results must not be in memory more often than needed
        line = "v" + dumps(write(_unmarshal(result), exchange)) if isinstance(result, bytes) else result
        results[index] = line.encode("utf-8", "surrogatepass")
    _send_lines(channel, plan, namespace, exchange, results)  # type: ignore[arg-type]


def _show_results(channel: int, plan: "CallPlan", namespace: "Namespace", limit: int) -> None:
    """Evaluate calls and send each result at once: those before a hang or a crash count."""
    write_frame(channel, b'["loaded"]')
    names = Foreign()
    for name, code in plan["calls"]:
        line = _call(name, code, namespace, names, False)
        data = line if isinstance(line, bytes) else line.encode("utf-8", "surrogatepass")
        limit -= len(data)
        if limit < 0:
            _report(channel, ["large"])
            _exit(0)
        write_frame(channel, data)


def _send_lines(
    channel: int, plan: "CallPlan", namespace: "Namespace", exchange: ProgramExchange, lines: list[bytes]
) -> None:
    head: list[Any] = ["loaded"]
    if exchange.wrote_object:
        called = {name: namespace.get(name) for name in plan["called"]}
        named = [exchange.class_number(kind) for kind in called.values() if isinstance(kind, type)]
        head += [list(exchange.new_classes.items()), named]
    exchange.new_classes = {}
    write_frame(channel, b"\n".join([dumps(head).encode("utf-8", "surrogatepass"), *lines]))
    if exchange.wrote_object:
        serve(exchange)


def _call(
    name: "str | None",
    code: "types.CodeType | str | list[Any]",
    namespace: "Namespace",
    foreign: Foreign,
    for_digest: bool,
) -> str | bytes:
    """Return the line of a result; or, for a digest, the bytes that marshal makes of a plain value."""
    try:
        if name is not None and name not in namespace:
            raise NameError(f"name {name!r} is not defined")
        result = namespace[name or ""](*code) if isinstance(code, list) else eval(code, namespace)
        if for_digest:
            try:
                return _marshal(result, RESULT_FORMAT)
            except ValueError:
                pass  # not only built-in types
        return "v" + dumps(write(result, foreign))
    except BaseException as error:
        return "x" + dumps(describe(error))


def _answer_questions(
    channel: int,
    plan: "CallPlan",
    namespace: "Namespace",
    classes: SharedClasses,
    derived: "tuple[str, ...]",
    relays: "dict[str, Relay]",
) -> None:
    exchange = ProgramExchange(classes, channel)
    shared = set(plan["classes"])
    names = (*(name for name in plan["names"] if name not in shared), *derived)
    found = {name: namespace[name] for name in names if name in namespace}
    entry = plan["entry_point"]
    loaded = [
        [name, {"object": [exchange.number_of(value), exchange.class_number(type(value))]}
         if name == entry and not isinstance(value, type) else write(value, exchange)]
        for name, value in found.items()
    ]  # fmt: skip
    exchange.relays = relays
    send(exchange, {"loaded": loaded})
    serve(exchange)


def _report(channel: int, message: "list[Any]") -> None:
    write_frame(channel, dumps(message).encode("utf-8", "surrogatepass"))


def _wait_for_threads() -> None:
    """Wait for threads, as a plain interpreter does before it ends."""
    threading = sys.modules.get("threading")
    if threading is not None and len(getattr(threading, "_active", ())) > 1:
        vars(threading)["_shutdown"]()


def _flush() -> bool:
    """Write what standard output still holds, as an interpreter does at its end; return whether that worked."""
    try:
        for stream in (sys.stdout, sys.__stdout__):
            if stream is not None and not stream.closed:
                stream.flush()
    except BaseException:
        return False
    return True
