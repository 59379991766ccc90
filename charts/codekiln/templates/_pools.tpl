{{/* One pool with the defaults filled in: dict root, name. */}}
{{- define "codekiln.pool" -}}
{{- $pool := mergeOverwrite (deepCopy .root.Values.gpuPoolDefaults) (index .root.Values.gpuPools .name) -}}
{{- $_ := set $pool "image" ($pool.image | default (include "codekiln.image" (dict "root" .root "name" "train"))) -}}
{{ toYaml $pool }}
{{- end }}

{{/* Requests and limits of one pool's container. */}}
{{- define "codekiln.poolResources" -}}
requests:
  cpu: {{ .cpu | quote }}
  memory: {{ .memory }}
limits:
  memory: {{ .memory }}
  {{- if and .accelerator .accelerators }}
  {{ .accelerator }}: {{ .accelerators | int64 }}
  {{- end }}
{{- end }}

{{- define "codekiln.poolEnv" -}}
{{ include "codekiln.scratchEnv" .root }}
{{- if eq .root.Values.storage.kind "objectStore" }}
{{ include "codekiln.secretEnv" (dict "keys" (list "AWS_ACCESS_KEY_ID" "AWS_SECRET_ACCESS_KEY")) }}
{{- end }}
{{- with .pool.env }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* The workspace's volume has its claim's name, as KFP names it: what a task passes on is then the same volume. */}}
{{- define "codekiln.poolVolumes" -}}
- name: shared-memory
  emptyDir: {medium: Memory, sizeLimit: {{ .pool.sharedMemory }}}
- name: tmp
  emptyDir: {}
- name: cache
  {{- if .root.Values.modelCache.enabled }}
  persistentVolumeClaim:
    claimName: {{ .root.Values.modelCache.existingClaim | default "codekiln-models" }}
  {{- else }}
  emptyDir: {}
  {{- end }}
{{- with include "codekiln.workspaceClaim" .root }}
- name: {{ . }}
  persistentVolumeClaim:
    claimName: {{ . }}
{{- end }}
{{- end }}

{{- define "codekiln.poolVolumeMounts" -}}
- {name: shared-memory, mountPath: /dev/shm}
- {name: tmp, mountPath: /tmp}
- {name: cache, mountPath: /cache}
{{- with include "codekiln.workspaceClaim" .root }}
- {name: {{ . }}, mountPath: /codekiln}
{{- end }}
{{- end }}

{{/* Not empty where a pool lets steps delete pods of dead nodes. */}}
{{- define "codekiln.deadNodes" -}}
{{- range $name, $_ := .Values.gpuPools }}
{{- if (include "codekiln.pool" (dict "root" $ "name" $name) | fromYaml).deadNodeSeconds }}yes{{ end }}
{{- end }}
{{- end }}

{{/* What codekiln.launch.pools.Cluster reads; field names are that class's. */}}
{{- define "codekiln.clusterJson" -}}
{{- $root := . -}}
{{- $pools := dict -}}
{{- range $name, $_ := .Values.gpuPools }}
{{- $pool := include "codekiln.pool" (dict "root" $root "name" $name) | fromYaml -}}
{{- $context := dict "root" $root "pool" $pool -}}
{{- $facts := dict
  "api" $root.Values.api
  "image" $pool.image
  "nodes" $pool.nodes
  "accelerator" $pool.accelerator
  "accelerators" $pool.accelerators
  "accelerator_memory_gib" $pool.acceleratorMemoryGiB
  "vllm" $pool.vllm
  "cpu" $pool.cpu
  "memory" $pool.memory
  "shared_memory" $pool.sharedMemory
  "node_selector" $pool.nodeSelector
  "tolerations" $pool.tolerations
  "affinity" $pool.affinity
  "runtime_class" $pool.runtimeClass
  "service_account" "codekiln-job"
  "image_pull_secrets" $root.Values.image.pullSecrets
  "env" (include "codekiln.poolEnv" $context | fromYamlArray)
  "volumes" (include "codekiln.poolVolumes" $context | fromYamlArray)
  "volume_mounts" (include "codekiln.poolVolumeMounts" $context | fromYamlArray)
  "pod_security_context" (include "codekiln.podSecurityContext" (dict "root" $root "uid" 1000 "group" 0) | fromYaml)
  "security_context" (include "codekiln.securityContext" $root | fromYaml)
  "queue" $pool.queue
  "priority_class" $pool.priorityClass
  "deadline_seconds" $pool.deadlineSeconds
  "grace_seconds" $pool.graceSeconds
  "restarts" $pool.restarts
  "dead_node_seconds" ($pool.deadNodeSeconds | int64)
-}}
{{- if eq $root.Values.api "trainjob" }}
{{- $_ := set $facts "runtime" (printf "codekiln-%s" $name) -}}
{{- $_ := set $facts "runtime_kind" (ternary "ClusterTrainingRuntime" "TrainingRuntime" (eq $root.Values.runtimes.scope "Cluster")) -}}
{{- end }}
{{- $_ := set $pools $name $facts -}}
{{- end }}
{{- dict
  "exchange" (include "codekiln.exchange" .)
  "claim" (include "codekiln.workspaceClaim" .)
  "keep_days" (.Values.storage.keepDays | int64)
  "pools" $pools
  | toPrettyJson -}}
{{- end }}
