"""A local model as teacher: transformers or vLLM on this machine, with or without an adapter."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import ClassVar

from pydantic import Field

from codekiln import models
from codekiln.data.records import Problem, Sample
from codekiln.errors import InputError
from codekiln.inference import Sampling
from codekiln.inference.engine_settings import Engine, VllmSettings
from codekiln.inference.engines import choose, open_generator
from codekiln.inference.sampling.candidates import sample_programs
from codekiln.teachers import Teacher, TeacherSettings


class ModelTeacherSettings(TeacherSettings):
    """Which model answers, and how candidates are drawn."""

    base: str = Field("tiny", description="a name of `codekiln models`, a folder, or a Hub id")
    adapter: str = Field("", description="folder of an adapter for that base; empty: none")
    engine: Engine = Field("transformers", description="what samples: transformers, or vllm where it is installed")
    vllm: VllmSettings = Field(VllmSettings(), description="how vLLM uses a GPU")
    sampling: Sampling = Field(Sampling(), description="how candidates are drawn; the run's seed is added")


class ModelTeacher(Teacher[ModelTeacherSettings]):
    """Samples candidates from a model in this process; it is loaded when the first candidate is requested."""

    describe: ClassVar[str] = "A model on this machine through transformers or vLLM, with or without an adapter."
    Settings: ClassVar[type[TeacherSettings]] = ModelTeacherSettings
    shows_progress: ClassVar[bool] = True

    def solve(self, problems: Iterable[Problem]) -> Iterator[tuple[Problem, list[Sample]]]:
        """Draw ``sampling.n`` candidates per problem; the programs are the fenced Python blocks of the replies."""
        settings = self.settings
        adapter = Path(settings.adapter) if settings.adapter else None
        generator = open_generator(
            settings.engine, settings.base, adapter, settings=settings.vllm, title="generate: replies"
        )
        sampling = settings.sampling.model_copy(update={"seed": settings.sampling.seed + self.seed})
        yield from sample_programs(generator, sampling, problems, settings.base)

    def check(self) -> None:
        """Raise InputError when there is no such base model, adapter folder or engine; loads nothing."""
        models.get(self.settings.base)
        choose(self.settings.engine)
        adapter = self.settings.adapter
        if adapter and not (Path(adapter) / "adapter_config.json").is_file():
            fix = "give a folder written by an sft or dpo stage"
            raise InputError("has no adapter_config.json: not an adapter", where=adapter, fix=fix)
