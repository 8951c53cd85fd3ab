"""A small HTTP server on loopback that serves files, and misbehaves on request."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Behaviour:
    """How a path is served. cut: bytes after which the connection breaks, for so many `times`. claims: a false length.

    busy: answers 503 so many times first. ranges: whether parts are served. etag: the file's version.
    """

    content: bytes = b""
    status: int = 200
    kind: str = "application/octet-stream"
    cut: int | None = None
    times: int = 1
    claims: int | None = None
    busy: int = 0
    ranges: bool = True
    etag: str = '"1"'
    location: str = ""
    wrong_range: bool = False


@dataclass
class Site:
    """Its files by path, and the requests that it got."""

    files: dict[str, Behaviour] = field(default_factory=dict)
    requests: list[tuple[str, str]] = field(default_factory=list)
    seen: Counter[str] = field(default_factory=Counter)
    address: str = ""

    def add(self, path: str, content: bytes = b"", **how: object) -> str:
        """Serves a file; its address."""
        self.files[path] = Behaviour(content, **how)  # pyright: ignore[reportArgumentType]
        return f"{self.address}/{path}"


@contextmanager
def serving() -> Iterator[Site]:
    site = Site()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *values: object) -> None:
            pass

        def do_GET(self) -> None:
            path = (
                re.sub(r"^https?://[^/]+", "", self.path).lstrip("/").partition("?")[0]
            )  # a proxy gets whole addresses
            asked = self.headers.get("Range", "")
            site.requests.append((self.path, asked))
            site.seen[path] += 1
            how = site.files.get(path)
            if how is None:
                self.send_error(404)
            elif how.location:
                self.send_response(302)
                self.send_header("Location", how.location)
                self.end_headers()
            elif site.seen[path] <= how.busy:
                self.send_response(503)
                self.send_header("Retry-After", "0")
                self.send_header("Content-Length", "0")
                self.end_headers()
            else:
                self._serve(path, how, asked)

        def _serve(self, path: str, how: Behaviour, asked: str) -> None:
            first = int(match[1]) if (match := re.fullmatch(r"bytes=(\d+)-\d*", asked)) else 0
            fresh = self.headers.get("If-Range", how.etag) == how.etag
            part = bool(match) and how.ranges and fresh
            if part and first >= len(how.content):
                self.send_error(416)
                return
            body = how.content[first:] if part else how.content
            self.send_response(206 if part else how.status)
            if part:
                told = first + how.wrong_range
                self.send_header("Content-Range", f"bytes {told}-{len(how.content) - 1}/{len(how.content)}")
            self.send_header("Content-Type", how.kind)
            self.send_header("ETag", how.etag)
            self.send_header("Content-Length", str(len(body) if how.claims is None else how.claims))
            self.end_headers()
            if how.cut is not None and site.seen[path] <= how.times:
                body = body[: how.cut]
            with suppress(OSError):
                self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    site.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
