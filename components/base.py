"""The one place that names the image, and the decorators every component uses."""

from functools import partial

from kfp import dsl

from codekiln import __version__

IMAGE = f"codekiln/cpu:{__version__}"
component = partial(dsl.component, base_image=IMAGE, install_kfp_package=False)

# What is set on the task of such a component reaches the job that its step starts, and not the step's own pod.
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
