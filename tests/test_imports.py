import subprocess
import sys

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
    assert not loaded_by(code).intersection(HEAVY)


def test_settings_load_nothing_heavy():
    code = (
        "from codekiln.settings.resolve import resolve\n"
        "resolve('laptop')\nassert resolve('cluster').teacher == 'endpoint'"
    )
    assert not loaded_by(code).intersection(HEAVY)


def test_the_probe_notices_a_heavy_import():
    assert "kfp" in loaded_by("import kfp")
