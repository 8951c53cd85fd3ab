"""The state of a training as a file of tensors and plain values: what an interrupted run goes on from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from mmengine.logging import HistoryBuffer
from mmengine.optim import OptimWrapper
from mmengine.runner import Runner

from provbench.registry.base import read_tensors, write_tensors


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
    """What `write_state` wrote. Raises `UserError` for a file that is torn, or another one."""
    state = read_tensors(file)
    hub = state["message_hub"]
    hub["log_scalars"] = {name: HistoryBuffer(**log) for name, log in hub["log_scalars"].items()}
    return state


def loadable(file: Path) -> bool:
    """Whether a state is there and whole; a torn one is removed, and its run starts again."""
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
