"""How Kubeflow's Model Registry is reached: the settings of a run, and the variable that the chart gives to steps."""

import os
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from codekiln.data.files import validation_errors
from codekiln.errors import InputErrors, RegistryError

VARIABLE, TOKEN = "CODEKILN_KUBEFLOW_REGISTRY", "CODEKILN_KUBEFLOW_REGISTRY_TOKEN"


class KubeflowRegistrySettings(BaseModel):
    """Kubeflow's Model Registry beside MLflow's."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    uri: str = Field(
        "",
        description="Kubeflow's Model Registry, which then follows MLflow's; empty: CODEKILN_KUBEFLOW_REGISTRY, else "
        "the one that has the registered model already, else none",
    )
    owner: str = Field(
        "", description="owner of registered models, and author of versions, there; empty: the user of MLflow's run"
    )
    storage_key: str = Field(
        "", description="Secret of storage credentials with which KServe reads adapters in a bucket; empty: none"
    )


class Connection(BaseModel):
    """Where Kubeflow's Model Registry is, and what is sent along; CODEKILN_KUBEFLOW_REGISTRY holds one as JSON."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    uri: str = Field(pattern=r"^https?://[^/]", description="its address")
    token_file: str = Field("", description="file of a bearer token, such as the ServiceAccount's; empty: the variable")
    ca: str = Field("", description="certificates to trust, as PEM text or a file; empty: the system's")
    owner: str = ""
    storage_key: str = ""
    is_trusted: bool = Field(True, description="whether a token may be sent there", exclude=True)

    @property
    def token(self) -> str:
        """The bearer token, or nothing.

        Raises:
            RegistryError: The file cannot be read.
        """
        if not self.is_trusted:
            return ""
        if not self.token_file:
            return os.environ.get(TOKEN, "").strip()
        try:
            return Path(self.token_file).read_text().strip()
        except OSError as error:
            fix = "correct kubeflowRegistry.tokenFile, or let pods of runs have their ServiceAccount's token"
            raise RegistryError(f"no token: {error}", where="Kubeflow's Model Registry", fix=fix) from None


def find_connection(chosen: KubeflowRegistrySettings, known: str = "") -> Connection | None:
    """Return how Kubeflow's Model Registry is reached, or None when none is named.

    A token is sent only to the address that CODEKILN_KUBEFLOW_REGISTRY names or, without it, to that of the settings:
    who may write settings or tags of MLflow cannot redirect it.

    Args:
        chosen: The settings of a run.
        known: Address recorded with the registered model.

    Raises:
        InputErrors: The variable is neither an address nor a Connection as JSON, or the address is none.
    """
    given = os.environ.get(VARIABLE, "").strip()
    try:
        outside = Connection.model_validate_json(given) if given.startswith("{") else None
        if outside is None and given:
            outside = Connection(uri=given)
        uri = chosen.uri or (outside.uri if outside else known)
        if not uri:
            return None
        is_ours = outside is not None and uri == outside.uri
        base = outside if outside and is_ours else Connection(uri=uri)
        return base.model_copy(
            update={
                "owner": chosen.owner or base.owner,
                "storage_key": chosen.storage_key or base.storage_key,
                "is_trusted": is_ours or (outside is None and bool(chosen.uri)),
            }
        )
    except ValidationError as error:
        fix = "give an address such as http://model-registry-service.kubeflow:8080"
        raise InputErrors(validation_errors(error, f"kubeflow_registry or ${VARIABLE}", fix)) from None
