"""Exports of an adapter: what they write, that it is proven, whole, and goes nowhere unasked."""

import json
import multiprocessing
import os
import shutil
import sys
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from codekiln import demo
from codekiln.cli import main
from codekiln.data.files import sha256_file
from codekiln.data.prompts import messages
from codekiln.demo import problems
from codekiln.errors import InputError
from codekiln.stages.exporting import ExportOptions, export, gguf, hub, target
from codekiln.stages.exporting import merging as merging_module
from codekiln.stages.named_model import NamedModel, named_model
from tests import toy_models
from tests.adapters import random_adapter, registered, replies
from tests.stages.exporting import fake_hub

PROBLEMS = problems("eval", count=2)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("exports")
    rows = [each.model_dump_json(by_alias=True) for each in PROBLEMS]
    (folder / "prompts.jsonl").write_text("\n".join(rows))
    random_adapter(folder / "dpo")
    return folder


@pytest.fixture
def short(monkeypatch):
    """Short replies, which are as good for what is tested here."""
    monkeypatch.setattr(merging_module, "GREEDY", merging_module.GREEDY.model_copy(update={"max_new_tokens": 40}))


@pytest.fixture
def proven(monkeypatch):
    """Spare the proof, where something else is tested."""
    proves(monkeypatch, 0)


@pytest.fixture
def unmerged(monkeypatch, proven):
    """Spare the merging too."""
    monkeypatch.setattr(merging_module, "write_merged", copy_base)


def proves(monkeypatch, different: int) -> None:
    first = {"task_id": "t", "character": 3, "adapter": "a", "merged": "b"} if different else None
    proof = merging_module.Proof(prompts=2, source="a test", different=different, first=first)
    monkeypatch.setattr(merging_module, "prove", lambda *_: proof)


def copy_base(model: NamedModel, folder: Path, dtype: str) -> None:
    """Write weights without the adapter, in place of merged ones."""
    shutil.copytree(demo.base_path(), folder, dirs_exist_ok=True)


def call(*words: str):
    return CliRunner().invoke(main, ["export", *map(str, words)])


def test_merged_weights_are_proven_and_load_without_codekiln(place, tmp_path, short):
    import transformers

    done = call(place / "dpo", "--to", tmp_path / "m", "--format", "merged", "--prompts", place / "prompts.jsonl")
    assert done.exit_code == 0, done.output
    assert "on all of 2 prompts" in done.stdout
    record = json.loads((tmp_path / "m" / "export.json").read_text())
    assert record["proof"]["different"] == 0
    assert record["files"]["model.safetensors"] == sha256_file(tmp_path / "m" / "model.safetensors")
    assert set(record["files"]) | {"export.json"} == {path.name for path in (tmp_path / "m").iterdir()}
    model = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "m")
    tokens = transformers.AutoTokenizer.from_pretrained(tmp_path / "m")
    turns = [turn.model_dump() for turn in messages(PROBLEMS[0])]
    asked = tokens.apply_chat_template(turns, add_generation_prompt=True, return_dict=True, return_tensors="pt")
    found = model.generate(**asked, max_new_tokens=40)[0, asked["input_ids"].shape[1] :]
    assert (
        tokens.decode(found, skip_special_tokens=True) == replies("tiny", place / "dpo", [messages(PROBLEMS[0])], 40)[0]
    )
    front = yaml.safe_load((tmp_path / "m" / "README.md").read_text().split("---")[1])
    assert (front["license"], front["library_name"]) == ("apache-2.0", "transformers")


def test_an_adapter_as_trainers_leave_it_is_merged_with_its_bases_chat_files(place, tmp_path, proven):
    """TRL and Unsloth save tokenizer and template beside the adapter, and no generation_config.json."""
    adapter = shutil.copytree(place / "dpo", tmp_path / "checkpoint-20")
    for name in ("generation_config.json", "codekiln.json"):
        (adapter / name).unlink()
    for form in ("merged", "adapter"):
        done = call(adapter, "--to", tmp_path / form, "--format", form, "--base-model", "tiny")
        assert done.exit_code == 0, done.output
        assert json.loads((tmp_path / form / "generation_config.json").read_text())["eos_token_id"]
        assert (tmp_path / form / "chat_template.jinja").is_file()


def test_merged_weights_that_write_otherwise_are_said_and_end_with_one(place, tmp_path, short, monkeypatch):
    monkeypatch.setattr(merging_module, "write_merged", copy_base)
    words = ("--format", "merged", "--prompts", place / "prompts.jsonl")
    done = call(place / "dpo", "--to", tmp_path / "m", *words)
    assert done.exit_code == 1, done.output
    assert "NOT the same: merged weights write otherwise than base and adapter on 2 of 2 prompts" in done.stdout
    assert f"first: {PROBLEMS[0].task_id}, character " in done.stdout
    assert json.loads((tmp_path / "m" / "export.json").read_text())["proof"]["different"] == 2


@pytest.mark.parametrize("dtype", ["bfloat16", pytest.param("float16", marks=pytest.mark.slow)])
def test_merged_weights_have_the_dtype_that_is_asked_for(place, tmp_path, proven, dtype):
    from safetensors import safe_open

    words = (
        "--format",
        "merged",
        "--dtype",
        dtype,
        "--prompts",
        place / "prompts.jsonl",
        "--may-differ",
        "2",
        "--json",
    )
    done = call(place / "dpo", "--to", tmp_path / "m", *words)
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["dtype"] == dtype
    with safe_open(tmp_path / "m" / "model.safetensors", "pt") as file:
        assert {str(file.get_tensor(name).dtype) for name in file.keys()} == {f"torch.{dtype}"}  # noqa: SIM118


def test_a_registered_version_is_copied_whole_and_an_adapters_folder_is_made_so(place, tmp_path, uri, monkeypatch):
    monkeypatch.chdir(tmp_path)
    registered(uri, place / "dpo", tmp_path / "logged")
    done = call("models:/codekiln-tiny@champion", "--tracking-uri", uri, "--to", tmp_path / "a")
    assert done.exit_code == 0, done.output
    assert json.loads((tmp_path / "a" / "export.json").read_text())["model"] == "models:/codekiln-tiny/1"
    own = call(place / "dpo", "--to", tmp_path / "b")
    assert own.exit_code == 0, own.output
    files = [{path.relative_to(tmp_path / name) for path in target.files_of(tmp_path / name)} for name in ("a", "b")]
    assert files[0] == files[1]
    assert Path("MLmodel") in files[0]
    assert not any(path.is_symlink() for path in (tmp_path / "b").rglob("*"))
    with named_model(str(tmp_path / "b")) as model:
        assert (model.base, model.adapter) == ("tiny", tmp_path / "b")


def test_a_base_of_ones_own_goes_with_the_adapter(tmp_path):
    base = toy_models.make(tmp_path / "my-model")
    random_adapter(tmp_path / "dpo", str(base), 0.5, chat=False)
    (base / ".env").write_text("HF_TOKEN=hf_x")
    assert call(tmp_path / "dpo", "--to", tmp_path / "out").exit_code == 0
    assert not (tmp_path / "out" / "base" / ".env").exists()
    before = replies(str(base), tmp_path / "dpo", [toy_models.question(3)], 10)
    shutil.rmtree(base)
    with named_model(str(tmp_path / "out")) as model:
        assert model.base == str(tmp_path / "out" / "base")
        assert replies(model.base, model.adapter, [toy_models.question(3)], 10) == before
    assert json.loads((tmp_path / "out" / "adapter_config.json").read_text())["base_model_name_or_path"] == "base"


def test_nothing_half_is_left_and_nothing_else_is_replaced(place, tmp_path, monkeypatch):
    model, to = NamedModel("dpo", "tiny", place / "dpo"), tmp_path / "out"

    def killed(*_words, **_further):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(target, "write_record", killed)
        with pytest.raises(KeyboardInterrupt):
            export(model, to, ExportOptions())
    assert list(tmp_path.iterdir()) == []
    # What a killed process leaves, the next one removes.
    (tmp_path / ".out.exporting").mkdir()
    (tmp_path / ".out.exporting" / "half").write_text("")
    export(model, to, ExportOptions())
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert not (to / "half").exists()
    # Or it puts back what the killed one had moved aside.
    to.rename(tmp_path / ".out.replaced")
    with pytest.raises(ZeroDivisionError), target.new_folder(to, {}):
        raise ZeroDivisionError
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    before = (to / "export.json").stat().st_ino
    export(model, to, ExportOptions())
    assert (to / "export.json").stat().st_ino != before, "an export of the same is replaced"
    for other, what in (
        (ExportOptions("modelcar"), "holds another export"),
        (ExportOptions(), "is not empty, and no export"),
    ):
        with pytest.raises(InputError, match=what):
            export(model, to, other)
        (to / "export.json").unlink(missing_ok=True)
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="is a file"):
        export(model, tmp_path / "file", ExportOptions())


def _hold(to: Path, has_it, release) -> None:
    with target.new_folder(to, {}):
        has_it.set()
        release.wait(30)


def test_files_that_somebody_put_into_an_export_are_not_deleted_with_it(place, tmp_path):
    model, to = NamedModel("dpo", "tiny", place / "dpo"), tmp_path / "out"
    export(model, to, ExportOptions())
    for name in ("notes/mine.txt", "link"):
        (to / name).parent.mkdir(exist_ok=True)
        (to / name).write_text("x") if name != "link" else (to / name).symlink_to(tmp_path)
        with pytest.raises(InputError, match=f"files that are of no export: {name}"):
            export(model, to, ExportOptions())
        (to / name).unlink()
    export(model, to, ExportOptions())


def test_a_link_in_place_of_the_folder_beside_it_empties_nothing(tmp_path):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "thesis.txt").write_text("x")
    (tmp_path / ".out.exporting").symlink_to(tmp_path / "home")
    with pytest.raises(InputError, match="is no folder of an export"), target.new_folder(tmp_path / "out", {}):
        pass
    assert (tmp_path / "home" / "thesis.txt").exists()


@pytest.mark.parametrize("name", ["vocab.json", "notes"])
def test_a_link_out_of_a_downloaded_adapter_is_neither_copied_nor_uploaded(place, tmp_path, fake, name):
    call(place / "dpo", "--to", tmp_path / "theirs")
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "token").write_text("hf_x")
    (tmp_path / "theirs" / name).symlink_to(tmp_path / "secret" / ("token" if "." in name else ""))
    done = call(tmp_path / "theirs", "--push-to", "me/mine", "--yes")
    assert done.exit_code == 2, done.output
    assert f"theirs/{name}: is a link out of the adapter's folder" in done.stderr


def test_links_of_the_hubs_cache_are_its_files(place, tmp_path):
    cached = tmp_path / "models--me--mine" / "snapshots" / "abc"
    call(place / "dpo", "--to", cached)
    (tmp_path / "models--me--mine" / "blobs").mkdir()
    weights = cached / "adapter_model.safetensors"
    weights.rename(cached.parent.parent / "blobs" / "123")
    weights.symlink_to("../../blobs/123")
    done = call(cached, "--to", tmp_path / "out")
    assert done.exit_code == 0, done.output
    assert not (tmp_path / "out" / "adapter_model.safetensors").is_symlink()


def test_merged_files_name_no_code_for_a_converter_to_run(place, tmp_path, proven):
    call(place / "dpo", "--to", tmp_path / "theirs")
    settings = tmp_path / "theirs" / "tokenizer_config.json"
    values = json.loads(settings.read_text())
    settings.write_text(json.dumps(values | {"auto_map": {"AutoTokenizer": ["evil/repo--code.Tokenizer", None]}}))
    done = call(tmp_path / "theirs", "--to", tmp_path / "out", "--format", "merged")
    assert done.exit_code == 0, done.output
    for name in ("config.json", "tokenizer_config.json"):
        assert "auto_map" not in json.loads((tmp_path / "out" / name).read_text())


def test_of_two_exports_to_one_folder_at_once_the_second_is_refused(tmp_path):
    context = multiprocessing.get_context("fork")
    has_it, release = context.Event(), context.Event()
    other = context.Process(target=_hold, args=(tmp_path / "out", has_it, release))
    other.start()
    assert has_it.wait(30)
    with pytest.raises(InputError, match="another export is writing it"), target.new_folder(tmp_path / "out", {}):
        pass
    release.set()
    other.join(30)
    assert other.exitcode == 0
    assert (tmp_path / "out").is_dir()


def converter(folder: Path, text: str) -> Path:
    """A script that stands for llama.cpp's; the real one is in test_real_converter.py."""
    folder.mkdir(exist_ok=True)
    (folder / "convert_hf_to_gguf.py").write_text(text)
    return folder / "convert_hf_to_gguf.py"


WRITES = (
    "import sys, pathlib\nassert pathlib.Path(sys.argv[1], 'model.safetensors').is_file()\n"
    "pathlib.Path(sys.argv[sys.argv.index('--outfile') + 1]).write_text(sys.argv[sys.argv.index('--outtype') + 1])\n"
)


def test_gguf_is_made_by_llama_cpps_converter(place, tmp_path, unmerged):
    script = converter(tmp_path / "llama", WRITES)
    done = call(place / "dpo", "--to", tmp_path / "g", "--format", "gguf", "--converter", script)
    assert done.exit_code == 0, done.output
    assert (tmp_path / "g" / "model.gguf").read_text() == "f32"
    assert {path.name for path in (tmp_path / "g").iterdir()} == {"model.gguf", "export.json"}
    # A tokenizer that llama.cpp does not know, as that of the embedded base.
    converter(tmp_path / "llama", "raise NotImplementedError('BPE pre-tokenizer was not recognized - update it')")
    done = call(place / "dpo", "--to", tmp_path / "h", "--format", "gguf", "--converter", script)
    assert done.exit_code == 2
    assert "cannot convert: llama.cpp does not know this model's tokenizer" in done.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"llama", "g"}


@pytest.mark.parametrize(("text", "what"), [("import sys; sys.exit('boom')", "boom"), ("", "it wrote no file")])
def test_a_converter_that_fails_says_why(tmp_path, text, what):
    script = converter(tmp_path / "llama", text)
    with pytest.raises(InputError, match=f"cannot convert: {what}"):
        gguf.convert(script, tmp_path, tmp_path / "model.gguf", "float32")


def test_without_a_converter_gguf_is_refused_before_anything_is_merged(place, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent / "nowhere"))
    monkeypatch.setattr(merging_module, "write_merged", lambda *_: pytest.fail("merged for nothing"))
    done = call(place / "dpo", "--to", tmp_path / "g", "--format", "gguf")
    assert done.exit_code == 2
    assert "github.com/ggml-org/llama.cpp" in done.stderr
    assert call(place / "dpo", "--to", tmp_path / "g", "--format", "gguf", "--converter", "no.py").exit_code == 2


def test_a_modelcar_has_the_model_where_kserve_looks(place, tmp_path, unmerged):
    done = call(place / "dpo", "--to", tmp_path / "c", "--format", "modelcar")
    assert done.exit_code == 0, done.output
    lines = (tmp_path / "c" / "Containerfile").read_text().splitlines()
    assert "COPY models/ /models/" in lines
    assert "RUN mkdir /models && chmod 775 /models" in lines
    assert (tmp_path / "c" / "models" / "model.safetensors").is_file()
    service = yaml.safe_load((tmp_path / "c" / "inference-service.yaml").read_text())
    assert service["spec"]["predictor"]["model"]["storageUri"].startswith("oci://")
    assert service["metadata"]["name"] == "codekiln-dpo"


@pytest.fixture
def fake(monkeypatch):
    with fake_hub.serving() as found:
        monkeypatch.setenv("HF_ENDPOINT", found.url)
        monkeypatch.setenv("HF_TOKEN", found.token)
        yield found


def test_a_push_is_shown_first_and_sent_with_yes(place, tmp_path, fake):
    words = (place / "dpo", "--to", tmp_path / "a", "--push-to", "lab/model")
    dry = call(*words)
    assert dry.exit_code == 0, dry.output
    assert fake.requests == [], "a dry run asks the Hub nothing"
    assert f"would upload (nothing was sent; --yes sends it) to {fake.url}/lab/model, private:" in dry.stdout
    listed = {line.split()[1] for line in dry.stdout.splitlines() if line.startswith("   ")}
    done = call(*words, "--yes")
    assert done.exit_code == 0, done.output
    assert fake.repositories == {"lab/model": True}
    assert set(fake.files) == listed == {str(p.relative_to(tmp_path / "a")) for p in target.files_of(tmp_path / "a")}
    assert fake.files["adapter_model.safetensors"] == (tmp_path / "a" / "adapter_model.safetensors").read_bytes()
    assert f"commit {fake.url}/lab/model/commit/" in done.stdout
    assert fake.token not in dry.output + done.output
    shown = json.loads(call(*words, "--json").stdout)["push"]
    assert (shown["private"], shown["commit"], len(shown["files"])) == (True, None, len(listed))


def test_a_push_without_a_folder_leaves_none(place, tmp_path, fake, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    done = call(place / "dpo", "--push-to", "lab/model", "--yes", "--public")
    assert done.exit_code == 0, done.output
    assert fake.repositories == {"lab/model": False}
    assert "PUBLIC" in done.stdout


def test_a_public_repository_gets_nothing_that_should_be_private(place, fake):
    fake.repositories["lab/model"] = False
    done = call(place / "dpo", "--push-to", "lab/model", "--yes")
    assert done.exit_code == 2
    assert "is a public repository that exists already" in done.stderr
    assert fake.files == {}


def test_a_refusal_of_the_hub_is_said_without_the_token(place, fake, monkeypatch):
    wrong = "hf_wrong_token_of_somebody"
    monkeypatch.setenv("HF_TOKEN", wrong)
    done = call(place / "dpo", "--push-to", "lab/model", "--yes")
    assert done.exit_code == 2
    assert "the Hub refused" in done.stderr
    assert wrong not in done.output
    assert "Traceback" not in done.output


def test_weights_that_are_not_proven_are_not_sent(place, unmerged, fake, monkeypatch):
    proves(monkeypatch, 2)
    words = (place / "dpo", "--format", "merged", "--push-to", "lab/model", "--yes")
    assert call(*words).exit_code == 1
    assert fake.requests == []
    assert call(*words, "--may-differ", "2").exit_code == 0
    assert "model.safetensors" in fake.files


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("tiny", "--to", "x"), "is a base model: there is nothing to export"),
        (("{dpo}",), "no place to export to is given"),
        (("{dpo}", "--to", "{dpo}/out"), "lies in the adapter's own folder"),
        (("{dpo}", "--to", "x", "--yes"), "--yes and --public are for --push-to"),
        (("{dpo}", "--push-to", "model"), "is no OWNER/NAME"),
        (("./nowhere", "--to", "x"), "there is no such folder"),
        (("{dpo}", "--to", "x", "--format", "merged", "--prompts", "no.jsonl"), "no.jsonl"),
    ],
)
def test_mistakes_end_with_two_and_leave_nothing(place, tmp_path, monkeypatch, words, what):
    monkeypatch.chdir(tmp_path)
    done = call(*(word.format(dpo=place / "dpo") for word in words))
    assert done.exit_code == 2, done.output
    assert what in done.stderr
    assert os.listdir(tmp_path) == []


def test_names_of_repositories():
    with pytest.raises(InputError):
        hub.check_name("a/b/c")
    hub.check_name("my-team/my.model_1")
