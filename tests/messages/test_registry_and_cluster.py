"""MLflow, Kubeflow's Model Registry, the cluster and servers: what causes each message, its exit code and its text."""

import itertools
from types import SimpleNamespace

import pytest
from huggingface_hub.errors import (
    LocalTokenNotFoundError,
)

from codekiln.cli.promote_command import promote
from codekiln.launch import readiness, verified_records
from codekiln.launch.job import Job
from codekiln.registry import Registry
from codekiln.registry.kubeflow import KubeflowClient
from codekiln.registry.kubeflow_connection import Connection
from codekiln.registry.mirror import Mirror
from codekiln.stages.exporting import hub
from codekiln.stages.serving.client import Refused, ServerClient
from codekiln.stages.serving.follower import Follower
from codekiln.training.deepspeed_config import init_distributed
from tests.messages.causes import caused, ids, raises
from tests.registry.memory_mlflow import memory_registry


def address_of_nothing(folder, patch):
    KubeflowClient(Connection(uri="http://[::1")).model("m")


def aliases_that_never_rest(folder, patch):
    patch.setattr(Mirror, "_wanted", lambda *given: None)
    patch.setattr(Mirror, "_write", lambda *given: None)
    numbers = itertools.count()
    patch.setattr(Mirror, "_aliases", lambda *given: next(numbers))
    registry = SimpleNamespace(uri="sqlite://", model_tags=lambda name: {}, tag_model=lambda *given: None)
    Mirror(registry, Connection(uri="http://registry")).follow("m")


def champion_without_a_past(folder, patch):
    registry = memory_registry()
    registry._create("m")
    version = registry.client.create_model_version("m", "s3://bucket/a", "run", tags={"adapter_digest": "d"})
    found = {"champion": registry._get("m", version.version)}
    patch.setattr(Registry, "_by_alias", lambda self, name, alias: found.get(alias))
    registry.rollback("m")


def job_that_is_not_there(folder, patch):
    Job.read(folder / "job.json")


def process_without_torchrun(folder, patch):
    patch.delenv("RANK", raising=False)
    init_distributed("zero3")


def no_registry_of_kubeflow(folder, patch):
    patch.delenv("CODEKILN_KUBEFLOW_REGISTRY", raising=False)
    readiness._probe_kubeflow_registry()


def cluster_that_is_silent(folder, patch):
    from codekiln.launch.cluster import api

    patch.setattr(api, "ClusterApi", raises(api.ApiUnavailable("no answer")))
    verified_records.publish("kiln", "f" * 64, "m/1")


def mirror_that_nobody_named(folder, patch):
    patch.delenv("CODEKILN_KUBEFLOW_REGISTRY", raising=False)
    patch.setattr("codekiln.registry.Registry", lambda *given: memory_registry())
    patch.setattr("codekiln.registry.mirror.mirror_of", lambda *given: None)
    options = {"kubeflow_registry": "", "public_key": None, "yes": False, "as_json": False}
    promote.callback("m", "http://mlflow", "codekiln", action="follow", **options)


def push_without_a_token(folder, patch):
    hub._explained(raises(LocalTokenNotFoundError()), "--push-to team/model")


def server_that_is_not_there(folder, patch):
    ServerClient("http://127.0.0.1:9", "token").models()


def server_without_the_middleware(folder, patch):
    server = SimpleNamespace(names=raises(Refused("/codekiln/names answered 404: Not Found")))
    Follower._require_middleware(SimpleNamespace(server=server))


CASES = [
    (
        address_of_nothing,
        1,
        "Kubeflow's Model Registry at http://[::1: Invalid port: ':1'\n  fix: correct kubeflow_registry.uri",
    ),
    (aliases_that_never_rest, 1, "the aliases of 'm' in MLflow change all the time\n  fix: repeat this step"),
    (
        champion_without_a_past,
        1,
        "the version that 'm' version 1 replaced is not recorded\n"
        "  fix: point the alias 'champion' at the version you want in MLflow",
    ),
    (job_that_is_not_there, 2, "FOLDER/job.json: no such file\n  fix: give a job written by codekiln"),
    (
        process_without_torchrun,
        2,
        "strategy: strategy zero3 needs processes that torchrun started\n"
        "  fix: start the job with python -m codekiln.launch.worker, or use strategy = ddp",
    ),
    (
        no_registry_of_kubeflow,
        2,
        "$CODEKILN_KUBEFLOW_REGISTRY: names no registry\n  fix: set kubeflowRegistry.uri in the chart's values",
    ),
    (
        cluster_that_is_silent,
        1,
        "ConfigMap codekiln-verified-records in namespace kiln: no answer\n  fix: give the same command again",
    ),
    (
        mirror_that_nobody_named,
        2,
        "m: no registry of Kubeflow is known\n  fix: give --kubeflow-registry ADDRESS",
    ),
    (push_without_a_token, 2, "--push-to team/model: there is no token\n  fix: set HF_TOKEN, or `hf auth login`"),
    (server_that_is_not_there, 1, "http://127.0.0.1:9 does not answer: [Errno 111] Connection refused"),
    (
        server_without_the_middleware,
        1,
        "it does not know public names: /codekiln/names answered 404: Not Found\n"
        "  fix: start it with codekiln's middleware and the same folder (codekiln serve NAME --follow, or the chart)",
    ),
]


@pytest.mark.parametrize(("cause", "code", "text"), CASES, ids=ids(CASES))
def test_a_mistake_is_one_message(cause, code, text, tmp_path, monkeypatch):
    assert caused(cause, tmp_path, monkeypatch) == (code, text)
