"""Statistics of runs: summaries over seeds, intervals, tests of two methods, and of many over several tasks.

Everything is a function of plain numbers, mostly a metric by seed, and knows nothing of records or tables. numpy, scipy
and matplotlib are imported when a function needs them.

>>> from provbench.results.statistics import Summary
>>> Summary.of([64.7, 65.1, 65.5]).interval().text()
'[64.1, 66.1]'
"""

from .best import Best, best_of
from .bootstrap import bootstrap_interval
from .crossed import crossed_interval, crossed_means, paired_crossed_interval
from .deviation import Deviation, SpreadKind, deviation, published_standard_error
from .diagram import critical_difference_diagram
from .effect import PairedEffect, hedges_correction, paired_effect
from .interval import Interval
from .mcnemar import McNemar, mcnemar_test
from .multiple import holm
from .nemenyi import critical_difference, inseparable_groups
from .paired import paired_t_test, permutation_test, wilcoxon_test
from .pairs import paired_differences
from .ranks import Ranks, TaskScores, friedman_test, rank_methods
from .samples import paired_score_matrices, score_matrix
from .summary import Summary

__all__ = [
    "Best",
    "Deviation",
    "Interval",
    "McNemar",
    "PairedEffect",
    "Ranks",
    "SpreadKind",
    "Summary",
    "TaskScores",
    "best_of",
    "bootstrap_interval",
    "critical_difference",
    "critical_difference_diagram",
    "crossed_interval",
    "crossed_means",
    "deviation",
    "friedman_test",
    "hedges_correction",
    "holm",
    "inseparable_groups",
    "mcnemar_test",
    "paired_crossed_interval",
    "paired_differences",
    "paired_effect",
    "paired_score_matrices",
    "paired_t_test",
    "permutation_test",
    "published_standard_error",
    "rank_methods",
    "score_matrix",
    "wilcoxon_test",
]
