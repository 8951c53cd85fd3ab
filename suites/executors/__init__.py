"""Where runs are executed: in this process, in worker processes on this machine, or on a Ray cluster."""

import lazy_loader

from provbench.registry import EXECUTORS

EXECUTORS.add("inline", f"{__name__}.inline:Inline")
EXECUTORS.add("local", f"{__name__}.local:Local")
EXECUTORS.add("ray", f"{__name__}.ray_cluster:RayCluster")

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
