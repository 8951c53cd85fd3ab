"""A W&B server, as far as wandb 0.31 needs one to upload runs, files and artifacts. Prints its address.

GET /state tells what arrived. POST /script makes it fail: {"refuse": [runs whose set-up is denied], "break": [runs
whose data are not taken], "hold": [runs whose data are answered only once they are held no longer], "login": false}.
"""

from __future__ import annotations

import gzip
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

RUNS: dict[str, dict[str, Any]] = {}
ARTIFACTS: list[dict[str, Any]] = []
SCRIPT: dict[str, Any] = {}
RELEASED = threading.Condition()
VIEWER = {"id": "viewer", "entity": "me", "username": "me", "flags": "{}", "teams": {"edges": []}}


def blank_run() -> dict[str, Any]:
    return {"uploads": 0, "history": {}, "summary": {}, "files": {}, "finished": False, "exit_code": None}


def upsert(values: dict[str, Any]) -> dict[str, Any]:
    key, project, entity = values["name"], values["project"], values["entity"] or "me"
    run = RUNS.setdefault(key, blank_run())
    given = {"project": project, "entity": entity, "group": values["groupName"], "job_type": values["jobType"]}
    given |= {"name": values["displayName"], "tags": values["tags"]}
    run.update({name: value for name, value in given.items() if value is not None})
    run["uploads"] += values["host"] is not None  # the first of an upload's requests alone names the host
    run["config"] = {name: part["value"] for name, part in json.loads(values["config"]).items() if name[0] != "_"}
    home = {"id": "project", "name": project, "entity": {"id": "entity", "name": entity}}
    bucket = {"id": f"id-{key}", "name": key, "displayName": values["displayName"], "config": "{}", "project": home}
    return {"upsertBucket": {"bucket": bucket, "inserted": run["uploads"] == 1}}


def created_files(values: dict[str, Any], base: str) -> dict[str, Any]:
    run = values["run"]
    files = [{"name": name, "uploadUrl": f"{base}/upload/{run}/{name}"} for name in values["files"]]
    return {"createRunFiles": {"runID": f"id-{run}", "uploadHeaders": [], "files": files}}


def created_artifact(values: dict[str, Any]) -> dict[str, Any]:
    told = values["input"]
    names = {"run": "runName", "project": "projectName", "type": "artifactTypeName", "name": "artifactCollectionName"}
    ARTIFACTS.append({**{ours: told[theirs] for ours, theirs in names.items()}, "files": {}, "committed": False})
    artifact = {"id": str(len(ARTIFACTS) - 1), "state": "PENDING", "artifactSequence": {"latestArtifact": None}}
    return {"createArtifact": {"artifact": artifact}}


def created_artifact_files(values: dict[str, Any], base: str) -> dict[str, Any]:
    nodes = [
        {
            "uploadUrl": f"{base}/artifact/{file['artifactID']}/{file['name']}",
            "uploadHeaders": [],
            "artifact": {"id": file["artifactID"]},
        }
        for file in values["input"]["artifactFiles"]
    ]
    return {"createArtifactFiles": {"files": {"edges": [{"node": node} for node in nodes]}}}


def created_manifest(values: dict[str, Any], base: str) -> dict[str, Any]:
    url = f"{base}/artifact/{values['artifactID']}/{values['name']}"
    file = {"id": "manifest", "uploadUrl": url, "uploadHeaders": []}
    manifest = {"id": "manifest", "file": file if values["includeUpload"] else {"id": "manifest"}}
    kind = "createArtifactManifest" if "artifactID" in values else "updateArtifactManifest"
    return {kind: {"artifactManifest": manifest}}


def committed_artifact(values: dict[str, Any]) -> dict[str, Any]:
    ARTIFACTS[int(values["artifactID"])]["committed"] = True
    return {"commitArtifact": {"artifact": {"id": values["artifactID"], "digest": ""}}}


def graphql(request: dict[str, Any], base: str) -> dict[str, Any]:
    values = request.get("variables") or {}
    match request["query"].replace("(", " ").split()[1]:
        case "Viewer":
            return {"viewer": VIEWER}
        case "ArtifactType":
            return {"project": None}
        case "UpsertBucket":
            return upsert(values)
        case "CreateRunFiles":
            return created_files(values, base)
        case "CreateArtifact":
            return created_artifact(values)
        case "CreateArtifactFiles":
            return created_artifact_files(values, base)
        case "CreateArtifactManifest":
            return created_manifest(values, base)
        case "CommitArtifact":
            return committed_artifact(values)
    return {}


class Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that is gone, killed perhaps, is no news."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        self.answer({"runs": RUNS, "artifacts": ARTIFACTS} if self.path == "/state" else {})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        if self.headers["Content-Encoding"] == "gzip":
            body = gzip.decompress(body)
        match self.path.split("/")[1:]:
            case ["script"]:
                with RELEASED:
                    SCRIPT.clear()
                    SCRIPT.update(json.loads(body))
                    RELEASED.notify_all()
                self.answer({})
            case ["graphql"]:
                self.graphql(json.loads(body))
            case ["files", _, _, run, "file_stream"]:
                self.file_stream(run, json.loads(body))
            case _:
                self.answer({})

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        match self.path.split("/", 3)[1:]:
            case ["upload", run, name]:
                RUNS[run]["files"][unquote(name)] = len(body)
            case ["artifact", number, name]:
                ARTIFACTS[int(number)]["files"][unquote(name)] = body.decode(errors="replace")
        self.answer({})

    def graphql(self, request: dict[str, Any]) -> None:
        refused = (request.get("variables") or {}).get("name") in SCRIPT.get("refuse", ())
        if refused or SCRIPT.get("login") is False:
            self.answer({"errors": [{"message": "permission denied"}]}, 403 if refused else 401)
        else:
            self.answer({"data": graphql(request, f"http://{self.headers['Host']}")})

    def file_stream(self, run: str, told: dict[str, Any]) -> None:
        if run in SCRIPT.get("break", ()):
            self.answer({"error": "no such run"}, 404)
            return
        with RELEASED:
            RELEASED.wait_for(lambda: run not in SCRIPT.get("hold", ()))
        files = told.get("files", {})
        if history := files.get("wandb-history.jsonl"):
            lines = enumerate(history["content"], start=history["offset"])
            RUNS[run]["history"].update({number: json.loads(line) for number, line in lines})
        if summary := files.get("wandb-summary.json"):
            RUNS[run]["summary"] = json.loads(summary["content"][-1])
        if told.get("complete"):
            RUNS[run].update(finished=True, exit_code=told.get("exitcode"))
        self.answer({})

    def answer(self, value: Any, status: int = 200) -> None:
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


if __name__ == "__main__":
    server = Server(("127.0.0.1", 0), Handler)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()
