"""The one place that names the image, and the decorator every component uses."""

from functools import partial

from kfp import dsl

from codekiln import __version__

IMAGE = f"codekiln/cpu:{__version__}"
component = partial(dsl.component, base_image=IMAGE, install_kfp_package=False)
