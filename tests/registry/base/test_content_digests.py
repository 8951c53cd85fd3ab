import hashlib
import os
import time
from pathlib import Path

import pytest

from provbench.registry import MissingDataError
from provbench.registry.base import content_digests as module
from provbench.registry.base.content_digests import CACHE, SETTLED_NS, file_digests


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two files, looked at long after they were written."""
    later = time.time_ns() + 10 * SETTLED_NS
    monkeypatch.setattr(time, "time_ns", lambda: later)
    (tmp_path / "set" / "deep").mkdir(parents=True)
    (tmp_path / "set" / "a").write_bytes(b"one")
    (tmp_path / "set" / "deep" / "b").write_bytes(b"two")
    return tmp_path / "set"


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_digests_are_those_of_the_contents(folder: Path) -> None:
    a, b = folder / "a", folder / "deep" / "b"
    for _ in range(2):
        assert file_digests(folder, [a, b, a]) == {a: sha(b"one"), b: sha(b"two")}


def test_an_unchanged_file_is_read_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[Path] = []
    read = module.content_digest
    monkeypatch.setattr(module, "content_digest", lambda path: reads.append(path) or read(path))
    for _ in range(3):
        file_digests(folder, [folder / "a"])
    assert reads == [folder / "a"]
    (folder / "a").write_bytes(b"1ne")
    os.utime(folder / "a", ns=(0, 0))

    assert file_digests(folder, [folder / "a"]) == {folder / "a": sha(b"1ne")}


def test_a_change_within_the_clocks_resolution_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "set"
    path.mkdir()
    (path / "a").write_bytes(b"one")
    file_digests(path, [path / "a"])
    cache = list((tmp_path / CACHE).glob("*.json")) if (tmp_path / CACHE).exists() else []
    assert not cache  # too young to be remembered


@pytest.mark.parametrize("torn", [b"", b"{", b"[1]", b'{"a": 3}', b"\xff\xfe", b'{"a": [3, 0, 0, "x"]}'])
def test_a_torn_cache_is_no_cache(folder: Path, torn: bytes) -> None:
    file_digests(folder, [folder / "a"])
    (cache,) = (folder.parent / CACHE).glob("*.json")
    cache.write_bytes(torn)

    assert file_digests(folder, [folder / "a"]) == {folder / "a": sha(b"one")}


def test_a_cache_that_cannot_be_written_is_done_without(folder: Path) -> None:
    (folder.parent / CACHE).write_text("a file in its place")

    assert file_digests(folder, [folder / "a"]) == {folder / "a": sha(b"one")}


def test_a_missing_file_is_named(folder: Path) -> None:
    with pytest.raises(MissingDataError, match=r"set/c: no such file"):
        file_digests(folder, [folder / "c"])
