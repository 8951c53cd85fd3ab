"""mmengine's Runner, without what a benchmark of thousands of short runs cannot afford."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import torch
from mmengine.device import get_device
from mmengine.logging import MessageHub, MMLogger
from mmengine.model import MMDistributedDataParallel
from mmengine.registry import DefaultScope
from mmengine.runner import Runner
from mmengine.visualization import Visualizer
from torch import nn

from .resume import read_state

_numbers = itertools.count()


class BenchmarkRunner(Runner):
    """Writes no log files, probes no compilers, and leaves nothing behind in mmengine's global registers."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options, experiment_name=f"provbench-{next(_numbers)}", log_level="ERROR")

    def build_logger(self, log_level: int | str = "ERROR", log_file: str | None = None, **_: Any) -> MMLogger:
        return MMLogger.get_instance(name=self._experiment_name, log_level=log_level)

    def build_visualizer(self, visualizer: Any = None) -> Visualizer:
        return Visualizer.get_instance(name=self._experiment_name)

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
        """What `write_state` wrote, and every weight of the model."""
        checkpoint = read_state(Path(filename))
        getattr(self.model, "module", self.model).load_state_dict(checkpoint["state_dict"])
        self._has_loaded = True
        return checkpoint

    def forget(self) -> None:
        """Drop the global instances that mmengine made under this run's name."""
        for manager in (MMLogger, MessageHub, Visualizer, DefaultScope):
            manager._instance_dict.pop(self._experiment_name, None)  # pyright: ignore[reportAttributeAccessIssue]
