{{/* libpq reads the password itself, so that it appears in no address and no command line. */}}
{{- define "codekiln.databaseEnv" -}}
- {name: HOME, value: /tmp}
- {name: USER, value: codekiln}
- {name: MLFLOW_DISABLE_TELEMETRY, value: "true"}
- name: PGPASSWORD
  valueFrom:
    secretKeyRef: {{- include "codekiln.databaseSecret" . | nindent 6 }}
{{- end }}

{{- define "codekiln.databaseSecret" -}}
{{- with .Values.mlflow.postgresql -}}
name: {{ .existingSecret | default "codekiln-postgresql" }}
key: {{ empty .existingSecret | ternary "password" .passwordKey }}
{{- end }}
{{- end }}

{{- define "codekiln.mlflowArtifacts" -}}
{{- with .Values.mlflow.artifacts -}}
{{- if eq .kind "objectStore" -}}
{{ required "mlflow.artifacts.url is empty: with kind objectStore, set it to s3://bucket/prefix" .url }}
{{- end -}}
{{- end -}}
{{- end }}
