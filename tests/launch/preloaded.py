"""What every process of ``steps.Step`` needs, imported once."""

import kubernetes.client  # noqa: F401
import kubernetes.config  # noqa: F401

import codekiln.launch.cluster.pool_run  # noqa: F401
