"""Hyper-parameter search by Optuna: one study for each cell, which the driver alone asks and tells.

`samplers` and `pruners` are the built-in plugins, registered below; `spaces` translates search spaces, `study` is a
cell's study, `storage` and `journal` where it is kept, `plots` its figures. What a sampler draws is a function of seed
and trial number only, so that a search that is resumed equals one that was not interrupted.
"""

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
