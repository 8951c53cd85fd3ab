"""The worked example of the paper that the rank tests follow."""

from __future__ import annotations

import pytest

from provbench.results.statistics import Ranks, TaskScores, rank_methods

NAMES = ("C4.5", "C4.5+m", "C4.5+cf", "C4.5+m+cf")

AUC = """
adult 0.763 0.768 0.771 0.798
breast-cancer 0.599 0.591 0.590 0.569
breast-cancer-wisconsin 0.954 0.971 0.968 0.967
cmc 0.628 0.661 0.654 0.657
ionosphere 0.882 0.888 0.886 0.898
iris 0.936 0.931 0.916 0.931
liver-disorders 0.661 0.668 0.609 0.685
lung-cancer 0.583 0.583 0.563 0.625
lymphography 0.775 0.838 0.866 0.875
mushroom 1.000 1.000 1.000 1.000
primary-tumor 0.940 0.962 0.965 0.962
rheum 0.619 0.666 0.614 0.669
voting 0.972 0.981 0.9751 0.975
wine 0.957 0.978 0.946 0.970
"""


@pytest.fixture
def demsar() -> Ranks:
    """Demšar (2006), table 6: four variants of a classifier on 14 data sets, with ties.

    The paper prints 0.975 twice for voting, and ranks them 2 and 3.
    """
    tasks = []
    for line in AUC.split("\n")[1:-1]:
        task, *scores = line.split()
        tasks.append(TaskScores(task, dict(zip(NAMES, map(float, scores), strict=True))))
    ranks = rank_methods(tasks)
    assert ranks is not None
    return ranks
