"""Where records are mirrored to: experiment trackers. The store is the truth."""

from ...registry import TRACKERS
from .base import Tracker
from .tracking import Tracking

TRACKERS.add("tensorboard", f"{__name__}.tensorboard:TensorBoard")
TRACKERS.add("wandb", f"{__name__}.wandb:Wandb")

__all__ = ["Tracker", "Tracking"]
