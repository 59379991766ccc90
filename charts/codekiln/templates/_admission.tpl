{{/*
What the admission policies look at, as CEL variables: dict root, template (a pod template, or a pod), kind.
A word of a command that names LoRA is one of vLLM's options: --enable-lora, --lora-modules, with dashes or underscores.
*/}}
{{- define "codekiln.podVariables" -}}
- name: annotations
  expression: "has({{ .template }}.metadata.annotations) ? {{ .template }}.metadata.annotations : {}"
- name: containers
  expression: "{{ .template }}.spec.containers + (has({{ .template }}.spec.initContainers) ? {{ .template }}.spec.initContainers : [])"
- name: loadsAdapters
  expression: >-
    variables.containers.exists(c,
    (has(c.command) && c.command.exists(w, w.matches('(?i)--[a-z_-]*lora'))) ||
    (has(c.args) && c.args.exists(w, w.matches('(?i)--[a-z_-]*lora'))) ||
    (has(c.env) && c.env.exists(e, e.name == 'VLLM_ALLOW_RUNTIME_LORA_UPDATING')))
{{- $images := list (include "codekiln.image" (dict "root" .root "name" "cpu")) (include "codekiln.image" (dict "root" .root "name" "serve")) }}
- name: verifiesItself
  expression: >-
    'codekiln.dev/follows' in variables.annotations && variables.containers.exists(c, c.image in {{ $images | toJson | replace "\"" "'" }} &&
    has(c.args) && c.args.exists(w, w.startsWith('--public-key')))
{{- end }}

{{/* The CEL variables and the validation that all admission policies share. */}}
{{- define "codekiln.admissionValidation" -}}
- name: servesAnAdapter
  expression: >-
    variables.loadsAdapters || ['codekiln.dev/promotion-record', 'codekiln.dev/model', 'codekiln.dev/follows'].exists(k,
    k in variables.annotations)
- name: hasAVerifiedRecord
  expression: >-
    'codekiln.dev/promotion-record' in variables.annotations && 'codekiln.dev/model' in variables.annotations &&
    has(params.data) && variables.annotations['codekiln.dev/promotion-record'] in params.data &&
    params.data[variables.annotations['codekiln.dev/promotion-record']] == variables.annotations['codekiln.dev/model']
{{- end }}

{{/* A policy and its binding: dict root, name, rules, variables. */}}
{{- define "codekiln.admissionPolicy" -}}
{{- $name := printf "codekiln-served-%s.%s" .name .root.Release.Namespace -}}
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata:
  name: {{ $name }}
  labels: {{- include "codekiln.labels" .root | nindent 4 }}
spec:
  failurePolicy: Fail
  paramKind: {apiVersion: v1, kind: ConfigMap}
  matchConstraints:
    resourceRules: {{- .rules | nindent 6 }}
  # What ends, and an update that changes nothing about what runs, is no new serving.
  matchConditions:
    - name: does-not-end
      expression: "!has(object.metadata.deletionTimestamp)"
    - name: changes-what-runs
      expression: "request.operation == 'CREATE' || object.spec != oldObject.spec"
  variables: {{- .variables | nindent 4 }}
    {{- include "codekiln.admissionValidation" . | nindent 4 }}
  validations:
    - expression: "!variables.servesAnAdapter || variables.hasAVerifiedRecord || variables.verifiesItself"
      reason: Forbidden
      messageExpression: >-
        'codekiln: it serves an adapter, and its annotations codekiln.dev/promotion-record and codekiln.dev/model name no
        verified record: ' + ('codekiln.dev/model' in variables.annotations ? variables.annotations['codekiln.dev/model'] :
        'there is no codekiln.dev/model') + '; codekiln verify NAME@champion --public-key FILE --publish {{ .root.Release.Namespace }} adds one'
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata:
  name: {{ $name }}
  labels: {{- include "codekiln.labels" .root | nindent 4 }}
spec:
  policyName: {{ $name }}
  validationActions: [{{ .root.Values.admission.action }}{{ if eq .root.Values.admission.action "Warn" }}, Audit{{ end }}]
  paramRef:
    name: codekiln-verified-records
    namespace: {{ .root.Release.Namespace }}
    parameterNotFoundAction: Deny
  matchResources:
    namespaceSelector:
      matchExpressions:
        - key: kubernetes.io/metadata.name
          operator: In
          values: {{ .root.Values.admission.namespaces | default (list .root.Release.Namespace) | uniq | toJson }}
{{- end }}

{{/* The same of KServe's objects, whose pods inherit their annotations; a pod that verifies itself has a policy already. */}}
{{- define "codekiln.inferenceVariables" -}}
- name: annotations
  expression: "has(object.metadata.annotations) ? object.metadata.annotations : {}"
- name: loadsAdapters
  expression: >-
    (has(object.spec.predictor) && has(object.spec.predictor.model) && has(object.spec.predictor.model.args) &&
    object.spec.predictor.model.args.exists(w, w.matches('(?i)--[a-z_-]*lora'))) ||
    (has(object.spec.model) && has(object.spec.model.lora))
- name: verifiesItself
  expression: "'codekiln.dev/follows' in variables.annotations"
{{- end }}
