"""Where records are mirrored to: experiment trackers. The store is the truth."""

import lazy_loader

from provbench.registry import TRACKERS

TRACKERS.add("tensorboard", f"{__name__}.tensorboard:TensorBoard")
TRACKERS.add("wandb", f"{__name__}.wandb:Wandb")

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
