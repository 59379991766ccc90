import os
import tomllib
from pathlib import Path

import pytest

from codekiln import recipes
from codekiln.errors import InputError, InputErrors
from codekiln.settings import profiles
from codekiln.settings.resolve import SettingsErrors, resolve


@pytest.mark.parametrize("name", profiles.names())
def test_every_shipped_profile_resolves_for_its_recipes(name):
    """A profile ``seed-...`` is a published study with its own recipe; the others are places, and take any."""
    wanted = [resolve(name).recipe] if name.startswith("seed-") else recipes.names()
    assert [resolve(name, {"recipe": recipe}).recipe for recipe in wanted] == list(wanted)


def test_layers_go_defaults_profile_form_overrides(tmp_path):
    profile = tmp_path / "p.toml"
    profile.write_text('seed = 1\nworkers = 1\nexperiment = "profile"\n[sft]\nepochs = 1\nlearning_rate = 1e-3\n')
    settings = resolve(str(profile), {"experiment": "form", "metric": ""}, ["sft.epochs=3", "workers=2"])
    assert (settings.seed, settings.workers, settings.experiment) == (1, 2, "form")
    assert (settings.sft.epochs, settings.sft.learning_rate) == (3, 1e-3)
    assert settings.metric == "structural_maintainability"


def test_all_mistakes_are_reported_at_once_with_a_suggestion(tmp_path):
    with pytest.raises(InputErrors) as caught:
        resolve(
            "laptop",
            {"metric": "structural_maintainabilty"},
            ["dpo.learning_rat=1", "sft.epochs=0", "recipes.maintainability.margins=3", "base_model=qwen3-4"],
        )
    text = str(caught.value)
    assert "unknown key 'learning_rat'" in text
    assert "did you mean 'learning_rate'?" in text
    assert "sft.epochs" in text
    assert "did you mean 'margin'?" in text
    assert "did you mean 'structural_maintainability'?" in text
    assert "did you mean 'qwen3-4b'?" in text
    assert len(caught.value.errors) == 5


def test_settings_are_frozen():
    with pytest.raises(ValueError, match="frozen"):
        resolve("laptop").seed = 3


def test_pass_at_k_needs_enough_samples():
    with pytest.raises(InputErrors, match="needs evaluate.n of at least"):
        resolve("laptop", {}, ["evaluate.n=5"])


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("evaluation.k=[0, 1]", "evaluation.k"),
        ("metric=pass@3", "did you mean 'pass@1'"),  # not measured: the gate would find out after the training
        ("metric=pass@0", "no metric"),
        ("metric=3", "metric: Input should be a valid string"),
        ("recipe=3", "recipe: Input should be a valid string"),
        ("recipe.x=3", "recipe: Input should be a valid string"),
        ("recipes=3", "recipes: Input should be a valid dictionary"),
        ("filters=[length, nope]", "filters"),
        ('filters=["length", "nope"]', "no filter 'nope'"),
    ],
)
def test_what_would_fail_only_later_fails_now(override, message):
    with pytest.raises(InputErrors, match=message):
        resolve("laptop", {}, [override])


@pytest.mark.parametrize(
    ("override", "meant"),
    [
        ("sft.num_train_epochs=3", "epochs"),
        ("sft.per_device_train_batch_size=4", "micro_batch"),
        ("sft.gradient_accumulation_steps=8", "batch_size"),
        ("sft.bf16=true", "dtype"),
        ("dpo.eval_steps=10", "eval_every"),
        ("lora.target_modules=[]", "targets"),
        ("lora.lora_rank=8", "r"),
        ("dpo.pref_beta=0.1", "beta"),
        ("evaluate.num_samples=5", "n"),
        ("teachers.endpoint.base_url=http://x/v1", "url"),
    ],
)
def test_the_names_of_other_trainers_lead_to_those_of_here(override, meant):
    with pytest.raises(InputErrors) as caught:
        resolve("laptop", {}, [override])
    assert f"did you mean '{meant}'?" in str(caught.value)


@pytest.mark.parametrize("override", ["learning_rate=1e-4", "lr=1e-4"])
def test_a_setting_without_its_section_leads_to_the_sections_that_have_it(override):
    with pytest.raises(InputErrors, match=r"did you mean 'sft.learning_rate' or 'dpo.learning_rate' or 'dpo_further"):
        resolve("laptop", {}, [override])


@pytest.mark.parametrize(
    ("override", "meant"),
    [
        ("sampling.max_new_tokens=512", "'teachers.endpoint.sampling' or 'teachers.model.sampling'"),
        ('omit=["top_p"]', "'teachers.endpoint.omit'"),
        ("extra={max_completion_tokens=1024}", "'teachers.endpoint.extra'"),
        ("timeout_seconds=300", "'teachers.endpoint.timeout_seconds'"),
    ],
)
def test_a_teachers_setting_as_its_messages_call_it_leads_to_the_teacher(override, meant):
    with pytest.raises(InputErrors) as caught:
        resolve("laptop", {}, [override])
    assert f"did you mean {meant}?" in str(caught.value)


@pytest.mark.parametrize(
    ("override", "meant"),
    [("lora_r=8", "lora.r"), ("lora_dropout=0.1", "lora.dropout"), ("sft_epochs=1", "sft.epochs")],
)
def test_a_setting_with_an_underscore_for_its_point_leads_to_itself(override, meant):
    with pytest.raises(InputErrors, match=rf"did you mean '{meant}'\?"):
        resolve("laptop", {}, [override])


ENDPOINT = ["teacher=endpoint", "teachers.endpoint.url=http://x/v1", "teachers.endpoint.model=m"]


@pytest.mark.parametrize(("given", "needed"), [(1, "model=..."), (2, "url=http://localhost:8000/v1")])
def test_a_setting_that_a_teacher_needs_is_told_with_how_to_give_it(given, needed):
    with pytest.raises(InputErrors) as caught:
        resolve("laptop", {}, ["teacher=endpoint", ENDPOINT[given]])
    name = f"teachers.endpoint.{needed}"
    said = f"{name.partition('=')[0]}: is needed, and not set\n  fix: give it: --set {name}"
    assert said in str(caught.value)


def test_a_table_without_a_field_that_it_needs_is_told_the_field():
    with pytest.raises(InputErrors, match="benchmark.0.source: is needed, and not set\n  fix: give it: source"):
        resolve("laptop", {}, ['evaluation.benchmark=[{name="x"}]'])


@pytest.mark.parametrize("name", ["api_key", "api_key_env"])
def test_a_key_in_the_settings_is_sent_to_the_environment_and_not_shown(name):
    with pytest.raises(InputErrors, match="put the key into the environment variable CODEKILN_API_KEY") as caught:
        resolve("laptop", {}, [*ENDPOINT, f"teachers.endpoint.{name}=sk-abc"])
    assert "sk-abc" not in str(caught.value)


def test_settings_of_a_teacher_are_not_in_its_name():
    with pytest.raises(InputErrors, match="give its name alone, teacher=endpoint, and teachers.endpoint.url beside"):
        resolve("laptop", {}, ["teacher.url=http://x/v1"])


def test_a_list_that_is_no_list_and_lists_that_do_not_fit_say_what_to_write():
    with pytest.raises(InputErrors) as one:
        resolve("laptop", {}, ["dpo.loss=simpo"])
    assert "dpo.loss: Input should be a list (given: 'simpo')" in str(one.value)
    assert """fix: write a list, quoted in a shell: --set 'dpo.loss=["simpo"]'""" in str(one.value)
    with pytest.raises(InputErrors) as key:
        resolve("laptop", {}, {"dpo": {"loss": "-----BEGIN PRIVATE KEY-----"}})
    assert "BEGIN" not in str(key.value)
    with pytest.raises(InputErrors) as element:
        resolve("laptop", {}, ['dpo.loss=["simppo"]'])
    assert [error.where.rsplit(" ", 1)[-1] for error in element.value.errors] == ["dpo.loss.0"]
    with pytest.raises(InputErrors) as weights:
        resolve("laptop", {}, ['dpo.loss=["simpo"]'])
    assert "dpo: loss_weights has 2 values for 1 losses: set loss_weights=[] for 1 each\n" in str(weights.value)
    assert resolve("laptop", {}, ['dpo.loss=["simpo"]', "dpo.loss_weights=[]"]).dpo.loss == ("simpo",)


@pytest.mark.parametrize(
    ("override", "fix"),
    [
        (
            "lora.targets=q_proj,v_proj",
            """write a list, quoted in a shell: --set 'lora.targets=["q_proj", "v_proj"]'""",
        ),
        (
            "lora.targets=[q_proj, v_proj]",
            """write a list, quoted in a shell: --set 'lora.targets=["q_proj", "v_proj"]'""",
        ),
        ("lora.targets=all-linear", "take it out (--set lora.targets=null): all linear layers get one"),
        ("evaluation.guard=[{measure=x}]", "put the whole into quotes for the shell, and each text in it: --set "),
        (
            "filter_settings=length",
            """write a table, quoted in a shell: --set 'filter_settings={name = "value", ...}'""",
        ),
        ("evaluation.k=1,5", "write a list, quoted in a shell: --set 'evaluation.k=[1, 5]'"),
        (
            "problems.train=",
            "correct the value, or take out what the profile sets, where a setting may be empty: ",
        ),
        ("sft.eval_every=None", "correct the value, or take out what the profile sets"),
        ("sft.epochs=two", "correct the value"),
    ],
)
def test_a_value_of_another_kind_says_how_its_kind_is_written(override, fix):
    with pytest.raises(InputErrors) as caught:
        resolve("laptop", {}, [override])
    assert caught.value.errors[0].fix.startswith(fix)


@pytest.mark.parametrize(("word", "value"), [("True", True), ("true", True), ("False", False)])
def test_truth_is_read_as_python_writes_it_too(word, value):
    assert resolve("laptop", {}, [f"lora.dora={word}"]).lora.dora is value


def test_an_address_without_http_is_one_mistake():
    given = ["teacher=endpoint", "teachers.endpoint.url=localhost:8000/v1", "teachers.endpoint.model=m"]
    with pytest.raises(InputErrors) as caught:
        resolve("laptop", {}, given)
    [error] = caught.value.errors
    assert error.fix.startswith("begin it with http:// or https://")


def test_what_the_profile_sets_is_taken_out_with_null():
    assert resolve("laptop", {}, ["problems.train=null"]).problems.train is None


@pytest.mark.parametrize(
    ("text", "place", "fix"),
    [
        ('[sft]\nbase_model = "tiny"\n', "sft.base_model", "put it above all tables, if it is the run's own; in 'sft'"),
        ("[problems]\nsft.epochs = 2\n", "problems.sft", "put it as the table [sft], if it is the run's own; in 'pro"),
        (
            'teacher = "model"\n[teachers.model]\nbase_model = "tiny"\n', "teachers.model.base_model",
            "put it above all tables, if it is the run's own; in 'model' there are: adapter, base,",
        ),
    ],
)  # fmt: skip
def test_a_key_behind_the_table_that_it_stands_outside_of_is_said(tmp_path, text, place, fix):
    (tmp_path / "late.toml").write_text(text)
    with pytest.raises(InputErrors) as caught:
        resolve(str(tmp_path / "late.toml"))
    (error,) = caught.value.errors
    assert error.where.endswith(place)
    assert error.fix.startswith(fix)


def test_a_pass_at_k_that_is_measured_can_be_aimed_at():
    assert resolve("laptop", {}, ["metric=pass@10"]).metric == "pass@10"
    assert resolve("laptop", {}, ["evaluation.k=[]", "metric=pass@1"]).evaluation.k == ()


def test_an_unknown_profile_suggests_one():
    with pytest.raises(InputError, match="did you mean 'laptop'"):
        profiles.read("latop")


def test_a_broken_profile_is_named(tmp_path):
    path = tmp_path / "broken.toml"
    path.write_text("seed = \n")
    with pytest.raises(InputError, match="broken.toml: not valid TOML.*line 1"):
        profiles.read(str(path))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("trl.yaml", "learning_rate: 2.0e-5\nnum_train_epochs: 1\n"),
        ("settings.json", '{"seed": 1}'),
        ("windows.toml", '[problems]\nsource = "C:\\Users\\me\\mbpp.jsonl"\n'),
        ("bare.toml", "base_model = tiny\n"),
        ("python.toml", "[sft]\ngradient_checkpointing = True\n"),
    ],
)
def test_a_profile_that_is_no_toml_says_how_toml_is_written(tmp_path, monkeypatch, name, text):
    monkeypatch.chdir(tmp_path)
    Path(name).write_text(text)
    with pytest.raises(InputError, match=rf"{name}: not valid TOML: .*line \d") as caught:
        profiles.read(name)
    assert caught.value.fix.startswith("write it as TOML: key = value")


def test_a_profile_may_have_any_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("mine").write_text("seed = 3\n")
    assert profiles.read("mine") == {"seed": 3}
    os.mkfifo("pipe")
    with pytest.raises(InputError, match="pipe: is a pipe, where a regular file is needed"):
        profiles.read("pipe")
    with pytest.raises(InputError, match="no profile 'absent.yaml'"):
        profiles.read("absent.yaml")


def test_every_shipped_toml_parses():
    files = list(Path(__file__).parents[2].joinpath("codekiln").rglob("*.toml"))
    assert len(files) > 5
    for file in files:
        tomllib.loads(file.read_text())


def test_a_profile_of_the_cluster_is_found_by_name_and_comes_first(tmp_path, monkeypatch):
    monkeypatch.setenv("CODEKILN_PROFILES", str(tmp_path))
    (tmp_path / "team.toml").write_text("seed = 7\n")
    (tmp_path / "laptop.toml").write_text("seed = 8\n")
    assert resolve("team").seed == 7
    assert resolve("laptop").seed == 8
    assert "team" in profiles.names()
    with pytest.raises(InputError, match="did you mean 'team'"):
        resolve("taem")


def test_a_profile_says_what_a_recipe_changes_and_overrides_say_the_last_word(tmp_path):
    profile = tmp_path / "own.toml"
    profile.write_text(
        'seed = 1\n[problems]\ntrain = 10\nevaluation = 10\n[for.difficulty]\nteacher = "model"\n'
        "[for.difficulty.problems]\ntrain = 20\n"
    )
    plain = resolve(str(profile))
    assert (plain.teacher, plain.problems.train) == ("reference", 10)
    special = resolve(str(profile), {"recipe": "difficulty"})
    assert (special.teacher, special.problems.train, special.problems.evaluation) == ("model", 20, 10)
    assert resolve(str(profile), {"recipe": "difficulty"}, ["problems.train=5"]).problems.train == 5
    assert resolve(str(profile), {}, ["recipe=difficulty"]).teacher == "model"


def test_a_profile_that_speaks_of_an_unknown_recipe_is_refused(tmp_path):
    profile = tmp_path / "own.toml"
    profile.write_text("[for.dificulty.problems]\ntrain = 20\n")
    with pytest.raises(InputErrors, match="dificulty"):
        resolve(str(profile))


def test_the_metric_is_what_the_recipe_aims_at_unless_it_is_named():
    assert resolve("laptop").metric == "structural_maintainability"
    assert resolve("laptop", {"recipe": "difficulty"}).metric == "pass@1"
    assert resolve("laptop", {"recipe": "difficulty", "metric": "lines"}).metric == "lines"
    with pytest.raises(InputErrors, match="there is no metric 'linse'"):
        resolve("laptop", {"recipe": "difficulty", "metric": "linse"})


@pytest.mark.parametrize("name", ["team/coder", "a:b", "a@champion", "it's"])
def test_a_name_that_no_registry_takes_is_refused_at_once(name):
    with pytest.raises(InputErrors, match="promote_as.*\n?.*may not hold"):
        resolve("laptop", {}, [f'promote_as="{name}"'])


def test_mistakes_of_every_kind_are_said_in_one_pass():
    wrong = [
        "sft.epoch=2", "dpo.learning_rate=fast", "foo", "recipe=maintainabilty", "teacher=modell", "evaluation.k=[100]",
        "filters=[lenght]", "teachers.model.sampling.temprature=1",
    ]  # fmt: skip
    with pytest.raises(SettingsErrors) as raised:
        resolve("labtop", {}, wrong)
    where = "profile labtop with overrides"
    assert sorted(error.where for error in raised.value.errors) == sorted([
        "--profile", "--set", f"{where}: sft.epoch", f"{where}: dpo.learning_rate", f"{where}: filters", where,
        f"{where}: recipes.maintainabilty", f"{where}: teachers.modell",
        f"{where}: teachers.model.sampling.temprature",
    ])  # fmt: skip
    text = "\n".join(map(str, raised.value.errors))
    for hint in ("'laptop'", "'epochs'", "'maintainability'", "'model'", "'temperature'", "evaluation.k = 100 needs"):
        assert hint in text
    assert """--set 'filters=["lenght"]'""" in text


def test_what_is_right_can_be_used_to_find_further_mistakes():
    with pytest.raises(SettingsErrors) as raised:
        resolve("laptop", {}, ["sft.epoch=2", "problems.source=here.jsonl"])
    assert raised.value.usable.problems.source == "here.jsonl"
    with pytest.raises(SettingsErrors) as raised:
        resolve("laptop", {}, ["recipe=nope"])
    assert raised.value.usable is None


def test_a_target_that_no_recipe_has_is_said_beside_an_unknown_recipe():
    with pytest.raises(InputErrors) as error:
        resolve("laptop", {"recipe": "norecipe", "metric": "nometric"}, [])
    assert "there is no metric 'nometric'" in str(error.value)
    assert "no recipe 'norecipe'" in str(error.value)
    with pytest.raises(InputErrors) as error:
        resolve("laptop", {"recipe": "norecipe", "metric": "pass@1"}, [])
    assert "no metric" not in str(error.value)
