"""Seeds torch's global generators at every step."""

from __future__ import annotations

from functools import cache

import torch


def seed_torch(seed: int) -> None:
    """Seeds the generators of the CPU and of the accelerator, as `torch.manual_seed` does.

    That function addresses every kind of device that torch was built for, also those that the machine lacks, and takes
    longer than a layer of a small network.
    """
    accelerator = _accelerator()
    if accelerator is None:
        torch.default_generator.manual_seed(seed)
    elif accelerator == "cuda":
        torch.default_generator.manual_seed(seed)
        torch.cuda.manual_seed_all(seed)
    else:
        torch.manual_seed(seed)


@cache
def _accelerator() -> str | None:
    """Returns the kind of this machine's accelerator; None where it has only a CPU."""
    device = torch.accelerator.current_accelerator(check_available=True)
    return None if device is None else device.type
