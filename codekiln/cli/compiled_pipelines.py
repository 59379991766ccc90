"""The compiled pipelines that codekiln ships, by name."""

from importlib import resources
from pathlib import Path

from codekiln.errors import InputError, did_you_mean


def find_pipeline(pipeline: str) -> Path:
    """Return the YAML of a pipeline: a shipped one by name, or a file by path.

    Raises:
        InputError: There is no such pipeline.
    """
    if Path(pipeline).suffix in (".yaml", ".yml"):
        if not Path(pipeline).is_file():
            raise InputError("no such file", where=pipeline, fix="give a compiled pipeline")
        return Path(pipeline)
    path = _folder() / f"{pipeline}.yaml"
    if not path.is_file():
        raise InputError(f"no pipeline '{pipeline}'", where="PIPELINE", fix=did_you_mean(pipeline, pipeline_names()))
    return path


def pipeline_names() -> list[str]:
    """Return the names of the shipped pipelines."""
    return sorted(path.stem for path in _folder().glob("*.yaml"))


def _folder() -> Path:
    # The wheel has them inside the package; a checkout has them where `make compile` writes them.
    packaged = Path(str(resources.files("codekiln"))) / "compiled"
    return packaged if packaged.is_dir() else Path(__file__).parents[2] / "pipelines" / "compiled"
