"""The renderings that the tests look at: defaults, the shipped examples, and each switch the other way."""

from typing import Any

from tests.chart.rendering import examples

SWITCHES: dict[str, dict[str, Any]] = {
    "v1": {"api": "pytorchjob"},
    "cluster-runtimes": {"runtimes": {"scope": "Cluster"}},
    "two-namespaces": {"runs": {"namespaces": ["team-a", "team-b"], "serviceAccount": "default-editor"}},
    "object-store": {
        "storage": {"kind": "objectStore", "objectStore": {"url": "s3://bucket/codekiln?region=eu"}},
        "networkPolicy": {"artifactStore": {"to": [{"ipBlock": {"cidr": "203.0.113.0/24"}}], "ports": [443]}},
        "jobs": {"serviceAccountAnnotations": {"eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/codekiln"}},
    },
    "object-store-v1": {
        "api": "pytorchjob",
        "storage": {"kind": "objectStore", "objectStore": {"url": "s3://bucket/codekiln?endpoint_override=s3:9000"}},
    },
    "external-mlflow": {
        "mlflow": {"mode": "external", "trackingUri": "https://mlflow.example.org"},
        "networkPolicy": {"mlflow": {"to": [{"ipBlock": {"cidr": "203.0.113.7/32"}}]}},
    },
    "mlflow-in-a-bucket": {
        "mlflow": {
            "artifacts": {"kind": "objectStore", "url": "s3://bucket/mlflow", "endpoint": "http://s3.example.org"},
            "ingress": {"enabled": True, "host": "mlflow.example.org", "tlsSecret": "mlflow-tls"},
            "postgresql": {"existingSecret": "database"},
        },
    },
    "vllm": {"vllm": {"enabled": True, "model": "Qwen/Qwen3-4B", "cache": {"enabled": True}}},
    "serving": {
        "serving": {
            "enabled": True,
            "model": "codekiln-gemma",
            "baseModel": "google/gemma-3-4b-it",
            "follower": {"smokePrompts": [{"prompt": "Write f()."}], "publicKey": "-----BEGIN PUBLIC KEY-----"},
        },
    },
    "serving-by-kserve": {
        "podSecurity": {"fixedUser": False},
        "serving": {"enabled": True, "model": "m", "baseModel": "b/m", "kserve": {"enabled": True}},
    },
    "admission": {"admission": {"enabled": True, "publishers": [{"kind": "User", "name": "ada"}]}},
    "native": {"pipelines": {"mode": "native"}},
    "no-pipelines": {"pipelines": {"mode": "none"}},
    "no-pools": {"gpuPools": {"gpu": None}, "pipelines": {"defaults": {"pool": ""}}},
    "cpu-pool": {"gpuPools": {"gpu": {"accelerator": "", "accelerators": 0}}},
    "existing-claims": {
        "storage": {"sharedVolume": {"existingClaim": "files"}},
        "modelCache": {"enabled": True, "existingClaim": "models"},
        "mlflow": {"artifacts": {"existingClaim": "artifacts"}},
    },
    "a-registry-with-credentials": {"image": {"registry": "registry.example.org/team", "pullSecrets": ["registry"]}},
    "platform-chooses-users": {"podSecurity": {"fixedUser": False}, "vllm": {"enabled": True, "model": "m"}},
    "model-cache": {"modelCache": {"enabled": True}},
    "metrics": {
        "runs": {"namespaces": ["team-a", "team-b"]},
        "metrics": {
            "enabled": True,
            "serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
            "rules": {"enabled": True, "labels": {"release": "prometheus"}},
            "dashboard": {"enabled": True},
        },
    },
    "pushgateway-of-yours": {
        "metrics": {"enabled": True, "pushgateway": {"url": "http://pushgateway.monitoring:9091"}},
        "notifications": {"isolatedSteps": True},
        "networkPolicy": {
            "metrics": {"to": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}]},
            "notifications": {"to": [{"ipBlock": {"cidr": "203.0.113.7/32"}}]},
        },
    },
    "no-network-policy": {"networkPolicy": {"enabled": False}},
}

VARIANTS = {**{name or "defaults": values for name, values in examples().items()}, **SWITCHES}
