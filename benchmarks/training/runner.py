"""The interface to mmengine: a Runner for thousands of short runs, the state from which it resumes, the task's
scores.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal

import numpy as np
import torch
from mmengine.device import get_device
from mmengine.evaluator import BaseMetric
from mmengine.logging import HistoryBuffer, MessageHub, MMLogger
from mmengine.model import MMDistributedDataParallel
from mmengine.optim import OptimWrapper
from mmengine.registry import DefaultScope
from mmengine.runner import Runner
from mmengine.visualization import Visualizer
from torch import nn

from provbench.registry import Task
from provbench.registry.base import read_tensors, write_tensors

_numbers = itertools.count()


class Undrawn(Visualizer):
    """A visualizer without a figure, for runs that draw nothing: matplotlib takes a second to import."""

    def _initialize_fig(self, fig_cfg: Any) -> tuple[None, SimpleNamespace, None]:
        return None, SimpleNamespace(get_dpi=lambda: 100.0), None


class BenchmarkRunner(Runner):
    """Writes no log files, probes no compilers, and leaves nothing behind in mmengine's global registers."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options, experiment_name=f"provbench-{next(_numbers)}", log_level="ERROR")

    def build_logger(self, log_level: int | str = "ERROR", log_file: str | None = None, **_: Any) -> MMLogger:
        return MMLogger.get_instance(name=self._experiment_name, log_level=log_level)

    def build_visualizer(self, visualizer: Any = None) -> Visualizer:
        return Undrawn.get_instance(name=self._experiment_name)

    def wrap_model(self, model_wrapper_cfg: Any, model: nn.Module) -> nn.Module:
        """Several processes' gradients are averaged by DDP.

        A penalty's first backward pass lies within the forward pass that DDP wraps, and reaches no parameter; so each
        parameter's gradient is complete, and is averaged, once a step. Parameters that no loss reaches, which models
        may have, are looked for at each step.
        """
        model = model.to(get_device())
        if not self.distributed:
            return model
        devices = [torch.cuda.current_device()] if torch.cuda.is_available() else None
        return MMDistributedDataParallel(
            model, device_ids=devices, broadcast_buffers=False, find_unused_parameters=True
        )

    def dump_config(self) -> None:
        """The run record has the configuration."""

    def _log_env(self, env_cfg: dict[str, Any]) -> None:
        """The run record has the environment."""

    def load_checkpoint(self, filename: str, map_location: Any = "cpu", *_: Any, **__: Any) -> dict[str, Any]:
        """Returns what `write_state` wrote, and every weight of the model."""
        checkpoint = read_state(Path(filename))
        getattr(self.model, "module", self.model).load_state_dict(checkpoint["state_dict"])
        self._has_loaded = True
        return checkpoint

    def forget(self) -> None:
        """Drop the global instances that mmengine made under this run's name."""
        for manager in (MMLogger, MessageHub, Visualizer, Undrawn, DefaultScope):
            manager._instance_dict.pop(self._experiment_name, None)  # pyright: ignore[reportAttributeAccessIssue]


def write_state(runner: Runner, file: Path) -> None:
    """Write what `Runner.resume` takes up: place, weights, optimizer, schedules and the message hub."""
    optimizer = runner.optim_wrapper
    assert isinstance(optimizer, OptimWrapper)
    schedules: Any = runner.param_schedulers or ()  # mmengine has a dict of them where there are several optimizers
    hub = runner.message_hub.state_dict()
    state = {
        "meta": {"epoch": runner.epoch, "iter": runner.iter, "seed": runner.seed},
        "state_dict": getattr(runner.model, "module", runner.model).state_dict(),
        "message_hub": {**hub, "log_scalars": {name: _told(log) for name, log in hub["log_scalars"].items()}},
        "optimizer": optimizer.state_dict(),
        "param_schedulers": [schedule.state_dict() for schedule in schedules],
    }
    write_tensors(_plain(state), file)


def read_state(file: Path) -> dict[str, Any]:
    """Returns what `write_state` wrote. Raises `UserError` for a file that is torn or of another kind."""
    state = read_tensors(file)
    hub = state["message_hub"]
    hub["log_scalars"] = {name: HistoryBuffer(**log) for name, log in hub["log_scalars"].items()}
    return state


def loadable(file: Path) -> bool:
    """Returns whether a state exists and is whole; a torn one is removed, and its run starts again."""
    if not file.is_file():
        return False
    try:
        read_state(file)
    except Exception:
        file.unlink()
        return False
    return True


def _told(log: HistoryBuffer) -> dict[str, Any]:
    """A history as the arguments that make it again."""
    values, counts = log.data
    return {"log_history": values.tolist(), "count_history": counts.tolist(), "max_length": log.max_length}


def _plain(value: Any) -> Any:
    """A value with numpy's numbers as Python's, which have the same bits."""
    if isinstance(value, dict):
        return {_plain(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(map(_plain, value))
    return value.item() if isinstance(value, np.generic) else value


class TaskMetric(BaseMetric):
    """Collects the predictions of a split, of all ranks, and has the task score them, in rank 0.

    Each sample counts once, in the data set's order. `samples` keeps the last per-sample rows, in rank 0.
    """

    default_prefix = ""

    def __init__(self, task: Task, split: Literal["val", "test"]) -> None:
        super().__init__(collect_device="gpu")  # by messages, on CPUs too; mmengine's other way is a folder of pickles
        self.task = task
        self.split: Literal["val", "test"] = split
        self.samples: dict[str, np.ndarray] = {}

    def process(self, data_batch: Any, data_samples: Sequence[dict[str, Any]]) -> None:
        self.results.extend(data_samples)

    def compute_metrics(self, results: list[dict[str, Any]]) -> dict[str, float]:
        scores = self.task.score(self.split, [str(result["id"]) for result in results], results)
        self.samples = scores.samples
        return dict(scores.metrics)
