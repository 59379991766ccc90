{{/* The pod that tries the workspace: by its fsGroup the volume is writable for steps, which have none. */}}
{{- define "codekiln.workspacePod" -}}
metadata:
  labels: {{- include "codekiln.podLabels" (dict "root" . "component" "workspace") | nindent 4 }}
spec:
  restartPolicy: Never
  serviceAccountName: codekiln-job
  automountServiceAccountToken: false
  enableServiceLinks: false
  {{- with include "codekiln.pullSecrets" . }}{{ . | nindent 2 }}{{ end }}
  securityContext: {{- include "codekiln.podSecurityContext" (dict "root" . "uid" 1000 "group" 0) | nindent 4 }}
  containers:
    - name: workspace
      image: {{ include "codekiln.image" (dict "root" . "name" "cpu") }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      command: [python, -c]
      args: ['from codekiln.launch.exchange import probe; print(probe("/codekiln"))']
      terminationMessagePolicy: FallbackToLogsOnError
      env:
        {{- include "codekiln.scratchEnv" . | nindent 8 }}
      resources: {{- toYaml .Values.test.resources | nindent 8 }}
      securityContext: {{- include "codekiln.securityContext" . | nindent 8 }}
      volumeMounts:
        - {name: workspace, mountPath: /codekiln}
        - {name: tmp, mountPath: /tmp}
  volumes:
    - name: workspace
      persistentVolumeClaim: {claimName: {{ include "codekiln.workspaceClaim" . }}}
    - name: tmp
      emptyDir: {}
{{- end }}
