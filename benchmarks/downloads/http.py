"""One file over HTTP: resumed where it was broken off, and refused where it is not what was asked for."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from provbench.registry.base import make_folder, write_errors

if TYPE_CHECKING:
    import requests

logger = logging.getLogger(__name__)
Progress = Callable[[int, int], None]
"""progress(bytes so far, bytes in all, 0 where the server does not say)."""

CHUNK = 2**20
TIMEOUT = (15.0, 60.0)
"""Seconds to connect, and between two pieces of an answer."""
ATTEMPTS = 5
"""Broken connections and overloaded servers in a row, without a byte of progress, after which a mirror is given up."""
LONGEST_WAIT = 60.0
BUSY = (429, 500, 502, 503, 504)
PAGE = "answers with a page of HTML, which may ask for a confirmation or a login"
RESUMED, WHOLE, BEYOND = 206, 200, 416


class MirrorError(Exception):
    """A mirror does not have the file; the message says why."""


class _AgainError(Exception):
    """Something that may pass. wait: seconds that the server asks for."""

    def __init__(self, reason: str, wait: float = 0.0) -> None:
        super().__init__(reason)
        self.wait = wait


@dataclass
class Part:
    """A file on its way: `NAME.part`, and beside it what identifies its version on the server."""

    path: Path

    @property
    def size(self) -> int:
        return self.path.stat().st_size if self.path.is_file() else 0

    @property
    def _memory(self) -> Path:
        return self.path.with_name(self.path.name + ".json")

    def validator(self, url: str) -> str:
        """Returns the ETag or date by which the server knows the version that was begun; "" for none."""
        with suppress(OSError, ValueError):
            told = json.loads(self._memory.read_text(encoding="utf-8"))
            if isinstance(told, dict) and told.get("url") == url:
                return str(told.get("validator", ""))
        return ""

    def remember(self, url: str, headers: Mapping[str, str]) -> None:
        validator = headers.get("ETag", "")
        if not validator or validator.startswith("W/"):
            validator = headers.get("Last-Modified", "")
        self._memory.write_text(json.dumps({"url": url, "validator": validator}), encoding="utf-8")

    def forget(self) -> None:
        """Removes all of it."""
        self.path.unlink(missing_ok=True)
        self._memory.unlink(missing_ok=True)


def download(
    url: str, part: Part, size: int | None, progress: Progress, sleep: Callable[[float], None] = time.sleep
) -> None:
    """Fetches a file to `part`, going on where an earlier attempt ended, if the server has the same version still.

    size: of the whole file, where it is known. Proxies are those of the environment. Raises `MirrorError` where the
    mirror does not answer, does not have the file, answers with a page of HTML, or with another number of bytes; and
    `UserError` for a full disk.
    """
    make_folder(part.path.parent)
    failures = 0
    while True:
        before = part.size
        try:
            with write_errors(part.path):
                return _once(url, part, size, progress)
        except _AgainError as error:
            failures = 0 if part.size > before else failures + 1
            if failures >= ATTEMPTS:
                raise MirrorError(f"{error} ({ATTEMPTS} times)") from None
            sleep(min(error.wait or 2.0**failures / 2, LONGEST_WAIT))


def _once(url: str, part: Part, size: int | None, progress: Progress) -> None:
    import requests

    if size is not None and part.size > size:
        part.forget()
    start, headers = part.size, {"Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
        if validator := part.validator(url):
            headers["If-Range"] = validator
    logger.debug("asks %s from byte %d", url, start)
    try:
        with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as answer:
            _check_address(url, answer)
            start = _start(answer, part, start, size)
            if start is not None:
                _receive(answer, part, start, size, progress, url)
    except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError) as error:
        raise _AgainError(f"the connection broke: {short(error)}") from None
    except requests.RequestException as error:
        raise MirrorError(short(error)) from None


def _check_address(url: str, answer: requests.Response) -> None:
    if url.startswith("https://") and not answer.url.startswith("https://"):
        raise MirrorError(f"redirects from https to {answer.url}")


def _start(answer: requests.Response, part: Part, start: int, size: int | None) -> int | None:
    """Returns from which byte on the answer is; None where everything is there already."""
    status = answer.status_code
    if status in BUSY:
        raise _AgainError(f"answers {status}", _seconds(answer.headers.get("Retry-After", "")))
    if status == BEYOND and start:
        if size is not None and start == size:
            return None
        part.forget()
        raise _AgainError("has another version of what was begun")
    if status not in (WHOLE, RESUMED):
        raise MirrorError(f"answers {status} {answer.reason or ''}".rstrip())
    kind = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind == "text/html":
        raise MirrorError(PAGE)
    if status == WHOLE:
        return 0
    told = answer.headers.get("Content-Range", "")
    if not told.startswith(f"bytes {start}-"):
        part.forget()
        raise _AgainError(f"answers with another part than was asked for ({told or 'no Content-Range'})")
    return start


def _receive(answer: requests.Response, part: Part, start: int, size: int | None, progress: Progress, url: str) -> None:
    length = answer.headers.get("Content-Length", "")
    whole = start + int(length) if length.isdigit() else size or 0
    if size is not None and whole != size:
        raise MirrorError(f"has {whole:,} bytes, where {size:,} are expected")
    if start == 0:
        part.forget()
        part.remember(url, answer.headers)
    done = start
    with part.path.open("ab" if start else "wb") as file:
        for piece in answer.iter_content(CHUNK):
            if done == 0 and _is_page(piece):
                file.close()
                part.forget()
                raise MirrorError(PAGE)
            file.write(piece)
            done += len(piece)
            if size is not None and done > size:
                file.close()
                part.forget()
                raise MirrorError(f"sends more than the {size:,} bytes that are expected")
            progress(done, whole)
    if whole and done < whole:
        raise _AgainError(f"ended after {done:,} of {whole:,} bytes")


def _is_page(piece: bytes) -> bool:
    beginning = piece[:512].lstrip().lower()
    return beginning.startswith((b"<!doctype html", b"<html"))


def _seconds(text: str) -> float:
    return float(text) if text.isdigit() else 0.0


def short(error: Any) -> str:
    return str(error).partition("\n")[0][:200]
