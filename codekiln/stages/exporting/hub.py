"""Upload of an export to the Hugging Face Hub: private by default, and only after it has been shown what goes where."""

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codekiln.data.text import first_line
from codekiln.errors import InputError
from codekiln.stages.exporting.target import files_of

if TYPE_CHECKING:
    from huggingface_hub import HfApi

_ID = re.compile(r"[\w.-]+/[\w.-]+")


@dataclass(frozen=True)
class Upload:
    """What goes where.

    Attributes:
        repository: OWNER/NAME on the Hub.
        endpoint: Address of the Hub.
        private: Whether only its owner sees it.
        files: Path in the repository and size in bytes, of each file.
    """

    repository: str
    endpoint: str
    private: bool
    files: Sequence[tuple[str, int]]


def planned(folder: Path, repository: str, public: bool) -> Upload:
    """Return what `push` would upload; asks the Hub nothing.

    Raises:
        InputError: ``repository`` is no name of one.
    """
    check_name(repository)
    from huggingface_hub import constants

    files = [(str(path.relative_to(folder)), path.stat().st_size) for path in files_of(folder)]
    endpoint = os.environ.get("HF_ENDPOINT") or constants.ENDPOINT
    return Upload(repository, endpoint.rstrip("/"), not public, files)


def check_name(repository: str) -> None:
    """Refuse what is no OWNER/NAME, before anything is computed for it."""
    if not _ID.fullmatch(repository):
        raise InputError("is no OWNER/NAME", where=f"--push-to {repository}", fix="for example my-team/my-model")


def push(folder: Path, upload: Upload, message: str) -> str:
    """Upload a folder as one commit, and return the commit's address.

    The token is HF_TOKEN's or that of ``hf auth login``; no message holds it.

    Raises:
        InputError: There is no token, it may not write there, or the repository is public and should not be.
    """
    from huggingface_hub import HfApi

    api = HfApi(endpoint=upload.endpoint, token=os.environ.get("HF_TOKEN"))
    where = f"--push-to {upload.repository}"
    _explained(lambda: api.create_repo(upload.repository, private=upload.private, exist_ok=True), where)
    _require_visibility(api, upload, where)
    found = _explained(
        lambda: api.upload_folder(repo_id=upload.repository, folder_path=str(folder), commit_message=message), where
    )
    return str(found.commit_url)


def _require_visibility(api: "HfApi", upload: Upload, where: str) -> None:
    is_private = _explained(lambda: api.model_info(upload.repository), where).private
    if upload.private and not is_private:
        fix = "give --public, make the repository private, or choose another"
        raise InputError("is a public repository that exists already", where=where, fix=fix)


def _explained(call: Callable[[], Any], where: str) -> Any:
    import httpx2
    from huggingface_hub.errors import HfHubHTTPError, LocalTokenNotFoundError, OfflineModeIsEnabled

    try:
        return call()
    except LocalTokenNotFoundError:
        raise InputError("there is no token", where=where, fix="set HF_TOKEN, or `hf auth login`") from None
    except (HfHubHTTPError, httpx2.TransportError, OfflineModeIsEnabled) as error:
        token, shown = os.environ.get("HF_TOKEN"), first_line(str(error)) or type(error).__name__
        shown = shown.replace(token, "***") if token else shown
        fix = "give HF_TOKEN a token that may write there, and let this machine reach the Hub"
        raise InputError(f"the Hub refused: {shown}", where=where, fix=fix) from None
