"""The MLflow run of a stage: parameters, metrics, curves, data sets, files and adapters."""

import hashlib
import json
import math
import re
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codekiln.data.files import sha256_file
from codekiln.data.folders import DATA
from codekiln.data.manifests import DataManifest
from codekiln.errors import InputError
from codekiln.registry.connection import explain_errors, upsert

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Metric, Run

WEIGHTS, CONFIG = "adapter_model.safetensors", "adapter_config.json"
LEFT_BY_MLFLOW = "registered_model_meta"
"""File that ``mlflow.pyfunc.load_model`` leaves in a version that it loads from a local store."""
# Keys of adapter_config.json that do not change what the adapter computes.
_CIRCUMSTANCES = {
    "auto_mapping", "base_model_name_or_path", "inference_mode", "peft_version", "revision", "task_type",
}  # fmt: skip
PREFIX = "codekiln."
METRICS_PER_CALL, PARAMS_PER_CALL = 1000, 100
DIGEST_LENGTH = 36
TEXT_LENGTH = 5000
NOTE = "mlflow.note.content"


class StageRun:
    """The nested run of one stage; ``Registry.stage`` creates it.

    Attributes:
        id: MLflow's run id.
        uri: Tracking URI.
    """

    def __init__(self, client: "MlflowClient", uri: str, run_id: str) -> None:
        self.client, self.uri, self.id = client, uri, run_id

    @explain_errors
    def params(self, values: Mapping[str, Any]) -> None:
        """Log settings; nested tables become dotted keys, and every key gets the prefix ``codekiln.``."""
        log_params(self.client, self.id, values)

    @explain_errors
    def metrics(self, values: Mapping[str, float | None], step: int | None = None, model_id: str | None = None) -> None:
        """Log numbers; None means no signal and is left out. ``pass@1`` is stored as ``pass_at_1``.

        With ``model_id`` they are numbers of this logged model too, which MLflow shows with it and its versions.
        """
        self._log(_metrics(values, step or 0, _now(), model_id))

    @explain_errors
    def describe(self, text: str) -> None:
        """Set the run's description, Markdown that MLflow shows on the run's page."""
        self.client.set_tag(self.id, NOTE, truncated(text))

    @explain_errors
    def tags(self, values: Mapping[str, str]) -> None:
        """Set tags; every key gets the prefix ``codekiln.``."""
        for key, value in values.items():
            self.client.set_tag(self.id, PREFIX + key, truncated(value))

    @explain_errors
    def curve(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Log a training curve: each row has ``step`` and any numbers; other values are left out."""
        now = _now()
        self._log([metric for row in rows for metric in _metrics(row, int(row["step"]), now) if metric.key != "step"])

    @explain_errors
    def dataset(self, folder: Path, context: str) -> None:
        """Log a data folder as an input of this run.

        The digest is the start of the manifest's sha256, since MLflow keeps 36 characters; the tag ``codekiln.sha256``
        has all of it.

        Args:
            folder: A data folder with a manifest.
            context: Its use: ``training``, ``validation`` or ``evaluation``.

        Raises:
            InputError: The folder has no valid manifest.
            RegistryError: MLflow refused it.
        """
        from mlflow.entities import Dataset, DatasetInput, InputTag

        manifest = DataManifest.read(folder)
        entity = Dataset(
            name=folder.name,
            digest=manifest.sha256[:DIGEST_LENGTH],
            source_type="local",
            source=json.dumps({"uri": (Path(folder).absolute() / DATA).as_uri()}),
            schema=json.dumps({"record": manifest.record, "version": manifest.version}),
            profile=json.dumps({"num_rows": manifest.rows, "rejected": manifest.rejected, "parents": manifest.parents}),
        )
        tags = [InputTag("mlflow.data.context", context), InputTag(f"{PREFIX}sha256", manifest.sha256)]
        upsert(self.client.log_inputs, self.id, datasets=[DatasetInput(entity, tags)])

    @explain_errors
    def artifact(self, path: Path, name: str | None = None) -> None:
        """Log a file or a folder, in the artifact folder ``name`` (default: the top)."""
        store = self.client.log_artifacts if Path(path).is_dir() else self.client.log_artifact
        store(self.id, str(path), name)

    @explain_errors
    def adapter(
        self,
        folder: Path,
        name: str,
        base: str,
        params: Mapping[str, Any] | None = None,
        tags: Mapping[str, Any] | None = None,
    ) -> str:
        """Log an adapter folder as a model, byte for byte, and return its id.

        MLflow's own transformers flavour is not used: with a base model on disk it saves merged names that reload as
        random layers. The tag ``adapter_digest`` is the folder's `adapter_digest`; ``Registry.download_adapter``
        checks it.

        Args:
            folder: Holds adapter_config.json and adapter_model.safetensors.
            name: Name of the logged model, for example ``dpo``.
            base: Base model of the adapter.
            params: Settings that MLflow shows with the model.
            tags: Lineage that MLflow shows with the model.

        Raises:
            InputError: The folder holds no adapter.
            RegistryError: MLflow refused it; the logged model is marked FAILED.
        """
        digest = adapter_digest(folder)
        run = self.client.get_run(self.id)
        model = self.client.create_logged_model(
            run.info.experiment_id,
            name=name,
            source_run_id=self.id,
            model_type="peft-adapter",
            params=_texts(params or {}),
            tags={**_texts(tags or {}), "base_model": base, "adapter_digest": digest},
        )
        try:
            self.client.log_model_artifacts(model.model_id, str(folder))
        except BaseException:
            self.client.finalize_logged_model(model.model_id, "FAILED")
            raise
        self.client.finalize_logged_model(model.model_id, "READY")
        self._link(model.model_id)
        return model.model_id

    def _link(self, model_id: str) -> None:
        from mlflow.entities import LoggedModelOutput

        self.client.log_outputs(self.id, [LoggedModelOutput(model_id, step=0)])

    def _log(self, metrics: list["Metric"]) -> None:
        for start in range(0, len(metrics), METRICS_PER_CALL):
            self.client.log_batch(self.id, metrics=metrics[start : start + METRICS_PER_CALL])


def adapter_digest(folder: Path) -> str:
    """Return the digest of an adapter: of its weights, and of how its configuration applies them.

    The same weights under another ``lora_alpha`` are another model. Where the base model lies, and which version of
    PEFT wrote the folder, make no difference.

    Raises:
        InputError: The folder holds no adapter_model.safetensors, or its adapter_config.json is not a JSON object.
    """
    weights, config = Path(folder) / WEIGHTS, Path(folder) / CONFIG
    if not weights.is_file():
        raise InputError(f"holds no {WEIGHTS}", where=str(folder), fix="give the folder that the training stage wrote")
    try:
        values = {**json.loads(config.read_bytes())} if config.is_file() else {}
    except (TypeError, ValueError) as error:
        raise InputError(f"is not a JSON object: {error}", where=str(config), fix="restore the file") from None
    applied = {
        key: sorted(value, key=str) if isinstance(value, list) else value
        for key, value in values.items()
        if key not in _CIRCUMSTANCES and value is not None and value is not False and value not in ([], {})
    }
    text = json.dumps([sha256_file(weights), applied], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def data_of(run: "Run") -> list[str]:
    """Return the sha256 of each data set that `StageRun.dataset` logged to a run."""
    inputs = run.inputs.dataset_inputs if run.inputs else []
    return [tag.value for each in inputs for tag in each.tags if tag.key == f"{PREFIX}sha256"]


def log_params(client: "MlflowClient", run_id: str, values: Mapping[str, Any]) -> None:
    """Log parameters to a run that may have some of them already.

    MLflow refuses to change a parameter, as a resumed run may want to: the new value becomes the tag
    ``codekiln.changed.<key>``, so that both stay visible.
    """
    from mlflow.entities import Param, RunTag

    known = client.get_run(run_id).data.params
    wanted = {safe_name(PREFIX + key): text for key, text in _texts(values).items()}
    new = [Param(key, text) for key, text in wanted.items() if key not in known]
    changed = [
        RunTag(f"{PREFIX}changed.{key.removeprefix(PREFIX)}", text)
        for key, text in wanted.items()
        if known.get(key, text) != text
    ]
    for start in range(0, max(len(new), len(changed)), PARAMS_PER_CALL):
        part = slice(start, start + PARAMS_PER_CALL)
        client.log_batch(run_id, params=new[part], tags=changed[part])


def safe_name(name: str) -> str:
    """Return ``name`` in characters that MLflow allows, and that its searches take without quotes.

    ``pass@1`` becomes ``pass_at_1``, and ``lines, all samples`` becomes ``lines.all_samples``.
    """
    return re.sub(r"[^\w.\-/:]", "_", name.replace("@", "_at_").replace(", ", "."))


def _metrics(values: Mapping[str, Any], step: int, now: int, model_id: str | None = None) -> list["Metric"]:
    from mlflow.entities import Metric

    return [
        Metric(safe_name(key), float(value), now, step, model_id=model_id)
        for key, value in values.items()
        if _is_number(value)
    ]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and not math.isnan(value)


def _texts(values: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    texts: dict[str, str] = {}
    for key, value in values.items():
        if isinstance(value, Mapping):
            texts |= _texts(value, f"{prefix}{key}.")
        else:
            texts[prefix + str(key)] = truncated(value if isinstance(value, str) else json.dumps(value, default=str))
    return texts


def truncated(text: str) -> str:
    """Return at most as much of a text as MLflow keeps; what was cut says so."""
    note = f"... ({len(text)} characters in all)"
    return text if len(text) <= TEXT_LENGTH else text[: TEXT_LENGTH - len(note)] + note


def _now() -> int:
    return int(time.time() * 1000)
