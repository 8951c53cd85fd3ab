"""Weights & Biases, offline unless asked otherwise: one W&B run for each run."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from ...registry import Params
from ...results.record import RunRecord
from ..spec import RunSpec
from .base import Tracker


class WandbParams(Params):
    project: str = Field("provbench", min_length=1)
    entity: str | None = None
    mode: Literal["offline", "online"] = Field("offline", description="offline runs are uploaded with `wandb sync`")


class Wandb(Tracker):
    """Mirror every record to Weights & Biases.

    The W&B run has the record's key as its id, so that the same record is never there twice; its group is the suite,
    its job type the phase, its config the resolved parameters, its history the curve by epoch, and its summary the
    metrics as `val/NAME` and `test/NAME`. A record that has an offline run in the folder already is left out.
    """

    Params = WandbParams
    params: WandbParams

    def open(self, folder: Path) -> None:
        import wandb  # says at once if it is missing

        self._init = wandb.init
        self._settings = wandb.Settings(
            silent=True,
            console="off",
            disable_git=True,
            disable_code=True,
            x_disable_stats=True,
            x_disable_meta=True,
            x_save_requirements=False,
        )
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def log(self, spec: RunSpec, record: RunRecord) -> None:
        if any((self._folder / "wandb").glob(f"*-{record.key}")):
            return
        run = self._init(
            project=self.params.project,
            entity=self.params.entity,
            mode=self.params.mode,
            dir=self._folder,
            id=record.key,
            name=f"{spec.cell} / {spec.method} / seed {record.seed}",
            group=spec.suite,
            job_type=record.phase,
            tags=[record.task, record.variant, record.status],
            config={**record.parameters, "task": record.task, "method": spec.method, "seed": record.seed},
            resume="allow" if self.params.mode == "online" else None,
            reinit="create_new",
            settings=self._settings,
        )
        try:
            for entry in record.curve:
                run.log({name: value for name, value in entry.items() if name != "epoch"}, step=int(entry["epoch"]))
            run.summary.update(_summary(record))
        finally:
            run.finish(exit_code=0 if record.status == "done" else 1)


def _summary(record: RunRecord) -> dict[str, Any]:
    metrics = {f"{split}/{name}": value for split in ("val", "test") for name, value in getattr(record, split).items()}
    plain = record.model_dump(include={"status", "reason", "epoch", "steps", "seconds", "device", "peak_memory_mb"})
    return {**metrics, **plain, "commit": record.commit, "dirty": record.dirty, "fingerprint": record.fingerprint}
