{{/*
One compiled pipeline for this cluster, as {spec: ..., platform: ...}: image names with their registry, defaults of the
run form, and for each step what this cluster adds. dict root, path.
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
{{- $executors := dict }}
{{- range $name, $_ := $spec.deploymentSpec.executors }}
{{- $there := dig "platforms" "kubernetes" "deploymentSpec" "executors" $name dict $platform }}
{{- $more := include "codekiln.executor" (dict "root" $root "name" $name "there" $there) | fromJson }}
{{- if $more }}
{{- $_ := set $executors $name $more }}
{{- end }}
{{- end }}
{{- if $executors }}
{{- $platform = mergeOverwrite $platform (dict "platforms" (dict "kubernetes" (dict "deploymentSpec" (dict "executors" $executors)))) }}
{{- end }}
{{- dict "spec" $spec "platform" $platform | toJson }}
{{- end }}

{{/* What this cluster adds to the settings of one executor, as JSON: dict root, name, there. */}}
{{- define "codekiln.executor" -}}
{{- $more := dict }}
{{- $step := regexReplaceAll "^exec-(.*?)(-[0-9]+)?$" .name "${1}" | replace "-" "_" }}
{{- $claim := include "codekiln.workspaceClaim" .root }}
{{- if and $claim (has $step (list "check" "generate" "sft" "dpo" "dpo_further" "self_generate" "evaluate")) }}
{{- $mount := dict "constant" $claim "mountPath" "/codekiln" "pvcNameParameter" (dict "runtimeValue" (dict "constant" $claim)) }}
{{- $_ := set $more "pvcMount" (append (.there.pvcMount | default list) $mount) }}
{{- end }}
{{- $reaches := dict }}
{{- if and .root.Values.networkPolicy.enabled (has $step .root.Values.networkPolicy.modelHub.steps) }}
{{- $_ := set $reaches "codekiln.dev/reaches-hub" "true" }}
{{- end }}
{{- if and .root.Values.networkPolicy.enabled .root.Values.kubeflowRegistry.uri (eq $step "check") }}
{{- $_ := set $reaches "codekiln.dev/reaches-kubeflow-registry" "true" }}
{{- end }}
{{- if $reaches }}
{{- $_ := set $more "podMetadata" (dict "labels" $reaches) }}
{{- end }}
{{- if and .root.Values.notifications.isolatedSteps (has $step (list "filter" "evaluate")) }}
{{- $url := dict "secretName" "codekiln" "secretNameParameter" (dict "runtimeValue" (dict "constant" "codekiln")) "optional" true "keyToEnv" (list (dict "envVar" "CODEKILN_NOTIFY_URL" "secretKey" "CODEKILN_NOTIFY_URL")) }}
{{- $_ := set $more "secretAsEnv" (append (.there.secretAsEnv | default list) $url) }}
{{- end }}
{{- with .root.Values.image.pullSecrets }}
{{- $secrets := list }}
{{- range . }}
{{- $secrets = append $secrets (dict "secretName" . "secretNameParameter" (dict "runtimeValue" (dict "constant" .))) }}
{{- end }}
{{- $_ := set $more "imagePullSecret" $secrets }}
{{- end }}
{{- if ne .root.Values.image.pullPolicy "IfNotPresent" }}
{{- $_ := set $more "imagePullPolicy" .root.Values.image.pullPolicy }}
{{- end }}
{{- toJson $more }}
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
{{- if not (.Files.Glob "files/pipelines/*.yaml") }}
{{- fail "the chart holds no pipeline: files/pipelines is a symbolic link, which this copy of the repository lost; install a package made by `helm package` from a clone, or clone with git config core.symlinks true" }}
{{- end }}
{{- range $path, $_ := .Files.Glob "files/pipelines/*.yaml" }}
{{- $known = merge $known (dig "root" "inputDefinitions" "parameters" dict (splitList "\n---\n" ($.Files.Get $path) | first | fromYaml)) }}
{{- end }}
{{- range $name, $value := .Values.pipelines.defaults }}
{{- if and (hasKey $known $name) (ne (kindIs "map" $value) (eq (dig $name "parameterType" "" $known) "STRUCT")) }}
{{- fail (printf "pipelines.defaults.%s: is %s, and the form takes %s" $name (kindIs "map" $value | ternary "an object" "a text") (kindIs "map" $value | ternary "a text" "an object of settings and values")) }}
{{- end }}
{{- if not (hasKey $known $name) }}
{{- fail (printf "pipelines.defaults.%s: no pipeline has such an input; there are: %s" $name (keys $known | sortAlpha | join ", ")) }}
{{- end }}
{{- end }}
{{- $pool := .Values.pipelines.defaults.pool }}
{{- if and $pool (not (hasKey .Values.gpuPools $pool)) }}
{{- fail (printf "pipelines.defaults.pool is '%s', and gpuPools has no pool of that name; there are: %s. Empty: a run trains in its step unless it names a pool" $pool (keys .Values.gpuPools | sortAlpha | join ", ")) }}
{{- end }}
{{- end }}
