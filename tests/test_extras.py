"""Without an extra, a command says which one it needs, in one line and with exit code 2."""

import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from codekiln import errors
from codekiln.cli import Commands
from codekiln.errors import InputError, InputErrors
from codekiln.plugins import ModulePlugins
from codekiln.settings.resolve import resolve
from codekiln.stages.check import _packages

ROOT = Path(__file__).parents[1]


def test_the_table_has_the_packages_of_pyproject():
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    del declared["dev"]
    names = {
        extra: {name.partition("[")[0].rstrip("<>=.0123456789,") for name in each} for extra, each in declared.items()
    }
    assert names == {extra: set(packages) for extra, packages in errors.EXTRAS.items()}


@pytest.mark.parametrize(
    ("module", "extra"),
    [("torch.distributed", "train"), ("kfp.local", "cluster"), ("kfp_server_api", "cluster"), ("vllm", "serve"),
     ("kubernetes.client", "cluster"), ("numpy", None), (None, None)],
)  # fmt: skip
def test_a_module_has_the_extra_that_installs_it(module, extra):
    assert errors.extra_of(module) == extra


@pytest.mark.parametrize(("module", "extra"), [("kfp", "cluster"), ("torch", "train"), ("vllm", "serve")])
def test_a_command_names_the_extra_in_one_line(module, extra):
    group = Commands("codekiln")

    @group.command()
    def work():
        raise ModuleNotFoundError(f"No module named '{module}'", name=module)

    done = CliRunner().invoke(group, ["work"])
    assert done.exit_code == 2
    wanted = f"codekiln work: needs what is not installed: {module}\n  fix: pip install 'codekiln[{extra}]'"
    assert done.output == f"error: {wanted}\n"


def test_a_module_of_no_extra_keeps_its_traceback():
    group = Commands("codekiln")
    group.add_command(click.Command("work", callback=lambda: __import__("no_such_module")))
    assert isinstance(CliRunner().invoke(group, ["work"]).exception, ModuleNotFoundError)


def test_a_plugin_that_needs_an_extra_names_it(monkeypatch):
    plugins = ModulePlugins("teacher", "codekiln.teachers", lambda module: None)

    def load(name, entry):
        raise ModuleNotFoundError("No module named 'torch'", name="torch")

    monkeypatch.setattr(plugins, "_load", load)
    with pytest.raises(InputError, match="the teacher 'model': needs what is not installed: torch") as raised:
        plugins.get("model")
    assert raised.value.fix == "pip install 'codekiln[train]'"


@pytest.mark.parametrize(
    ("absent", "overrides", "trains", "said"),
    [
        ({"torch", "trl"}, [], True, "the run: needs what is not installed: torch, trl\n"),
        ({"torch"}, ["teacher=model"], False, "not installed: torch"),
        ({"kubernetes"}, ["pool=h200"], True, "not installed: kubernetes"),
    ],
)
def test_check_refuses_settings_whose_extra_is_missing(monkeypatch, absent, overrides, trains, said):
    monkeypatch.setattr(errors, "find_spec", lambda name: None if name in absent else find_spec("json"))
    with pytest.raises(InputErrors) as raised:
        _packages(resolve("laptop", {}, overrides), trains=trains)
    assert said in str(raised.value)


def test_check_passes_settings_that_need_nothing_of_what_is_missing(monkeypatch):
    monkeypatch.setattr(errors, "find_spec", lambda name: None)
    found = _packages(resolve("laptop", {}, []), trains=False)
    assert (
        found
        == "no extra is needed; `codekiln run` and `submit` need kfp, kubernetes too: pip install 'codekiln[cluster]'"
    )


def test_commands_that_need_no_extra_import_none():
    program = (
        "import sys\n"
        f"for name in {sorted(sum(errors.EXTRAS.values(), ()))}: sys.modules[name] = None\n"
        "from codekiln.cli import main\n"
        "main(['recipes'], standalone_mode=False); main(['models'], standalone_mode=False)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "maintainability" in done.stdout
