import json
import shutil
import threading
import time
from dataclasses import replace

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from codekiln.errors import InputError, RegistryError
from codekiln.registry import Registry
from codekiln.stages.serving.client import Refused
from codekiln.stages.serving.folder import STATUS
from tests.stages.serving.conftest import DORA, NAME, OTHER_BASE, PROSE, PUBLIC, RANK, program

# They share a registry that takes seconds to make.
pytestmark = pytest.mark.xdist_group("serving")


def test_the_public_name_is_what_the_alias_points_at_and_goes_back_with_it(served):
    served.promote(1)
    assert served.answer() == (f"{NAME}-v1", program(1))
    served.promote(2)
    assert served.answer() == (f"{NAME}-v2", program(2))
    served.undo()
    assert served.answer() == (f"{NAME}-v1", program(1))
    assert served.vllm.loads == [f"{NAME}-v1", f"{NAME}-v2"], "the version before was still there"
    assert served.lines == [
        "'champion' is codekiln-tiny-v1 now",
        "'champion' is codekiln-tiny-v2 now; it was codekiln-tiny-v1",
        "'champion' is codekiln-tiny-v1 now; it was codekiln-tiny-v2",
    ]
    assert json.loads((served.folder.path / STATUS).read_text())["served"] == f"{NAME}-v1"


def test_without_a_champion_only_the_base_answers(served):
    served.follower.look()
    served.follower.look()
    assert served.lines == ["codekiln-tiny@champion points at nothing: only the base is served"]
    with pytest.raises(Refused, match="404: The model `champion` does not exist"):
        served.answer()
    served.promote(1)
    served.undo()
    with pytest.raises(Refused, match="404"):
        served.answer()
    assert "return 0" in served.answer("tiny")[1]
    assert served.lines[-1] == "codekiln-tiny@champion points at nothing any more: 'champion' is not served"


def test_a_version_that_fails_the_smoke_test_is_not_served(served):
    why = "no program that Python parses"
    served.promote(1)
    served.promote(PROSE)
    for _ in range(3):
        served.follower.look()
    assert served.answer() == (f"{NAME}-v1", program(1))
    assert f"{NAME}-v4" not in served.server.models()
    assert served.vllm.loads.count(f"{NAME}-v4") == 1, "it is not tried again and again"
    refusals = [line for line in served.lines if "refused" in line]
    assert len(refusals) == 1
    assert why in refusals[0]
    assert "models:/codekiln-tiny/4 is refused, codekiln-tiny-v1 stays" in refusals[0]
    assert "promote codekiln-tiny --undo" in refusals[0]
    assert f"{NAME}-v4" in json.loads((served.folder.path / STATUS).read_text())["refused"]
    served.promote(3)
    assert served.answer() == (f"{NAME}-v3", program(3))


def test_an_adapter_that_the_server_cannot_have_is_refused_with_the_fix(served):
    served.promote(1)
    cases = {
        RANK: "rank 64 is greater than max_lora_rank 16.\n  fix: start the server with --max-lora-rank 64",
        DORA: "does not yet support DoRA.\n  fix: vLLM serves this kind of adapter only merged",
        OTHER_BASE: "was trained on owner/other, and the server has tiny\n  fix: serve owner/other",
    }
    for count, (number, why) in enumerate(cases.items()):
        served.promote(number)
        served.follower.look()
        assert served.answer() == (f"{NAME}-v1", program(1))
        assert [why in line for line in served.lines[1:]] == [False] * count + [True]


def test_a_version_without_a_signed_record_is_refused_where_a_key_is_given(served):
    served.promote(1)
    served.follower = served.new_follower(key=Ed25519PrivateKey.generate().public_key())
    served.promote(2)
    assert served.answer() == (f"{NAME}-v1", program(1))
    assert "models:/codekiln-tiny/2 is refused, codekiln-tiny-v1 stays: " in served.lines[-1]
    assert "its promotion cannot be verified" in served.lines[-1]
    assert "\n  record: " in served.lines[-1]
    assert "fix: look at codekiln verify models:/codekiln-tiny/2 --public-key FILE" in served.lines[-1]


def test_what_was_let_in_without_a_key_is_not_served_by_a_follower_with_one(served):
    served.promote(1)
    served.follower = served.new_follower(key=Ed25519PrivateKey.generate().public_key())
    served.follower.look()
    with pytest.raises(Refused, match="404"):
        served.answer()
    assert "models:/codekiln-tiny/1 is refused, the base alone stays" in served.lines[-1]


def test_another_version_under_the_name_of_one_that_is_loaded_takes_its_place(served, monkeypatch):
    served.promote(1)
    other = replace(served.registry.named(f"{NAME}/3"), version=1)
    real = Registry.download_adapter
    monkeypatch.setattr(Registry, "named", lambda registry, address: other)
    monkeypatch.setattr(Registry, "download_adapter", lambda registry, uri, to: real(registry, other.model_id, to))
    served.follower.look()
    assert served.answer() == (f"{NAME}-v1", program(3))


def test_a_new_follower_asks_what_is_served_nothing(served):
    served.promote(1)
    asked = len(served.vllm.requests)
    served.follower = served.new_follower()
    served.follower.look()
    assert served.answer() == (f"{NAME}-v1", program(1))
    assert len(served.vllm.requests) == asked + 1


def test_an_error_that_nobody_expects_does_not_end_what_is_served(served, monkeypatch):
    served.promote(1)
    with monkeypatch.context() as patch:
        patch.setattr(served.follower, "_champion", lambda: 1 / 0)
        served.follower.look()
        served.follower.look()
    assert served.lines[1:] == ["a look failed, codekiln-tiny-v1 stays: ZeroDivisionError: division by zero"]
    served.promote(2)
    assert served.answer()[0] == f"{NAME}-v2"


def test_without_mlflow_it_keeps_what_it_serves_and_says_so_once(served):
    served.promote(1)
    down = True

    def connect():
        if down:
            raise RegistryError("MLflow at http://mlflow: it does not answer")
        return served.registry

    served.follower = served.new_follower(connect)
    for _ in range(3):
        served.follower.look()
    assert served.lines[1:] == ["keeps what it serves, codekiln-tiny-v1: MLflow at http://mlflow: it does not answer"]
    assert served.answer()[0] == f"{NAME}-v1"
    served.vllm.adapters.clear()  # the server starts again meanwhile
    served.follower.look()
    assert served.answer()[0] == f"{NAME}-v1"
    down = False
    served.promote(2)
    assert served.lines[2:] == ["MLflow answers again", "'champion' is codekiln-tiny-v2 now; it was codekiln-tiny-v1"]


def test_a_server_that_starts_again_gets_the_champion_again(served):
    served.promote(1)
    served.vllm.dead = True
    served.follower.look()
    assert not (served.folder.path / STATUS).exists(), "the probe of the pod says that it is not ready"
    served.vllm.dead = False
    served.vllm.adapters.clear()
    served.follower.look()
    assert served.answer() == (f"{NAME}-v1", program(1))
    assert (served.folder.path / STATUS).exists()


def test_an_engine_that_dies_during_the_smoke_test_says_nothing_about_the_version(served, monkeypatch):
    served.promote(1)
    monkeypatch.setattr(served.vllm, "_chat", lambda asked: _die(served.vllm))
    served.promote(2)
    assert "is not served yet" in served.lines[-1]
    monkeypatch.undo()
    served.vllm.dead = False
    served.vllm.adapters.clear()
    served.follower.look()
    assert served.answer() == (f"{NAME}-v2", program(2))


async def _die(vllm):
    vllm.dead = True
    return 500, {"error": {"message": "EngineCore encountered an issue."}}


def test_files_that_were_changed_are_not_served(served, monkeypatch):
    served.promote(1)
    real = Registry.download_adapter

    def changed(registry, *arguments):
        monkeypatch.setattr("codekiln.registry.registry.adapter_digest", lambda folder: "0" * 64)
        return real(registry, *arguments)

    monkeypatch.setattr(Registry, "download_adapter", changed)
    served.promote(2)
    assert served.answer() == (f"{NAME}-v1", program(1))
    assert "models:/codekiln-tiny/2 is not served yet" in served.lines[-1]
    assert "its digest is" in served.lines[-1]


def test_files_that_were_damaged_here_are_fetched_again(served):
    served.promote(1)
    served.vllm.adapters.clear()
    (served.folder.adapters / f"{NAME}-v1" / "adapter_model.safetensors").write_text("damaged")
    served.follower.look()
    assert served.answer() == (f"{NAME}-v1", program(1))


def test_a_follower_that_was_killed_between_loading_and_pointing_goes_on(served):
    served.promote(1)
    version = served.registry.promote(served.registry.named(f"{NAME}/2"), "decision")
    path = served.registry.download_adapter(version.uri, served.folder.adapters / f"{NAME}-v2")
    served.server.load(f"{NAME}-v2", str(path))
    (served.folder.adapters / f".{NAME}-v3.part").mkdir()
    served.follower = served.new_follower()
    served.follower.look()
    assert served.answer() == (f"{NAME}-v2", program(2))
    served.promote(3)
    assert served.answer() == (f"{NAME}-v3", program(3))


def test_no_request_fails_while_versions_change(served):
    served.promote(1)
    failures, stop = [], threading.Event()
    seen: set[str] = set()

    def ask():
        with httpx2.Client(trust_env=False) as client:
            while not stop.is_set():
                body = {"model": PUBLIC, "messages": [{"role": "user", "content": "Write f()."}]}
                answer = client.post(f"{served.url}/v1/chat/completions", json=body)
                content = answer.json()
                if answer.status_code != 200:
                    failures.append(content)
                    continue
                number = content["model"].rpartition("-v")[2]
                seen.add(number)
                if content["choices"][0]["message"]["content"] != program(int(number)):
                    failures.append(content)

    served.follower = served.new_follower(grace=0.2)
    clients = [threading.Thread(target=ask) for _ in range(3)]
    for client in clients:
        client.start()
    for number in range(2, 4):
        served.promote(number)
    served.undo()
    stop.set()
    for client in clients:
        client.join()
    assert failures == []
    assert {"1", "3"} <= seen


def test_a_request_that_has_begun_ends_with_the_version_that_it_began_with(served):
    served.promote(1)
    answers = []
    request = threading.Thread(target=lambda: answers.append(served.server.ask(PUBLIC, "SLOW", 10)))
    request.start()
    while not any(b"SLOW" in each for each in served.vllm.requests):
        time.sleep(0.01)
    served.promote(2)
    served.server.unload(f"{NAME}-v1")
    request.join()
    assert (answers[0].model, answers[0].text) == (f"{NAME}-v1", program(1))


def test_replaced_versions_are_unloaded_after_a_while_except_the_one_before(served):
    served.follower = served.new_follower(grace=0)
    for number in (1, 2, 3):
        served.promote(number)
    served.follower.look()
    assert set(served.server.models()) == {"tiny", f"{NAME}-v2", f"{NAME}-v3", PUBLIC}
    assert {path.name for path in served.folder.adapters.iterdir()} == {f"{NAME}-v2", f"{NAME}-v3"}


def test_a_folder_has_one_follower(served):
    with served.folder.only_follower(), pytest.raises(InputError, match="another"), served.folder.only_follower():
        pass


def test_a_server_with_another_folder_is_named(served):
    served.promote(1)
    (served.folder.path / "names.json").unlink()
    served.follower.folder = type(served.folder)(served.tmp_path / "elsewhere")
    served.follower.look()
    assert "the server does not see what the follower writes" in served.lines[-1]
    assert "give server and follower the same folder" in served.lines[-1]
    shutil.rmtree(served.tmp_path / "elsewhere")
