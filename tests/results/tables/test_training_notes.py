"""What a table says of the training behind it, and of what its tests could have seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from provbench.results import RowRuns, Table, TableRow
from provbench.results.statistics import detectable_effect
from provbench.results.tables import doubts, sights

from ..tabular import ACCURACY, notes, record, row, table

COLUMN = replace(ACCURACY, selection_metric="accuracy", label="accuracy")


def curve(slope: float, validations: int = 50, loss: float = 0.0, **more: float) -> list[dict[str, float]]:
    """Epochs whose accuracy on val rises by `slope` each, with noise."""
    noise = np.random.default_rng(3).normal(0, 0.01, validations).tolist()
    return [
        {
            "epoch": epoch,
            "accuracy": 50 + slope * epoch + noise[epoch - 1],
            "loss_classification": 1 - loss * epoch,
            **more,
        }
        for epoch in range(1, validations + 1)
    ]


def trained(method: str, scores: Sequence[float], slopes: Sequence[float], **fields: Any) -> TableRow:
    """A row of runs with these test accuracies and slopes on val."""
    parameters = {"model": "resnet50", "epochs": 50, **fields.pop("parameters", {})}
    of_curve = fields.pop("of_curve", {})
    runs = [
        record(
            f"{method}-{seed}",
            method=method,
            seed=seed,
            test={"accuracy": score},
            val={"accuracy": score},
            curve=curve(slope, **of_curve),
            parameters=parameters,
            **fields,
        )
        for seed, (score, slope) in enumerate(zip(scores, slopes, strict=True))
    ]
    return TableRow(method, [RowRuns(runs, range(len(runs)))])


def made(*rows: TableRow, **fields: Any) -> Table:
    return table(rows, COLUMN, **fields)


class TestConvergence:
    ROWS = (
        trained("baseline", (70, 71, 72), (0.3, 0.32, 0.28), of_curve={"loss": 0.01}),
        trained("swap", (80, 81, 82), (0, 0, 0)),
    )

    def test_the_note_counts_and_measures(self) -> None:
        (note,) = (line for line in made(*self.ROWS).notes if line.startswith("Convergence"))
        assert note.startswith(
            "Convergence of waterbirds: 3 of 6 runs were still improving on val when they stopped: baseline +3.0 in "
            "the last fifth (3); the training loss was still falling in 3."
        )
        assert note.endswith("↑ marks their cells.")

    def test_cells_are_marked(self) -> None:
        assert [fields[1].text for fields in made(*self.ROWS).body()] == ["71.0 ± 1.0 (3)↑", "81.0 ± 1.0 (3)"]

    def test_a_column_on_request(self) -> None:
        body = made(*self.ROWS, show=("value", "convergence")).body()
        assert [fields[2].text for fields in body] == ["3/3 +3.0", "0/3"]

    def test_too_few_validations(self) -> None:
        few = made(trained("a", (70, 71), (1, 1), of_curve={"validations": 8}), show=("value", "convergence"))
        assert "2 of 2 runs have too few validations to tell whether they were still improving." in notes(few)
        assert few.body()[0][2].text == "?"

    def test_nothing_is_marked_where_all_have_settled(self) -> None:
        settled = made(trained("a", (70, 71), (0, 0)))
        assert "0 of 2 runs were still improving on val when they stopped; the training" in notes(settled)
        assert "↑" not in notes(settled)


class TestOrder:
    def test_a_row_that_is_still_improving_might_overtake(self) -> None:
        found = list(doubts(made(*TestConvergence.ROWS)))
        assert [(one.lower, one.higher, one.gap) for one in found] == [("baseline", "swap", pytest.approx(10))]
        assert found[0].potential == pytest.approx(15, rel=0.05), "five times the last fifth"

    def test_one_that_is_too_far_below_might_not(self) -> None:
        rows = trained("baseline", (50, 51, 52), (0.3, 0.3, 0.3)), trained("swap", (80, 81, 82), (0, 0, 0))
        assert not list(doubts(made(*rows)))

    def test_what_cannot_be_told_is_a_doubt(self) -> None:
        rows = trained("a", (70, 71), (0, 0), of_curve={"validations": 4}), trained("b", (80, 81), (0, 0))
        assert [(one.lower, one.why) for one in doubts(made(*rows))] == [("a", "too few validations to tell")]

    def test_so_is_what_has_not_run(self) -> None:
        assert [one.why for one in doubts(made(row("a"), trained("b", (80, 81), (0, 0))))] == [
            "3 of 3 runs not finished"
        ]


class TestBudgets:
    def test_epochs(self) -> None:
        rows = trained("a", (70, 71), (0, 0), steps=100), trained("b", (70, 71), (0, 0), steps=120)
        assert (
            "Budget of waterbirds: 50 epochs. The numbers of steps differ: a 100 (+0 %), b 120 (+20 %)."
            in made(*rows).notes
        )

    def test_steps(self) -> None:
        rows = [trained(name, (70, 71), (0, 0), steps=300, parameters={"steps": 300}) for name in "ab"]
        assert "Budget of waterbirds: 300 steps. 300 steps each." in made(*rows).notes

    def test_mixed(self) -> None:
        rows = trained("a", (70, 71), (0, 0)), trained("b", (70, 71), (0, 0), parameters={"seconds": 2.5})
        assert "MIXED BUDGETS of waterbirds: 50 epochs: a; 2.5 seconds: b." in made(*rows).notes


class TestDetectable:
    ROWS = (row("baseline", (60.0, 62.0, 64.0)), row("cutmix", (63.0, 65.5, 66.5)), row("alia", (61.0, 65.0, 63.0)))

    def test_by_hand(self) -> None:
        """Differences 3, 3.5, 2.5 and 1, 3, -1 have squares 0.5 and 8 about their means, with 4 degrees of freedom."""
        found = table(self.ROWS, replace(COLUMN, selection_metric=""), baseline="baseline")
        (sight,) = sights(found)
        spread = (8.5 / 4) ** 0.5
        assert (sight.seeds, sight.comparisons, sight.spread) == (3, 2, pytest.approx(spread))
        assert sight.effect == pytest.approx(detectable_effect(spread, 3, comparisons=2))
        assert (
            f"With 3 seeds and 2 comparisons a column, differences below {sight.effect:.1f} (accuracy) could not have "
            "been told from noise (power 0.8 at p < 0.05 after Holm's adjustment, from the spread of the paired "
            "differences)."
        ) in found.notes
        assert "keeps the chance of any false find in a column at 5 %" in notes(found)

    def test_no_difference_of_percentages_is_beyond_100(self) -> None:
        wild = row("baseline", (0.0, 100.0, 50.0)), row("cutmix", (100.0, 0.0, 50.0))
        found = table(wild, replace(COLUMN, selection_metric=""), baseline="baseline")
        assert sights(found)[0].effect > 100
        assert "differences below 100.0 (accuracy) could not have been told" in notes(found)

    def test_without_a_baseline_all_pairs_are_compared(self) -> None:
        assert sights(table(self.ROWS))[0].comparisons == 3

    def test_one_seed_sees_nothing(self) -> None:
        alone = table([row("a", {0: 60.0}), row("b", {0: 61.0})], baseline="a")
        assert not sights(alone)
        assert "could not have been told" not in notes(alone)


class TestStrength:
    def test_penalties_that_stayed_weak_in_all_runs_are_named(self) -> None:
        weak = trained("guided", (70, 71), (0, 0), of_curve={"share_gradient-guidance": 0.42})
        assert (
            "Penalties of waterbirds that can hardly have mattered, as their parameter gradient never was 1 % of the "
            "loss's: guided (gradient-guidance: 0.42 %)."
        ) in notes(made(trained("baseline", (70, 71), (0, 0)), weak))

    def test_others_are_not(self) -> None:
        strong = trained("guided", (70, 71), (0, 0), of_curve={"share_gradient-guidance": 1.5})
        assert "hardly have mattered" not in notes(made(strong, trained("baseline", (70, 71), (0, 0))))
