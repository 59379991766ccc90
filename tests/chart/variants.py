"""The renderings that the tests look at: defaults, the shipped examples, and each switch the other way."""

from typing import Any

from tests.chart.rendering import examples

SWITCHES: dict[str, dict[str, Any]] = {
    "v1": {"api": "pytorchjob"},
    "cluster-runtimes": {"runtimes": {"scope": "Cluster"}},
    "two-namespaces": {"runs": {"namespaces": ["team-a", "team-b"], "serviceAccount": "default-editor"}},
    "object-store": {"storage": {"kind": "objectStore", "objectStore": {"url": "s3://bucket/codekiln?region=eu"}}},
    "object-store-v1": {
        "api": "pytorchjob",
        "storage": {"kind": "objectStore", "objectStore": {"url": "s3://bucket/codekiln"}},
    },
    "external-mlflow": {"mlflow": {"mode": "external", "trackingUri": "https://mlflow.example.org"}},
    "model-cache": {"modelCache": {"enabled": True}},
    "no-network-policy": {"networkPolicy": {"enabled": False}},
}

VARIANTS = {**{name or "defaults": values for name, values in examples().items()}, **SWITCHES}
