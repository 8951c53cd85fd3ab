"""Where runs are executed: in this process, or in a pool of worker processes."""

from ...registry import EXECUTORS
from .base import Executor, Finished, Job, OnReport

EXECUTORS.add("inline", f"{__name__}.inline:Inline")
EXECUTORS.add("local", f"{__name__}.local:Local")

__all__ = ["Executor", "Finished", "Job", "OnReport"]
