"""Where runs are executed: in this process, in worker processes on this machine, or on a Ray cluster."""

from ...registry import EXECUTORS
from .base import Executor, Finished, Job, OnReport

EXECUTORS.add("inline", f"{__name__}.inline:Inline")
EXECUTORS.add("local", f"{__name__}.local:Local")
EXECUTORS.add("ray", f"{__name__}.ray_cluster:RayCluster")

__all__ = ["Executor", "Finished", "Job", "OnReport"]
