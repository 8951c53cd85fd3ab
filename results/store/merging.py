"""Takes the runs of another output folder into this one, which loses nothing by it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import IO, Literal

from provbench.registry.base import FileBatch, UserError, is_real

from .artifacts import Artifacts
from .outcome import Difference, difference
from .record import RunRecord, identity_fault
from .record_file import DamagedError, decode
from .record_folder import RecordFolder
from .store import Store

MAX_BYTES = 64 * 2**20
"""Largest size of a record's file. Those of the longest curves have some hundred thousand bytes."""

BATCH_RECORDS, BATCH_BYTES = 200, 64 * 2**20
"""Number of records, and of bytes, after which the copied files are made durable and the store is released for
others.
"""

Fate = Literal["added", "replaced", "same", "kept", "conflict"]


@dataclass
class Merged:
    """Result of a merge: the fate of the other folder's records, by key, and of the files that belong to them."""

    added: list[str] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)
    """Failed or pruned here, and done there."""
    same: list[str] = field(default_factory=list)
    """The same outcome here and there."""
    kept: list[str] = field(default_factory=list)
    """Keys of runs that are not done there and have a record here already."""
    conflicts: dict[str, Difference] = field(default_factory=dict)
    """Done here and there, with another outcome: ours (`one`) and theirs (`other`)."""
    damaged: dict[Path, str] = field(default_factory=dict)
    """Files of the other folder that were left there, and why: torn, or refused by a check."""
    files: int = 0
    """Files copied with the records: predictions, weights, pictures."""

    @property
    def complete(self) -> bool:
        return not (self.conflicts or self.damaged)


def merge(
    other: Path, store: Store, *, dry_run: bool = False, progress: Callable[[int, int], None] = lambda done, total: None
) -> Merged:
    """Copy into `store` the records of the output folder `other`, with their predictions, weights and pictures.

    A record that is here with the same outcome stays, and its files that are missing here are copied. One that is done
    never changes: another outcome there is a conflict. A failed or pruned one is replaced by one that is done. Nothing
    is taken through a link, and nothing unchecked: a record must be whole, have values that a run leaves and the key of
    its identity, and predictions must be whole columns; what is refused is listed in `damaged`. `other` is only read.
    Files become durable in batches, and in each the records come after all their files, so that what an interrupted
    merge left is taken up by the next: a record that is there has what lay beside it. dry_run: say what would happen,
    and write nothing. progress: called with how many records of all are done.

    Raises `UserError` where `other` is no output folder, or is this one, or where nothing can be written here.
    """
    if not (other / "records").is_dir():
        raise UserError(f"{other}: has no folder 'records': name a folder that `provbench run` wrote to")
    if other.resolve() == store.root.resolve():
        raise UserError(f"{other}: is the output folder itself: name another one")
    return _Merge(other, store, dry_run).run(progress)


class _Merge:
    def __init__(self, other: Path, store: Store, dry_run: bool) -> None:
        self._theirs, self._artifacts, self._store = RecordFolder(other), Artifacts(other), store
        self._dry_run = dry_run
        self._merged = Merged()
        self._beside, self._records = FileBatch(), FileBatch()

    def run(self, progress: Callable[[int, int], None]) -> Merged:
        keys = list(self._theirs.scan())
        done = 0
        while done < len(keys):
            done = self._run_batch(keys, done, progress)
        return self._merged

    def _run_batch(self, keys: Sequence[str], done: int, progress: Callable[[int, int], None]) -> int:
        """Takes the next records, as many as fit, and makes them durable, also where something interrupts it.

        No other process writes the store from when a record of it is looked at until what replaces it is durable.
        Returns how many of the keys are done.
        """
        with ExitStack() as stack:
            stack.enter_context(self._beside)
            stack.enter_context(self._records)
            if not self._dry_run:
                stack.enter_context(self._store.lock())
                stack.callback(self._commit)
            for key in keys[done : done + BATCH_RECORDS]:
                self._take(key)
                done += 1
                progress(done, len(keys))
                if self._beside.bytes + self._records.bytes > BATCH_BYTES:
                    break
        return done

    def _commit(self) -> None:
        self._beside.commit()
        self._records.commit()

    def _take(self, key: str) -> None:
        path = self._theirs.path(key)
        try:
            data, theirs = self._read(path)
        except (DamagedError, UserError, OSError) as error:
            self._merged.damaged[path] = str(error).removeprefix(f"{path}: ")
            return
        fate = self._judge(key, theirs)
        files = self._artifacts.of(key)
        if fate in ("added", "replaced"):
            self._copy(files)
            self._write(self._store.record_path(key), BytesIO(data), self._records)
        elif fate == "same":
            self._copy(file for file in files if not (self._store.root / file).exists())

    def _read(self, path: Path) -> tuple[bytes, RunRecord]:
        """Their record and its file's content. Raises `DamagedError` where the record cannot be what a run left."""
        if not is_real(self._theirs.root, path.relative_to(self._theirs.root)):
            raise DamagedError("it lies behind a link")
        if path.stat().st_size > MAX_BYTES:
            raise DamagedError(f"it is larger than {MAX_BYTES} bytes")
        data = path.read_bytes()
        theirs = decode(data, path)
        fault = identity_fault(theirs)
        if fault:
            raise DamagedError(fault)
        return data, theirs

    def _judge(self, key: str, theirs: RunRecord) -> Fate:
        """Returns, and notes, the fate of the other folder's record."""
        ours = self._store.get(key)
        differs = ours and difference(ours, theirs)
        fate: Fate
        if ours is None:
            fate = "added"
        elif differs is None:
            fate = "same"
        elif theirs.status != "done":
            fate = "kept"
        elif ours.status != "done":
            fate = "replaced"
        else:
            self._merged.conflicts[key] = differs
            return "conflict"
        getattr(self._merged, fate).append(key)
        return fate

    def _copy(self, files: Iterable[Path]) -> None:
        for file in files:
            source = self._artifacts.root / file
            try:
                if not is_real(self._store.root, file):
                    raise DamagedError(f"{self._store.root / file} lies behind a link")
                self._artifacts.check(file)
            except DamagedError as error:
                self._merged.damaged[source] = str(error)
                continue
            self._merged.files += 1
            with source.open("rb") as content:
                self._write(self._store.root / file, content, self._beside)

    def _write(self, path: Path, content: IO[bytes], batch: FileBatch) -> None:
        if not self._dry_run:
            self._store.sweep(path.parent)
            batch.add(path, content)
