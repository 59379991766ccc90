import subprocess
import sys

import pytest

HEAVY = ["torch", "transformers", "trl", "peft", "kfp", "kubernetes", "mlflow", "pandas", "datasets", "openai"]


def loaded_by(code: str) -> set[str]:
    probe = f"import sys\n{code}\nprint(*sorted(set(sys.modules)))"
    out = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True).stdout
    return {name.split(".")[0] for name in out.split()}


def test_importing_codekiln_loads_nothing_heavy():
    assert not loaded_by("import codekiln").intersection(HEAVY)


def test_help_loads_nothing_heavy():
    code = (
        "from click.testing import CliRunner\nfrom codekiln.cli import main\n"
        "assert 'align' in CliRunner().invoke(main, ['--help']).output"
    )
    assert not loaded_by(code).intersection([*HEAVY, "pydantic", "numpy"])


@pytest.mark.parametrize(
    "line", ["codekiln ", "codekiln run x --recipe ", "codekiln run x --set sft.", "codekiln models "]
)
def test_a_shell_that_completes_waits_for_nothing_heavy(line):
    code = (
        f"import os\nos.environ.update(_CODEKILN_COMPLETE='bash_complete', COMP_LINE={line!r})\n"
        "from codekiln.cli import main\n"
        "try:\n    main(prog_name='codekiln')\nexcept SystemExit as done:\n    assert done.code == 0"
    )
    assert not loaded_by(code).intersection([*HEAVY, "pydantic", "numpy"])


def test_settings_load_nothing_heavy():
    code = (
        "from codekiln.settings.resolve import resolve\n"
        "resolve('laptop')\nassert resolve('cluster').teacher == 'endpoint'"
    )
    assert not loaded_by(code).intersection(HEAVY)


def test_the_probe_notices_a_heavy_import():
    assert "kfp" in loaded_by("import kfp")


def test_grading_loads_nothing_that_it_does_not_need(tmp_path):
    problem = '{"task_id": "1", "prompt": "", "entry_point": "f", "tests": ["assert f(1) == 2"]}\n'
    (tmp_path / "problems.jsonl").write_text(problem, encoding="utf-8")
    sample = '{"task_id": "1", "solution": "def f(x):\\n    return x + 1\\n"}\n'
    (tmp_path / "samples.jsonl").write_text(sample, encoding="utf-8")
    files = {"problems": "problems.jsonl", "samples": "samples.jsonl", "out": "out.jsonl"}
    arguments = ["grade", "--no-cache", "--workers", "1", "--json"]
    arguments += [word for name, file in files.items() for word in (f"--{name}", str(tmp_path / file))]
    code = (
        "import json\nfrom click.testing import CliRunner\nfrom codekiln.cli import main\n"
        f"done = CliRunner().invoke(main, {arguments!r})\nassert json.loads(done.stdout)['passed'] == 1, done.output"
    )
    # Of a run on HumanEval they would be a tenth of the CPU time.
    assert not loaded_by(code).intersection([*HEAVY, "numpy", "packaging", "doctest"])
