from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from provbench.results.statistics import Best, best_of, holm, paired_t_test

values = st.dictionaries(st.integers(0, 3), st.integers(0, 9).map(float), max_size=4)
columns = st.lists(values, max_size=5)


def cells(*scores: tuple[float, ...]) -> list[dict[int, float]]:
    return [dict(enumerate(of)) for of in scores]


def places(*some: int) -> frozenset[int]:
    return frozenset(some)


class TestByHand:
    def test_two_that_differ(self) -> None:
        # differences 3, 3.5, 2.5: p = 0.009, as in the tests of the t-test
        assert best_of(cells((60, 62, 64), (63, 65.5, 66.5))) == Best(places(1), places(1), places())

    def test_two_that_cannot_be_told_apart(self) -> None:
        # differences 1, 3, -1: p = 0.48
        assert best_of(cells((60, 62, 64), (61, 65, 63))) == Best(places(1), places(0, 1), places())

    def test_lower_may_be_better(self) -> None:
        column = cells((60, 62, 64), (63, 65.5, 66.5))
        assert best_of(column, higher_is_better=False).bold == places(0)

    def test_all_pairs_of_the_column_count(self) -> None:
        """0.009 alone is below 0.05, and six times that, for the six pairs of four cells, is not."""
        two = cells((60, 62, 64), (63, 65.5, 66.5))
        noise = cells((62, 61, 65.5), (61, 64, 63))
        assert best_of([*two, *noise]).bold == places(0, 1, 2, 3)
        raw = [paired_t_test(one, other) for i, one in enumerate([*two, *noise]) for other in [*two, *noise][:i]]
        assert holm(raw)[0] == pytest.approx(6 * 0.009132, abs=1e-4)

    def test_alpha(self) -> None:
        column = cells((60, 62, 64), (63, 65.5, 66.5))
        assert best_of(column, alpha=0.005).bold == places(0, 1)


class TestFewSeeds:
    def test_one_seed_leaves_only_the_best(self) -> None:
        assert best_of(cells((60,), (61,), (59,))) == Best(places(1), places(1), places(0, 2))

    def test_no_shared_seeds(self) -> None:
        found = best_of([{0: 60.0, 1: 60.1, 2: 60.2}, {3: 61.0, 4: 60.0, 5: 62.0}])
        assert found == Best(places(1), places(1), places(0))

    def test_gaps_are_no_results(self) -> None:
        assert best_of([{}, {0: 60.0, 1: 62.0}, {}, {0: 61.0, 1: 61.5}]).untested == places()

    @pytest.mark.parametrize("column", [[], [{}], [{0: 1.0, 1: 2.0}], [{}, {0: 1.0}]])
    def test_nothing_is_best_where_nothing_is_compared(self, column: list) -> None:
        assert best_of(column) == Best(places(), places(), places())


class TestTies:
    def test_means_that_are_one_are_best_together(self) -> None:
        assert best_of(cells((60, 62), (61, 61), (50, 51))).best == places(0, 1)
        assert best_of(cells((61,), (61,), (50,))) == Best(places(0, 1), places(0, 1), places(2))

    def test_rounding_breaks_no_tie(self) -> None:
        assert best_of(cells((0.1 + 0.2,), (0.3,))).best == places(0, 1)

    def test_cells_that_are_all_alike(self) -> None:
        assert best_of(cells((1, 1, 1), (1, 1, 1))).bold == places(0, 1)

    def test_whoever_cannot_be_told_from_one_of_the_best_is_bold(self) -> None:
        # the differences of the last to the first are all 1; to the second they vary
        column = cells((2, 2, 2, 2), (0, 4, 1, 3), (1, 1, 1, 1))
        assert best_of(column) == Best(places(0, 1), places(0, 1, 2), places())


class TestAlways:
    @settings(max_examples=60)
    @given(columns, st.booleans(), st.randoms())
    def test_the_order_of_rows_does_not_matter(self, column: list, higher_is_better: bool, random) -> None:
        order = list(range(len(column)))
        random.shuffle(order)
        plain = best_of(column, higher_is_better=higher_is_better)
        other = best_of([column[place] for place in order], higher_is_better=higher_is_better)
        assert [{order[place] for place in some} for some in (other.best, other.bold, other.untested)] == [
            *(plain.best, plain.bold, plain.untested)
        ]

    @settings(max_examples=60)
    @given(columns)
    def test_lower_is_better_is_higher_is_better_of_the_negative(self, column: list[dict[int, float]]) -> None:
        negative = [{seed: -value for seed, value in cell.items()} for cell in column]
        assert best_of(column, higher_is_better=False) == best_of(negative)

    @settings(max_examples=60)
    @given(columns)
    def test_the_best_mean_is_bold_and_the_untested_are_not(self, column: list[dict[int, float]]) -> None:
        found = best_of(column)
        means = {place: np.mean(list(cell.values())) for place, cell in enumerate(column) if cell}
        assert found.best <= found.bold <= means.keys()
        assert not found.bold & found.untested
        if len(means) > 1:
            assert found.best == {place for place, mean in means.items() if mean == pytest.approx(max(means.values()))}

    @pytest.mark.parametrize("bad", [float("nan"), float("inf")])
    def test_needs_finite_values(self, bad: float) -> None:
        for column in ([{0: bad}, {1: 1.0}], [{0: bad, 1: 1.0}, {0: 1.0, 1: 1.0}], [{0: bad}]):
            with pytest.raises(ValueError, match="finite"):
                best_of(column)

    def test_alpha_is_a_probability(self) -> None:
        with pytest.raises(ValueError, match="level"):
            best_of([], alpha=5)
