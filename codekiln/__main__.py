"""``python -m codekiln`` is the command line."""

from codekiln.cli import main

main(prog_name="codekiln")
