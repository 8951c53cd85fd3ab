from __future__ import annotations

import math

import pytest

from provbench.results import COSTS, Column, RowRuns, RunRecord

from ..tabular import notes, record, row, table

CURVE = [{"epoch": 1, "f1": 50.0}, {"epoch": 2, "f1": 61.0}, {"epoch": 3, "f1": 61.0}, {"epoch": 4, "f1": math.nan}]


def cost(name: str, made: RunRecord, metric: str = "f1") -> float:
    return COSTS[name].of(made, metric)


def test_costs_by_hand() -> None:
    made = record("aa00", seconds=1800.0, seconds_per_step=0.25, peak_memory_mb=2560.0, curve=CURVE)
    assert cost("training time", made) == 0.5
    assert cost("time per epoch", made) == 450.0
    assert cost("time per step", made) == 250.0
    assert cost("peak memory", made) == 2.5
    assert cost("epochs to converge", made) == 2, "the first of equals"


def test_what_a_record_does_not_say_is_nan() -> None:
    made = record("aa00", curve=CURVE)
    for name in ("training time", "time per epoch", "time per step", "peak memory"):
        assert math.isnan(cost(name, made)), name
    assert math.isnan(cost("epochs to converge", made, "accuracy"))
    bare = record("aa00", seconds=10.0)
    assert math.isnan(cost("time per epoch", bare))
    assert math.isnan(cost("epochs to converge", bare))


@pytest.mark.parametrize("name", COSTS)
def test_a_column_of_costs(name: str) -> None:
    def of(method: str, seconds: float) -> RowRuns:
        fields = {"method": method, "peak_memory_mb": 512.0, "seconds_per_step": seconds / 1000, "curve": CURVE}
        return RowRuns(
            [record(f"{method}-{seed}", seed=seed, seconds=seconds + 9 * seed, **fields) for seed in range(3)],
            (0, 1, 2),
        )

    column = Column("waterbirds", name, selection_metric="f1", label=name)
    made = table([row("slow", of("slow", 3600.0)), row("fast", of("fast", 1800.0))], column)
    assert made.columns[0].unit == COSTS[name].unit
    assert not made.columns[0].higher_is_better
    expected = [cost(name, run) for run in made.rows[1].entries[0].runs]
    assert list(made.cells[1][0].values.values()) == expected
    assert f"{name}: {COSTS[name].description} [{COSTS[name].unit}]; less is better." in notes(made)


def test_the_lower_cost_is_best_where_a_test_tells_it_from_the_other() -> None:
    def of(method: str, seconds: list[float]) -> RowRuns:
        runs = [record(f"{method}-{seed}", method=method, seed=seed, seconds=one) for seed, one in enumerate(seconds)]
        return RowRuns(runs, (0, 1, 2))

    column = Column("waterbirds", "training time", selection_metric="f1")
    slow, fast = of("slow", [3600.0, 3650.0, 3700.0]), of("fast", [1800.0, 1810.0, 1790.0])
    made = table([row("slow", slow), row("fast", fast)], column)
    assert [cells[0].best for cells in made.cells] == [False, True]


class TestMachines:
    ONE, OTHER = ({"cpu": name, "cores": "8", "gpu": gpu, "threads": "1"} for name, gpu in (("A", ""), ("B", "H100")))

    def times(self, method: str, **fields: object) -> RowRuns:
        return RowRuns([record(f"{method}-0", method=method, seconds=9.0, curve=CURVE, **fields)], (0,))

    def test_a_column_over_unlike_machines_is_marked(self) -> None:
        rows = [row("a", self.times("a", machine=self.ONE)), row("b", self.times("b", machine=self.OTHER))]
        made = table(rows, Column("waterbirds", "training time", label="time"))
        assert made.columns[0].title == "time ‡"
        assert (
            "time ‡: measured on unlike machines, so that its rows do not compare: A (8 cores, 1 threads); "
            "H100 beside B (8 cores, 1 threads)."
        ) in made.notes

    def test_one_machine_is_named(self) -> None:
        rows = [row(name, self.times(name, machine=self.ONE)) for name in "ab"]
        made = table(rows, Column("waterbirds", "training time", label="time"))
        assert made.columns[0].title == "time"
        assert "time: measured on A (8 cores, 1 threads)." in made.notes

    def test_older_records_have_their_device(self) -> None:
        rows = [row("a", self.times("a")), row("b", self.times("b", device="H100"))]
        assert table(rows, Column("waterbirds", "training time", label="time")).columns[0].title == "time ‡"

    def test_epochs_are_the_same_everywhere(self) -> None:
        rows = [row("a", self.times("a", machine=self.ONE)), row("b", self.times("b", machine=self.OTHER))]
        made = table(rows, Column("waterbirds", "epochs to converge", label="epochs", selection_metric="f1"))
        assert made.columns[0].title == "epochs"
