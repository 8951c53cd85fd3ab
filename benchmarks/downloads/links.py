"""Asks whether addresses still have their files, without fetching these."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .facts import DataFile
from .http import TIMEOUT, short


@dataclass(frozen=True)
class Link:
    """The answer of an address. problem: "" where it has the file, as far as its headers tell."""

    file: str
    url: str
    problem: str = ""


def ask_links(files: Sequence[DataFile]) -> Iterator[Link]:
    """Yields what each address of the files answers to a request for the first byte."""
    for file in files:
        for url in file.urls:
            yield Link(file.name, url, _problem(url, file.size))


def _problem(url: str, size: int | None) -> str:
    import requests

    headers = {"Range": "bytes=0-0", "Accept-Encoding": "identity"}
    try:
        with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as answer:
            if answer.status_code not in (200, 206):
                return f"answers {answer.status_code} {answer.reason or ''}".rstrip()
            if answer.headers.get("Content-Type", "").lower().startswith("text/html"):
                return "answers with a page of HTML"
            whole = answer.headers.get("Content-Range", "").rpartition("/")[2]
            told = whole if answer.status_code == 206 else answer.headers.get("Content-Length", "")
    except requests.RequestException as error:
        return short(error)
    return (
        f"has {int(told):,} bytes, where {size:,} are expected" if size and told.isdigit() and int(told) != size else ""
    )
