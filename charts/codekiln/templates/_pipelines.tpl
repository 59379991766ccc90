{{/*
One compiled pipeline for this cluster, as {spec: ..., platform: ...}: image names with their registry, defaults of the
run form, the workspace in every step that exchanges files with a job, and a label on the steps that may reach the hub.
dict root, path.
*/}}
{{- define "codekiln.pipeline" -}}
{{- $root := .root }}
{{- $documents := splitList "\n---\n" (.root.Files.Get .path) }}
{{- $spec := first $documents | fromYaml }}
{{- $platform := dict "platforms" (dict) }}
{{- if gt (len $documents) 1 }}
{{- $platform = index $documents 1 | fromYaml }}
{{- end }}
{{- range dig "root" "inputDefinitions" "parameters" dict $spec }}
{{- if hasKey . "defaultValue" }}
{{- $_ := set . "defaultValue" (include "codekiln.ourImage" (dict "root" $root "value" .defaultValue) | default .defaultValue) }}
{{- end }}
{{- end }}
{{- range $name, $executor := $spec.deploymentSpec.executors }}
{{- with $executor.container }}
{{- $_ := set . "image" (include "codekiln.ourImage" (dict "root" $root "value" .image) | default .image) }}
{{- end }}
{{- end }}
{{- range $name, $value := .root.Values.pipelines.defaults }}
{{- $input := dig "root" "inputDefinitions" "parameters" $name dict $spec }}
{{- if $input }}
{{- $_ := set $input "defaultValue" $value }}
{{- end }}
{{- end }}
{{- with include "codekiln.workspaceClaim" .root }}
{{- $mount := dict "constant" . "mountPath" "/codekiln" "pvcNameParameter" (dict "runtimeValue" (dict "constant" .)) }}
{{- $executors := dict }}
{{- range $name, $_ := $spec.deploymentSpec.executors }}
{{- if regexMatch "^exec-(check|sft|dpo|dpo-further|self-generate|evaluate)(-[0-9]+)?$" $name }}
{{- $there := dig "platforms" "kubernetes" "deploymentSpec" "executors" $name dict $platform }}
{{- $_ := set $executors $name (merge (dict "pvcMount" (append ($there.pvcMount | default list) $mount)) $there) }}
{{- end }}
{{- end }}
{{- $platform = mergeOverwrite $platform (dict "platforms" (dict "kubernetes" (dict "deploymentSpec" (dict "executors" $executors)))) }}
{{- end }}
{{- if .root.Values.networkPolicy.enabled }}
{{- $executors := dict }}
{{- range $name, $_ := $spec.deploymentSpec.executors }}
{{- if has (regexReplaceAll "^exec-(.*?)(-[0-9]+)?$" $name "${1}" | replace "-" "_") $root.Values.networkPolicy.modelHub.steps }}
{{- $_ := set $executors $name (dict "podMetadata" (dict "labels" (dict "codekiln.dev/reaches-hub" "true"))) }}
{{- end }}
{{- end }}
{{- $platform = mergeOverwrite $platform (dict "platforms" (dict "kubernetes" (dict "deploymentSpec" (dict "executors" $executors)))) }}
{{- end }}
{{- dict "spec" $spec "platform" $platform | toJson }}
{{- end }}

{{/* The full name of an image of ours; empty for any other value. */}}
{{- define "codekiln.ourImage" -}}
{{- if kindIs "string" .value }}
{{- $name := regexFind "^codekiln/(cpu|train|serve)(:|$)" .value }}
{{- with $name }}
{{- include "codekiln.image" (dict "root" $.root "name" (trimPrefix "codekiln/" . | trimSuffix ":")) }}
{{- end }}
{{- end }}
{{- end }}

{{/* A version's name changes with its content, because a version never changes: dict root, name, content. */}}
{{- define "codekiln.pipelineVersion" -}}
{{ .name }}-{{ .root.Chart.AppVersion | replace "+" "-" | lower }}-{{ .content | sha256sum | trunc 10 }}
{{- end }}

{{/* Every input that pipelines.defaults names must exist somewhere; a typing mistake must not pass in silence. */}}
{{- define "codekiln.checkDefaults" -}}
{{- $known := dict }}
{{- range $path, $_ := .Files.Glob "files/pipelines/*.yaml" }}
{{- $known = merge $known (dig "root" "inputDefinitions" "parameters" dict (splitList "\n---\n" ($.Files.Get $path) | first | fromYaml)) }}
{{- end }}
{{- range $name, $_ := .Values.pipelines.defaults }}
{{- if not (hasKey $known $name) }}
{{- fail (printf "pipelines.defaults.%s: no pipeline has such an input; there are: %s" $name (keys $known | sortAlpha | join ", ")) }}
{{- end }}
{{- end }}
{{- $pool := .Values.pipelines.defaults.pool }}
{{- if and $pool (not (hasKey .Values.gpuPools $pool)) }}
{{- fail (printf "pipelines.defaults.pool is '%s', and gpuPools has no pool of that name; there are: %s. Empty: a run trains in its step unless it names a pool" $pool (keys .Values.gpuPools | sortAlpha | join ", ")) }}
{{- end }}
{{- end }}
