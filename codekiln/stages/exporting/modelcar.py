"""A ModelCar: an image that holds a model in /models, which KServe mounts for ``storageUri: oci://...``.

Form and base image are those of https://kserve.github.io/website/docs/model-serving/storage/providers/oci.
"""

from pathlib import Path

from codekiln.data.files import write_atomic

CONTAINERFILE = """\
# Build and push: podman build --tag REGISTRY/{name}:TAG . && podman push REGISTRY/{name}:TAG
# KServe starts a shell in this image, so that its base needs one; give your mirror's with --build-arg BASE=...
ARG BASE=busybox
FROM ${{BASE}}
LABEL org.opencontainers.image.title="{name}" \\
      org.opencontainers.image.description="{what}" \\
      dev.codekiln.adapter-digest="{digest}"
RUN mkdir /models && chmod 775 /models
COPY models/ /models/
"""
SERVICE = """\
# KServe needs enableModelcar: true in the ConfigMap inferenceservice-config.
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata:
  name: {name}
spec:
  predictor:
    model:
      modelFormat:
        name: huggingface
      args: [--model_name={name}]
      storageUri: oci://REGISTRY/{name}:TAG
"""


def write_modelcar(folder: Path, name: str, what: str, digest: str) -> None:
    """Write the recipe beside ``models/``, which holds the merged model.

    Args:
        folder: The export.
        name: Name of the image and of the service: lower-case letters, digits and hyphens.
        what: What the image holds, in words.
        digest: Digest of the adapter.
    """
    write_atomic(folder / "Containerfile", CONTAINERFILE.format(name=name, what=what, digest=digest))
    write_atomic(folder / "inference-service.yaml", SERVICE.format(name=name))
