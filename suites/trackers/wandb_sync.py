"""Uploads what was mirrored to Weights & Biases offline, with wandb's own `wandb sync`.

A W&B run's id is its key, so what is uploaded twice is there once. `wandb sync` ends with exit code 0 whatever happens,
marks a run whose upload broke off as synced, and stops at the first damaged file: so this takes its errors into
account, keeps its own list of what is uploaded, and tries what a batch leaves over once more alone.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from filelock import FileLock, Timeout

from provbench.registry.base import UserError

from .wandb import TABLES, Wandb, run_folders

BATCH = 16
"""W&B runs given to one `wandb sync`, which takes a second to start."""
PARALLEL = 8
LOGIN_SECONDS = 30


@dataclass(frozen=True)
class Destination:
    """Destination of an upload; values that are not given are the offline run's, or the W&B user's defaults."""

    project: str | None = None
    entity: str | None = None

    def __str__(self) -> str:
        return "/".join((os.environ.get("WANDB_BASE_URL", "wandb"), self.entity or "", self.project or ""))

    @property
    def given(self) -> dict[str, str]:
        named = {"project": self.project, "entity": self.entity}
        return {name: value for name, value in named.items() if value}


class WandbSync:
    """The uploads of one folder to one destination. folder: the tracker's, `trackers/wandb` in an output folder."""

    def __init__(self, folder: Path, destination: Destination) -> None:
        self.folder, self.destination = folder.resolve(), destination
        self._uploaded = self.folder / "uploaded.txt"

    def pending(self) -> dict[str, Path]:
        """Returns what was not uploaded there yet: the folders of the whole offline W&B runs by id, oldest first."""
        done = set(self._uploaded.read_text(encoding="utf-8").splitlines()) if self._uploaded.is_file() else set()
        runs = sorted(run_folders(self.folder).items(), key=lambda run: run[1].name)
        return {key: run for key, run in runs if run.name.startswith("offline-") and self._line(run) not in done}

    def upload(self, tell: Callable[[int, Mapping[str, str]], None]) -> tuple[list[str], dict[str, str]]:
        """Upload what is pending: the ids that are there now, and why others are not.

        tell: called after each batch with how many were tried since the last call, and which of them failed and why.
        Raises `UserError` before anything is tried where W&B knows no login, or another process is uploading.
        """
        failed: dict[str, str] = {}
        if not self.pending():
            return [], failed
        with self._alone():
            _check_login()
            runs = self.pending()
            keys = list(runs)
            for start in range(0, len(keys), BATCH):
                batch = {key: runs[key] for key in keys[start : start + BATCH]}
                found = self._upload_batch(batch)
                failed |= found
                tell(len(batch), found)
        return [key for key in keys if key not in failed], failed

    def _upload_batch(self, runs: Mapping[str, Path]) -> dict[str, str]:
        """Upload and write down what arrived; the reasons why the rest did not."""
        with TemporaryDirectory() as scratch:
            sources = {key: self._remade_tables(key, Path(scratch)) or run for key, run in runs.items()}
            failed = self._run_wandb(sources)
            if len(runs) > 1:
                alone = [self._run_wandb({key: sources[key]}) for key in failed]
                failed = {key: reason for one in alone for key, reason in one.items()}
        with self._uploaded.open("a", encoding="utf-8") as file:
            file.writelines(f"{self._line(run)}\n" for key, run in runs.items() if key not in failed)
        return failed

    def _remade_tables(self, key: str, scratch: Path) -> Path | None:
        """A suite's tables as an offline run for this destination; None if `key` is a run's.

        An artifact in an offline run names its files by absolute paths, and keeps its project whatever `wandb sync` is
        told: it would not survive that the output folder is moved, nor go where its run goes.
        """
        kept = self.folder / TABLES / key
        if not kept.is_dir():
            return None
        about = json.loads(kept.with_suffix(".json").read_text(encoding="utf-8"))
        suite = about.pop("suite")
        tracker = Wandb(**{**about, **self.destination.given})
        tracker.open(scratch)
        tracker.tables(suite, sorted(kept.iterdir()))
        tracker.close()
        return run_folders(scratch)[key]

    def _run_wandb(self, runs: Mapping[str, Path]) -> dict[str, str]:
        """One `wandb sync`; the reasons why some runs did not arrive."""
        markers = {key: run / f"run-{key}.wandb.synced" for key, run in runs.items()}
        for marker in markers.values():
            marker.unlink(missing_ok=True)
        options = [text for name, value in self.destination.given.items() for text in (f"--{name}", value)]
        options += ["--include-synced", "-n", str(PARALLEL)]
        printed = _python("-m", "wandb", "sync", *options, *map(str, runs.values()), cwd=self.folder).stdout
        errors = [line.partition("ERROR ")[2] for line in printed.splitlines() if "ERROR " in line]
        own = {key: [error for error in errors if f"/{key}] " in error] for key in runs}
        return {
            key: "; ".join(own[key] or errors) or _last_line(printed)
            for key in runs
            if own[key] or not markers[key].is_file()
        }

    def _line(self, run: Path) -> str:
        return f"{run.name} {self.destination}"

    @contextmanager
    def _alone(self) -> Iterator[None]:
        try:
            with FileLock(self.folder / ".sync.lock", timeout=0):
                yield
        except Timeout:
            raise UserError(f"{self.folder}: another process is uploading from here; wait for it") from None


def _check_login() -> None:
    """Raise `UserError` where wandb is missing, knows no API key, or cannot verify it with its server.

    In a process of its own, and without a terminal: wandb would ask for a key.
    """
    if find_spec("wandb") is None:
        raise UserError("the package wandb is missing: pip install wandb")
    asked = _python("-c", f"import wandb; wandb.Api(timeout={LOGIN_SECONDS})")
    if asked.returncode != 0:
        errors = [line.partition("Error: ")[2] for line in asked.stdout.splitlines() if "Error: " in line]
        reason = errors[-1] if errors else _last_line(asked.stdout)
        remedy = "Nothing was uploaded; run `wandb login` or set WANDB_API_KEY."
        raise UserError(f"cannot log in to W&B: {reason.rstrip('.')}. {remedy}")


def _python(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run Python and keep what it prints, both streams together."""
    return subprocess.run(
        [sys.executable, "-P", *arguments],
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["it printed nothing"])[-1]
