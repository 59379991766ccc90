"""One module reads text files and splits texts into lines; elsewhere the built-in ways are traps."""

import ast
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "codekiln"
# These run in the sandbox with the standard library alone, on text that codekiln made itself.
INSIDE = PACKAGE / "sandbox" / "inside"
TEXT = PACKAGE / "data" / "text.py"
# It stands below `data`, and reads the TOML files of plug-ins.
PLUGINS = PACKAGE / "plugins.py"


def calls_of(method: str, *allowed: Path) -> list[str]:
    return [
        f"{path.relative_to(PACKAGE)}:{node.lineno}: {ast.unparse(node)}"
        for path in sorted(PACKAGE.rglob("*.py"))
        if INSIDE not in path.parents and path not in allowed
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == method
    ]


def test_no_text_is_split_where_python_and_json_do_not_end_a_line():
    assert calls_of("splitlines", TEXT) == []


def test_files_of_users_are_read_by_one_function():
    assert [call for call in calls_of("read_text", TEXT, PLUGINS) if "utf-8-sig" in call] == []
