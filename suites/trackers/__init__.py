"""Trackers that mirror records to TensorBoard, Weights & Biases or a plugin's service. The store stays the truth.

`base` is the contract, `tracking` feeds trackers from what a driver says, and `process` keeps each of them in a process
of its own, so that a tracker that hangs or fails never harms a run. To add one, write one file and register it below;
the README of this folder describes the built-in ones.
"""

import lazy_loader

from provbench.registry import TRACKERS

TRACKERS.add("tensorboard", f"{__name__}.tensorboard:TensorBoard")
TRACKERS.add("wandb", f"{__name__}.wandb:Wandb")

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
