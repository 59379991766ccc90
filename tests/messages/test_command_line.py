"""Mistakes on the command line, each with its whole message; all exit with 2."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from codekiln.cli import main

COMPILED = Path(__file__).parents[2] / "pipelines" / "compiled"
TRACKING = "give --tracking-uri, for example sqlite:///runs/demo/mlflow.db, or set MLFLOW_TRACKING_URI"
PROMPT = 'give a prompt, "-" for standard input, or --problems FILE'
EXERCISE = "exercise --program f.py --description double"
# What is typed in a folder with the files below, what is wrong where, and what to do; all exit with 2.
TYPED = [
    ("run allign --workdir w", "PIPELINE: no pipeline 'allign'", "did you mean 'align'?"),
    ("run gone.yaml --workdir w", "gone.yaml: no such file", "give a compiled pipeline"),
    ("run align --workdir w --set x", "--set: 'x' is not key=value", "for example --set dpo.learning_rate=1e-4"),
    (
        "run judge --workdir w",
        "run judge: evaluates an adapter, and has a command of its own",
        "codekiln judge models:/NAME@challenger",
    ),
    (
        "run align --workdir w --adapter x",
        "--adapter: align trains adapters of its own",
        "leave it out; `codekiln judge x` evaluates an adapter that exists",
    ),
    (
        f"run {COMPILED}/data.yaml --workdir w --adapter x",
        f"{COMPILED}/data.yaml: the pipeline takes no 'adapter'",
        "there are: base_model, experiment, image, metric, overrides, pool, profile, recipe",
    ),
    (
        f"run {COMPILED}/judge.yaml --workdir w",
        "judge: the pipeline needs --adapter",
        "give --adapter; see `codekiln run --help`",
    ),
    (
        "grade --problems p.jsonl --samples p.jsonl -o -",
        "--output: - is no path, and results do not go to standard output",
        "give a path",
    ),
    (
        "models tiny\r",
        "tiny: ends in a carriage return: the script that this command stands in has CRLF line ends",
        r"save the script with LF line ends: sed -i 's/\r$//' SCRIPT",
    ),
    ("plan", "plan: give one of --pool and --gpu", "without a cluster: --gpu H100:1, 24GiB:2"),
    (f"{EXERCISE} --markdown --json", "--markdown and --json: are two forms", "give one of them"),
    (EXERCISE, "counts: all counts are 0", "ask for at least one error: --syntax 1, --runtime 1 or --logical 1"),
    ("export m@champion", "export: no place to export to is given", "give --output DIR"),
    (
        "export m@champion --output x --public",
        "export: --yes and --public are for --push-to",
        "give --push-to OWNER/NAME, or leave --yes and --public out",
    ),
    ("generate -", "standard input: is not UTF-8 text: invalid start byte", "give text"),
    ("generate", "generate: nothing to ask", PROMPT),
    ("generate add --problems p.jsonl", "generate: both a prompt and problems", PROMPT),
    (
        "ledger empty",
        "empty: has no ledger.jsonl",
        "give the working directory of a run that has been judged, or models:/NAME",
    ),
    (
        "score binary.py",
        "binary.py: is not UTF-8 text: 'utf-8' codec can't decode byte 0xe9 in position 0: invalid continuation byte",
        "save it as UTF-8",
    ),
    ("validate rows.jsonl --max-length 50", "--max-length: is in tokens", "add --tokenizer MODEL"),
    ("validate empty --metric lines", "--metric: is for a file", "give a file, or leave it out"),
    ("verify m@champion --run empty", "--run empty: is no run's folder", "give the --workdir of `codekiln run`"),
    ("verify m@champion", "--tracking-uri: no MLflow server is known", TRACKING),
    (
        "stage sft --input x --run empty --output o",
        "--input: 'x' is not NAME=DIR",
        "for example --input data=runs/demo/filter",
    ),
    ("stage sft --run empty --output o", "empty: holds no settings.json", "give the output folder of check"),
    ("compare empty --base x", "empty: no evaluation: it has no evaluation.json", "give an evaluate stage's folder"),
    ("recipes student1", "recipe: no recipe 'student1'", "did you mean 'student'?"),
]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    (tmp_path / "binary.py").write_bytes(b"\xe9 = 1")
    (tmp_path / "f.py").write_text("print(2 * int(input()))\n")
    (tmp_path / "rows.jsonl").write_text('{"prompt": "a", "completion": "b"}\n')
    (tmp_path / "empty").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("words", "what", "fix"), TYPED, ids=[words.replace(f"{COMPILED}/", "") for words, *_ in TYPED]
)
def test_a_mistake_on_the_command_line_is_one_message(words, what, fix, folder):
    done = CliRunner().invoke(main, words.split(" "), input=b"\xff", prog_name="codekiln")
    assert done.stderr == f"error: {what}\n  fix: {fix}\n"
    assert (done.exit_code, done.stdout) == (2, "")
