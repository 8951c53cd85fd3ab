"""mmengine's Runner, without what a benchmark of thousands of short runs cannot afford."""

from __future__ import annotations

import codecs
import itertools
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.device import get_device
from mmengine.logging import HistoryBuffer, MessageHub, MMLogger
from mmengine.model import MMDistributedDataParallel
from mmengine.registry import DefaultScope
from mmengine.runner import Runner
from mmengine.visualization import Visualizer
from torch import nn

_numbers = itertools.count()

_NUMPY_MAKERS: list[Any] = [np.zeros(1).__reduce__()[0], np.float64(0).__reduce__()[0]]

CHECKPOINT_TYPES = [
    HistoryBuffer,
    *_NUMPY_MAKERS,
    *[(maker, f"numpy.core.multiarray.{maker.__name__}") for maker in _NUMPY_MAKERS],  # their names in numpy 1
    np.ndarray,
    np.dtype,
    *{type(np.dtype(kind)) for kind in ("float32", "float64", "int64", "bool")},
    getattr,
    codecs.encode,
]
"""What mmengine's checkpoints hold beside tensors and plain containers. torch loads nothing else from them."""


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
        """Tensors and the few types of `CHECKPOINT_TYPES` only, and every weight of the model."""
        checkpoint = read_checkpoint(Path(filename), map_location)
        getattr(self.model, "module", self.model).load_state_dict(checkpoint["state_dict"])
        self._has_loaded = True
        return checkpoint

    def forget(self) -> None:
        """Drop the global instances that mmengine made under this run's name."""
        for manager in (MMLogger, MessageHub, Visualizer, DefaultScope):
            manager._instance_dict.pop(self._experiment_name, None)  # pyright: ignore[reportAttributeAccessIssue]


def read_checkpoint(file: Path, map_location: Any = "cpu") -> dict[str, Any]:
    with torch.serialization.safe_globals(CHECKPOINT_TYPES):
        return torch.load(file, map_location=map_location, weights_only=True)


def loadable(checkpoint: Path) -> bool:
    """Whether a checkpoint is there and whole; a torn one is removed, and its run starts again."""
    if not checkpoint.is_file():
        return False
    try:
        read_checkpoint(checkpoint)
    except Exception:
        checkpoint.unlink()
        return False
    return True
