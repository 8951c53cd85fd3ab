from __future__ import annotations

import math
from dataclasses import replace

import pytest

from provbench.registry import UnknownNameError, UserError, Variant
from provbench.results import Column, RowRuns, Summary, TableRow

from ..tabular import ACCURACY, entry, notes, published, record, row, table

ROWS = [
    row("baseline", (60.0, 62.0, 64.0)),
    row("cutmix", (63.0, 65.5, 66.5)),
    row("alia", (61.0, 65.0, 63.0)),
]


class TestCells:
    def test_summaries_by_hand(self) -> None:
        made = table(ROWS)
        summaries = [cells[0].summary for cells in made.cells]
        assert summaries == [Summary(62.0, 2.0, 3), Summary(65.0, math.sqrt(3.25), 3), Summary(63.0, 2.0, 3)]
        assert [cells[0].text() for cells in made.cells] == ["62.0 ± 2.0 (3)", "65.0 ± 1.8 (3)", "63.0 ± 2.0 (3)"]

    def test_every_number_leads_to_its_runs(self) -> None:
        cell = table(ROWS).cells[1][0]
        assert cell.keys == {0: "cutmix-0", 1: "cutmix-1", 2: "cutmix-2"}
        assert cell.values == {0: 63.0, 1: 65.5, 2: 66.5}
        assert cell.model == "resnet50"

    def test_runs_may_come_in_any_order(self) -> None:
        def shuffled(of: TableRow) -> TableRow:
            (one,) = of.entries
            return replace(of, entries=[replace(one, runs=[one.runs[2], one.runs[0], one.runs[1]])])

        made, other = table(ROWS, baseline="baseline"), table(list(map(shuffled, ROWS)), baseline="baseline")
        assert other.body() == made.body()
        assert other.notes == made.notes

    def test_a_run_of_another_suite_is_as_good(self) -> None:
        runs = [record("aa00", seed=0), record("aa01", seed=1, method="cutmix-of-old", suite="old")]
        assert table([row("cutmix", RowRuns(runs, (0, 1)))]).cells[0][0].gaps == 0

    def test_an_entry_for_each_column(self) -> None:
        of_cub = [record("bb00", task="cub", test={"top-1": 80.0}, fingerprint="beef", protocol="7")]
        made = table([row("cutmix", (60.0, 61.0, 62.0), RowRuns(of_cub, (0,)))], ACCURACY, Column("cub", "top-1"))
        assert [cell.values for cell in made.cells[0]] == [{0: 60.0, 1: 61.0, 2: 62.0}, {0: 80.0}]
        assert "waterbirds: protocol 1, data feedfeedfeed." in made.notes
        assert "cub: protocol 7, data beef." in made.notes


class TestTests:
    def test_against_the_baseline_by_hand(self) -> None:
        made = table(ROWS, baseline="baseline")
        # differences of cutmix 3, 3.5, 2.5: t² = 108; of alia 1, 3, -1: t² = 1 / (4/3) = 0.75; p = 1 - √(t²/(t² + 2));
        # by Holm the smaller counts twice
        cutmix, alia = 1 - math.sqrt(108 / 110), 1 - math.sqrt(0.75 / 2.75)
        assert [cells[0].p_value for cells in made.cells] == [None, pytest.approx(2 * cutmix), pytest.approx(alia)]

    def test_effect_sizes_by_hand(self) -> None:
        effect = table(ROWS, baseline="baseline").cells[1][0].effect
        assert effect is not None
        # mean 3 and standard deviation 0.5 of the differences; J(2) = Γ(1) / Γ(1/2) = 1 / √π
        assert (effect.difference, effect.d_z) == (pytest.approx(3.0), pytest.approx(6.0))
        assert effect.g_z == pytest.approx(6.0 / math.sqrt(math.pi))

    def test_no_baseline_no_tests(self) -> None:
        assert {cells[0].p_value for cells in table(ROWS).cells} == {None}

    def test_the_pairs_are_the_seeds_that_both_have(self) -> None:
        rows = [row("baseline", (60.0, 62.0, 64.0)), row("cutmix", {2: 63.0, 1: 65.0})]
        cells = table(rows, baseline="baseline").cells
        assert cells[1][0].values == {2: 63.0, 1: 65.0}  # differences -1 and 3: t² = 1 / (8/2) = 1/4
        assert cells[1][0].p_value == pytest.approx(1 - 2 / math.pi * math.atan(0.5))
        assert table([rows[0], row("cutmix", (63.0,))], baseline="baseline").cells[1][0].p_value is None

    def test_each_group_has_its_own_baseline(self) -> None:
        of_other = [
            row("baseline", (50.0, 51.0, 55.0), group="other"),
            row("cutmix", (50.0, 52.0, 58.0), group="other"),
        ]
        cells = [cells[0] for cells in table([*ROWS, *of_other], baseline="baseline").cells]
        assert [cell.p_value is None for cell in cells] == [True, False, False, True, False]
        assert cells[4].effect is not None
        assert cells[4].effect.difference == pytest.approx(4 / 3)

    def test_a_group_without_one_takes_the_only_one(self) -> None:
        cells = table([*ROWS, row("cutmix", (60.0, 61.0, 65.0), group="other")], baseline="baseline").cells
        assert cells[3][0].effect is not None
        assert cells[3][0].effect.difference == pytest.approx(0.0)

    def test_published_rows_need_none(self) -> None:
        twice = [replace(ROWS[0], group=group) for group in "ab"]
        made = table([*twice, TableRow("cutmix", [RowRuns(model="resnet50")], group="c")], baseline="baseline")
        assert made.cells[2][0].p_value is None


class TestBest:
    def test_the_best_and_what_cannot_be_told_from_it(self) -> None:
        rows = [
            row("best", (70.0, 71.0, 72.0)),
            row("close", (69.0, 71.5, 71.0)),
            row("far", (50.0, 51.01, 52.0)),
            row("alone", {0: 69.9}),
        ]
        cells = [cells[0] for cells in table(rows).cells]
        assert [cell.best for cell in cells] == [True, False, False, False]
        assert [cell.bold for cell in cells] == [True, True, False, False]
        assert [cell.untested for cell in cells] == [False, False, False, True]

    def test_by_the_direction_of_the_metric(self) -> None:
        assert [cells[0].best for cells in table(ROWS).cells] == [False, True, False]
        lower = table(ROWS, replace(ACCURACY, higher_is_better=False))
        assert [cells[0].best for cells in lower.cells] == [True, False, False]

    def test_costs_are_the_better_the_lower(self) -> None:
        hours = {"a": (2.0, 2.1, 2.2), "b": (1.0, 1.11, 1.2)}
        rows = [
            row(
                method,
                RowRuns(
                    [record(f"{method}{seed}", seed=seed, seconds=3600 * h) for seed, h in enumerate(of)], range(3)
                ),
            )
            for method, of in hours.items()
        ]
        made = table(rows, Column("waterbirds", "training time", unit="%"))
        assert [cells[0].best for cells in made.cells] == [False, True]
        assert made.columns[0].unit == "h"

    def test_of_each_group_of_rows(self) -> None:
        rows = [replace(one, group=group) for group, one in zip("aab", ROWS, strict=True)]
        assert [cells[0].best for cells in table(rows).cells] == [False, True, False], "one alone is not compared"

    def test_what_is_told_from_nothing_is_not_the_best(self) -> None:
        cells = [cells[0] for cells in table([row("a", (60.0, 62.0, 64.0)), row("b", (61.0, 65.0, 63.0))]).cells]
        assert not any(cell.best or cell.bold or cell.untested for cell in cells)

    def test_one_seed_is_not_tested(self) -> None:
        for baseline, untested in ((None, [True, True]), ("a", [False, True])):
            cells = [cells[0] for cells in table([row("a", {0: 60.0}), row("b", {0: 90.0})], baseline=baseline).cells]
            assert not any(cell.best or cell.bold for cell in cells)
            assert [cell.untested for cell in cells] == untested

    def test_with_a_baseline_bold_is_better_than_it(self) -> None:
        rows = [
            row("base", (60.0, 61.0, 62.0)),
            row("good", (70.0, 71.1, 72.0)),
            row("better", (80.0, 81.1, 82.0)),
            row("worse", (50.0, 51.1, 52.0)),
            row("same", (61.0, 60.0, 62.0)),
        ]
        made = table(rows, baseline="base")
        assert [cells[0].bold for cells in made.cells] == [False, True, True, False, False]
        assert [cells[0].best for cells in made.cells] == [False, False, True, False, False]
        assert [cells[0].differs(ACCURACY) for cells in made.cells] == [None, True, True, False, None]


class TestGaps:
    def test_missing_failed_and_void_seeds(self) -> None:
        runs = [
            record("aa00", seed=0, test={"accuracy": 60.0}),
            record("aa01", seed=1, status="failed", reason="FloatingPointError: loss is NaN\nTraceback", test={}),
            record("aa03", seed=3, test={"accuracy": float("nan")}),
            record("aa04", seed=4, test={"accuracy": 62.0}),
        ]
        ((cell,),) = table([row("cutmix", RowRuns(runs, range(5)))]).cells
        assert (cell.missing, cell.failed, cell.void) == ((2,), (1,), (3,))
        assert cell.values == {0: 60.0, 4: 62.0}
        assert cell.text() == "61.0 ± 1.4 (2) – – –"

    def test_nothing_yet_and_nothing_expected(self) -> None:
        cells = [cells[0] for cells in table([row("cutmix"), row("alia", RowRuns(model="resnet50"))]).cells]
        assert [cell.text() for cell in cells] == ["–", ""]

    def test_a_run_of_a_seed_that_is_not_expected_is_left_out(self) -> None:
        made = table([row("cutmix", entry("cutmix", {0: 60.0, 9: 70.0}, seeds=(0,)))])
        assert made.cells[0][0].values == {0: 60.0}


class TestPublished:
    NUMBERS = (
        published("cutmix", 64.2, note="as printed"),
        published("cutmix", 64.5, source="secondary"),
        published("cutmix", 9.9, model="vgg16-cam"),
        published("cutmix", 8.8, metric="worst-group"),
        published("cutmix", 7.7, setting="ablation"),
        published("cutmix", 6.6, split="val"),
        published("cutmix", 3.1, over="baseline", source="seed", where="seed"),
    )

    def test_deviation(self) -> None:
        cells = [cells[0] for cells in table(ROWS, published=self.NUMBERS).cells]
        assert [cell.published and cell.published.value for cell in cells] == [None, 64.2, None]
        assert cells[1].deviation is not None
        assert (cells[1].deviation.points, cells[1].deviation.standard_errors) == (pytest.approx(0.8), None)
        assert cells[0].deviation is None

    def test_deviation_in_standard_errors(self) -> None:
        number = published("cutmix", 64.0, spread=2.0, spread_kind="std", n=4)
        found = table(ROWS, published=[number]).cells[1][0].deviation
        assert found is not None
        assert found.standard_errors == pytest.approx(1 / math.sqrt(3.25 / 3 + 4 / 4))

    def test_mini_shows_none(self) -> None:
        made = table([row("cutmix", entry("cutmix", (60.0,), variant="mini"))], variant="mini", published=self.NUMBERS)
        assert (made.cells[0][0].published, made.cells[0][0].deviation) == (None, None)
        assert not any(value in notes(made) for value in ("64.2", "3.1"))

    @pytest.mark.parametrize("shows", [False, True])
    def test_a_variant_says_whether_it_has_any(self, shows: bool) -> None:
        variant = Variant("5-shot", shows_published=shows)
        rows = [row("cutmix", entry("cutmix", (60.0,), variant="5-shot"))]
        made = table(rows, variant=variant, published=self.NUMBERS)
        assert (made.cells[0][0].published is not None) == shows

    def test_other_units_are_not_subtracted(self) -> None:
        cell = table(ROWS, replace(ACCURACY, unit="1"), published=self.NUMBERS).cells[1][0]
        assert cell.published is not None
        assert cell.deviation is None

    def test_a_method_without_runs_is_found_by_the_name_of_its_network(self) -> None:
        cell = table([row("cutmix", RowRuns(model="vgg16-cam"))], published=self.NUMBERS).cells[0][0]
        assert cell.published is not None
        assert (cell.published.value, cell.text(), cell.deviation) == (9.9, "", None)

    def test_settings_of_columns_and_rows(self) -> None:
        columns = [ACCURACY, replace(ACCURACY, setting="ablation")]
        plain = row("cutmix", *[RowRuns(model="resnet50")] * 2)
        rows = [plain, replace(plain, setting="ablation"), replace(plain, setting="")]
        found = [[cell.published for cell in cells] for cells in table(rows, *columns, published=self.NUMBERS).cells]
        assert [[number and number.value for number in of] for of in found] == [[64.2, 7.7], [7.7, 7.7], [64.2, 64.2]]


class TestGains:
    COLUMN = replace(ACCURACY, unit="points", over="baseline")

    def test_seed_by_seed_against_the_row_of_that_method(self) -> None:
        cells = [cells[0] for cells in table(ROWS, self.COLUMN).cells]
        assert [dict(cell.values) for cell in cells] == [{}, {0: 3.0, 1: 3.5, 2: 2.5}, {0: 1.0, 1: 3.0, 2: -1.0}]
        assert cells[1].summary == Summary(3.0, 0.5, 3)
        assert cells[1].keys == {0: "cutmix-0", 1: "cutmix-1", 2: "cutmix-2"}
        assert [cell.text() for cell in cells] == ["", "3.0 ± 0.5 (3)", "1.0 ± 2.0 (3)"]

    def test_a_row_may_say_over_what(self) -> None:
        rows = [*ROWS[:2], replace(ROWS[2], over="cutmix")]
        assert table(rows, self.COLUMN).cells[2][0].values == {0: -2.0, 1: -0.5, 2: -3.5}

    def test_a_seed_that_the_other_lacks_is_a_gap(self) -> None:
        rows = [row("baseline", {0: 60.0, 1: 62.0}), ROWS[1]]
        cell = table(rows, self.COLUMN).cells[1][0]
        assert cell.values == {0: 3.0, 1: 3.5}
        assert cell.text() == "3.2 ± 0.4 (2) –"

    def test_neither_tested_nor_ranked(self) -> None:
        cells = [cells[0] for cells in table(ROWS, self.COLUMN, baseline="baseline").cells]
        assert not any(cell.p_value or cell.best or cell.bold for cell in cells)

    def test_published_gains(self) -> None:
        cell = table(ROWS, self.COLUMN, published=TestPublished.NUMBERS).cells[1][0]
        assert cell.published == TestPublished.NUMBERS[-1]
        assert cell.deviation is not None
        assert cell.deviation.points == pytest.approx(3.0 - 3.1)

    def test_the_row_of_the_same_group(self) -> None:
        rows = [*ROWS, row("baseline", (50.0, 50.0, 50.0), group="b"), row("cutmix", (51.0, 52.0, 53.0), group="b")]
        assert table(rows, self.COLUMN).cells[4][0].values == {0: 1.0, 1: 2.0, 2: 3.0}

    def test_which_row_must_be_clear(self) -> None:
        rows = [replace(ROWS[0], group=group) for group in "ab"]
        with pytest.raises(UserError, match="row 'cutmix': 'baseline' is 2 rows of the table: give them different gr"):
            table([*rows, replace(ROWS[1], group="c")], self.COLUMN)


class TestMeans:
    COLUMNS = (ACCURACY, Column("cub", "accuracy"), Column("both", "accuracy", mean_of=(0, 1)))

    def rows(self) -> list[TableRow]:
        def of(method: str, birds: dict[int, float], cub: dict[int, float]) -> TableRow:
            return row(method, birds, entry(method, cub, task="cub"), RowRuns())

        return [
            of("baseline", {0: 60.0, 1: 62.0, 2: 64.0}, {0: 40.0, 1: 42.0, 2: 46.0}),
            of("cutmix", {0: 63.0, 1: 65.0, 2: 70.0}, {0: 50.0, 1: 45.0}),
        ]

    def test_seed_by_seed_where_all_parts_have_a_value(self) -> None:
        cells = [cells[2] for cells in table(self.rows(), *self.COLUMNS).cells]
        assert [dict(cell.values) for cell in cells] == [{0: 50.0, 1: 52.0, 2: 55.0}, {0: 56.5, 1: 55.0}]
        assert [cell.text() for cell in cells] == ["52.3 ± 2.5 (3)", "55.8 ± 1.1 (2) –"]
        assert cells[0].model == "resnet50"

    def test_tested_and_ranked_as_any_column(self) -> None:
        cells = [cells[2] for cells in table(self.rows(), *self.COLUMNS, baseline="baseline").cells]
        # differences 6.5 and 3: t = 4.75 / 1.75
        assert cells[1].p_value == pytest.approx(1 - 2 / math.pi * math.atan(4.75 / 1.75))
        assert [cell.best for cell in cells] == [False, False], "p is 0.22"

    def test_the_published_mean(self) -> None:
        number = published("cutmix", 55.0, task="both")
        cell = table(self.rows(), *self.COLUMNS, published=[number]).cells[1][2]
        assert cell.published == number
        assert cell.deviation is not None
        assert cell.deviation.points == pytest.approx(0.75)

    def test_of_gains(self) -> None:
        gains = [replace(column, over="baseline") for column in self.COLUMNS]
        assert table(self.rows(), *gains).cells[1][2].values == {0: 6.5, 1: 3.0}


class TestRefusals:
    @pytest.mark.parametrize(
        ("fields", "message"),
        [
            ({"variant": "mini"}, "'T' is of the full variant, and run cutmix-0 .* of the mini one"),
            (
                {"protocol": "2"},
                "'T': waterbirds has runs of two protocol versions, '1' .*baseline-0.* and '2' .*cutmix-0",
            ),
            ({"fingerprint": "beef"}, "two states of the data, 'feedfeedfeedfeed' .* and 'beef'"),
        ],
    )
    def test_runs_that_cannot_be_compared(self, fields: dict, message: str) -> None:
        rows = [row("baseline", (60.0,)), row("cutmix", entry("cutmix", (60.0,), **fields))]
        with pytest.raises(UserError, match=message):
            table(rows, title="T")

    def test_data_are_those_of_the_task_and_of_the_synthesizer(self) -> None:
        """What a synthesizer reads beside the task's data is in its methods' fingerprints, and in no other's."""

        def of(method: str, fingerprint: str, synthesizer: dict | None) -> TableRow:
            fields = {"fingerprint": fingerprint, "identity": {"synthesizer": synthesizer}}
            return row(method, entry(method, (60.0, 61.0), **fields))

        edits = {"name": "edited-images", "params": {"edits": "alia"}}
        rows = [of("baseline", "feed", None), of("alia", "beef", edits), of("guided", "beef", edits)]
        assert "waterbirds: protocol 1, data beef, feed." in table(rows).notes
        with pytest.raises(UserError, match=r"two states of the data, 'beef' .* and 'dead'"):
            table([*rows, of("alia-again", "dead", edits)])

    def test_synthetic_data_of_two_places_may_be_compared(self) -> None:
        """Where a synthesizer's data lie is a parameter that no key has."""

        def of(method: str, fingerprint: str, path: str) -> TableRow:
            identity = {"synthesizer": {"name": "image-set", "params": {}}}
            parameters = {"image-set.path": path}
            fields = {"fingerprint": fingerprint, "identity": identity, "parameters": parameters}
            return row(method, entry(method, (60.0, 61.0), **fields))

        table([of("one", "beef", "one"), of("other", "dead", "other")])
        with pytest.raises(UserError, match="two states of the data"):
            table([of("one", "beef", "one"), of("again", "dead", "one")])

    def test_failed_runs_hinder_no_comparison(self) -> None:
        failed = record("ff00", seed=1, status="failed", test={}, fingerprint="", protocol="")
        runs = [*entry("cutmix", (60.0,)).runs, failed]
        assert table([row("cutmix", RowRuns(runs, (0, 1)))]).cells[0][0].failed == (1,)

    def test_two_finished_runs_of_a_seed(self) -> None:
        with pytest.raises(UserError, match="two finished final runs of seed 0, aa00 and aa01"):
            table([row("cutmix", RowRuns([record("aa00"), record("aa01")], (0,)))])

    def test_two_networks_in_a_row(self) -> None:
        runs = [record("aa00", seed=0), record("aa01", seed=1, parameters={"model": "vgg16-cam"})]
        with pytest.raises(UserError, match=r"cutmix: mixes the networks \['resnet50', 'vgg16-cam'\] on waterbirds"):
            table([row("cutmix", RowRuns(runs, (0, 1)))])

    def test_runs_of_a_search(self) -> None:
        with pytest.raises(ValueError, match="is no final run"):
            table([row("cutmix", RowRuns([record("aa00", phase="search", test={})], (0,)))])

    def test_unknown_names(self) -> None:
        with pytest.raises(UnknownNameError, match="unknown baseline 'cutmux': did you mean 'cutmix'"):
            table(ROWS, baseline="cutmux")
        with pytest.raises(UnknownNameError, match=r"unknown test metric of waterbirds 'acc'.*accuracy"):
            table(ROWS, Column("waterbirds", "acc"))
        with pytest.raises(UserError, match="row 'alia': 'cutmix' is 2 rows of the table"):
            table([ROWS[1], ROWS[1], ROWS[2]], baseline="cutmix")

    def test_val_metrics_are_no_test_metrics(self) -> None:
        runs = [record("aa00", val={"f1": 1.0})]
        with pytest.raises(UnknownNameError, match="unknown test metric of waterbirds 'f1'"):
            table([row("cutmix", RowRuns(runs, (0,)))], Column("waterbirds", "f1"))
