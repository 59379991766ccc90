{{- define "codekiln.labels" -}}
{{- $own := dict
  "app.kubernetes.io/name" "codekiln"
  "app.kubernetes.io/part-of" "codekiln"
  "app.kubernetes.io/instance" .Release.Name
  "app.kubernetes.io/version" .Chart.AppVersion
  "app.kubernetes.io/managed-by" .Release.Service
  "helm.sh/chart" (printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_")
-}}
{{- merge $own .Values.commonLabels | toYaml }}
{{- end }}

{{/* Labels by which Services, policies and controllers find the pods of a server. They never change: selectors are immutable. */}}
{{- define "codekiln.selector" -}}
app.kubernetes.io/name: codekiln
app.kubernetes.io/component: {{ . }}
{{- end }}

{{- define "codekiln.podLabels" -}}
{{ include "codekiln.selector" .component }}
app.kubernetes.io/part-of: codekiln
app.kubernetes.io/instance: {{ .root.Release.Name }}
sidecar.istio.io/inject: "false"
{{- end }}

{{/* Namespaces where runs happen, as {list: [...]}, because a template can only return text. */}}
{{- define "codekiln.runNamespaces" -}}
list: {{ .Values.runs.namespaces | default (list .Release.Namespace) | uniq | toJson }}
{{- end }}

{{/* Full name of one of the three images: dict root, name. */}}
{{- define "codekiln.image" -}}
{{- $image := index .root.Values.image .name -}}
{{- $registry := .root.Values.image.registry | trimSuffix "/" -}}
{{- $base := list $registry $image.repository | compact | join "/" -}}
{{- if $image.digest -}}
{{ $base }}@{{ $image.digest }}
{{- else -}}
{{ $base }}:{{ .root.Values.image.tag | default .root.Chart.AppVersion }}
{{- end -}}
{{- end }}

{{- define "codekiln.pullSecrets" -}}
{{- with .Values.image.pullSecrets -}}
imagePullSecrets:
{{- range . }}
  - name: {{ . }}
{{- end }}
{{- end }}
{{- end }}

{{/*
Pod security context that PodSecurity "restricted" admits: dict root, uid, group. Group 0 is that of the images' user, as
which KFP runs steps without an fsGroup: only what belongs to that group can be written by steps and by everything else.
*/}}
{{- define "codekiln.podSecurityContext" -}}
runAsNonRoot: true
{{- if .root.Values.podSecurity.fixedUser }}
runAsUser: {{ .uid }}
runAsGroup: {{ .group }}
fsGroup: {{ .group }}
fsGroupChangePolicy: OnRootMismatch
{{- end }}
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "codekiln.securityContext" -}}
runAsNonRoot: true
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{/* Where a pod may run, from settings that have some of these keys. */}}
{{- define "codekiln.placement" -}}
{{- $fields := dict }}
{{- range $field, $key := dict "runtimeClassName" "runtimeClass" "nodeSelector" "nodeSelector" "tolerations" "tolerations" "affinity" "affinity" }}
{{- with index $ $key }}
{{- $_ := set $fields $field . }}
{{- end }}
{{- end }}
{{- with $fields }}{{ toYaml . }}{{ end }}
{{- end }}

{{/* What a process needs to write where the root file system is read-only and the uid may have no name. */}}
{{- define "codekiln.scratchEnv" -}}
- {name: HOME, value: /tmp}
- {name: USER, value: codekiln}
- {name: HF_HOME, value: /cache/hf}
- {name: XDG_CACHE_HOME, value: /tmp/.cache}
- {name: TRITON_CACHE_DIR, value: /tmp/triton}
- {name: TORCHINDUCTOR_CACHE_DIR, value: /tmp/inductor}
{{- end }}

{{/* Environment from the Secret that people may make: dict keys. */}}
{{- define "codekiln.secretEnv" -}}
{{- range $number, $key := .keys }}
{{- if $number }}{{ "\n" }}{{ end -}}
- name: {{ $key }}
  valueFrom:
    secretKeyRef: {name: codekiln, key: {{ $key }}, optional: true}
{{- end }}
{{- end }}

{{- define "codekiln.mlflowUri" -}}
{{- if eq .Values.mlflow.mode "bundled" -}}
http://codekiln-mlflow.{{ .Release.Namespace }}.svc:5000
{{- else -}}
{{ required "mlflow.trackingUri is empty: with mlflow.mode external, set it to the address of your MLflow" .Values.mlflow.trackingUri }}
{{- end -}}
{{- end }}

{{/* Not empty where the chart runs a Pushgateway of its own. */}}
{{- define "codekiln.runsPushgateway" -}}
{{- if and .Values.metrics.enabled (not .Values.metrics.pushgateway.url) }}true{{ end }}
{{- end }}

{{- define "codekiln.pushgatewayUrl" -}}
{{ .Values.metrics.pushgateway.url | default (printf "http://codekiln-pushgateway.%s.svc:9091" .Release.Namespace) }}
{{- end }}

{{- define "codekiln.kfpHost" -}}
{{ .Values.kfp.host | default (printf "http://ml-pipeline.%s.svc:8888" .Values.kfp.namespace) }}
{{- end }}

{{- define "codekiln.workspaceClaim" -}}
{{- if eq .Values.storage.kind "sharedVolume" -}}
{{ .Values.storage.sharedVolume.existingClaim | default "codekiln-workspace" }}
{{- end -}}
{{- end }}

{{- define "codekiln.exchange" -}}
{{- if eq .Values.storage.kind "sharedVolume" -}}
/codekiln
{{- else -}}
{{ required "storage.objectStore.url is empty: with storage.kind objectStore, set it to s3://bucket/prefix or gs://bucket/prefix" .Values.storage.objectStore.url }}
{{- end -}}
{{- end }}

{{/* A claim that outlives the release: dict root, name, namespace, settings. */}}
{{- define "codekiln.claim" -}}
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: {{ .name }}
  namespace: {{ .namespace }}
  labels: {{- include "codekiln.labels" .root | nindent 4 }}
  annotations:
    helm.sh/resource-policy: keep
spec:
  accessModes: {{ toJson .settings.accessModes }}
  {{- with .settings.storageClass }}
  storageClassName: {{ . }}
  {{- end }}
  resources:
    requests: {storage: {{ .settings.size }}}
{{- end }}
