"""The folder that the follower shares with vLLM: adapters, the public names, and the follower's token."""

import json
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from codekiln.data.files import write_atomic
from codekiln.data.journals import lock
from codekiln.models.chat_form import ChatForm
from codekiln.models.template_files import TEMPLATE
from codekiln.stages.serving import vllm_middleware

PLUGIN = "codekiln_public_names"
MIDDLEWARE = f"{PLUGIN}.{vllm_middleware.PublicNames.__name__}"
"""Import path for vLLM's flag ``--middleware``."""
STATUS = "status.json"


class ServingFolder:
    """Files that vLLM reads and the follower writes.

    Args:
        path: The folder; created when it is new.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.adapters = self.path / "adapters"
        self.adapters.mkdir(parents=True, exist_ok=True)

    def prepare(self) -> dict[str, str]:
        """Put the middleware in place, and return the environment in which vLLM finds it and the folder."""
        plugins = self.path / "plugins"
        plugins.mkdir(exist_ok=True)
        shutil.copyfile(vllm_middleware.__file__, plugins / f"{PLUGIN}.py")
        before = os.environ.get("PYTHONPATH", "")
        return {
            vllm_middleware.FOLDER: str(self.path),
            "PYTHONPATH": os.pathsep.join(part for part in (str(plugins), before) if part),
            "VLLM_ALLOW_RUNTIME_LORA_UPDATING": "True",
        }

    def token(self) -> str:
        """Return the follower's token, which is made once."""
        file = self.path / vllm_middleware.PROOF
        if not file.is_file():
            fresh = self.path / f".{vllm_middleware.PROOF}"
            fresh.touch(0o600)
            fresh.write_text(secrets.token_urlsafe(32), encoding="utf-8")
            os.replace(fresh, file)
        return file.read_text(encoding="utf-8")

    def write_template(self, form: ChatForm) -> Path | None:
        """Write a model's chat template for vLLM, and return where it is; None where the model's own is right."""
        if not form.is_changed:
            return None
        write_atomic(self.path / TEMPLATE, form.template)
        return self.path / TEMPLATE

    @contextmanager
    def only_follower(self) -> Iterator[None]:
        """Keep the folder for one follower while the block runs.

        Raises:
            InputError: Another one has it.
        """
        with (self.path / "lock").open("a+b") as file:
            lock(file, self.path)
            yield

    def names(self) -> dict[str, str]:
        """Return what each public name means."""
        file = self.path / vllm_middleware.NAMES
        return dict(json.loads(file.read_bytes())) if file.is_file() else {}

    def point(self, name: str, model: str | None) -> None:
        """Let a public name mean another model from the next request on; None: nothing any more."""
        names = {key: value for key, value in self.names().items() if key != name}
        write_atomic(self.path / vllm_middleware.NAMES, json.dumps(names | ({name: model} if model else {})))

    def write_status(self, status: Mapping[str, Any] | None) -> None:
        """Write what is served and why; a readiness probe looks for the file, and None removes it."""
        if status is None:
            (self.path / STATUS).unlink(missing_ok=True)
        else:
            write_atomic(self.path / STATUS, json.dumps(status, indent=2))
