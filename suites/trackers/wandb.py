"""Weights & Biases, offline unless asked otherwise: one W&B run for each run."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from provbench.registry import Params
from provbench.results.store import RunRecord

from ..planning import RunSpec, digest
from .base import Tracker

UNFINISHED = "unfinished"
"""W&B runs that are being written; a whole one is moved to where `wandb sync` looks."""

TABLES = "tables"
"""Folder of the tables as they were mirrored: `<id>/<file>`, and `<id>.json` with their suite, project and entity."""


class WandbParams(Params):
    project: str = Field("provbench", min_length=1)
    entity: str | None = None
    mode: Literal["offline", "online"] = Field("offline", description="offline runs are uploaded by `provbench sync`")


class Wandb(Tracker):
    """Mirror every record to Weights & Biases.

    The W&B run has the record's key as its id, so that the same record is never there twice; its group is the suite,
    its job type the phase, its config the resolved parameters, its history the curve by epoch with the pictures at the
    epoch that was scored, and its summary the metrics as `val/NAME` and `test/NAME`. A suite's tables are an artifact
    of type `table`, of a W&B run of job type `tables` whose id is a digest of them.
    """

    Params = WandbParams
    params: WandbParams

    def present(self, folder: Path) -> Collection[str]:
        return run_folders(folder).keys()

    @classmethod
    def leftovers(cls, folder: Path) -> Collection[Path]:
        return [path for path in (folder / UNFINISHED,) if path.is_dir()]

    def open(self, folder: Path) -> None:
        if self.params.mode == "offline":
            os.environ.setdefault("WANDB_ERROR_REPORTING", "false")  # wandb's telemetry goes out even so
        import wandb

        self._wandb: Any = wandb
        self._folder = folder
        self._there = run_folders(folder)
        shutil.rmtree(folder / UNFINISHED, ignore_errors=True)

    def log(self, spec: RunSpec, record: RunRecord, pictures: Sequence[Path]) -> None:
        about = {
            "name": f"{spec.cell} / {spec.method} / seed {record.seed}",
            "group": spec.suite,
            "job_type": record.phase,
            "tags": [record.task, record.variant, record.status],
            "config": {**record.parameters, "task": record.task, "method": spec.method, "seed": record.seed},
        }
        with self._run(record.key, exit_code=int(record.status == "failed"), **about) as run:
            history = {int(entry["epoch"]): {**entry} for entry in record.curve}
            for picture in pictures:
                image = self._wandb.Image(str(picture))
                history.setdefault(record.epoch, {})[f"pictures/{picture.stem}"] = image
            for epoch, entry in sorted(history.items()):
                entry.pop("epoch", None)
                run.log(entry, step=epoch)
            run.summary.update(_summary(record))

    def tables(self, suite: str, files: Sequence[Path]) -> None:
        key = tables_key(suite, files)
        if key in self._there:
            return
        kept = self._folder / TABLES / key  # as they are now: they are uploaded later
        kept.mkdir(parents=True, exist_ok=True)
        addressed = {"suite": suite, "project": self.params.project, "entity": self.params.entity}
        kept.with_suffix(".json").write_text(json.dumps(addressed), encoding="utf-8")
        about = {"name": f"{suite} / tables", "group": suite, "job_type": "tables", "config": {"suite": suite}}
        with self._run(key, exit_code=0, **about) as run:
            artifact = self._wandb.Artifact(f"{re.sub(r'[^a-zA-Z0-9_.-]', '-', suite)}-tables", type="table")
            for file in files:
                copy = shutil.copy2(file, kept / file.name)
                artifact.add_file(str(copy), name=file.name, policy="immutable", skip_cache=True)
            run.log_artifact(artifact)

    def close(self) -> None:
        self._wandb.teardown()
        shutil.rmtree(self._folder / UNFINISHED, ignore_errors=True)

    @contextmanager
    def _run(self, key: str, exit_code: int, **about: Any) -> Iterator[Any]:
        """A W&B run that is there wholly, in place of an older one of its key, or not at all."""
        unfinished = self._folder / UNFINISHED
        unfinished.mkdir(exist_ok=True)
        run = self._wandb.init(
            id=key,
            project=self.params.project,
            entity=self.params.entity,
            mode=self.params.mode,
            dir=unfinished,
            reinit="create_new",
            settings=self._settings(),
            **about,
        )
        written = Path(run.dir).resolve().parent
        try:
            yield run
        except BaseException:
            run.finish(exit_code=1)
            raise
        run.finish(exit_code=exit_code)
        if key in self._there:
            shutil.rmtree(self._there[key])
        self._there[key] = self._folder / "wandb" / written.name
        self._there[key].parent.mkdir(exist_ok=True)
        written.rename(self._there[key])

    def _settings(self) -> Any:
        """Returns the settings of one W&B run; `init` writes into them. Nothing but the record: no console, no code, no
        system metrics.
        """
        return self._wandb.Settings(
            silent=True,
            console="off",
            disable_git=True,
            disable_code=True,
            x_disable_stats=True,
            x_disable_meta=True,
            x_save_requirements=False,
        )


def run_folders(folder: Path) -> dict[str, Path]:
    """The folders of the whole W&B runs by id. folder: the tracker's."""
    named = ((re.fullmatch(r"(?:offline-)?run-\d+_\d+-(.+)", path.name), path) for path in folder.glob("wandb/*"))
    return {match[1]: path for match, path in named if match}


def tables_key(suite: str, files: Sequence[Path]) -> str:
    """The same for the same tables: a digest of the suite's name and of the files' names and contents."""
    return digest([suite, sorted([file.name, hashlib.sha256(file.read_bytes()).hexdigest()] for file in files)])


def _summary(record: RunRecord) -> dict[str, Any]:
    metrics = {f"{split}/{name}": value for split in ("val", "test") for name, value in getattr(record, split).items()}
    plain = record.model_dump(include={"status", "reason", "epoch", "steps", "seconds", "device", "peak_memory_mb"})
    return {**metrics, **plain, "commit": record.commit, "dirty": record.dirty, "fingerprint": record.fingerprint}
