"""The part of the Hub's HTTP API that an upload uses, as huggingface_hub 2's client speaks it.

Read off ``hf_api.py`` (create_repo, model_info, upload_folder, create_commit) and ``_commit_api.py`` (preupload, commit
payload) of the installed package. Files come in the commit itself, base64: uploadMode ``regular``.
"""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

OID = "f" * 40


@dataclass
class Hub:
    """What the Hub has, and every request it got: method, path, and token."""

    url: str = ""
    token: str = "hf_secret_of_the_test"
    repositories: dict[str, bool] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    summary: str = ""
    requests: list[tuple[str, str]] = field(default_factory=list)

    def answer(self, method: str, path: str, body: bytes, token: str) -> tuple[int, dict]:
        self.requests.append((method, path))
        if token != f"Bearer {self.token}":
            return 401, {"error": f"Invalid credentials {token}"}
        if path == "/api/repos/create":
            asked = json.loads(body)
            name = f"{asked['organization']}/{asked['name']}"
            if name in self.repositories:
                return 409, {"error": "You already created this model repo", "url": f"{self.url}/{name}"}
            self.repositories[name] = asked.get("private", asked.get("visibility") == "private")
            return 200, {"url": f"{self.url}/{name}"}
        if path == "/api/validate-yaml":
            return 200, {"errors": [], "warnings": []}
        name, _, rest = path.removeprefix("/api/models/").partition("/")
        rest_name, _, rest = rest.partition("/")
        name = f"{name}/{rest_name}"
        if name not in self.repositories:
            return 404, {"error": "Repository not found"}
        if rest.startswith("preupload"):
            files = json.loads(body)["files"]
            return 200, {
                "files": [{"path": each["path"], "uploadMode": "regular", "shouldIgnore": False} for each in files]
            }
        if rest.startswith("commit"):
            return 200, self._commit(name, body)
        return 200, {"id": name, "private": self.repositories[name], "sha": OID, "siblings": []}

    def _commit(self, name: str, body: bytes) -> dict:
        for line in map(json.loads, body.splitlines()):
            if line["key"] == "header":
                self.summary = line["value"]["summary"]
            else:
                assert line["key"] == "file", line
                self.files[line["value"]["path"]] = base64.b64decode(line["value"]["content"])
        url = f"{self.url}/{name}/commit/{OID}"
        return {"success": True, "commitOid": OID, "commitUrl": url, "hookOutput": ""}


@contextmanager
def serving() -> Iterator[Hub]:
    hub = Hub()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            path = self.path.split("?")[0]
            status, value = hub.answer(self.command, path, body, self.headers.get("authorization") or "")
            text = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = answer

        def log_message(self, *words) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    hub.url = f"http://127.0.0.1:{server.server_port}"
    yield hub
    server.shutdown()
    server.server_close()
