"""The name of the image, and the decorators that every component uses.

KFP copies the source of a component's function, from ``def`` on, into the compiled YAML. That is why the functions
import codekiln in their bodies, and why mypy's exceptions are set per file: annotations and comments in the function
would change every compiled pipeline.
"""

from functools import partial

from kfp import dsl

from codekiln import __version__

IMAGE = f"codekiln/cpu:{__version__}"
component = partial(dsl.component, base_image=IMAGE, install_kfp_package=False)

# Settings of a task with such a component reach the job that its step starts, and not the step's own pod.
job_component = partial(
    component,
    task_config_passthroughs=[
        dsl.TaskConfigField.RESOURCES,
        dsl.TaskConfigField.KUBERNETES_NODE_SELECTOR,
        dsl.TaskConfigField.KUBERNETES_TOLERATIONS,
        dsl.TaskConfigField.KUBERNETES_AFFINITY,
        dsl.TaskConfigPassthrough(field=dsl.TaskConfigField.ENV, apply_to_task=True),
        dsl.TaskConfigPassthrough(field=dsl.TaskConfigField.KUBERNETES_VOLUMES, apply_to_task=True),
    ],
)
