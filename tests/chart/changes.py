"""For every value of the chart: another setting, what it needs beside it, and the kinds of object that it changes."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Change:
    """Set a value to ``to``, given other values, and exactly these kinds of object differ, come or go."""

    to: Any
    kinds: set[str]
    given: dict[str, Any] = field(default_factory=dict)


RUNTIME, CONFIG, POLICY = "TrainingRuntime", "ConfigMap", "NetworkPolicy"
POOL = {RUNTIME, CONFIG}
CPU_PODS = {"Deployment", "Job", "Pod"}
EVERYWHERE = {
    "ConfigMap", "Deployment", "Job", "NetworkPolicy", "PersistentVolumeClaim", "Pod", "Role", "RoleBinding",
    "Secret", "Service", "ServiceAccount", "StatefulSet", "TrainingRuntime",
}  # fmt: skip
PER_NAMESPACE = {"ConfigMap", "NetworkPolicy", "PersistentVolumeClaim", "Pod", "Role", "RoleBinding", "ServiceAccount"}
PER_NAMESPACE |= {RUNTIME, "Job"}

SELECTOR, TOLERATIONS = {"disk": "ssd"}, [{"key": "a", "operator": "Exists"}]
RESOURCES = {"limits": {"memory": "9Gi"}}
PEER = [{"ipBlock": {"cidr": "203.0.113.0/24"}}]
QUEUES = {"kueue": {"create": True}, "gpuPools": {"gpu": {"queue": "q"}}}
VLLM = {"vllm": {"enabled": True, "model": "m"}}
CACHED = {"vllm": {"enabled": True, "model": "m", "cache": {"enabled": True}}}
SERVING = {"serving": {"enabled": True, "model": "m", "baseModel": "b/m"}}
S3 = "?endpoint_override=s3:9000"
BUCKET = {"storage": {"kind": "objectStore", "objectStore": {"url": "s3://a/b" + S3}}}
MODELS = {"modelCache": {"enabled": True}}
MLFLOW_BUCKET = {"mlflow": {"artifacts": {"kind": "objectStore", "url": "s3://a/b", "endpoint": "http://s3:9000"}}}
EXTERNAL = {"mlflow": {"mode": "external", "trackingUri": "http://m"}, "networkPolicy": {"mlflow": {"to": PEER}}}
REGISTRY = {"kubeflowRegistry": {"uri": "http://registry.models.svc:8080"}}
INGRESS = {"mlflow": {"ingress": {"enabled": True, "host": "m.org"}}}
ROUTE = {"mlflow": {"route": {"enabled": True}}}
MLFLOW_SERVER = {"Deployment", "NetworkPolicy", "PersistentVolumeClaim", "Secret", "Service", "ServiceAccount"}
MLFLOW_SERVER |= {"StatefulSet", "ConfigMap"}
METRICS = {"metrics": {"enabled": True}}
MONITORED = {
    "metrics": {
        "enabled": True,
        "serviceMonitor": {"enabled": True},
        "rules": {"enabled": True},
        "dashboard": {"enabled": True},
    }
}
OTHER_PEER = [{"ipBlock": {"cidr": "198.51.100.0/24"}}]
GATEWAY_PEERS = {"metrics": {"enabled": True}, "networkPolicy": {"metrics": {"to": OTHER_PEER}}}
OWN_GATEWAY = {
    "metrics": {"enabled": True, "pushgateway": {"url": "http://p:9091"}},
    "networkPolicy": {"metrics": {"to": OTHER_PEER}},
}
WEBHOOK = {"networkPolicy": {"notifications": {"to": OTHER_PEER}}}
NOTIFIED = {"notifications": {"isolatedSteps": True}, "networkPolicy": {"notifications": {"to": OTHER_PEER}}}
VERIFIED = {"admission": {"enabled": True}}
ADMISSION = {"ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"}
PUSHGATEWAY = {"ConfigMap", "Deployment", "NetworkPolicy", "Service", "ServiceAccount"}

CHANGES = {
    "image.registry": Change("r.org", {RUNTIME, CONFIG} | CPU_PODS),
    "image.tag": Change("7", {RUNTIME, CONFIG} | CPU_PODS),
    "image.pullPolicy": Change("Always", {RUNTIME, CONFIG, "StatefulSet"} | CPU_PODS),
    "image.pullSecrets": Change(["s"], {RUNTIME, CONFIG, "StatefulSet", "ServiceAccount"} | CPU_PODS),
    "image.cpu.repository": Change("other/cpu", {CONFIG} | CPU_PODS),
    "image.cpu.digest": Change("sha256:" + "a" * 64, {CONFIG} | CPU_PODS),
    "image.train.repository": Change("other/train", POOL),
    "image.train.digest": Change("sha256:" + "a" * 64, POOL),
    "image.serve.repository": Change("other/serve", {"Deployment"}, VLLM),
    "image.serve.digest": Change("sha256:" + "a" * 64, {"Deployment"}, VLLM),
    "commonLabels": Change({"team": "a"}, EVERYWHERE),
    "api": Change("pytorchjob", {RUNTIME, CONFIG, "Role", "NetworkPolicy"}),
    "runs.namespaces": Change(["team-a"], PER_NAMESPACE),
    "runs.serviceAccount": Change("default-editor", {"RoleBinding", "Pod"}),
    "kfp.namespace": Change("kfp", {POLICY, "Job", "Pod"}),
    "kfp.host": Change("http://k", {"Job", "Pod"}),
    "runtimes.scope": Change(
        "Cluster", {RUNTIME, "ClusterTrainingRuntime", CONFIG, "ClusterRole", "ClusterRoleBinding"}
    ),
    "gpuPoolDefaults.image": Change("i:1", POOL),
    "gpuPoolDefaults.accelerator": Change("amd.com/gpu", POOL),
    "gpuPoolDefaults.accelerators": Change(8, POOL),
    "gpuPoolDefaults.acceleratorMemoryGiB": Change(80, {CONFIG}),
    "gpuPoolDefaults.vllm": Change(False, {CONFIG}),
    "gpuPoolDefaults.nodes": Change(2, POOL),
    "gpuPoolDefaults.cpu": Change("16", POOL),
    "gpuPoolDefaults.memory": Change("128Gi", POOL),
    "gpuPoolDefaults.sharedMemory": Change("8Gi", POOL),
    "gpuPoolDefaults.nodeSelector": Change(SELECTOR, POOL),
    "gpuPoolDefaults.tolerations": Change(TOLERATIONS, POOL),
    "gpuPoolDefaults.affinity": Change({"nodeAffinity": {}}, POOL),
    "gpuPoolDefaults.queue": Change("q", {CONFIG}),
    "gpuPoolDefaults.quotaNodes": Change(4, {"ClusterQueue"}, QUEUES),
    "gpuPoolDefaults.priorityClass": Change("p", {CONFIG}),
    "gpuPoolDefaults.runtimeClass": Change("nvidia", POOL),
    "gpuPoolDefaults.env": Change([{"name": "A", "value": "1"}], POOL),
    "gpuPoolDefaults.deadlineSeconds": Change(3600, {CONFIG}),
    "gpuPoolDefaults.graceSeconds": Change(30, POOL),
    "gpuPoolDefaults.restarts": Change(1, POOL),
    "gpuPoolDefaults.deadNodeSeconds": Change(600, {CONFIG, "Role"}),
    "gpuPools.gpu": Change({"accelerators": 8}, POOL),
    "kueue.create": Change(
        True, {"ResourceFlavor", "ClusterQueue", "LocalQueue"}, {"gpuPools": {"gpu": {"queue": "q"}}}
    ),
    "kueue.cohort": Change("c", {"ClusterQueue"}, QUEUES),
    "kueue.preemption.withinClusterQueue": Change("Never", {"ClusterQueue"}, QUEUES),
    "kueue.preemption.reclaimWithinCohort": Change("Never", {"ClusterQueue"}, QUEUES),
    "kueue.priorityClasses": Change({"high": 1000000}, {"WorkloadPriorityClass"}, QUEUES),
    "jobs.serviceAccountAnnotations": Change({"eks.amazonaws.com/role-arn": "r"}, {"ServiceAccount", POLICY}),
    "storage.kind": Change(
        "objectStore",
        {"PersistentVolumeClaim", "Pod", "Job", *POOL},
        {"storage": {"objectStore": {"url": "s3://a/b" + S3}}},
    ),
    "storage.keepDays": Change(7, {CONFIG}),
    "storage.sharedVolume.existingClaim": Change("files", {"PersistentVolumeClaim", "Pod", "Job", *POOL}),
    "storage.sharedVolume.storageClass": Change("nfs", {"PersistentVolumeClaim"}),
    "storage.sharedVolume.size": Change("1Ti", {"PersistentVolumeClaim"}),
    "storage.sharedVolume.accessModes": Change(["ReadWriteOnce"], {"PersistentVolumeClaim"}),
    "storage.objectStore.url": Change("s3://c/d" + S3, {CONFIG}, BUCKET),
    "modelCache.enabled": Change(True, {"PersistentVolumeClaim", *POOL}),
    "modelCache.existingClaim": Change("models", {"PersistentVolumeClaim", *POOL}, MODELS),
    "modelCache.storageClass": Change("nfs", {"PersistentVolumeClaim"}, MODELS),
    "modelCache.size": Change("1Ti", {"PersistentVolumeClaim"}, MODELS),
    "modelCache.accessModes": Change(["ReadWriteOnce"], {"PersistentVolumeClaim"}, MODELS),
    "hub.endpoint": Change("https://mirror.example.org", {CONFIG}),
    "hub.offline": Change(True, {CONFIG}),
    "profiles": Change({"mine": 'base_model = "tiny"\n'}, {CONFIG}),
    "kubeflowRegistry.uri": Change("http://registry.models.svc:8080", {CONFIG, POLICY}),
    "kubeflowRegistry.tokenFile": Change("/t", {CONFIG}, REGISTRY),
    "kubeflowRegistry.ca": Change("/ca.crt", {CONFIG}, REGISTRY),
    "kubeflowRegistry.owner": Change("team", {CONFIG}, REGISTRY),
    "kubeflowRegistry.storageKey": Change("aws", {CONFIG}, REGISTRY),
    "mlflow.mode": Change(
        "external",
        MLFLOW_SERVER,
        {"mlflow": {"trackingUri": "http://m"}, **{"networkPolicy": {"mlflow": {"to": PEER}}}},
    ),
    "mlflow.trackingUri": Change("http://other", {CONFIG}, EXTERNAL),
    "mlflow.image": Change("i:1", {"Deployment"}),
    "mlflow.workers": Change(4, {"Deployment"}),
    "mlflow.allowedHosts": Change(["h"], {"Deployment"}),
    "mlflow.corsAllowedOrigins": Change(["https://o"], {"Deployment"}),
    "mlflow.resources.requests": Change({"cpu": "1"}, {"Deployment"}),
    "mlflow.resources.limits": Change({"memory": "9Gi"}, {"Deployment"}),
    "mlflow.nodeSelector": Change(SELECTOR, {"Deployment"}),
    "mlflow.tolerations": Change(TOLERATIONS, {"Deployment"}),
    "mlflow.artifacts.kind": Change(
        "objectStore",
        {"Deployment", "PersistentVolumeClaim", POLICY},
        {"mlflow": {"artifacts": {"url": "s3://a/b", "endpoint": "http://s3:9000"}}},
    ),
    "mlflow.artifacts.url": Change("s3://c/d", {"Deployment"}, MLFLOW_BUCKET),
    "mlflow.artifacts.endpoint": Change("http://s3", {"Deployment"}, MLFLOW_BUCKET),
    "mlflow.artifacts.existingClaim": Change("c", {"Deployment", "PersistentVolumeClaim"}),
    "mlflow.artifacts.storageClass": Change("nfs", {"PersistentVolumeClaim"}),
    "mlflow.artifacts.size": Change("1Ti", {"PersistentVolumeClaim"}),
    "mlflow.artifacts.accessModes": Change(["ReadWriteMany"], {"PersistentVolumeClaim"}),
    "mlflow.ingress.enabled": Change(True, {"Ingress", "Deployment"}, {"mlflow": {"ingress": {"host": "m.org"}}}),
    "mlflow.ingress.className": Change("nginx", {"Ingress"}, INGRESS),
    "mlflow.ingress.host": Change("n.org", {"Ingress", "Deployment"}, INGRESS),
    "mlflow.ingress.tlsSecret": Change("s", {"Ingress"}, INGRESS),
    "mlflow.ingress.annotations": Change({"a": "b"}, {"Ingress"}, INGRESS),
    "mlflow.route.enabled": Change(True, {"Route"}),
    "mlflow.route.host": Change("m.org", {"Route", "Deployment"}, ROUTE),
    "mlflow.postgresql.image": Change("i:1", {"StatefulSet"}),
    "mlflow.postgresql.existingSecret": Change("s", {"StatefulSet", "Deployment", "Secret"}),
    "mlflow.postgresql.passwordKey": Change(
        "k", {"StatefulSet", "Deployment"}, {"mlflow": {"postgresql": {"existingSecret": "s"}}}
    ),
    "mlflow.postgresql.storageClass": Change("fast", {"StatefulSet"}),
    "mlflow.postgresql.size": Change("1Ti", {"StatefulSet"}),
    "mlflow.postgresql.resources.requests": Change({"cpu": "1"}, {"StatefulSet"}),
    "mlflow.postgresql.resources.limits": Change({"memory": "9Gi"}, {"StatefulSet"}),
    "mlflow.postgresql.nodeSelector": Change(SELECTOR, {"StatefulSet"}),
    "mlflow.postgresql.tolerations": Change(TOLERATIONS, {"StatefulSet"}),
    "vllm.enabled": Change(True, {"Deployment", "Service", "ServiceAccount", POLICY}, {"vllm": {"model": "m"}}),
    "vllm.model": Change("n", {"Deployment"}, VLLM),
    "vllm.pool": Change("b", {"Deployment"}, {**VLLM, "gpuPools": {"b": {"nodeSelector": SELECTOR}}}),
    "vllm.replicas": Change(2, {"Deployment"}, VLLM),
    "vllm.accelerators": Change(4, {"Deployment"}, VLLM),
    "vllm.resources.requests": Change({"cpu": "1"}, {"Deployment"}, VLLM),
    "vllm.resources.limits": Change({"memory": "9Gi"}, {"Deployment"}, VLLM),
    "vllm.sharedMemory": Change("1Gi", {"Deployment"}, VLLM),
    "vllm.args": Change(["--enable-lora"], {"Deployment"}, VLLM),
    "vllm.env": Change([{"name": "A", "value": "1"}], {"Deployment"}, VLLM),
    "vllm.startupSeconds": Change(60, {"Deployment"}, VLLM),
    "vllm.cache.enabled": Change(True, {"Deployment", "PersistentVolumeClaim"}, VLLM),
    "vllm.cache.existingClaim": Change("c", {"Deployment", "PersistentVolumeClaim"}, CACHED),
    "vllm.cache.storageClass": Change("nfs", {"PersistentVolumeClaim"}, CACHED),
    "vllm.cache.size": Change("1Ti", {"PersistentVolumeClaim"}, CACHED),
    "vllm.cache.accessModes": Change(["ReadWriteMany"], {"PersistentVolumeClaim"}, CACHED),
    "serving.enabled": Change(
        True,
        {"ConfigMap", "Deployment", "Service", "ServiceAccount", POLICY},
        {"serving": SERVING["serving"] | {"enabled": False}},
    ),
    "serving.model": Change("n", {"Deployment"}, SERVING),
    "serving.alias": Change("challenger", {"Deployment"}, SERVING),
    "serving.servedName": Change("code", {"Deployment"}, SERVING),
    "serving.baseModel": Change("b/n", {"Deployment"}, SERVING),
    "serving.pool": Change("b", {"Deployment"}, {**SERVING, "gpuPools": {"b": {"nodeSelector": SELECTOR}}}),
    "serving.replicas": Change(2, {"Deployment"}, SERVING),
    "serving.accelerators": Change(4, {"Deployment"}, SERVING),
    "serving.maxLoraRank": Change(128, {"Deployment"}, SERVING),
    "serving.chatTemplate": Change(False, {"Deployment"}, SERVING),
    "serving.args": Change(["--revision=abc"], {"Deployment"}, SERVING),
    "serving.env": Change([{"name": "A", "value": "1"}], {"Deployment"}, SERVING),
    "serving.annotations": Change({"a": "b"}, {"Deployment"}, SERVING),
    "serving.resources.requests": Change({"cpu": "1"}, {"Deployment"}, SERVING),
    "serving.resources.limits": Change({"memory": "9Gi"}, {"Deployment"}, SERVING),
    "serving.sharedMemory": Change("1Gi", {"Deployment"}, SERVING),
    "serving.adapterStorage": Change("1Gi", {"Deployment"}, SERVING),
    "serving.startupSeconds": Change(60, {"Deployment"}, SERVING),
    "serving.cacheClaim": Change("c", {"Deployment"}, SERVING),
    "serving.follower.interval": Change(2.5, {"Deployment"}, SERVING),
    "serving.follower.smokePrompts": Change([{"prompt": "a"}], {"ConfigMap", "Deployment"}, SERVING),
    "serving.follower.publicKey": Change("-----BEGIN", {"ConfigMap", "Deployment"}, SERVING),
    "serving.follower.resources.requests": Change({"cpu": "1"}, {"Deployment"}, SERVING),
    "serving.follower.resources.limits": Change({"memory": "9Gi"}, {"Deployment"}, SERVING),
    "serving.kserve.enabled": Change(True, {"Deployment", "Service", "InferenceService"}, SERVING),
    "networkPolicy.serving.from": Change(PEER, {POLICY}, SERVING),
    "admission.enabled": Change(True, {*ADMISSION, CONFIG, "Role"}),
    "admission.namespaces": Change(["team-a"], {"ValidatingAdmissionPolicyBinding"}, VERIFIED),
    "admission.action": Change("Warn", {"ValidatingAdmissionPolicyBinding"}, VERIFIED),
    "admission.publishers": Change([{"kind": "User", "name": "ada"}], {"RoleBinding"}, VERIFIED),
    "metrics.enabled": Change(True, PUSHGATEWAY),
    "metrics.pushgateway.url": Change("http://p:9091", PUSHGATEWAY, GATEWAY_PEERS),
    "metrics.pushgateway.image": Change("i:1", {"Deployment"}, METRICS),
    "metrics.pushgateway.resources.requests": Change(RESOURCES["limits"], {"Deployment"}, METRICS),
    "metrics.pushgateway.resources.limits": Change(RESOURCES["limits"], {"Deployment"}, METRICS),
    "metrics.pushgateway.nodeSelector": Change(SELECTOR, {"Deployment"}, METRICS),
    "metrics.pushgateway.tolerations": Change(TOLERATIONS, {"Deployment"}, METRICS),
    "metrics.serviceMonitor.enabled": Change(True, {"ServiceMonitor"}, METRICS),
    "metrics.serviceMonitor.interval": Change("1m", {"ServiceMonitor"}, MONITORED),
    "metrics.serviceMonitor.labels": Change({"release": "p"}, {"ServiceMonitor"}, MONITORED),
    "metrics.rules.enabled": Change(True, {"PrometheusRule"}, METRICS),
    "metrics.rules.labels": Change({"release": "p"}, {"PrometheusRule"}, MONITORED),
    "metrics.dashboard.enabled": Change(True, {CONFIG}, METRICS),
    "metrics.dashboard.labels.grafana_dashboard": Change("2", {CONFIG}, MONITORED),
    "notifications.isolatedSteps": Change(True, {CONFIG, POLICY}, WEBHOOK),
    "pipelines.mode": Change("native", {CONFIG, "Job", "ServiceAccount", POLICY, "Pipeline", "PipelineVersion"}),
    "pipelines.namespace": Change("team", {"Job"}),
    "pipelines.defaults.pool": Change("", {CONFIG}),
    "pipelines.tokenAudience": Change("a.b", {"Job", "Role", "RoleBinding"}),
    "pipelines.resources.requests": Change({"cpu": "1"}, {"Job"}),
    "pipelines.resources.limits": Change({"memory": "9Gi"}, {"Job"}),
    "podSecurity.fixedUser": Change(False, {RUNTIME, CONFIG, "StatefulSet"} | CPU_PODS),
    # Without policies no step needs the label that lets it through.
    "networkPolicy.enabled": Change(False, {POLICY, CONFIG}),
    "networkPolicy.dns.to": Change(PEER, {POLICY}),
    "networkPolicy.dns.ports": Change([5353], {POLICY}),
    "networkPolicy.artifactStore.to": Change(PEER, {POLICY}),
    "networkPolicy.artifactStore.ports": Change([443], {POLICY}),
    "networkPolicy.kfp.to": Change(PEER, {POLICY}),
    "networkPolicy.kfp.ports": Change([443], {POLICY}),
    "networkPolicy.kubernetesApi.cidrs": Change(["10.0.0.1/32"], {POLICY}),
    "networkPolicy.kubernetesApi.ports": Change([443], {POLICY}),
    "networkPolicy.mlflow.to": Change([{"podSelector": {}}], {POLICY}, EXTERNAL),
    "networkPolicy.mlflow.ports": Change([5000], {POLICY}, EXTERNAL),
    "networkPolicy.mlflow.from": Change(PEER, {POLICY}),
    "networkPolicy.trainerStatus.to": Change([], {POLICY}),
    "networkPolicy.trainerStatus.ports": Change([443], {POLICY}),
    "networkPolicy.metrics.to": Change(PEER, {POLICY}, OWN_GATEWAY),
    "networkPolicy.metrics.ports": Change([9092], {POLICY}, OWN_GATEWAY),
    "networkPolicy.metrics.from": Change(PEER, {POLICY}, METRICS),
    "networkPolicy.notifications.to": Change(PEER, {POLICY}, NOTIFIED),
    "networkPolicy.notifications.ports": Change([8443], {POLICY}, NOTIFIED),
    "networkPolicy.kubeflowRegistry.to": Change(PEER, {POLICY}, REGISTRY),
    "networkPolicy.kubeflowRegistry.ports": Change([443], {POLICY}, REGISTRY),
    "networkPolicy.modelHub.enabled": Change(False, {POLICY}),
    "networkPolicy.modelHub.steps": Change(["check", "evaluate"], {CONFIG}),
    "networkPolicy.modelHub.to": Change(PEER, {POLICY}),
    "networkPolicy.modelHub.ports": Change([8443], {POLICY}),
    "networkPolicy.extraEgress.runsCode": Change([{"to": PEER}], {POLICY}),
    "networkPolicy.extraEgress.hubSteps": Change([{"to": PEER}], {POLICY}),
    "networkPolicy.extraEgress.jobs": Change([{"to": PEER}], {POLICY}),
    "test.resources.requests": Change({"cpu": "1"}, {"Pod", "Job"}),
    "test.resources.limits": Change({"memory": "9Gi"}, {"Pod", "Job"}),
}
