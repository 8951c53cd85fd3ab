"""The GPUs of this machine, and their division among runs."""

from __future__ import annotations

import os
from collections.abc import Sequence

from provbench.registry.base import UserError


def visible_gpus() -> list[str]:
    """The GPUs that this process may use, as `CUDA_VISIBLE_DEVICES` names them; [] where there is none."""
    import torch

    count = torch.cuda.device_count()
    names = os.environ.get("CUDA_VISIBLE_DEVICES")
    return names.split(",")[:count] if names else [str(index) for index in range(count)]


def gpu_groups(gpus: Sequence[str], per_run: int) -> list[str]:
    """Disjoint groups of `per_run` GPUs, each as `CUDA_VISIBLE_DEVICES` wants it; a remainder stays unused.

    Without GPUs there is no group, and runs share the cores. Raises `UserError` where there are fewer than `per_run`.
    """
    if gpus and len(gpus) < per_run:
        raise UserError(f"executor local: gpus_per_run: {per_run}, but this machine shows {len(gpus)} GPUs")
    return [",".join(gpus[start : start + per_run]) for start in range(0, len(gpus) - per_run + 1, per_run)]
