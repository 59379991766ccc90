{{/* Peers and ports of one destination as an egress rule: dict to, ports, protocols. */}}
{{- define "codekiln.egress" -}}
{{- $ports := list }}
{{- range $port := .ports }}
{{- range $protocol := $.protocols | default (list "TCP") }}
{{- $ports = append $ports (dict "protocol" $protocol "port" ($port | int64)) }}
{{- end }}
{{- end }}
{{- list (dict "to" .to "ports" $ports) | toYaml }}
{{- end }}

{{- define "codekiln.egressDns" -}}
{{- with .Values.networkPolicy.dns }}
{{- include "codekiln.egress" (dict "to" .to "ports" .ports "protocols" (list "UDP" "TCP")) }}
{{- end }}
{{- end }}

{{- define "codekiln.kfpPeer" -}}
namespaceSelector:
  matchLabels:
    kubernetes.io/metadata.name: {{ .Values.kfp.namespace }}
{{- end }}

{{- define "codekiln.egressArtifactStore" -}}
{{- $store := .Values.networkPolicy.artifactStore }}
{{- $selector := dict "matchExpressions" (list (dict "key" "app" "operator" "In" "values" (list "seaweedfs" "minio"))) }}
{{- $bundled := merge (include "codekiln.kfpPeer" . | fromYaml) (dict "podSelector" $selector) }}
{{- include "codekiln.egress" (dict "to" ($store.to | default (list $bundled)) "ports" $store.ports) }}
{{- end }}

{{/*
Where clouds hand out a workload's credentials: the metadata server, EKS Pod Identity, and GKE's metadata server as policies
see it once the node has translated its address (cloud.google.com/kubernetes-engine/docs/how-to/workload-identity).
*/}}
{{- define "codekiln.egressCredentials" -}}
{{- $metadata := list (dict "ipBlock" (dict "cidr" "169.254.169.254/32")) (dict "ipBlock" (dict "cidr" "169.254.170.23/32")) }}
{{- include "codekiln.egress" (dict "to" $metadata "ports" (list 80)) }}
{{ include "codekiln.egress" (dict "to" (list (dict "ipBlock" (dict "cidr" "169.254.169.252/32"))) "ports" (list 988)) }}
{{- end }}

{{/* A bucket outside the cluster is at none of the peers that the defaults allow. */}}
{{- define "codekiln.checkArtifactStore" -}}
{{- $outside := list }}
{{- with .Values.storage }}
{{- if and (eq .kind "objectStore") .objectStore.url (not (contains "endpoint_override=" .objectStore.url)) }}
{{- $outside = append $outside "storage.objectStore.url" }}
{{- end }}
{{- end }}
{{- with .Values.mlflow.artifacts }}
{{- if and (eq $.Values.mlflow.mode "bundled") (eq .kind "objectStore") .url (not .endpoint) }}
{{- $outside = append $outside "mlflow.artifacts.url" }}
{{- end }}
{{- end }}
{{- $store := .Values.networkPolicy.artifactStore }}
{{- if and $outside (or (not $store.to) (not (has "443" (toStrings $store.ports)))) }}
{{- fail (printf "%s names a bucket of a cloud, and networkPolicy lets nothing reach it: list its addresses in networkPolicy.artifactStore.to and 443 in networkPolicy.artifactStore.ports, with what Kubeflow Pipelines itself uses, for example {to: [{ipBlock: {cidr: 203.0.113.0/24}}, {namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: %s}}}], ports: [443, 8333]}; or set networkPolicy.enabled to false" (first $outside) .Values.kfp.namespace) }}
{{- end }}
{{- end }}

{{- define "codekiln.egressKfp" -}}
{{- $kfp := .Values.networkPolicy.kfp }}
{{- $peer := include "codekiln.kfpPeer" . | fromYaml }}
{{- $api := merge (dict "podSelector" (dict "matchLabels" (dict "app" "ml-pipeline"))) $peer }}
{{- $metadata := merge (dict "podSelector" (dict "matchLabels" (dict "component" "metadata-grpc-server"))) $peer }}
{{- include "codekiln.egress" (dict "to" ($kfp.to | default (list $api $metadata)) "ports" $kfp.ports) }}
{{- end }}

{{- define "codekiln.egressMlflow" -}}
{{- if eq .Values.mlflow.mode "bundled" }}
{{- $release := dict "matchLabels" (dict "kubernetes.io/metadata.name" .Release.Namespace) }}
{{- $server := dict "matchLabels" (include "codekiln.selector" "mlflow" | fromYaml) }}
{{- include "codekiln.egress" (dict "to" (list (dict "namespaceSelector" $release "podSelector" $server)) "ports" (list 5000)) }}
{{- else }}
{{- with .Values.networkPolicy.mlflow }}
{{- if not .to }}
{{- fail "networkPolicy.mlflow.to is empty: with mlflow.mode external, list the peers at which your MLflow is reached, for example [{ipBlock: {cidr: 203.0.113.7/32}}]; or set networkPolicy.enabled to false" }}
{{- end }}
{{- include "codekiln.egress" (dict "to" .to "ports" .ports) }}
{{- end }}
{{- end }}
{{- end }}

{{- define "codekiln.egressMetrics" -}}
{{- if .Values.metrics.pushgateway.url }}
{{- with .Values.networkPolicy.metrics }}
{{- if not .to }}
{{- fail "networkPolicy.metrics.to is empty: with metrics.pushgateway.url, list the peers at which your Pushgateway is reached, for example [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: monitoring}}}]; or set networkPolicy.enabled to false" }}
{{- end }}
{{- include "codekiln.egress" (dict "to" .to "ports" .ports) }}
{{- end }}
{{- else }}
{{- $release := dict "matchLabels" (dict "kubernetes.io/metadata.name" .Release.Namespace) }}
{{- $server := dict "matchLabels" (include "codekiln.selector" "pushgateway" | fromYaml) }}
{{- include "codekiln.egress" (dict "to" (list (dict "namespaceSelector" $release "podSelector" $server)) "ports" (list 9091)) }}
{{- end }}
{{- end }}

{{- define "codekiln.egressNotifications" -}}
{{- with .Values.networkPolicy.notifications }}
{{- if not .to }}
{{- fail "networkPolicy.notifications.to is empty: with notifications.isolatedSteps, list the peers at which your webhook is reached, for example [{ipBlock: {cidr: 203.0.113.7/32}}]; or set networkPolicy.enabled to false" }}
{{- end }}
{{- include "codekiln.egress" (dict "to" .to "ports" .ports) }}
{{- end }}
{{- end }}

{{- define "codekiln.egressKubeflowRegistry" -}}
{{- $registry := .Values.networkPolicy.kubeflowRegistry }}
{{- $to := $registry.to }}
{{- if not $to }}
{{- $service := regexFind "^https?://[^/:@.]+[.][^/:@.]+[.]svc([.:/]|$)" .Values.kubeflowRegistry.uri }}
{{- if not $service }}
{{- fail "networkPolicy.kubeflowRegistry.to is empty, and kubeflowRegistry.uri is no address of a Service, name.namespace.svc: list the peers at which the registry is reached, for example [{ipBlock: {cidr: 203.0.113.7/32}}]; or set networkPolicy.enabled to false" }}
{{- end }}
{{- $to = list (dict "namespaceSelector" (dict "matchLabels" (dict "kubernetes.io/metadata.name" (splitList "." $service | rest | first)))) }}
{{- end }}
{{- include "codekiln.egress" (dict "to" $to "ports" $registry.ports) }}
{{- end }}

{{- define "codekiln.egressVllm" -}}
{{- $release := dict "matchLabels" (dict "kubernetes.io/metadata.name" .Release.Namespace) }}
{{- $server := dict "matchLabels" (include "codekiln.selector" "vllm" | fromYaml) }}
{{- include "codekiln.egress" (dict "to" (list (dict "namespaceSelector" $release "podSelector" $server)) "ports" (list 8000)) }}
{{- end }}

{{/*
The networks around the API server's addresses where Helm can ask for them, because managed control planes change theirs
within one; else the private ranges, in which most are. A plugin may look before or after the Service's translation.
*/}}
{{- define "codekiln.egressKubernetesApi" -}}
{{- $api := .Values.networkPolicy.kubernetesApi }}
{{- $cidrs := $api.cidrs }}
{{- if not $cidrs }}
{{- $addresses := dig "spec" "clusterIPs" list (lookup "v1" "Service" "default" "kubernetes") }}
{{- range (lookup "discovery.k8s.io/v1" "EndpointSlice" "default" "kubernetes").endpoints }}
{{- $addresses = concat $addresses .addresses }}
{{- end }}
{{- range $addresses }}
{{- $cidrs = append $cidrs (include "codekiln.network" .) }}
{{- end }}
{{- end }}
{{- $to := list }}
{{- range $cidrs | uniq | default (list "10.0.0.0/8" "172.16.0.0/12" "192.168.0.0/16") }}
{{- $to = append $to (dict "ipBlock" (dict "cidr" .)) }}
{{- end }}
{{- include "codekiln.egress" (dict "to" $to "ports" $api.ports) }}
{{- end }}

{{/* The network of an address: of IPv4 the first three bytes, of IPv6 the first four groups. */}}
{{- define "codekiln.network" -}}
{{- if contains ":" . }}
{{- $halves := splitList "::" . }}
{{- $groups := splitList ":" (first $halves) | compact }}
{{- if eq (len $halves) 2 }}
{{- $last := splitList ":" (last $halves) | compact }}
{{- range until (sub 8 (add (len $groups) (len $last)) | int) }}
{{- $groups = append $groups "0" }}
{{- end }}
{{- $groups = concat $groups $last }}
{{- end }}
{{- regexReplaceAll "(:0)+$" (slice $groups 0 4 | join ":") "" }}::/64
{{- else }}
{{- slice (splitList "." .) 0 3 | join "." }}.0/24
{{- end }}
{{- end }}

{{- define "codekiln.egressModelHub" -}}
{{- $hub := .Values.networkPolicy.modelHub }}
{{- $four := dict "cidr" "0.0.0.0/0" "except" (list "10.0.0.0/8" "100.64.0.0/10" "169.254.0.0/16" "172.16.0.0/12" "192.168.0.0/16") }}
{{- $six := dict "cidr" "::/0" "except" (list "fc00::/7" "fe80::/10") }}
{{- include "codekiln.egress" (dict "to" ($hub.to | default (list (dict "ipBlock" $four) (dict "ipBlock" $six))) "ports" $hub.ports) }}
{{- end }}

{{/* Pods of training jobs, whichever operator made them. */}}
{{- define "codekiln.jobSelector" -}}
matchLabels:
  app.kubernetes.io/part-of: codekiln
matchExpressions:
  - key: {{ eq .Values.api "trainjob" | ternary "jobset.sigs.k8s.io/jobset-name" "training.kubeflow.org/job-name" }}
    operator: Exists
{{- end }}

{{/* Peers: our pods, and KFP's own drivers and launchers if given "kfp", in every namespace of runs. */}}
{{- define "codekiln.runPeers" -}}
{{- $labels := list (dict "app.kubernetes.io/part-of" "codekiln") }}
{{- if .kfp }}
{{- $labels = append $labels (dict "pipelines.kubeflow.org/v2_component" "true") }}
{{- end }}
{{- range $labels }}
- namespaceSelector:
    matchExpressions:
      - key: kubernetes.io/metadata.name
        operator: In
        values: {{ (include "codekiln.runNamespaces" $.root | fromYaml).list | toJson }}
  podSelector:
    matchLabels: {{- toYaml . | nindent 6 }}
{{- end }}
{{- end }}
