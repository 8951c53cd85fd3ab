from __future__ import annotations

import math

import pytest

from provbench.results.statistics import Deviation, Summary, deviation, published_standard_error

OURS = Summary(65.0, 3.0, 9)


class TestDeviation:
    def test_by_hand(self) -> None:
        # our standard error is 3 / √9 = 1, theirs √3; combined √(1 + 3) = 2
        assert deviation(OURS, 61.0, math.sqrt(3), kind="standard-error") == Deviation(4.0, pytest.approx(2.0))  # type: ignore[arg-type]
        assert deviation(OURS, 69.0, 3.0, 3, "std") == Deviation(-4.0, pytest.approx(-2.0))  # type: ignore[arg-type]

    @pytest.mark.parametrize(
        ("spread", "n", "kind"),
        [
            (None, None, None),
            (None, 3, "std"),
            (0.5, 3, None),
            (0.5, None, "std"),
            (0.5, 1, "std"),
            (0.5, 1, "population-std"),
        ],
    )
    def test_points_alone_where_the_publication_says_too_little(self, spread, n, kind) -> None:
        assert deviation(OURS, 64.0, spread, n, kind) == Deviation(1.0, None)

    def test_points_alone_where_we_have_one_seed(self) -> None:
        assert deviation(Summary(65.0, None, 1), 64.0, 0.5, 3, "std") == Deviation(1.0, None)

    def test_two_numbers_without_spread(self) -> None:
        assert deviation(Summary(65.0, 0.0, 3), 64.0, 0.0, 3, "std") == Deviation(1.0, None)

    @pytest.mark.parametrize(("value", "spread"), [(float("nan"), None), (1.0, -0.1), (1.0, float("nan"))])
    def test_what_it_refuses(self, value: float, spread: float | None) -> None:
        with pytest.raises(ValueError, match="must be finite, and its spread not negative"):
            deviation(OURS, value, spread)

    def test_text(self) -> None:
        assert str(Deviation(0.84, 1.46)) == "+0.8 (1.5 SE)"
        assert str(Deviation(-0.84, -1.46)) == "-0.8 (1.5 SE)"
        assert Deviation(0.00123).text(decimals=3) == "+0.001"


def test_standard_errors_of_publications() -> None:
    assert published_standard_error(0.6, 9, "std") == pytest.approx(0.2)
    assert published_standard_error(0.6, 9, "standard-error") == 0.6
    # of 1, 2, 3 the population's std is √(2/3) and the sample's 1: either way the standard error is 1 / √3
    assert published_standard_error(math.sqrt(2 / 3), 3, "population-std") == pytest.approx(1 / math.sqrt(3))
