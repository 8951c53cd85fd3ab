"""Which numbers moved between two states of results, and how each change is called."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, strategies as st

from provbench.results.regression.differences import MOVED, SeedValues, compare

from .compared import NAME, change_of, number, numbers


class TestVerdicts:
    OLD = (60.0, 62.0, 64.0, 66.0)
    BETTER = (65.0, 67.1, 68.9, 71.0)

    def test_beyond_noise(self) -> None:
        found = compare(*numbers([self.OLD], [self.BETTER]))
        assert found.changes[0].p_adjusted is not None
        assert found.changes[0].p_adjusted < 0.001
        assert found.changes[0].verdict == "moved"
        assert found.moved

    @pytest.mark.parametrize(
        ("told", "known", "verdict"),
        [
            ((None, None), None, "moved"),
            ((None, None), True, "improved"),
            ((None, None), False, "regressed"),
            ((True, None), False, "improved"),
            ((None, False), True, "regressed"),
            ((False, False), None, "regressed"),
            ((True, False), True, "moved"),
        ],
    )
    def test_which_way_is_better(self, told: tuple, known: bool | None, verdict: str) -> None:
        old, new = (
            number(values, run, higher_is_better=better)
            for values, run, better in zip((self.OLD, self.BETTER), "ab", told, strict=True)
        )
        asked = []

        def direction(task: str, metric: str) -> bool | None:
            asked.append((task, metric))
            return known

        assert change_of(old, new, direction=direction).verdict == verdict
        assert asked in ([], [("waterbirds", "accuracy")])
        backwards = {"improved": "regressed", "regressed": "improved", "moved": "moved"}
        assert change_of(new, old, direction=direction).verdict == backwards[verdict]

    def test_tolerance_holds_up_to_its_last_bit(self) -> None:
        old = number([63.9, 63.9, 63.9, 63.9], "a")
        new = number([64.4, 64.4000001, 64.4, 64.3999999], "b")
        assert new.values[0] - old.values[0] > 0.5  # in floating point
        assert change_of(old, new, tolerance=0.5).verdict == "within tolerance"
        assert change_of(old, new, tolerance=0.499).verdict == "moved"

    @given(
        st.lists(st.integers(0, 100), min_size=1, max_size=5),
        st.lists(st.integers(0, 100), min_size=1, max_size=5),
        st.integers(0, 100),
    )
    def test_within_the_tolerance_nothing_ever_moves(self, old: list[int], new: list[int], tolerance: int) -> None:
        change = change_of(number(old, "a"), number(new, "b"), tolerance=tolerance)
        assert change.difference is not None
        if change.verdict in MOVED:
            assert abs(change.difference) > tolerance
        elif change.untested:
            assert abs(change.difference) <= tolerance

    def test_a_single_seed_cannot_be_tested(self) -> None:
        old, new = number([60.0], "a"), number([61.0], "b")
        change = change_of(old, new)
        assert (change.verdict, change.untested, change.p_value) == ("moved", True, None)
        assert change_of(old, new, tolerance=1).verdict == "within tolerance"
        assert change_of(old, new, tolerance=1).untested
        other = change_of(number([60.0, 70.0], "a"), new)
        assert (other.difference, other.untested) == (1, True)

    def test_the_same_runs_with_the_same_values_are_reproduced(self) -> None:
        assert change_of(number(self.OLD, "a"), number(self.OLD, "a")).verdict == "reproduced"
        assert change_of(number(self.OLD, "a"), number(self.OLD, "b")).verdict == "within noise"
        last_bit = (*self.OLD[:3], math.nextafter(66.0, 67.0))
        assert change_of(number(self.OLD, "a"), number(last_bit, "a")).verdict == "within noise"
        more = change_of(number(self.OLD, "a"), number((*self.OLD, 99.0), "a"))
        assert (more.verdict, more.difference) == ("reproduced", 0)

    def test_gone_and_new(self) -> None:
        old, new = numbers([self.OLD], [self.OLD])
        gone = compare(old, {})
        assert [change.verdict for change in gone.changes] == ["gone"]
        assert gone.moved
        found = compare({}, new)
        assert [change.verdict for change in found.changes] == ["new"]
        assert not found.moved
        assert compare({NAME: SeedValues()}, {NAME: SeedValues()}).changes == ()

    def test_a_seed_whose_run_gave_nothing_is_lost(self) -> None:
        old = number(self.OLD, "a")
        failed = SeedValues({0: 60.0, 1: 62.0}, {0: "a0", 1: "a1", 2: "a2"})
        found = compare({NAME: old}, {NAME: failed})
        assert (found.changes[0].verdict, found.changes[0].lost) == ("reproduced", (2,))
        assert found.moved
        assert change_of(old, SeedValues({0: 60.0, 1: 62.0}, {0: "a0", 1: "a1"}, missing=2)).lost == (2, 3)
        nobody_asked = compare({NAME: old}, {NAME: number([60.0, 62.0], "a")})
        assert nobody_asked.changes[0].lost == ()
        assert not nobody_asked.moved

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ({"identity": {"task.version": '"1"'}}, {"identity": {"task.version": '"2"'}}),
            ({"identity": {"fingerprint": '"feed"'}}, {"identity": {"fingerprint": '"f00d"'}}),
            ({"unit": "%"}, {"unit": "points"}),
        ],
    )
    def test_another_protocol_other_data_another_unit_are_not_comparable(self, old: dict, new: dict) -> None:
        found = compare({NAME: number(self.OLD, "a", **old)}, {NAME: number(self.BETTER, "b", **new)})
        assert [change.verdict for change in found.changes] == ["not comparable"]
        assert not found.moved
        assert found.changes[0].difference is None

    def test_other_parameters_are_comparable_and_told(self) -> None:
        old = number(self.OLD, "a", identity={"task.params.lr": "0.1", "seedless": "1"})
        new = number(self.BETTER, "b", identity={"task.params.lr": "0.2", "task.params.new": "true", "seedless": "1"})
        change = change_of(old, new)
        assert change.verdict == "moved"
        assert change.why == {"task.params.lr": ("0.1", "0.2"), "task.params.new": (None, "true")}
        assert change_of(number(self.OLD, "a"), new).why == {}

    def test_a_mean_of_what_is_not_comparable_is_not(self) -> None:
        mean, other = NAME._replace(number=1), NAME._replace(method="baseline", number=1)
        of_mean, moved = SeedValues(dict(enumerate(self.OLD))), SeedValues(dict(enumerate(self.BETTER)))
        old = {NAME: number(self.OLD, "a", unit="%"), mean: of_mean, other: of_mean}
        new = {NAME: number(self.OLD, "b", unit="points"), mean: moved, other: moved}
        verdicts = {change.name: change.verdict for change in compare(old, new).changes}
        assert verdicts == {NAME: "not comparable", mean: "not comparable", other: "moved"}

    def test_the_most_significant_come_first(self) -> None:
        old, new = numbers(
            [self.OLD, self.OLD, self.OLD, (60.0,), self.OLD, self.OLD],
            [self.OLD, self.BETTER, (61.0, 62.0, 63.5, 66.0), (70.0,), (66.0, 68.1, 70.0, 71.9), ()],
        )
        found = compare({**old, NAME: new[NAME]}, new).changes
        assert [change.verdict for change in found] == ["moved", "moved", "moved", "gone", "within noise", "reproduced"]
        assert [change.untested for change in found[:3]] == [False, False, True]
        assert found[0].p_value is not None
        assert found[1].p_value is not None
        assert found[0].p_value < found[1].p_value

    @given(
        st.lists(st.lists(st.integers(0, 9), max_size=4), max_size=4),
        st.lists(st.lists(st.integers(0, 9), max_size=4), max_size=4),
    )
    def test_the_other_way_round_it_is_the_opposite(self, old: list[list[int]], new: list[list[int]]) -> None:
        size = max(len(old), len(new))
        before, after = numbers(old + [[]] * (size - len(old)), new + [[]] * (size - len(new)))
        opposite = {"gone": "new", "new": "gone", "improved": "regressed", "regressed": "improved"}
        forth, back = (compare(*pair, direction=lambda *_: True) for pair in ((before, after), (after, before)))
        one, other = ({change.name: change for change in found.changes} for found in (forth, back))
        assert one.keys() == other.keys()
        for name, change in one.items():
            assert opposite.get(change.verdict, change.verdict) == other[name].verdict
            assert change.p_adjusted == pytest.approx(other[name].p_adjusted)

    @pytest.mark.parametrize("options", [{"alpha": 0}, {"alpha": 1}, {"tolerance": -1}, {"tolerance": math.nan}])
    def test_impossible_options(self, options: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match=r"level|tolerance"):
            compare({}, {}, **options)
