from __future__ import annotations

import doctest
import subprocess
import sys

import pytest

from provbench import results
from provbench.results import statistics


def test_results_hands_on_what_tables_need() -> None:
    for name in ("Summary", "holm", "paired_t_test"):
        assert getattr(results, name) is getattr(statistics, name)


@pytest.mark.parametrize("heavy", ["numpy", "scipy", "matplotlib", "scikit_posthocs", "pandas"])
def test_importing_it_imports_little(heavy: str, imported: set[str]) -> None:
    assert heavy not in imported


@pytest.fixture(scope="module")
def imported() -> set[str]:
    code = "import provbench.results.statistics, sys; print('\\n'.join(sys.modules))"
    return set(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split())


def test_t_tests_and_intervals_do_without_scipy_stats() -> None:
    """Which takes seconds to import, in a process that may take one."""
    code = (
        "import sys; from provbench.results.statistics import Summary, best_of, paired_effect\n"
        "one, other = {0: 1.0, 1: 2.0}, {0: 1.5, 1: 4.0}\n"
        "assert Summary.of([1, 2]).interval() and best_of([one, other]).bold and paired_effect(one, other)\n"
        "assert 'scipy.special' in sys.modules and 'scipy.stats' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_examples_are_true() -> None:
    found = doctest.testmod(statistics)
    assert found.attempted > 0
    assert found.failed == 0
