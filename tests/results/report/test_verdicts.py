from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from provbench.results import Column, RowRuns, RunRecord, Table, TableRow, build_table
from provbench.results.report.verdicts import judge

from .conftest import MakeReport

MakeTable = Callable[..., Table]


@pytest.fixture
def make_table(make_record: Callable[..., RunRecord]) -> MakeTable:
    def make(scores: dict[str, Sequence[float]], higher_is_better: bool = True, baseline: str | None = "base") -> Table:
        rows = []
        for method, values in scores.items():
            runs = [make_record(f"{method}{i}", seed=i, test={"m": value}) for i, value in enumerate(values)]
            rows.append(TableRow(method, [RowRuns(runs, range(3))], label=method.upper()))
        column = Column("t", "m", label="metric", higher_is_better=higher_is_better)
        return build_table(rows, [column], variant="full", baseline=baseline)

    return make


def test_only_what_is_beyond_noise_is_a_finding(make_table: MakeTable) -> None:
    found = judge(
        make_table({"base": (60, 61, 62), "good": (70, 71.1, 72), "same": (62, 61, 60), "bad": (50, 51, 52.1)})
    )
    assert [finding.method for finding in found.better] == ["GOOD"]
    assert [finding.method for finding in found.worse] == ["BAD"]
    assert (found.baseline, found.tested, found.undecided) == ("BASE", 3, 1)
    assert str(found.better[0]) == "+10.0, p < 0.001"


def test_less_is_better_of_a_cost(make_table: MakeTable) -> None:
    found = judge(make_table({"base": (60, 61, 62), "cheap": (50, 51, 52.1)}, higher_is_better=False))
    assert [finding.method for finding in found.better] == ["CHEAP"]


def test_without_two_shared_seeds_nothing_is_tested(make_table: MakeTable) -> None:
    found = judge(make_table({"base": (60,), "good": (90,)}))
    assert (found.tested, found.findings, found.empty) == (0, (), False)
    assert (found.most_seeds, found.untested, found.says) == (1, 1, True)


def test_without_a_baseline_the_best_are_named_best_first(make_table: MakeTable) -> None:
    found = judge(make_table({"a": (60, 61, 62), "b": (62, 61, 60.5), "c": (10, 11, 12.1)}, baseline=None))
    assert found.leading == (("metric", ("B", "A")),)
    assert found.alike == ()


def test_one_seed_has_no_best(make_table: MakeTable) -> None:
    found = judge(make_table({"a": (60,), "b": (90,)}, baseline=None))
    assert (found.leading, found.alike, found.tested, found.untested) == ((), (), 0, 2)


def test_methods_that_cannot_be_told_apart_have_no_best(make_table: MakeTable) -> None:
    found = judge(make_table({"a": (60, 61, 62), "b": (62, 61, 60.5)}, baseline=None))
    assert (found.leading, found.alike) == ((), ("metric",))


@pytest.mark.parametrize("baseline", ["base", None])
def test_a_method_alone_has_no_verdict(make_table: MakeTable, baseline: str | None) -> None:
    assert not judge(make_table({"base": (60, 61, 62)}, baseline=baseline)).says


def test_nothing_run_yet(make_table: MakeTable) -> None:
    assert judge(make_table({"base": (), "good": ()})).empty


def test_a_table_of_published_numbers_has_nothing_of_ours() -> None:
    table = build_table([TableRow("theirs", [RowRuns()])], [Column("t", "m")], variant="full")
    assert not judge(table).is_ours


def test_of_the_whole_report(make_report: MakeReport) -> None:
    found = judge(make_report().tables["birds"])
    assert [(finding.method, finding.metric) for finding in found.findings] == [
        ("CutMix", "more is better accuracy [%]")
    ]
    assert found.tested == 6  # three methods on two metrics: the fourth has not run
