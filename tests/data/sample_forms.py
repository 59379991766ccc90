"""Rows and files of samples as other tools write them; each says the same: ``GOOD`` for the first problem."""

import csv
import gzip
import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyarrow
from pyarrow import parquet

GOOD = "def f(x):\n    return x + 1\n"
OTHER = "def f(x):\n    return 1 + x\n"
CHAT = f"Sure! Here it is:\n\n```python\n{GOOD}```\n\nIt adds one."
THOUGHT = f"<think>Add one? ```python\npass\n```</think>\n{CHAT}"
NAME = "HumanEval/0"

CALL = {"name": "write_file", "arguments": json.dumps({"path": "f.py", "content": GOOD})}
USE = {"name": "bash", "arguments": json.dumps({"command": "python -c 'from f import f; print(f(1))'"})}
ROWS: Mapping[str, Any] = {
    "plain solution": {"task_id": NAME, "solution": GOOD},
    "number": {"task_id": 0, "solution": GOOD},
    "number as text": {"task_id": "0", "solution": GOOD},
    "number as float": {"task_id": 0.0, "solution": GOOD},
    "other spelling": {"task_id": "humaneval_000", "solution": GOOD},
    "HumanEval, evaluated": {"task_id": NAME, "completion": GOOD, "result": "passed", "passed": True},
    "EvalPlus, sanitized": {"task_id": NAME, "solution": GOOD, "_identifier": "x", "completion_id": 0},
    "EvalPlus, a result": {"task_id": NAME, "solution": GOOD, "base_status": "fail", "plus_status": "fail"},
    "response in a fence": {"task_id": NAME, "response": CHAT},
    "thought and fence": {"task_id": NAME, "response": THOUGHT},
    "verifiers, a rollout": {
        "example_id": 0, "task": "humaneval", "prompt": [{"role": "user", "content": "Add one."}], "reward": 1.0,
        "completion": [{"role": "assistant", "content": CHAT, "reasoning_content": "hm"}], "answer": "42",
        "error": None, "metrics": {"passed": 1.0},
    },
    "turns as completion": {"task_id": NAME, "completion": [{"role": "assistant", "content": CHAT}]},
    "a turn as solution": {"task_id": NAME, "solution": {"role": "assistant", "content": CHAT}},
    "a list with one completion": {"task_id": NAME, "completion": [CHAT]},
    "generated_code": {"task_id": NAME, "generated_code": GOOD, "passed": False},
    "generated_code beside MBPP's fields": {
        "task_id": NAME, "text": "Add.", "code": "def f(x): ...", "test_list": ["assert f(1) == 2"],
        "generated_code": GOOD,
    },
    "code": {"task_id": NAME, "code": GOOD, "is_correct": True},
    "output with the extracted code empty": {"task_id": NAME, "generated_code": "", "output": CHAT},
    "prediction": {"task_id": NAME, "prediction": CHAT, "status": "pass"},
    "samples, texts": {"task_id": NAME, "samples": [GOOD]},
    "samples, objects": {"task_id": NAME, "samples": [{"code": GOOD, "passed": True}]},
    "generations": {"problem_id": 0, "generations": [GOOD]},
    "generations, objects": {"task_id": NAME, "generations": [{"text": CHAT, "finish_reason": "stop"}]},
    "several in response": {"task_id": NAME, "response": [CHAT]},
    "LiveCodeBench": {
        "question_title": "t", "question_content": "c", "platform": "leetcode", "question_id": "0", "contest_id": "1",
        "contest_date": "2024-01-01", "starter_code": "", "difficulty": "easy", "output_list": [CHAT],
        "code_list": [GOOD], "graded_list": [False], "pass@1": 0.0, "metadata": ["{}"],
    },
    "LiveCodeBench, nothing extracted": {"question_id": "0", "output_list": [CHAT], "code_list": [""]},
    "lm-evaluation-harness": {
        "doc_id": 7, "doc": {"task_id": NAME, "prompt": "p"}, "target": "t", "arguments": {}, "resps": [[CHAT]],
        "filtered_resps": [[GOOD]], "pass@1": 1.0,
    },
    "messages": {
        "task_id": NAME, "messages": [{"role": "user", "content": "?"}, {"role": "assistant", "content": CHAT}],
    },
    "messages with calls of tools": {
        "task_id": NAME, "messages": [
            {"role": "user", "content": "?"},
            {"role": "assistant", "content": None, "tool_calls": [{"type": "function", "function": CALL}]},
            {"role": "tool", "content": "Written."},
            {"role": "assistant", "content": None, "tool_calls": [{"type": "function", "function": USE}]},
            {"role": "tool", "content": "2"},
            {"role": "assistant", "content": "I wrote `f` to f.py."},
        ],
    },
    "messages with calls of tools, Anthropic": {
        "task_id": NAME, "messages": [
            {"role": "user", "content": "?"},
            {"role": "assistant", "content": [
                {"type": "text", "text": "I write it."},
                {"type": "tool_use", "name": "create", "input": {"path": "f.py", "file_text": GOOD}},
            ]},
            {"role": "user", "content": [{"type": "tool_result", "content": "Written."}]},
            {"role": "assistant", "content": [{"type": "text", "text": "All tests pass."}]},
        ],
    },
    "choice that calls a tool": {
        "task_id": NAME, "response": {"choices": [{"message": {
            "role": "assistant", "content": None, "tool_calls": [{"type": "function", "function": CALL}],
        }}]},
    },
    "problem inside": {
        "id": 12, "problem": {"task_id": NAME, "prompt": "p", "test": "t"}, "response": CHAT, "correct": True,
    },
    "EvalScope": {
        "index": 7, "model": "m", "model_output": {"choices": [{"message": {"role": "assistant", "content": CHAT}}]},
        "metadata": {"task_id": NAME, "entry_point": "f"},
    },
    "content parts": {"task_id": NAME, "response": [{"type": "text", "text": CHAT}]},
    "choices": {"task_id": NAME, "choices": [{"index": 0, "message": {"role": "assistant", "content": CHAT}}]},
    "answer of a batch": {
        "id": "batch_1", "custom_id": NAME,
        "response": {"status_code": 200, "body": {"choices": [{"message": {"content": CHAT}}]}},
    },
    "answer of a batch, responses": {
        "custom_id": NAME,
        "response": {"status_code": 200, "body": {"object": "response", "output": [
            {"type": "reasoning", "summary": []},
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": CHAT}]},
        ]}},
    },
    "answer of a batch, Anthropic": {
        "custom_id": NAME,
        "result": {"type": "succeeded", "message": {
            "content": [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": CHAT}],
        }},
    },
    "answer of a batch, Gemini": {
        "key": NAME, "response": {"candidates": [{"content": {"parts": [{"text": CHAT}], "role": "model"}}]},
    },
    "answer of a batch, Bedrock": {
        "recordId": NAME, "modelInput": {}, "modelOutput": {"content": [{"type": "text", "text": CHAT}]},
    },
    "ShareGPT": {"id": NAME, "conversations": [{"from": "human", "value": "?"}, {"from": "gpt", "value": CHAT}]},
    "MultiPL-E, graded": {
        "name": "HumanEval_0_f", "language": "py", "prompt": "p", "tests": "def check(): ...",
        "results": [{"program": GOOD, "stdout": "", "exit_code": 0, "status": "OK"}],
    },
    "attempts": {"task_id": NAME, "attempts": [{"code": GOOD, "passed": False}]},
    "HumanEval-X": {"task_id": "Python/0", "generation": CHAT},
    "AgentCoder": {"task_id": NAME, "completion_list": [CHAT]},
    "MultiPL-E": {"name": "HumanEval_0_f", "language": "py", "tests": "def check(): ...", "completions": [CHAT]},
    "LangChain": {"task_id": NAME, "response": {"lc": 1, "type": "constructor", "kwargs": {"content": CHAT}}},
    "Ollama": {"task_id": NAME, "response": {"message": {"role": "assistant", "content": CHAT, "thinking": "hm"}}},
    "viewer of the Hub": {"row_idx": 0, "row": {"task_id": NAME, "completion": CHAT}, "truncated_cells": []},
    "number as float in text": {"task_id": "0.0", "completion": CHAT},
    "graded row": {
        "sample": {"task_id": NAME, "solution": GOOD},
        "verdict": {"task_id": NAME, "status": "failed", "tests_total": 1, "tests_run": 1, "tests_passed": 0},
    },
}  # fmt: skip
"""Rows of JSON Lines, each with one sample."""


def _json(value: Any, indent: int | None = None) -> bytes:
    return json.dumps(value, indent=indent).encode()


def _csv(rows: list[dict[str, Any]], delimiter: str = ",") -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0], delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def _parquet(rows: list[dict[str, Any]]) -> bytes:
    sink = pyarrow.BufferOutputStream()
    parquet.write_table(pyarrow.Table.from_pylist(rows), sink)
    return bytes(sink.getvalue())


def _arrow(rows: list[dict[str, Any]], new: Callable[..., Any]) -> bytes:
    sink, table = pyarrow.BufferOutputStream(), pyarrow.Table.from_pylist(rows)
    with new(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


_TWO = [{"task_id": 0, "completion": CHAT}, {"task_id": 1, "completion": CHAT}]
FILES: Mapping[str, tuple[str, Callable[[], bytes]]] = {
    "array": ("a.json", lambda: _json(_TWO)),
    "pretty array": ("a.json", lambda: _json(_TWO, 2)),
    "objects over several lines": ("a.jsonl", lambda: b"\n".join(_json(row, 2) for row in _TWO)),
    "EvalPlus's eval_results": (
        "a_eval_results.json",
        lambda: _json({
            "date": "2024", "hash": "x",
            "eval": {f"HumanEval/{n}": [{"task_id": f"HumanEval/{n}", "solution": GOOD}] for n in (0, 1)},
        }),
    ),
    "by name, lists": ("a.json", lambda: _json({"HumanEval/0": [GOOD], "HumanEval/1": [GOOD]}, 1)),
    "by number, APPS's all_codes": ("all_codes.json", lambda: _json({"0": [GOOD], "1": [GOOD]})),
    "by name, texts": ("a.json", lambda: _json({"0": CHAT, "1": CHAT})),
    "by name, objects": ("a.json", lambda: _json({f"HumanEval/{n}": {"code": GOOD, "passed": True} for n in (0, 1)})),
    "OpenCompass": (
        "openai_humaneval.json",
        lambda: _json({
            str(n): {"origin_prompt": [{"role": "HUMAN", "prompt": "?"}], "prediction": CHAT, "gold": f"HumanEval/{n}"}
            for n in (0, 1)
        }),
    ),
    "Inspect": (
        "log.json",
        lambda: _json({
            "version": 2, "eval": {"task": "humaneval", "task_id": "gR2", "model": "m"}, "results": {"scores": []},
            "samples": [
                {"id": f"HumanEval/{n}", "epoch": 1, "input": "?", "target": GOOD, "output": {
                    "choices": [{"message": {"role": "assistant", "content": CHAT}}], "completion": CHAT,
                }, "scores": {"verify": {"value": "C", "answer": CHAT}}, "metadata": {"entry_point": "f"}}
                for n in (0, 1)
            ],
            "reductions": [{"scorer": "verify", "samples": [{"value": 1.0, "sample_id": "HumanEval/0"}]}],
        }),
    ),
    "wrapper": ("a.json", lambda: _json({"model": "m", "results": _TWO})),
    "bigcode-evaluation-harness": ("generations_humaneval.json", lambda: _json([[GOOD]] * 164)),
    "pandas": (
        "a.json", lambda: _json({name: {str(n): row[name] for n, row in enumerate(_TWO)} for name in _TWO[0]}),
    ),
    "pandas, split": (
        "a.json",
        lambda: _json({"columns": list(_TWO[0]), "index": [0, 1], "data": [list(row.values()) for row in _TWO]}),
    ),
    "wrapper with a name": ("a.json", lambda: _json({"name": "run 1", "samples": _TWO})),
    "columns": ("a.json", lambda: _json({name: [row[name] for row in _TWO] for name in _TWO[0]})),
    "put together, each with a mark": (
        "a.jsonl", lambda: b"".join(b"\xef\xbb\xbf" + _json(row) + b"\n" for row in _TWO),
    ),
    "UTF-16 without a mark": ("a.jsonl", lambda: b"\n".join(map(_json, _TWO)).decode().encode("utf-16-le")),
    "UTF-16": ("a.jsonl", lambda: b"\r\n".join(_json(row) for row in _TWO).decode().encode("utf-16")),
    "gzip without its ending": ("a.jsonl", lambda: gzip.compress(_json(_TWO))),
    "ending of gzip alone": ("a.jsonl.gz", lambda: _json(_TWO)),
    "CSV with semicolons": ("a.csv", lambda: _csv(_TWO, ";")),
    "CSV as Excel says": ("a.csv", lambda: b"sep=;\r\n" + _csv(_TWO, ";")),
    "CSV": ("a.csv", lambda: _csv(_TWO)),
    "CSV with an index": ("a.csv", lambda: _csv([{"": n, **row} for n, row in enumerate(_TWO)])),
    "CSV with lists": ("a.csv", lambda: _csv([{"task_id": n, "generations": repr([GOOD])} for n in (0, 1)])),
    "Parquet": ("a.parquet", lambda: _parquet(_TWO)),
    "Arrow as datasets saves it": ("data-00000-of-00001.arrow", lambda: _arrow(_TWO, pyarrow.ipc.new_stream)),
    "Arrow": ("a.arrow", lambda: _arrow(_TWO, pyarrow.ipc.new_file)),
    "Parquet with lists": ("a.parquet", lambda: _parquet([{"task_id": n, "samples": [GOOD]} for n in (0, 1)])),
}  # fmt: skip
"""Whole files, each with one sample of ``HumanEval/0`` and one of ``HumanEval/1``, perhaps more of others."""


def write(folder: Path, name: str) -> Path:
    """Write one of `FILES`."""
    file, content = FILES[name]
    (folder / file).write_bytes(content())
    return folder / file
