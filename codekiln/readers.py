"""Read problems and samples in the formats people have: MBPP, sanitized MBPP, HumanEval, EvalPlus samples, own rows."""

import ast
import builtins
import gzip
import hashlib
import json
import re
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from codekiln.dataset import validation_errors
from codekiln.errors import InputError, InputErrors, did_you_mean
from codekiln.records import Problem, Sample

_HUB_ID = re.compile(r"(?P<name>[\w.-]+/[\w.-]+)(:(?P<config>[\w.-]+))?")
_FIX = "correct or remove the row"
Row = tuple[str, Any]  # where it is, what it says


class _Foreign(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)


class _Mbpp(_Foreign):
    task_id: int | str
    text: str
    code: str
    test_list: list[str] = Field(min_length=1)
    test_setup_code: str = ""
    challenge_test_list: list[str] = []


class _SanitizedMbpp(_Foreign):
    task_id: int | str
    prompt: str
    code: str
    test_list: list[str] = Field(min_length=1)
    test_imports: list[str] = []


class _HumanEval(_Foreign):
    task_id: str
    prompt: str
    entry_point: str
    canonical_solution: str
    test: str


def read_problems(source: str, format: str | None = None, show: int = 1) -> list[Problem]:
    """Read the problems of a file (.jsonl, .json, either with .gz) or of a data set on the Hub.

    Args:
        source: A path, or a Hub id such as ``google-research-datasets/mbpp``, with ``:config`` when it has several.
        format: ``mbpp``, ``sanitized-mbpp``, ``humaneval`` or ``plain``; by default told from the first row's fields.
        show: How many of MBPP's tests the prompt shows; the others are hidden and grade. 0 hides all.

    Raises:
        InputError: The source cannot be read, or its format is not known.
        InputErrors: Rows are malformed, each located as ``file:line.field``.
    """
    rows = _rows(str(source), format)
    chosen = format or _detect(rows[0], str(source))
    if chosen not in _FORMATS:
        raise InputError(f"unknown format {chosen!r}", where="format", fix=did_you_mean(chosen, _FORMATS))
    model, convert = _FORMATS[chosen]
    problems = _convert(rows, model, lambda row, where: convert(row, where, show))
    _refuse_twins(problems, rows)
    return problems


def read_samples(path: Path) -> list[Sample]:
    """Read samples as EvalPlus writes them, skipping fields whose names start with ``_``.

    Raises:
        InputErrors: Rows are malformed, each located as ``file:line.field``.
    """
    rows = [(where, _known_fields(row)) for where, row in _rows_of_file(Path(path))]
    return _convert(rows, Sample, lambda row, where: row)


def _known_fields(row: Any) -> Any:
    if not isinstance(row, dict):
        return row
    known = {key: value for key, value in row.items() if not key.startswith("_")}
    if isinstance(known.get("task_id"), int):
        known["task_id"] = str(known["task_id"])
    return known


def _convert(rows: list[Row], model: type[BaseModel], convert: Callable) -> list:
    made, errors = [], []
    for where, row in rows:
        try:
            made.append(convert(model.model_validate_json(json.dumps(row)), where))
        except ValidationError as error:
            errors += validation_errors(error, where, _FIX)
        except InputErrors as several:
            errors += several.errors
    if errors:
        raise InputErrors(errors)
    return made


def _refuse_twins(problems: list[Problem], rows: list[Row]) -> None:
    seen: dict[str, str] = {}
    errors = []
    for problem, (where, _) in zip(problems, rows, strict=True):
        if problem.task_id in seen:
            what = f"task_id {problem.task_id!r} is already at {seen[problem.task_id]}"
            errors.append(InputError(what, where=f"{where}.task_id", fix="give each problem its own task_id"))
        seen.setdefault(problem.task_id, where)
    if errors:
        raise InputErrors(errors)


def _detect(row: Row, source: str) -> str:
    keys = set(row[1]) if isinstance(row[1], dict) else set()
    for name, needed in _TELLING.items():
        if needed <= keys:
            return name
    raise InputError(
        f"not a known problem format: its first row has the fields {', '.join(sorted(keys)) or 'of no object'}",
        where=row[0],
        fix="use MBPP's, HumanEval's or codekiln's own fields (task_id, prompt, tests), or name the format",
    )


def _from_mbpp(row: _Mbpp, where: str, show: int) -> Problem:
    return _mbpp_problem(
        where, show, row.task_id, row.text, row.code, setup=row.test_setup_code,
        tests=row.test_list, more=row.challenge_test_list, field="test_list",
    )  # fmt: skip


def _from_sanitized(row: _SanitizedMbpp, where: str, show: int) -> Problem:
    setup = "\n".join(row.test_imports)
    return _mbpp_problem(
        where, show, row.task_id, row.prompt, row.code, setup=setup, tests=row.test_list, more=[], field="test_list"
    )


def _mbpp_problem(
    where: str,
    show: int,
    task_id: int | str,
    text: str,
    code: str,
    *,
    setup: str,
    tests: list[str],
    more: list[str],
    field: str,
) -> Problem:
    code, setup, *all_tests = (part.replace("\r\n", "\n") for part in (code, setup, *tests, *more))
    _refuse_bad_python(
        where, {f"{field}.{number}": test for number, test in enumerate(all_tests)} | {"test_setup_code": setup}
    )
    shown = min(show, len(tests)) if len(all_tests) > show else 0
    return Problem(
        task_id=str(task_id) if "/" in str(task_id) else f"Mbpp/{task_id}",
        prompt=text,
        entry_point=_called(all_tests[0], code),
        setup=setup,
        visible_tests=tuple(all_tests[:shown]),
        tests=tuple(all_tests[shown:]),
        reference=code,
        group=_group(text),
        source="mbpp",
        licence="CC-BY-4.0",
    )


def _from_humaneval(row: _HumanEval, where: str, show: int) -> Problem:
    _refuse_bad_python(where, {"test": row.test})
    return Problem(
        task_id=row.task_id,
        prompt=row.prompt,
        entry_point=row.entry_point,
        tests=tuple(_tests_of_check(row.test, row.entry_point)),
        reference=row.prompt + row.canonical_solution,
        group=_group(row.prompt),
        source="humaneval",
        licence="MIT",
    )


def _from_plain(row: Problem, where: str, show: int) -> Problem:
    tests = {
        f"{field}.{number}": test
        for field in ("tests", "visible_tests")
        for number, test in enumerate(getattr(row, field))
        if isinstance(test, str)
    }
    _refuse_bad_python(where, tests | {"setup": row.setup})
    return row


_FORMATS = {
    "mbpp": (_Mbpp, _from_mbpp),
    "sanitized-mbpp": (_SanitizedMbpp, _from_sanitized),
    "humaneval": (_HumanEval, _from_humaneval),
    "plain": (Problem, _from_plain),
}
_TELLING = {
    "mbpp": {"text", "code", "test_list"},
    "sanitized-mbpp": {"prompt", "code", "test_list"},
    "humaneval": {"prompt", "entry_point", "canonical_solution", "test"},
    "plain": {"task_id", "prompt"},
}


def _refuse_bad_python(where: str, sources: dict[str, str]) -> None:
    errors = []
    for field, source in sources.items():
        try:
            ast.parse(source)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            errors.append(InputError(f"not Python: {error}", where=f"{where}.{field}", fix=_FIX))
    if errors:
        raise InputErrors(errors)


def _called(test: str, code: str) -> str | None:
    """Return the function that ``test`` calls: one that ``code`` defines, or else one that is no built-in."""
    names = [
        node.func.id
        for node in ast.walk(ast.parse(test))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    ]
    try:
        defined = {node.name for node in ast.parse(code).body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        defined = set()
    chosen = [name for name in names if name in defined] or [name for name in names if not hasattr(builtins, name)]
    return chosen[0] if chosen else None


def _group(text: str) -> str:
    """Return a name that problems with the same words share, so that they stay on one side of a split."""
    words = " ".join(re.findall(r"\w+", text.lower()))
    return hashlib.sha256(words.encode()).hexdigest()[:16]


class _Rename(ast.NodeTransformer):
    def __init__(self, name: str) -> None:
        self._name = name

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return ast.Name(self._name, node.ctx) if node.id == "candidate" else node


def _tests_of_check(source: str, entry_point: str) -> list[str]:
    """Split HumanEval's ``check(candidate)``: assert by assert; from the first other statement on, one test."""
    module = ast.parse(source)
    check = next((node for node in module.body if isinstance(node, ast.FunctionDef) and node.name == "check"), None)
    if check is None:
        return [f"{source}\ncheck({entry_point})"]
    body = [node for node in check.body if not _is_idle(node)]
    plain = next((place for place, node in enumerate(body) if not isinstance(node, ast.Assert)), len(body))
    tests = [ast.unparse(_Rename(entry_point).visit(node)) for node in body[:plain]]
    if plain < len(body):
        check.body = body[plain:]
        tests.append(f"{ast.unparse(check)}\ncheck({entry_point})")
    return tests


def _is_idle(node: ast.stmt) -> bool:
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Name | ast.Constant)
    return isinstance(node, ast.Assert) and isinstance(node.test, ast.Constant) and bool(node.test.value)


def _rows(source: str, format: str | None) -> list[Row]:
    if Path(source).exists():
        rows = list(_rows_of_file(Path(source)))
    elif match := _HUB_ID.fullmatch(source):
        rows = list(_rows_of_hub(match["name"], match["config"], format))
    else:
        raise InputError(
            "no such file", where=source, fix="check the path, or give a Hub id such as openai/openai_humaneval"
        )
    if not rows:
        raise InputError("has no rows", where=source, fix="give a file with one problem a line")
    return rows


def _rows_of_file(path: Path) -> Iterator[Row]:
    text = _text(path)
    if text.lstrip().startswith("["):
        yield from ((f"{path}[{number}]", row) for number, row in enumerate(_json(text, str(path))))
        return
    errors = []
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            try:
                yield f"{path}:{number}", _json(line, f"{path}:{number}")
            except InputError as error:
                errors.append(error)
    if errors:
        raise InputErrors(errors)


def _json(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"not JSON: {error}", where=where, fix="correct the line; the file may have been cut short"
        ) from None


def _text(path: Path) -> str:
    try:
        data = path.read_bytes()
        return (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8-sig")
    except FileNotFoundError:
        raise InputError("no such file", where=str(path), fix="check the path") from None
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InputError(
            f"the gzip file is damaged or cut short: {error}", where=str(path), fix="fetch it again"
        ) from None
    except UnicodeDecodeError as error:
        raise InputError(f"not UTF-8: {error}", where=str(path), fix="save it as UTF-8") from None
    except OSError as error:
        raise InputError(str(error), where=str(path), fix="give a readable file") from None


def _rows_of_hub(name: str, config: str | None, format: str | None) -> Iterator[Row]:
    try:
        import datasets
    except ImportError:
        raise InputError(
            "reading from the Hub needs the package datasets", where=name, fix="pip install 'codekiln[train]'"
        ) from None
    try:
        config = config or ("sanitized" if format == "sanitized-mbpp" else None)
        splits = datasets.load_dataset(name, config)
    except Exception as error:  # the library raises many kinds, and all of them mean: not readable
        raise InputError(
            f"cannot be read from the Hub: {type(error).__name__}: {error}",
            where=name, fix="check the id, the config after ':', the network, or give a file",
        ) from error  # fmt: skip
    for split in splits:
        yield from ((f"{name}/{split}[{number}]", dict(row)) for number, row in enumerate(splits[split]))
