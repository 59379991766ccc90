import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from codekiln.data.folders import Dataset, write_dataset
from codekiln.data.records import Problem, Sample
from codekiln.inference import Sampling
from codekiln.inference.sampling.job import SamplingJob
from codekiln.inference.sampling.run import run
from codekiln.settings.resolve import resolve
from codekiln.stages.base import StageContext
from codekiln.stages.configured import teacher_of
from codekiln.stages.jobs import sample
from codekiln.stages.named_model import NamedModel
from codekiln.stages.prompting import write_programs

PROBLEMS = [Problem(task_id=f"t{number}", prompt=f"Write f{number}.") for number in range(5)]
SAMPLING = Sampling(n=2, max_new_tokens=4)


@pytest.fixture
def problems(tmp_path):
    write_dataset(tmp_path / "problems", PROBLEMS, Problem)
    return tmp_path / "problems"


def read(folder):
    return Dataset(folder, Sample)


def test_a_job_says_in_the_manifest_which_engine_sampled(vllm, tmp_path, problems):
    for engine in ("vllm", "transformers"):
        run(
            SamplingJob(
                base="tiny", problems=problems, output=tmp_path / engine, sampling=SAMPLING, engine=engine, label="m"
            )
        )
        assert read(tmp_path / engine).manifest.settings == {"engine": engine}
    assert len(vllm("request")) == 10
    assert read(tmp_path / "vllm").rows() != read(tmp_path / "transformers").rows()


def test_stages_hand_the_engine_and_its_settings_to_their_jobs(vllm, tmp_path, problems):
    settings = resolve("laptop", {}, ["engine=vllm", "vllm.gpu_memory_utilization=0.4"])
    output = tmp_path / "self_generate"
    output.mkdir()
    (output / ".identity").write_text("x")
    context = StageContext(settings=settings, inputs={}, output=output, step="self_generate", run_folder=tmp_path)
    assert len(sample(context, problems, None, SAMPLING, output / "samples", "self_generate")) == 10
    assert vllm("gpu_memory_utilization") == [0.4]


def test_the_teacher_and_the_command_sample_with_it(vllm, tmp_path):
    overrides = ["teacher=model", "teachers.model.engine=vllm", "teachers.model.sampling.max_new_tokens=4"]
    teacher = teacher_of(resolve("laptop", {}, overrides))
    teacher.check()
    assert [problem.task_id for problem, _ in teacher.solve(PROBLEMS[:2])] == ["t0", "t1"]
    asked = len(vllm("request"))
    out = tmp_path / "out.jsonl"
    written = write_programs(NamedModel("tiny", "tiny"), PROBLEMS, SAMPLING, out=out, graded=False, engine="vllm")
    assert (len(written), len(vllm("request")) - asked) == (10, 10)


@pytest.mark.slow
@pytest.mark.xdist_group("processes")
def test_two_processes_draw_what_one_draws_each_on_its_own_gpu(vllm, tmp_path, problems):
    def start(name, *processes):
        job = {"base": "tiny", "problems": str(problems), "output": name, "label": "m", "engine": "vllm"}
        (tmp_path / f"{name}.json").write_text(json.dumps(job | {"sampling": SAMPLING.model_dump()}))
        subprocess.run(
            [sys.executable, "-m", *processes, "codekiln.inference.sampling", str(tmp_path / f"{name}.json")],
            cwd=Path(__file__).parents[3], check=True, timeout=300, env={**os.environ, "OMP_NUM_THREADS": "1"},
        )  # fmt: skip
        return read(tmp_path / name).rows()

    assert start("two", "torch.distributed.run", "--nproc-per-node", "2", "-m") == start("one")
    assert sorted(each.get("CUDA_VISIBLE_DEVICES", "-") for each in vllm("environment")) == ["-", "0", "1"]
