{{/* Labels, annotations and specification of a pod that serves: vLLM and the follower, as {metadata: ..., spec: ...}. */}}
{{- define "codekiln.servingPod" -}}
{{- $serving := .Values.serving }}
{{- if not (hasKey .Values.gpuPools $serving.pool) }}
{{- fail (printf "serving.pool is '%s', and gpuPools has no pool of that name; there are: %s" $serving.pool (keys .Values.gpuPools | sortAlpha | join ", ")) }}
{{- end }}
{{- $pool := include "codekiln.pool" (dict "root" . "name" $serving.pool) | fromYaml }}
{{- $model := required "serving.model is empty: set it to the registered model whose champion is served" $serving.model }}
{{- $base := required "serving.baseModel is empty: set it to the base model of the adapters, a model id or a path that vLLM can load" $serving.baseModel }}
{{- $config := include "codekiln.servingConfig" . }}
metadata:
  labels: {{- include "codekiln.podLabels" (dict "root" . "component" "serving") | nindent 4 }}
  annotations:
    # What the policy for verified adapters looks at: this pod serves whatever the alias points at.
    codekiln.dev/follows: {{ printf "%s@%s" $model $serving.alias | quote }}
    codekiln.dev/serving-config: {{ sha256sum $config }}
    {{- with $serving.annotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: codekiln-serving
  automountServiceAccountToken: false
  enableServiceLinks: false
  {{- with include "codekiln.pullSecrets" . }}{{ . | nindent 2 }}{{ end }}
  {{- with include "codekiln.placement" $pool }}{{ . | nindent 2 }}{{ end }}
  securityContext: {{- include "codekiln.podSecurityContext" (dict "root" . "uid" 1000 "group" 0) | nindent 4 }}
  {{- if $serving.chatTemplate }}
  initContainers:
    # vLLM asks with what training asked with, which is not always the template of the base.
    - name: chat-template
      image: {{ include "codekiln.image" (dict "root" . "name" "cpu") }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      command: [sh, -c, 'codekiln models "$1" --chat-template > /serving/chat_template.jinja', sh, {{ $base | quote }}]
      env:
        {{- include "codekiln.scratchEnv" . | nindent 8 }}
        {{- include "codekiln.servingHub" . | nindent 8 }}
      terminationMessagePolicy: FallbackToLogsOnError
      resources: {{- toYaml $serving.follower.resources | nindent 8 }}
      securityContext: {{- include "codekiln.securityContext" . | nindent 8 }}
      volumeMounts:
        - {name: tmp, mountPath: /tmp}
        - {name: cache, mountPath: /cache}
        - {name: adapters, mountPath: /serving}
  {{- end }}
  containers:
    # The name by which KServe finds the container that serves.
    - name: kserve-container
      image: {{ include "codekiln.image" (dict "root" . "name" "serve") }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      command: [vllm, serve, {{ $base | quote }}]
      args:
        - --host=0.0.0.0
        - --port=8000
        - --served-model-name={{ $base }}
        - --tensor-parallel-size={{ max 1 ($serving.accelerators | int64) }}
        - --enable-lora
        # Slots for the old and the new version in one batch; both stay in memory for requests that have begun.
        - --max-loras=2
        - --max-cpu-loras=4
        - --max-lora-rank={{ $serving.maxLoraRank | int64 }}
        - --middleware=codekiln_public_names.PublicNames
        {{- if $serving.chatTemplate }}
        - --chat-template=/serving/chat_template.jinja
        {{- end }}
        {{- with $serving.args }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      env:
        {{- include "codekiln.scratchEnv" . | nindent 8 }}
        - {name: VLLM_CACHE_ROOT, value: /cache/vllm}
        - {name: VLLM_ALLOW_RUNTIME_LORA_UPDATING, value: "True"}
        - {name: CODEKILN_SERVING, value: /serving}
        - {name: PYTHONPATH, value: /config}
        {{- include "codekiln.servingHub" . | nindent 8 }}
        {{- include "codekiln.servingKey" . | nindent 8 }}
        {{- with $serving.env }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      ports:
        - {name: http, containerPort: 8000, protocol: TCP}
      startupProbe:
        httpGet: {path: /health, port: 8000}
        periodSeconds: 10
        failureThreshold: {{ divf $serving.startupSeconds 10 | ceil | int64 }}
      readinessProbe:
        httpGet: {path: /health, port: 8000}
        periodSeconds: 10
        timeoutSeconds: 5
      livenessProbe:
        httpGet: {path: /health, port: 8000}
        periodSeconds: 20
        timeoutSeconds: 10
        failureThreshold: 6
      resources:
        {{- $resources := deepCopy $serving.resources }}
        {{- if and $pool.accelerator $serving.accelerators }}
        {{- $resources = mergeOverwrite $resources (dict "limits" (dict $pool.accelerator ($serving.accelerators | int64))) }}
        {{- end }}
        {{- toYaml $resources | nindent 8 }}
      securityContext: {{- include "codekiln.securityContext" . | nindent 8 }}
      volumeMounts:
        - {name: shared-memory, mountPath: /dev/shm}
        - {name: tmp, mountPath: /tmp}
        - {name: cache, mountPath: /cache}
        - {name: config, mountPath: /config, readOnly: true}
        - {name: adapters, mountPath: /serving, readOnly: true}
    - name: follower
      image: {{ include "codekiln.image" (dict "root" . "name" "cpu") }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      command: [codekiln, serve, {{ printf "%s@%s" $model $serving.alias | quote }}]
      args:
        - --server=http://127.0.0.1:8000
        - --folder=/serving
        - --base-model={{ $base }}
        - --interval={{ $serving.follower.interval }}
        {{- with $serving.servedName }}
        - --served-name={{ . }}
        {{- end }}
        {{- if $serving.follower.smokePrompts }}
        - --smoke=/config/smoke.jsonl
        {{- end }}
        {{- if $serving.follower.publicKey }}
        - --public-key=/config/public-key.pem
        {{- end }}
      env:
        {{- include "codekiln.scratchEnv" . | nindent 8 }}
        - {name: MLFLOW_TRACKING_URI, value: {{ include "codekiln.mlflowUri" . | quote }}}
        {{- include "codekiln.secretEnv" (dict "keys" (list "MLFLOW_TRACKING_USERNAME" "MLFLOW_TRACKING_PASSWORD" "MLFLOW_TRACKING_TOKEN")) | nindent 8 }}
        {{- include "codekiln.servingKey" . | nindent 8 }}
      # The file is there while the server has what the alias points at, or knows why it has not.
      readinessProbe:
        exec: {command: [test, -f, /serving/status.json]}
        periodSeconds: 5
      terminationMessagePolicy: FallbackToLogsOnError
      resources: {{- toYaml $serving.follower.resources | nindent 8 }}
      securityContext: {{- include "codekiln.securityContext" . | nindent 8 }}
      volumeMounts:
        - {name: tmp, mountPath: /tmp}
        - {name: adapters, mountPath: /serving}
        {{- if or $serving.follower.smokePrompts $serving.follower.publicKey }}
        - {name: config, mountPath: /config, readOnly: true}
        {{- end }}
  volumes:
    - name: shared-memory
      emptyDir: {medium: Memory, sizeLimit: {{ $serving.sharedMemory }}}
    - name: tmp
      emptyDir: {}
    - name: adapters
      emptyDir: {sizeLimit: {{ $serving.adapterStorage }}}
    - name: config
      configMap: {name: codekiln-serving}
    - name: cache
      {{- if $serving.cacheClaim }}
      persistentVolumeClaim:
        claimName: {{ $serving.cacheClaim }}
      {{- else }}
      emptyDir: {}
      {{- end }}
{{- end }}

{{- define "codekiln.servingHub" -}}
{{- include "codekiln.secretEnv" (dict "keys" (list "HF_TOKEN")) }}
{{- with .Values.hub.endpoint }}
- {name: HF_ENDPOINT, value: {{ . | quote }}}
{{- end }}
{{- if .Values.hub.offline }}
- {name: HF_HUB_OFFLINE, value: "1"}
{{- end }}
{{- end }}

{{- define "codekiln.servingKey" -}}
- name: VLLM_API_KEY
  valueFrom:
    secretKeyRef: {name: codekiln, key: CODEKILN_API_KEY, optional: true}
{{- end }}

{{- define "codekiln.servingConfig" -}}
{{- $follower := .Values.serving.follower -}}
codekiln_public_names.py: |
  {{- .Files.Get "files/codekiln_public_names.py" | trim | nindent 2 }}
{{- if $follower.smokePrompts }}
smoke.jsonl: |
  {{- range $follower.smokePrompts }}
  {{ toJson . }}
  {{- end }}
{{- end }}
{{- with $follower.publicKey }}
public-key.pem: |
  {{- . | trim | nindent 2 }}
{{- end }}
{{- end }}
