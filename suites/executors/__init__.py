"""Executors: they run jobs in this process, in worker processes of this machine, on Ray, or on Slurm.

`base` is the contract (`Executor`, `Job`, `Ending`) and what a driver says to those who watch (`Observer`). To add an
executor, write one file and register it below. An executor must not change a number: the same spec gives the same
record wherever it runs. The README of this folder describes the built-in ones.
"""

import lazy_loader

from provbench.registry import EXECUTORS

EXECUTORS.add("inline", f"{__name__}.inline:Inline")
EXECUTORS.add("local", f"{__name__}.local:Local")
EXECUTORS.add("ray", f"{__name__}.ray_cluster:RayCluster")
EXECUTORS.add("slurm", f"{__name__}.slurm:Slurm")

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
