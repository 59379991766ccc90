"""Access to base models: whether one can be read from here, without downloading it, and why not."""

import os
from collections.abc import Iterator
from pathlib import Path

import httpx2
from huggingface_hub import HfApi, constants, get_token, try_to_load_from_cache
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
    StrictDataclassError,
)

from codekiln.data.text import first_line
from codekiln.errors import InputError
from codekiln.models import BaseModelSpec
from codekiln.models.model_kind import check_base_kind
from codekiln.models.weight_files import check_base, read_json

TIMEOUT_SECONDS = 20
UNREADABLE = (OSError, ValueError, TypeError, ImportError, KeyError, StrictDataclassError)
"""What transformers raises of a base model's files: missing, damaged, of another kind, or wanting other packages."""


def check_access(spec: BaseModelSpec, by_job: bool = False) -> str:
    """Return where a base model is read from, and the commit its revision names.

    Args:
        spec: The model.
        by_job: Whether a job on a pool reads it, with a cache of its own that cannot be seen from here.

    Raises:
        InputError: A folder's weight files hold none, or its model is of another kind; the Hub has no such model or
            revision, its licence has not been accepted, or neither the Hub nor a copy on disk can be reached.
    """
    if spec.hub_revision is None:
        check_base(Path(spec.source))
        check_base_kind(spec, read_json(Path(spec.source) / "config.json"))
        return f"folder {spec.source}" if spec.id != "tiny" else "shipped with codekiln"
    cached = is_cached(spec)
    if constants.HF_HUB_OFFLINE and by_job:
        return f"revision {spec.hub_revision}, which the jobs' cache has to have: HF_HUB_OFFLINE is set"
    if constants.HF_HUB_OFFLINE:
        return _cached(spec, cached, "HF_HUB_OFFLINE is set")
    if (endpoint := os.environ.get("HF_ENDPOINT")) and "://" not in endpoint:
        what, fix = f"is no address: '{endpoint}' has no https://", f"set it to https://{endpoint}, or unset it"
        raise InputError(what, where="HF_ENDPOINT", fix=fix)
    try:
        return _ask(spec)
    except OfflineModeIsEnabled as error:
        return _cached(spec, cached, str(error))
    except (OSError, HfHubHTTPError, httpx2.TransportError) as error:
        return _cached(spec, cached, f"the Hub did not answer: {_first_line(error)}")


def is_for_jobs_alone(spec: BaseModelSpec) -> bool:
    """Return whether a model can be read only by jobs on a pool, which have a cache of their own."""
    return spec.hub_revision is not None and bool(constants.HF_HUB_OFFLINE) and not is_cached(spec)


def is_cached(spec: BaseModelSpec) -> bool:
    """Return whether a model of the Hub has a copy on disk."""
    return isinstance(try_to_load_from_cache(spec.id, "config.json", revision=spec.hub_revision), str)


def pinned(spec: BaseModelSpec) -> BaseModelSpec:
    """Return a base model whose revision is the commit of the copy on disk, where there is one; asks nobody.

    A branch or a tag may name another commit tomorrow.
    """
    if spec.hub_revision is None:
        return spec
    found = try_to_load_from_cache(spec.id, "config.json", revision=spec.hub_revision)
    # .../snapshots/<commit>/config.json
    return spec.model_copy(update={"revision": Path(found).parent.name}) if isinstance(found, str) else spec


def _ask(spec: BaseModelSpec) -> str:
    hub = HfApi(endpoint=os.environ.get("HF_ENDPOINT"), token=os.environ.get("HF_TOKEN"))
    try:
        # The metadata of a gated model is public; only this call tells whether the token may read its files.
        hub.auth_check(spec.id)
        commit = hub.model_info(spec.id, revision=spec.hub_revision, timeout=TIMEOUT_SECONDS).sha
    except GatedRepoError:
        refused = f"the licence of {spec.id} has not been accepted with this token"
        raise InputError(
            refused if get_token() else f"{spec.id} asks for an accepted licence, and no token is set",
            where="base_model",
            fix=f"accept it on the page of {spec.id}, then put that account's token into HF_TOKEN",
        ) from None
    except RevisionNotFoundError:
        raise InputError(
            f"{spec.id} has no revision '{spec.hub_revision}'", where="base_model", fix="pin a commit that exists"
        ) from None
    except RepositoryNotFoundError:
        raise InputError(
            f"the Hub has no model {spec.id}, or HF_TOKEN may not see it",
            where="base_model",
            fix=f"check the name, or put a token that may see it into HF_TOKEN{_no_folder(spec)}",
        ) from None
    return f"revision {spec.hub_revision} is commit {commit}"


def _cached(spec: BaseModelSpec, cached: bool, why: str) -> str:
    if cached:
        return f"revision {spec.hub_revision} from the copy on disk ({why})"
    raise InputError(
        f"cannot read {spec.id}, revision {spec.hub_revision}: {why}, and there is no copy on disk",
        where="base_model",
        fix=f"let this machine reach the Hub, or download the model into {Path(constants.HF_HUB_CACHE)} first"
        f"{_no_folder(spec)}",
    )


def _no_folder(spec: BaseModelSpec) -> str:
    """Return what to add for a user who meant a folder: a path with one slash has the form of a Hub id."""
    return f"; there is no folder {Path(spec.id).absolute()} either" if Path(spec.id).parent.is_dir() else ""


def read_error(spec: BaseModelSpec, error: Exception) -> InputError:
    """Return the user's error for a failed download or a damaged copy of a base model."""
    raised = list(_with_causes(error))
    fix = "check its name and the network"
    # What is not reached says nothing about a licence; without a token the Hub may hide that a model has one.
    is_away = any(isinstance(each, LocalEntryNotFoundError | OfflineModeIsEnabled) for each in raised)
    if any(isinstance(each, GatedRepoError) for each in raised) or (spec.gated and not is_away):
        fix = "accept its licence on the Hub and set HF_TOKEN"
    elif is_away:
        fix = "let this machine reach the Hub, or give the folder of a copy"
    if isinstance(error, ImportError):
        fix = "install what it names, or give the model in full if its weights are quantised"
    elif spec.hub_revision is None:
        fix = "download its folder again, or save it with save_pretrained"
    return InputError(f"cannot read base model {spec.id}: {_first_line(error)}", where="base_model", fix=fix)


def _with_causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _first_line(error: Exception) -> str:
    return first_line(str(error)) or type(error).__name__
