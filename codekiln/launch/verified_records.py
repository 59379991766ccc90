"""Tells a cluster which records were verified: its admission policy lets nothing else serve an adapter."""

from codekiln.errors import ClusterError
from codekiln.registry.promotion_record import VERIFIED_RECORDS


def publish(namespace: str, record: str, model: str) -> str:
    """Add a verified record to the ConfigMap that the admission policy reads; returns a sentence about it.

    Args:
        namespace: The chart's.
        record: sha256 of the record.
        model: NAME/VERSION of the registered version.

    Raises:
        ClusterError: The cluster cannot be reached, or refuses; with the fix.
    """
    from codekiln.launch.cluster.api import ApiUnavailable, ClusterApi, RequestRefused

    place = f"ConfigMap {VERIFIED_RECORDS} in namespace {namespace}"
    try:
        ClusterApi(namespace).merge_config_map(VERIFIED_RECORDS, {record: model})
    except RequestRefused as error:
        fix = "install the chart with admission.enabled, and name yourself in its admission.publishers"
        raise ClusterError(str(error), where=place, fix=fix) from None
    except ApiUnavailable as error:
        raise ClusterError(str(error), where=place, fix="give the same command again") from None
    return f"{model} may be served: {place} has its record"
