"""``python -m codekiln`` and the command ``codekiln`` are the command line."""

import signal


def start() -> None:
    """Run the command line; Ctrl-C while it is loaded ends the process as it ends one that is not Python's."""
    handler = signal.getsignal(signal.SIGINT)
    if handler is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from codekiln.cli import main

    signal.signal(signal.SIGINT, handler)
    main(prog_name="codekiln")


if __name__ == "__main__":
    start()
