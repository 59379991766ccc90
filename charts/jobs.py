"""Example jobs, exactly as ``codekiln.launch`` makes them on the pools of the chart's examples."""

import json
from collections.abc import Iterator
from pathlib import Path

from charts.chart import NAMESPACE, Object, Values, examples, rendered, written
from codekiln.launch.cluster.request import JobRequest
from codekiln.launch.objects.pytorchjob import pytorch_job
from codekiln.launch.objects.trainjob import train_job
from codekiln.launch.pools import Cluster


def files(place: Path) -> Iterator[tuple[Path, str]]:
    """Yield the files of a folder of example jobs."""
    yield place / "trainjob.yaml", written([_job({}, "gpu")])
    yield place / "trainjob-two-nodes-queued.yaml", written([_job(examples()["kueue"], "h200")])
    yield place / "pytorchjob.yaml", written([_job(examples()["v1-operator"], "gpu")])


def _job(values: Values, pool_name: str) -> Object:
    maps = [each for each in rendered(values) if each["kind"] == "ConfigMap" and "cluster.json" in each.get("data", {})]
    cluster = Cluster.model_validate_json(maps[0]["data"]["cluster.json"])
    pool = cluster.pool(pool_name)
    request = JobRequest(
        name="sft-example",
        step="sft",
        pool_name=pool_name,
        pool=pool,
        arguments=(f"{cluster.exchange}/sft-example",),
        identity="0" * 16,
        base_model="gemma3-12b",
        recipe="maintainability",
        run="0123456789abcdef0123456789abcdef",
    )
    made = train_job if pool.api == "trainjob" else pytorch_job
    return json.loads(json.dumps(made(request, NAMESPACE)))
