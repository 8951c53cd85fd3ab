"""Hyper-parameter search by Optuna: one study for each cell, asked and told by the driver alone."""

import lazy_loader

from provbench.registry import PRUNERS, SAMPLERS

SAMPLERS.add("tpe", f"{__name__}.samplers:Tpe")
SAMPLERS.add("random", f"{__name__}.samplers:Random")
SAMPLERS.add("grid", f"{__name__}.samplers:Grid")
SAMPLERS.add("cma-es", f"{__name__}.samplers:CmaEs")
SAMPLERS.add("qmc", f"{__name__}.samplers:Qmc")
PRUNERS.add("none", f"{__name__}.pruners:Never")
PRUNERS.add("median", f"{__name__}.pruners:Median")
PRUNERS.add("hyperband", f"{__name__}.pruners:Hyperband")
PRUNERS.add("wilcoxon", f"{__name__}.pruners:Wilcoxon")

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
