"""A file over HTTP, from servers that behave and servers that do not."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from provbench.benchmarks.downloads.http import MirrorError, Part, download

from .server import Site

CONTENT = random.Random(0).randbytes(100_000)


def get(url: str, folder: Path, size: int | None = len(CONTENT)) -> bytes:
    part = Part(folder / "file.part")
    download(url, part, size, lambda done, total: None)
    return part.path.read_bytes()


class KilledError(Exception):
    pass


def begin(url: str, folder: Path) -> int:
    """Fetches the beginning, as a program does that is killed; the bytes that it leaves."""

    def killed(done: int, total: int) -> None:
        if done > 20_000:
            raise KilledError

    with pytest.raises(KilledError):
        download(url, Part(folder / "file.part"), len(CONTENT), killed)
    return (folder / "file.part").stat().st_size


def test_a_plain_one_with_progress(site: Site, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    download(site.add("a", CONTENT), Part(tmp_path / "file.part"), None, lambda *values: seen.append(values))
    assert (tmp_path / "file.part").read_bytes() == CONTENT
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_a_broken_connection_is_resumed_where_it_broke(site: Site, tmp_path: Path) -> None:
    assert get(site.add("a", CONTENT, cut=30_000), tmp_path) == CONTENT
    first, second = (asked for _, asked in site.requests)
    assert first == ""
    assert 30_000 - 4096 < int(second.removeprefix("bytes=").removesuffix("-")) <= 30_000


def test_so_is_one_of_an_earlier_program(site: Site, tmp_path: Path) -> None:
    url = site.add("a", CONTENT)
    begun = begin(url, tmp_path)
    assert get(url, tmp_path) == CONTENT
    assert site.requests[-1][1] == f"bytes={begun}-"


def test_another_version_is_fetched_anew(site: Site, tmp_path: Path) -> None:
    url = site.add("a", b"x" * len(CONTENT))
    begin(url, tmp_path)
    site.add("a", CONTENT, etag='"2"')
    assert get(url, tmp_path) == CONTENT


def test_a_server_without_parts_starts_again(site: Site, tmp_path: Path) -> None:
    assert get(site.add("a", CONTENT, cut=30_000, ranges=False), tmp_path) == CONTENT


def test_a_server_that_sends_another_part_is_not_believed(site: Site, tmp_path: Path) -> None:
    assert get(site.add("a", CONTENT, cut=30_000, wrong_range=True), tmp_path) == CONTENT


def test_what_is_whole_already_is_not_fetched_again(site: Site, tmp_path: Path) -> None:
    (tmp_path / "file.part").write_bytes(CONTENT)
    assert get(site.add("a", CONTENT), tmp_path) == CONTENT
    assert [asked for _, asked in site.requests] == [f"bytes={len(CONTENT)}-"]


def test_a_busy_server_is_asked_again(site: Site, tmp_path: Path) -> None:
    assert get(site.add("a", CONTENT, busy=3), tmp_path) == CONTENT


def test_one_that_stays_busy_is_given_up(site: Site, tmp_path: Path) -> None:
    with pytest.raises(MirrorError, match=r"answers 503 \(5 times\)"):
        get(site.add("a", CONTENT, busy=99), tmp_path)


@pytest.mark.parametrize("kind", ["text/html; charset=utf-8", "application/octet-stream"])
def test_a_page_of_html_is_refused(site: Site, tmp_path: Path, kind: str) -> None:
    url = site.add("a", b"  <!DOCTYPE html><html>Too many downloads</html>", kind=kind)
    with pytest.raises(MirrorError, match="a page of HTML"):
        get(url, tmp_path, None)
    assert not (tmp_path / "file.part").exists()


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"status": 404}, "answers 404"),
        ({"status": 403}, "answers 403"),
        ({"claims": 99}, "has 99 bytes, where 100,000 are expected"),
    ],
)
def test_other_answers_are_refused(site: Site, tmp_path: Path, how: dict[str, int], words: str) -> None:
    with pytest.raises(MirrorError, match=words):
        get(site.add("a", CONTENT, **how), tmp_path)


def test_a_length_that_is_too_large_is_a_broken_connection(site: Site, tmp_path: Path) -> None:
    with pytest.raises(MirrorError, match="5 times"):
        get(site.add("a", CONTENT, claims=len(CONTENT) + 10, ranges=False), tmp_path, None)


def test_a_redirection_is_followed(site: Site, tmp_path: Path) -> None:
    target = site.add("b", CONTENT)
    assert get(site.add("a", location=target), tmp_path) == CONTENT


def test_nobody_at_the_address(tmp_path: Path) -> None:
    with pytest.raises(MirrorError, match="the connection broke"):
        get("http://127.0.0.1:1/a", tmp_path)


def test_the_proxy_of_the_environment_is_used(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site.add("a", CONTENT)
    monkeypatch.setenv("http_proxy", site.address)
    monkeypatch.setenv("no_proxy", "")
    assert get("http://data.example/a", tmp_path) == CONTENT
    assert site.requests[-1][0] == "http://data.example/a"
