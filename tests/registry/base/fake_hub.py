"""A hub on loopback that has a few small repositories: the parts of its interface that a download needs."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class Hub:
    """Its address, and the paths of the files that were fetched from it."""

    address: str = ""
    fetched: list[str] = field(default_factory=list)


@contextmanager
def hub_of(repositories: Mapping[str, Mapping[str, bytes]]) -> Iterator[Hub]:
    """Serves repositories, whose files are given by name."""
    hub = Hub()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *values: object) -> None:
            pass

        def do_HEAD(self) -> None:
            self._answer(body=False)

        def do_GET(self) -> None:
            self._answer(body=True)

        def _answer(self, *, body: bool) -> None:
            path = self.path.partition("?")[0].lstrip("/")
            for name, files in repositories.items():
                if path.startswith(f"api/models/{name}/tree/"):
                    entries = [_entry(file, content) for file, content in files.items()]
                    return self._send(json.dumps(entries).encode(), {"Content-Type": "application/json"}, body)
                if path.startswith(f"api/models/{name}"):
                    siblings = [{"rfilename": file} for file in files]
                    about = {"id": name, "sha": COMMIT, "siblings": siblings}
                    return self._send(json.dumps(about).encode(), {"Content-Type": "application/json"}, body)
                beginning = f"{name}/resolve/"
                file = path.removeprefix(beginning).partition("/")[2]
                if path.startswith(beginning) and file in files:
                    if body:
                        hub.fetched.append(f"{name}/{file}")
                    etag = hashlib.sha1(files[file]).hexdigest()
                    return self._send(files[file], {"ETag": f'"{etag}"', "X-Repo-Commit": COMMIT}, body)
            self.send_response(404)
            self.send_header("X-Error-Code", "RepoNotFound")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return None

        def _send(self, content: bytes, headers: Mapping[str, str], body: bool) -> None:
            self.send_response(200)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if body:
                self.wfile.write(content)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    hub.address = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()


def _entry(file: str, content: bytes) -> dict[str, object]:
    return {"type": "file", "path": file, "size": len(content), "oid": hashlib.sha1(content).hexdigest()}
