"""Statistics that a table can show next to a column: one statistic, one file, one line here.

A statistic is a `Statistic` that is registered by name in `FIELDS`. Builder, renderers, notes, report and exports ask
that registry, so a statistic needs no other place. A plugin adds its own in the same way. The names are words of the
table language (`show:`), so they may be added and not renamed.
"""

import lazy_loader

from provbench.registry import FIELDS

for _name, _target in {
    "value": "value:Value",
    "interval": "interval:StudentInterval",
    "published": "published:Published",
    "deviation": "deviation:DeviationFromPublished",
    "p": "p:PValue",
    "effect": "effect:Effect",
    "bootstrap": "bootstrap:BootstrapInterval",
    "crossed": "crossed:CrossedInterval",
    "permutation": "permutation:Permutation",
    "wilcoxon": "wilcoxon:Wilcoxon",
    "mcnemar": "mcnemar:McNemarTest",
    "friedman": "friedman:Friedman",
    "convergence": "convergence:Convergence",
}.items():
    FIELDS.add(_name, f"{__name__}.{_target}")

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
