"""Archives of strangers."""

from __future__ import annotations

import io
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from provbench.benchmarks.downloads.unpacking import Limits, unpack
from provbench.registry.base import UserError

Make = Callable[[tarfile.TarFile], None]


def entry(tar: tarfile.TarFile, name: str, content: bytes = b"x", kind: bytes = tarfile.REGTYPE, to: str = "") -> None:
    info = tarfile.TarInfo(name)
    info.size, info.type, info.linkname = len(content) if kind == tarfile.REGTYPE else 0, kind, to
    tar.addfile(info, io.BytesIO(content))


def archive(folder: Path, *entries: Make, mode: str = "w:gz") -> Path:
    path = folder / "a.tar.gz"
    with tarfile.open(path, mode) as tar:  # pyright: ignore[reportCallIssue, reportArgumentType]
        for one in entries:
            one(tar)
    return path


def unpacked(path: Path, to: Path, limits: Limits | None = None) -> dict[str, bytes]:
    unpack(path, to, lambda done, total: None, limits)
    return {one.relative_to(to).as_posix(): one.read_bytes() for one in sorted(to.rglob("*")) if one.is_file()}


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_tar(tmp_path: Path, mode: str) -> None:
    path = archive(tmp_path, lambda tar: entry(tar, "a/b.txt", b"one"), lambda tar: entry(tar, "c", b"two"), mode=mode)
    assert unpacked(path, tmp_path / "to") == {"a/b.txt": b"one", "c": b"two"}


def test_zip(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as packed:
        packed.writestr("a/b.txt", b"one")
        packed.mkdir("empty")
    assert unpacked(tmp_path / "a.zip", tmp_path / "to") == {"a/b.txt": b"one"}
    assert (tmp_path / "to" / "empty").is_dir()


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (lambda tar: entry(tar, "../out"), "lies outside"),
        (lambda tar: entry(tar, "/etc/passwd"), "lies outside"),
        (lambda tar: entry(tar, "a\\b"), "lies outside"),
        (lambda tar: entry(tar, "link", kind=tarfile.SYMTYPE, to="/etc"), "is a link"),
        (lambda tar: entry(tar, "hard", kind=tarfile.LNKTYPE, to="good"), "is a link"),
        (lambda tar: entry(tar, "pipe", kind=tarfile.FIFOTYPE), "is a device"),
        (lambda tar: entry(tar, "disk", kind=tarfile.BLKTYPE), "is a device"),
        (lambda tar: entry(tar, "good", b"again"), "is there twice"),
    ],
)
def test_a_bad_member_is_named_and_nothing_is_left(tmp_path: Path, bad: Make, words: str) -> None:
    path = archive(tmp_path, lambda tar: entry(tar, "good"), bad)
    with pytest.raises(UserError, match=words):
        unpacked(path, tmp_path / "to")
    assert [one.name for one in tmp_path.iterdir()] == [path.name]


def test_a_link_in_a_zip(tmp_path: Path) -> None:
    info = zipfile.ZipInfo("link")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as packed:
        packed.writestr(info, "/etc")
    with pytest.raises(UserError, match="is a link"):
        unpacked(tmp_path / "a.zip", tmp_path / "to")


def test_bombs(tmp_path: Path) -> None:
    path = archive(tmp_path, lambda tar: entry(tar, "a", b"0" * 1_000_000))
    with pytest.raises(UserError, match="unpacks to more than"):
        unpacked(path, tmp_path / "to", Limits(expansion=2, small=10))
    with pytest.raises(UserError, match="more than 0 members"):
        unpacked(path, tmp_path / "to", Limits(members=0))


@pytest.mark.parametrize("kept", [10, 200])
def test_one_that_is_cut_short_and_one_of_another_kind(tmp_path: Path, kept: int) -> None:
    path = archive(tmp_path, lambda tar: entry(tar, "a", bytes(range(256)) * 400))
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(UserError, match=r"is damaged|is neither a tar nor a zip"):
        unpacked(path, tmp_path / "to")
    assert [one.name for one in tmp_path.iterdir()] == [path.name]


def test_beside_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "to" / "a").mkdir(parents=True)
    (tmp_path / "to" / "a" / "mine").write_bytes(b"mine")
    path = archive(tmp_path, lambda tar: entry(tar, "a/b", b"theirs"))
    assert unpacked(path, tmp_path / "to") == {"a/b": b"theirs", "a/mine": b"mine"}
    with pytest.raises(UserError, match="is there already, and incomplete: move it away"):
        unpacked(path, tmp_path / "to")
    assert (tmp_path / "to" / "a" / "b").read_bytes() == b"theirs"
