"""TensorBoard: one folder of event files for each run."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Sequence
from importlib.util import find_spec
from pathlib import Path

from provbench.registry.base import UserError, read_image
from provbench.results.store import RunRecord

from ..planning import RunSpec
from .base import Tracker

UNFINISHED = ".unfinished"


class TensorBoard(Tracker):
    """Mirror every record to TensorBoard, through mmengine's visualizer.

    A run's folder is named by its key. Its scalars are the curve by epoch, and the metrics as `val/NAME` and
    `test/NAME` at the epoch that was scored; so are its pictures, as `pictures/NAME`; its parameters are the text
    `config`.
    """

    def present(self, folder: Path) -> Collection[str]:
        return {path.name for path in folder.glob("*") if path.is_dir() and path.name != UNFINISHED}

    def open(self, folder: Path) -> None:
        if find_spec("tensorboard") is None:
            raise UserError("the package tensorboard is missing: pip install 'provbench[tensorboard]'")
        self._folder = folder

    def log(self, spec: RunSpec, record: RunRecord, pictures: Sequence[Path]) -> None:
        unfinished, whole = self._folder / UNFINISHED, self._folder / record.key
        shutil.rmtree(unfinished, ignore_errors=True)
        _write(unfinished, spec, record, pictures)
        shutil.rmtree(whole, ignore_errors=True)
        unfinished.rename(whole)


def _write(folder: Path, spec: RunSpec, record: RunRecord, pictures: Sequence[Path]) -> None:
    from mmengine.config import Config
    from mmengine.visualization import TensorboardVisBackend, Visualizer

    visualizer = Visualizer(vis_backends=[TensorboardVisBackend(str(folder))])  # pyright: ignore[reportArgumentType]
    names = {"suite": spec.suite, "task": spec.cell, "method": spec.method, "seed": record.seed, "phase": record.phase}
    visualizer.add_config(Config({**names, "status": record.status, "parameters": record.parameters}))
    for entry in record.curve:
        losses_and_metrics = {name: value for name, value in entry.items() if name != "epoch"}
        visualizer.add_scalars(losses_and_metrics, step=int(entry["epoch"]))
    for split in ("val", "test"):
        scores = {f"{split}/{name}": value for name, value in getattr(record, split).items()}
        visualizer.add_scalars(scores, step=record.epoch)
    for picture in pictures:
        visualizer.add_image(f"pictures/{picture.stem}", read_image(picture), step=record.epoch)
    visualizer.close()
