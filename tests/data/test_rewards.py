"""Rows of verl and of rStar-Coder's test cases, and what is refused in them."""

import json
from typing import Any

import pytest

from codekiln.data.records import StdinTest
from codekiln.errors import InputErrors
from tests.data.test_apps import DOUBLE, METHOD, read, statuses

SCRIPT = {"inputs": ["3\n", "4\n"], "outputs": ["6\n", "8\n"]}
CALLS = {"fn_name": "rev", "inputs": [["ab"], ["xyz"]], "outputs": ["ba", "zyx"]}
ASKED = [{"role": "system", "content": "Think first."}, {"role": "user", "content": "Print twice the number."}]


def verl(truth: Any, **more: Any) -> dict[str, Any]:
    return {
        "data_source": "taco", "prompt": ASKED, "ability": "code", "extra_info": {"index": 0, "split": "dummy"},
        "reward_model": {"style": "rule", "ground_truth": truth}, **more,
    }  # fmt: skip


RSTAR: dict[str, Any] = {
    "question_id": "seed_1", "question": "Reverse.", "inputs": json.dumps(CALLS["inputs"]), "class_name": "Solution",
    "outputs": json.dumps(CALLS["outputs"]), "func_name": "rev", "is_synthesized": "[0, 1]",
    "starter_code": "class Solution:\n    def rev(self, s: str) -> str:\n        ",
}  # fmt: skip


@pytest.mark.parametrize("truth", [SCRIPT, json.dumps(SCRIPT), [{"input": "3\n", "output": "6\n"}]])
def test_a_row_of_verl_asks_what_the_user_asks_and_has_test_cases_as_truth(tmp_path, truth):
    (_, problem) = read(tmp_path, verl(SCRIPT, prompt="x"), verl(truth))
    assert (problem.task_id, problem.source) == ("verl/1", "verl")
    assert problem.prompt.startswith("Print twice the number.\n\nRead the input from standard input")
    assert problem.tests[0] == StdinTest(stdin="3\n", stdout="6\n", comparison="numbers")
    assert statuses(problem, DOUBLE, "print(7)") == ["passed", "failed"]


def test_a_row_of_verl_may_call_a_function(tmp_path):
    (problem,) = read(tmp_path, verl(json.dumps(CALLS), ability="coding"))
    assert problem.entry_point == "rev"
    assert statuses(problem, METHOD, METHOD.replace("::-1", "::1")) == ["passed", "failed"]


def test_rstars_rows_are_scripts_or_calls(tmp_path):
    script = {
        **RSTAR,
        "inputs": json.dumps(SCRIPT["inputs"]),
        "outputs": json.dumps(SCRIPT["outputs"]),
        "func_name": "",
    }
    called, run = read(tmp_path, RSTAR, {**script, "question_id": "seed_2", "question": "Twice.", "starter_code": ""})
    assert (called.task_id, called.entry_point) == ("rStar/seed_1", "rev")
    assert "Complete this starter code:" in called.prompt
    assert statuses(called, METHOD, METHOD.replace("::-1", "::1")) == ["passed", "failed"]
    assert statuses(run, DOUBLE, "print(7)") == ["passed", "failed"]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (
            verl("7", ability="math"),
            "1.ability: is a problem of 'math', not of code\n  fix: leave the rows out that are not of code",
        ),
        (verl("7"), "1.reward_model.ground_truth: is no object with the lists 'inputs' and 'outputs'"),
        (verl("seven"), "1.reward_model.ground_truth: not JSON"),
        (verl(SCRIPT, prompt=ASKED[:1]), "1.prompt: has no text of a user"),
        ({**RSTAR, "inputs": "[3"}, "1.inputs: not JSON"),
        ({**RSTAR, "outputs": "[3]"}, "1.inputs: has 2 inputs and 1 outputs"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path, row, said):
    with pytest.raises(InputErrors) as error:
        read(tmp_path, row)
    assert said in str(error.value)
