"""Functions of the standard library that, in tests, leave objects of the program to the program.

They look beneath an object, where a stand-in has nothing: ``dataclasses.asdict``, ``inspect.signature``, and
``asyncio``, whose coroutines need the program's own event loop.
"""

from codekiln.sandbox.inside import proxies

# For type checkers, which take this name for true: the confined process imports nothing for types.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from codekiln.sandbox.inside.session import Session

FUNCTIONS = {
    "dataclasses": ("asdict", "astuple", "fields", "replace"),
    "inspect": ("signature", "getfullargspec", "isfunction", "isgeneratorfunction", "iscoroutinefunction", "getdoc"),
    "typing": ("get_type_hints",),
    "asyncio": (),
    "random": (),
}
"""By module; of the last two other functions are replaced."""


def substitute(session: "Session", modules: "Sequence[str]") -> None:
    """Replace the functions of the modules that a problem's tests mention."""
    for name in modules:
        module: Any = __import__(name)
        for function in FUNCTIONS[name]:
            setattr(module, function, _forwarding(session, name, function, getattr(module, function)))
        if name == "asyncio":
            _leave_coroutines(session, module)
        elif name == "random":
            _pass_seeds(session, module)


def _forwarding(session: "Session", module: str, name: str, plain: "Callable[..., Any]") -> "Callable[..., Any]":
    def forward(value: "Any", /, *rest: "Any", **named: "Any") -> "Any":
        if proxies.is_remote(value):
            return session.ask("library", module, name, value, *rest, **named)
        return plain(value, *rest, **named)

    return forward


def _leave_coroutines(session: "Session", asyncio: "Any") -> None:
    run, create_task = asyncio.run, asyncio.BaseEventLoop.create_task

    async def wait(coroutine: "Any") -> "Any":
        return await coroutine

    def run_coroutine(main: "Any", **options: "Any") -> "Any":
        return session.ask("run", main) if proxies.is_remote(main) else run(main, **options)

    def create(loop: "Any", coroutine: "Any", **options: "Any") -> "Any":
        return create_task(loop, wait(coroutine) if proxies.is_remote(coroutine) else coroutine, **options)

    asyncio.run = run_coroutine
    asyncio.BaseEventLoop.create_task = create


def _pass_seeds(session: "Session", random: "Any") -> None:
    """Have a seed that a test sets hold for the program, too, as in one process."""
    plain = random.seed

    def seed(*arguments: "Any", **named: "Any") -> None:
        plain(*arguments, **named)
        session.seed = [*arguments, *named.values()]

    random.seed = seed
