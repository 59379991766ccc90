import re
from pathlib import Path

import pytest

import containerfile
from codekiln.inference.vllm import interpreter

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("cpu", "train", "serve")


def read(name):
    return containerfile.stages(ROOT / "images" / name / "Containerfile")


def final(name):
    return read(name)[1][-1]


@pytest.fixture(params=NAMES)
def name(request):
    return request.param


def test_final_image_runs_as_a_numbered_user_who_is_not_root(name):
    last = [one for one in final(name).instructions if one.word in ("RUN", "COPY", "USER")][-1]
    assert last.word == "USER"
    assert last.rest == "1000:0"


def test_base_is_one_argument_with_a_full_version_and_no_registry(name):
    before, stages = read(name)
    assert {stage.base for stage in stages} <= {"${PYTHON_IMAGE}"}
    base = before[0].pairs()["PYTHON_IMAGE"]
    assert re.fullmatch(r"python:3\.11\.\d+-slim-bookworm", base)


def test_images_share_one_base():
    assert len({read(name)[0][0].rest for name in NAMES}) == 1


def test_nothing_is_fetched_by_add_or_from_a_url(name):
    for stage in read(name)[1]:
        assert not stage.of("ADD")
        assert not [one for one in stage.instructions if "http://" in one.rest or "https://" in one.rest]


def test_every_install_is_pinned_by_a_lock_and_keeps_no_cache(name):
    installs = [
        part.strip()
        for stage in read(name)[1]
        for one in stage.of("RUN")
        for part in one.rest.split("&&")
        if re.match(r"\s*pip( --python \S+)? (install|wheel)\b", part)
    ]
    assert installs
    for command in installs:
        assert "--no-cache-dir" in command
        assert "--no-deps" in command
        local = "--no-index" in command or command.endswith(" .")
        unhashed = name == "cpu" and command.endswith("/torch.lock")
        assert local or unhashed or "--require-hashes" in command, command


def test_torch_is_installed_before_everything_else(name):
    runs = [one.rest for one in final(name).of("RUN") if one.rest.startswith("pip install")]
    assert runs[0].endswith("/torch.lock")
    assert runs[1].endswith("/requirements.lock")


def test_what_is_copied_exists_and_the_ignore_file_lets_it_through(name):
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    allowed = [line[1:] for line in lines if line.startswith("!")]
    assert "*" in lines
    for stage in read(name)[1]:
        for one in stage.of("COPY"):
            words = one.rest.split()
            if words[0].startswith("--from="):
                assert words[0].removeprefix("--from=") in [stage.name for stage in read(name)[1]]
                continue
            for source in words[:-1]:
                assert (ROOT / source).exists(), source
                assert any(source == one or source.startswith(one + "/") for one in allowed), source


def test_system_packages_leave_no_lists_and_no_recommendations(name):
    for one in final(name).of("RUN"):
        if "apt-get" in one.rest:
            assert "--no-install-recommends" in one.rest
            assert "rm -rf /var/lib/apt/lists/*" in one.rest


def test_compilers_are_only_where_kernels_are_compiled_at_run_time():
    commands = {name: " ".join(one.rest for one in final(name).of("RUN")) for name in NAMES}
    found = {name: set(re.findall(r" (gcc|g\+\+|clang|build-essential)(?= )", text)) for name, text in commands.items()}
    assert found == {"cpu": set(), "train": {"g++"}, "serve": {"g++"}}


def test_everything_written_at_run_time_goes_to_the_two_writable_folders(name):
    environment = final(name).environment()
    assert environment["HOME"] == "/tmp"
    assert environment["HF_HOME"] == "/cache/hf"
    assert environment["PYTHONDONTWRITEBYTECODE"] == "1"
    folders = {key: value for key, value in environment.items() if value.startswith("/") and key != "CUDA_HOME"}
    assert all(value.startswith(("/tmp", "/cache/hf")) for value in folders.values()), folders
    assert final(name).of("WORKDIR")[-1].rest == "/tmp"


def test_python_imports_nothing_from_the_writable_working_folder(name):
    assert final(name).environment()["PYTHONSAFEPATH"] == "1"


def test_group_0_may_write_where_the_image_writes(name):
    made = [one.rest for one in final(name).of("RUN") if "useradd" in one.rest]
    assert len(made) == 1
    assert "--uid 1000 --gid 0" in made[0]
    assert "install -d -o 1000 -g 0 -m 0775 /cache /cache/hf" in made[0]


def test_user_has_a_name_for_any_user_id(name):
    assert final(name).environment()["USER"] == "codekiln"


def test_gpu_images_leave_the_choice_of_gpus_to_the_node():
    for name in ("train", "serve"):
        environment = final(name).environment()
        assert environment["NVIDIA_DRIVER_CAPABILITIES"] == "compute,utility"
        assert "NVIDIA_VISIBLE_DEVICES" not in environment


def test_no_secret_is_set_or_asked_for(name):
    for stage in read(name)[1]:
        for one in stage.of("ENV", "ARG"):
            assert not [key for key in one.pairs() if re.search("TOKEN|PASSWORD|SECRET|KEY", key)]


def test_labels_name_the_version_and_the_commit(name):
    labels = {key: value for one in final(name).of("LABEL") for key, value in one.pairs().items()}
    assert labels["org.opencontainers.image.version"] == "${VERSION}"
    assert labels["org.opencontainers.image.revision"] == "${REVISION}"
    assert labels["org.opencontainers.image.licenses"] == "Apache-2.0"
    declared = {key for one in final(name).of("ARG") for key in one.pairs()}
    assert {"VERSION", "REVISION"} <= declared


def test_cpu_image_refuses_a_build_without_its_own_name():
    runs = [one.rest for one in read("cpu")[1][0].of("RUN")]
    assert any(rest.startswith('test -n "$CODEKILN_IMAGE"') for rest in runs)


def test_the_vllm_of_the_train_image_is_where_sampling_looks_for_it_and_finds_the_trainers_packages_last():
    commands = " ".join(one.rest for one in final("train").of("RUN"))
    image = interpreter.PLACES[0]
    assert f"python -m venv --without-pip {image.parents[1]} " in commands
    assert f"pip --python {image} install" in commands
    # A .pth file's folder comes after the environment's own packages, so that vLLM's pins are found first.
    packages = final("serve").environment()["CUDA_HOME"].removesuffix("/nvidia/cu13")
    assert f"echo {packages} > {image.parents[1]}/lib/python3.11/site-packages/trainers.pth" in commands
    assert commands.index("/opt/codekiln/requirements.lock") < commands.index(str(image))


def test_caches_of_vllm_lie_where_the_serve_image_has_them():
    train, serve = (final(name).environment() for name in ("train", "serve"))
    for key in ("VLLM_CACHE_ROOT", "FLASHINFER_WORKSPACE_BASE", "NUMBA_CACHE_DIR", "TILELANG_CACHE_DIR"):
        assert train[key] == serve[key]


def test_serve_image_starts_vllm():
    assert final("serve").of("ENTRYPOINT")[0].rest == '["vllm", "serve"]'


def test_variables_are_substituted_as_a_shell_does():
    values = {"A": "1", "EMPTY": ""}
    text = "$A ${A}x ${B:-2} ${A:-3} ${A:+yes} ${EMPTY:+no}."
    assert containerfile.substitute(text, values) == "1 1x 2 1 yes ."


def test_continued_lines_are_one_instruction_and_comments_none():
    text = "# c\nRUN a \\\n# between\n    && b\nuser 5\n"
    found = [(one.word, one.rest, one.line) for one in containerfile.instructions(text)]
    assert found == [("RUN", "a && b", 2), ("USER", "5", 5)]
