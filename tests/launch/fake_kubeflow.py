"""A small Kubeflow Pipelines server (API v2beta1) that KFP's real client talks to."""

import json
import re
import threading
from datetime import UTC, datetime, timedelta
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import yaml

TYPES = {"STRING": str, "STRUCT": dict, "LIST": list, "BOOLEAN": bool, "NUMBER_INTEGER": int, "NUMBER_DOUBLE": float}


class FakeKubeflow:
    """Keeps experiments, pipelines with versions, and runs that go through scripted states.

    Attributes:
        states: What a run answers, one entry a question, the last one for ever: (state, {task: state}, error).
        refuse: HTTP status for every request from now on; 0 answers; -1 drops the connection.
        refusals: After so many requests refused, it answers again; 0: never.
        token: When set, requests must carry it.
        largest_page: The most items that a list answers at once, whatever is asked for.
    """

    def __init__(self):
        self.experiments, self.pipelines, self.versions, self.runs = {}, {}, {}, []
        self.states = [("SUCCEEDED", {}, "")]
        self.refuse, self.refusals, self.token = 0, 0, ""
        self.largest_page, self.clock = 200, datetime(2026, 1, 1, tzinfo=UTC)
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                self.answer("GET")

            def do_POST(self):
                self.answer("POST")

            def answer(self, method):
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                status, value = server.refusal(), {"message": "not now"}
                if status == -1:
                    self.connection.close()
                    return
                if not status and server.token and self.headers.get("authorization") != f"Bearer {server.token}":
                    status, value = 401, {"message": "who are you"}
                if not status:
                    status, value = server.route(method, urlsplit(self.path), body, self.headers)
                text = json.dumps(value).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *words):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def close(self):
        self.http.shutdown()
        self.http.server_close()

    def refusal(self):
        """Return the status that this request is refused with, 0 to answer it."""
        refuse = self.refuse
        if refuse and self.refusals:
            self.refusals -= 1
            self.refuse = refuse if self.refusals else 0
        return refuse

    def route(self, method, url, body, headers):
        query = {key: values[0] for key, values in parse_qs(url.query).items()}
        path = url.path.removeprefix("/apis/v2beta1")
        if path == "/healthz":
            return 200, {"multi_user": False}
        if path == "/experiments":
            return self._experiments(method, query, body)
        if path == "/pipelines":
            return self._pipelines(method, query, body)
        if path == "/pipelines/upload_version":
            return self._upload(query, body, headers)
        if match := re.fullmatch(r"/pipelines/([^/]+)/versions(?:/([^/]+))?", path):
            return self._version(match[1], match[2]) if match[2] else self._versions(match[1], query)
        if path == "/runs" and method == "POST":
            return self._run(json.loads(body))
        if match := re.fullmatch(r"/runs/([^/]+)", path):
            return 200, self._state(match[1])
        return 404, {"message": f"no {path}"}

    def _experiments(self, method, query, body):
        if method == "POST":
            item = json.loads(body) | {"experiment_id": f"experiment-{len(self.experiments)}"}
            self.experiments[item["display_name"]] = item
            return 200, item
        found = self.experiments.get(_wanted(query))
        return 200, {"experiments": [found] if found else []}

    def _pipelines(self, method, query, body):
        if method == "POST":
            item = json.loads(body) | {"pipeline_id": f"pipeline-{len(self.pipelines)}"}
            self.pipelines[item["display_name"]] = item
            self.versions[item["pipeline_id"]] = []
            return 200, item
        found = self.pipelines.get(_wanted(query))
        # Without a namespace the server lists the pipelines that everybody shares.
        is_there = found is not None and (found.get("namespace") or "") == query.get("namespace", "")
        return 200, {"pipelines": [found]} if is_there else {}

    def _versions(self, pipeline, query):
        """Answer a page of a pipeline's versions; a list that is empty is left out, as protobuf's JSON does."""
        found = self.versions[pipeline]
        if "filter" in query:
            found = [item for item in found if item["display_name"] == _wanted(query)]
        start, size = int(query.get("page_token") or 0), min(int(query.get("page_size", 10)), self.largest_page)
        more = {"next_page_token": str(start + size)} if start + size < len(found) else {}
        return 200, ({"pipeline_versions": found[start : start + size]} if found else {}) | more

    def _version(self, pipeline, version):
        found = [item for item in self.versions.get(pipeline, ()) if item["pipeline_version_id"] == version]
        return (200, found[0]) if found else (404, {"message": f"PipelineVersion {version} not found."})

    def _run(self, run):
        """Create a run, with what the server checks of the arguments: names, types, and that none is missing."""
        spec = run.get("pipeline_spec")
        if reference := run.get("pipeline_version_reference"):
            status, version = self._version(reference["pipeline_id"], reference["pipeline_version_id"])
            if status != 200:
                return status, version
            spec = version["pipeline_spec"]
        inputs = spec.get("pipeline_spec", spec)["root"].get("inputDefinitions", {}).get("parameters", {})
        given = run["runtime_config"].get("parameters") or {}
        wrong = set(given) - set(inputs) | {
            name for name, value in given.items() if not isinstance(value, TYPES[inputs[name]["parameterType"]])
        }
        missing = {name for name, about in inputs.items() if not about.get("isOptional")} - set(given)
        if wrong or missing:
            return 400, {"message": f"Invalid input error: parameters {sorted(wrong | missing)}"}
        self.runs.append(run)
        return 200, run | {"run_id": f"run-{len(self.runs)}"}

    def _upload(self, query, body, headers):
        message = BytesParser(policy=HTTP).parsebytes(
            b"content-type: " + headers["content-type"].encode() + b"\n\n" + body
        )
        documents = list(yaml.load_all(next(message.iter_parts()).get_payload(decode=True), yaml.CSafeLoader))
        self.clock += timedelta(minutes=1)
        version = {
            "display_name": query["name"], "name": query["name"], "description": query.get("description", ""),
            "pipeline_id": query["pipelineid"], "pipeline_version_id": f"version-{query['name']}",
            "created_at": self.clock.isoformat(),
            # Two documents come back as one object.
            "pipeline_spec": dict(zip(("pipeline_spec", "platform_spec"), documents, strict=False))
            if len(documents) > 1 else documents[0],
        }  # fmt: skip
        self.versions[query["pipelineid"]].append(version)
        return 200, version

    def _state(self, run):
        state, tasks, error = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        details = [
            {"task_id": name, "display_name": name, "state": task}
            | ({"error": {"message": error}} if task == "FAILED" else {})
            for name, task in tasks.items()
        ]
        return {"run_id": run, "state": state, "run_details": {"task_details": details}}


def _wanted(query):
    predicate = json.loads(query["filter"])["predicates"][0]
    return predicate.get("stringValue") or predicate.get("string_value")
