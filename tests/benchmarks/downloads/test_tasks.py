"""Each task's data set from archives in its official layout, on loopback, to what the task reads."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import pytest

from provbench.benchmarks.downloads import DataFile, fetch_all, files_of
from provbench.registry import MINI, TASKS, Task, no_progress

from .server import Site

DESCRIBED = sorted(name for name in TASKS if files_of(TASKS.get(name), name))

NOTES = ("captions.tsv", "classes.txt")
"""Files of generators inside a layout's folders, which no archive has. The birds have classes of theirs in one."""


def packed(source: Path, file: DataFile, others: Sequence[str]) -> bytes | None:
    """The content of a file of a data set whose generated tree is in `source`; None if the tree has nothing of it.

    others: what other files provide, below the data set's folder, and this one does not.
    """
    if not (source / file.provides).exists():
        return None
    if not file.unpack:
        return (source / file.provides).read_bytes()
    base, content = source / file.into, io.BytesIO()
    inner = PurePosixPath(file.provides).relative_to(file.into or ".")
    top = inner.parts[0] if inner.parts else ""
    with tarfile.open(fileobj=content, mode="w") as tar:
        near = [PurePosixPath(other) for other in others if _below(other, file.into)]
        left_out = {str(path.relative_to(file.into or ".")) for path in near}
        tar.add(base / top, arcname=top, filter=lambda info: None if info.name in left_out else info)
    return content.getvalue()


def _below(path: str, folder: str) -> bool:
    return PurePosixPath(path).is_relative_to(folder or ".")


def served(site: Site, source: Path, files: Sequence[DataFile]) -> list[DataFile]:
    """The files with addresses on loopback, as far as the tree has them; digests are those of other bytes, and go."""
    found = []
    for file in files:
        content = packed(source, file, [other.provides for other in files if other is not file])
        if content is not None:
            plain = {"size": None, "sha256": None, "md5": None, "by_hand": "", "verified": False}
            found.append(file.model_copy(update={**plain, "urls": (site.add(file.name, content),)}))
    return found


def task_at(name: str, folder: Path) -> Task:
    cls = TASKS.get(name)
    return cls(cls.resolve_params({}, MINI.name, name), variant=MINI.name, data_root=folder)


@pytest.mark.slow
@pytest.mark.parametrize("name", DESCRIBED)
def test_what_is_fetched_is_what_was_served(name: str, site: Site, tmp_path: Path) -> None:
    made = task_at(name, tmp_path / "made")
    made.prepare(no_progress)
    files = served(site, made.root, files_of(TASKS.get(name), name))
    assert files, "the generated tree has the official layout, so its files can be served"
    got = task_at(name, tmp_path / "got")
    got.root = tmp_path / "got" / "fetched"
    fetch_all(files, got.root, tmp_path / "got", lambda *_: None, lambda _: None)
    stamp = next(made.root.glob("*.json"), None)
    for extra in [*made.root.glob("*"), *(note for name in NOTES for note in made.root.rglob(name))]:
        target = got.root / extra.relative_to(made.root)
        if extra.is_file() and not target.exists():
            target.write_bytes(extra.read_bytes())  # the generator's own notes, which no archive has
    assert stamp is None or (got.root / stamp.name).exists()
    assert got.verify(no_progress) == []
    assert got.fingerprint() == made.fingerprint()
