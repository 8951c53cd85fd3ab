"""The layout of an output folder, who works in it, which weights it keeps, and its records as a driver sees them."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from provbench.registry import Keep
from provbench.registry.base import (
    TakenError,
    UserError,
    atomic_file,
    best_key,
    held,
    make_folder,
    real_files,
    sync_folder,
    write_errors,
)
from provbench.results.store import RunRecord, Store


@dataclass(frozen=True)
class Output:
    """The output folder: one store for all suites, and a folder of its own for each suite's studies and tables."""

    root: Path

    @property
    def store(self) -> Store:
        return Store(self.root)

    @property
    def checkpoints(self) -> Path:
        return self.root / "checkpoints"

    @property
    def work(self) -> Path:
        return self.root / "work"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    def log(self, key: str) -> Path:
        """Output of a run; the file is there only if the run printed anything."""
        return self.logs / f"{key}.log"

    @property
    def trackers(self) -> Path:
        return self.root / "trackers"

    def weights(self, key: str) -> Path:
        """A run's weights, one file an epoch."""
        return self.checkpoints / key

    def pictures(self, key: str) -> Path:
        """A run's pictures."""
        return self.root / "pictures" / key

    @property
    def suites(self) -> Path:
        return self.root / "suites"

    def suite(self, name: str) -> Path:
        return self.suites / name

    def journal(self, suite: str) -> Path:
        return self.suite(suite) / "studies.journal"

    def storage(self, suite: str, given: str | None = None) -> str:
        """Returns the location of a suite's studies: the given one, else the one used before, else the suite's
        journal.
        """
        remembered = self._remembered(suite)
        if given is None and remembered.is_file():
            given = remembered.read_text(encoding="utf-8").strip()
        return given or str(self.journal(suite))

    def remember_storage(self, suite: str, given: str | None = None) -> str:
        """`storage`, which later commands then find from any folder, untold. A password is not written down."""
        location = self.storage(suite, given)
        if given is not None:
            from ..search import anchored, shown

            with atomic_file(self._remembered(suite)) as file:
                file.write(f"{shown(anchored(given))}\n".encode())
        return location

    def _remembered(self, suite: str) -> Path:
        return self.suite(suite) / "storage.txt"


@contextmanager
def output_lock(out: Path, announce: bool = True) -> Iterator[None]:
    """Hold the folder while the body runs, or raise `UserError` that says who does. The lock dies with its process.

    announce: write down who holds it; without that, a folder on a full disk can be held, too.
    """
    with ExitStack() as stack:
        try:
            with write_errors(out):
                make_folder(out)
                stack.enter_context(held(out, announce=announce))
        except TakenError as holder:
            raise UserError(f"{out}: another driver is at work here{holder}; wait, or use another --out") from None
        yield


class RecordCache:
    """The records in the store, read when they are requested, and those that its driver adds, which are not read
    again.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._added: dict[str, RunRecord] = {}

    def get(self, key: str) -> RunRecord | None:
        """The record of that key, without its predictions."""
        return self._added.get(key) or self._store.get(key)

    def put(self, record: RunRecord) -> None:
        self._store.put(record)
        self._added[record.key] = record.model_copy(update={"predictions": {}})  # ten thousand runs' do not fit memory


def weights_file(folder: Path, epoch: int) -> Path:
    """The weights of an epoch in a run's folder."""
    return folder / f"epoch_{epoch}.safetensors"


def is_whole(file: Path) -> bool:
    """Returns whether weights exist and are complete: the lengths in their header add up to the file's.

    A link does not count, nor does what lies in a linked folder. Imports no torch.
    """
    import safetensors

    if file.is_symlink() or file.parent.is_symlink():
        return False
    try:
        with safetensors.safe_open(file, framework="numpy"):
            return True
    except (OSError, ValueError, safetensors.SafetensorError):
        return False


def wanted_epochs(record: RunRecord, metric: str, keep: Keep, higher_is_better: bool = True) -> set[int]:
    """The epochs of a finished final run whose weights a policy keeps: `best` is by the metric in its direction, and
    the last one where no value is finite."""
    if record.phase != "final" or record.status != "done" or keep == "none" or not record.curve:
        return set()
    values = {int(entry["epoch"]): entry.get(metric, float("nan")) for entry in record.validations}
    if keep == "all":
        return set(values)
    best = best_key(values, higher_is_better) if keep == "best" else None
    return {max(values) if best is None else best}


def move_files(source: Path, target: Path) -> None:
    """Move every file of a folder, if it is there, into another; each is whole in one of them at any moment.

    Only real files are moved, and a link in the place of the other folder gives way to a folder.

    Raises `UserError` where the disk is full.
    """
    if source.is_symlink() or not source.is_dir():
        return
    with write_errors(target):
        if target.is_symlink():
            target.unlink()
        make_folder(target)
        for file in sorted(real_files(source)):
            if len(file.parts) == 1:
                _move(source / file, target / file)
        sync_folder(target)


def _move(source: Path, target: Path) -> None:
    try:
        source.replace(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        with source.open("rb") as old, atomic_file(target) as new:  # from another file system
            shutil.copyfileobj(old, new)
        source.unlink()
