from .best import Best as Best, best_of as best_of
from .bootstrap import bootstrap_interval as bootstrap_interval
from .convergence import Contender as Contender, could_change as could_change, ending as ending, endings as endings
from .crossed import (
    crossed_interval as crossed_interval,
    crossed_means as crossed_means,
    paired_crossed_interval as paired_crossed_interval,
)
from .deviations import (
    Deviation as Deviation,
    SpreadKind as SpreadKind,
    deviation as deviation,
    published_standard_error as published_standard_error,
)
from .diagram import critical_difference_diagram as critical_difference_diagram
from .effect import PairedEffect as PairedEffect, hedges_correction as hedges_correction, paired_effect as paired_effect
from .interval import Interval as Interval, check_level as check_level
from .mcnemar import McNemar as McNemar, mcnemar_test as mcnemar_test, mcnemar_tests as mcnemar_tests
from .multiple import holm as holm
from .nemenyi import critical_difference as critical_difference, inseparable_groups as inseparable_groups
from .paired import (
    LARGEST_EXACT as LARGEST_EXACT,
    paired_t_test as paired_t_test,
    permutation_test as permutation_test,
    wilcoxon_test as wilcoxon_test,
)
from .pairs import (
    all_alike as all_alike,
    by_seed as by_seed,
    difference_rows as difference_rows,
    paired_differences as paired_differences,
)
from .power import (
    detectable_effect as detectable_effect,
    paired_power as paired_power,
    pooled_spread as pooled_spread,
    seeds_needed as seeds_needed,
)
from .ranks import (
    Ranks as Ranks,
    TaskScores as TaskScores,
    friedman_test as friedman_test,
    rank_methods as rank_methods,
)
from .samples import (
    clusters_of as clusters_of,
    paired_score_matrices as paired_score_matrices,
    score_matrix as score_matrix,
)
from .summary import Summary as Summary
