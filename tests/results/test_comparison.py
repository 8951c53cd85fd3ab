from __future__ import annotations

import math

import pytest

from provbench.registry import UnknownNameError, UserError
from provbench.results import Column, Counts, PublishedNumber, RunRecord, Summary, Table, TableRow, build_table

ACCURACY = Column("waterbirds", "accuracy")

SCORES = {"baseline": (60.0, 62.0, 64.0), "cutmix": (63.0, 65.5, 66.5), "alia": (61.0, 65.0, 63.0)}


def published(method: str, value: float, **fields) -> PublishedNumber:
    plain = {"publication": "p", "task": "waterbirds", "model": "resnet50", "metric": "accuracy", "source": "paper"}
    return PublishedNumber.model_validate({**plain, "method": method, "value": value, "where": "table 1", **fields})


@pytest.fixture
def make_row(make_record):
    def make(
        method: str, scores: tuple[float, ...] = (), *, seeds=(0, 1, 2), row: dict | None = None, **fields
    ) -> TableRow:
        runs = [
            make_record(f"{method}-{seed}", method=method, seed=seed, test={"accuracy": score}, **fields)
            for seed, score in zip(seeds, scores, strict=False)
        ]
        return TableRow(method, seeds, runs, **(row or {}))

    return make


@pytest.fixture
def rows(make_row) -> list[TableRow]:
    return [make_row(method, scores) for method, scores in SCORES.items()]


def notes(table: Table) -> str:
    return "\n".join(table.notes)


class TestCells:
    def test_summaries_by_hand(self, rows) -> None:
        table = build_table(rows, [ACCURACY], variant="full")
        summaries = [row[0].summary for row in table.cells]
        assert summaries == [Summary(62.0, 2.0, 3), Summary(65.0, math.sqrt(3.25), 3), Summary(63.0, 2.0, 3)]
        assert [row[0].text() for row in table.cells] == ["62.0 ± 2.0 (3)", "65.0 ± 1.8 (3)", "63.0 ± 2.0 (3)"]

    def test_every_number_leads_to_its_runs(self, rows) -> None:
        cell = build_table(rows, [ACCURACY], variant="full").cells[1][0]
        assert cell.keys == {0: "cutmix-0", 1: "cutmix-1", 2: "cutmix-2"}
        assert cell.values == {0: 63.0, 1: 65.5, 2: 66.5}

    def test_tests_against_the_baseline_by_hand(self, rows) -> None:
        table = build_table(rows, [ACCURACY], variant="full", baseline="baseline")
        # differences of cutmix 3, 3.5, 2.5: t² = 108; of alia 1, 3, -1: t² = 1 / (4/3) = 0.75; p = 1 - √(t²/(t² + 2));
        # by Holm the smaller counts twice
        cutmix, alia = 1 - math.sqrt(108 / 110), 1 - math.sqrt(0.75 / 2.75)
        assert [row[0].p_value for row in table.cells] == [None, pytest.approx(2 * cutmix), pytest.approx(alia)]
        assert "paired t-test against baseline on shared seeds" in notes(table)

    def test_no_baseline_no_tests(self, rows) -> None:
        assert {row[0].p_value for row in build_table(rows, [ACCURACY], variant="full").cells} == {None}

    def test_best(self, rows, make_row) -> None:
        def best(rows: list[TableRow], **fields) -> list[bool]:
            table = build_table(rows, [Column("waterbirds", "accuracy", **fields)], variant="full")
            return [row[0].best for row in table.cells]

        assert best(rows) == [False, True, False]
        assert best(rows, higher_is_better=False) == [True, False, False]
        tied = [*rows, make_row("tied", (65.04, 65.04, 65.04))]
        assert best(tied) == [False, True, False, True]
        assert best(tied, decimals=2) == [False, False, False, True]
        assert best(rows[:1]) == [False]
        assert best([*rows[:1], make_row("empty")]) == [False, False]


class TestGaps:
    def test_missing_failed_and_void_seeds(self, make_record) -> None:
        runs = [
            make_record("aa00", seed=0, test={"accuracy": 60.0}),
            make_record("aa01", seed=1, status="failed", reason="FloatingPointError: loss is NaN\nTraceback", test={}),
            make_record("aa03", seed=3, test={"accuracy": float("nan")}),
            make_record("aa04", seed=4, test={"accuracy": 62.0}),
        ]
        table = build_table([TableRow("cutmix", range(5), runs, label="CutMix")], [ACCURACY], variant="full")
        ((cell,),) = table.cells
        assert (cell.missing, cell.failed, cell.void) == ((2,), (1,), (3,))
        assert cell.values == {0: 60.0, 4: 62.0}
        assert cell.text() == "61.0 ± 1.4 (2) – – –"
        assert "– marks a seed that gave no value." in table.notes
        assert (
            "CutMix, waterbirds: seed 2 missing; seed 1 failed (FloatingPointError: loss is NaN); "
            "seed 3 has no finite accuracy."
        ) in table.notes

    def test_nothing_at_all(self, make_row) -> None:
        table = build_table([make_row("cutmix")], [ACCURACY], variant="full")
        assert table.cells[0][0].summary is None
        assert [field.text for field in table.body()[0]] == ["cutmix", "–"]

    def test_a_run_of_a_seed_that_is_not_expected_is_left_out(self, make_row) -> None:
        row = make_row("cutmix", (60.0, 70.0), seeds=(0, 9))
        table = build_table([TableRow("cutmix", (0,), row.runs)], [ACCURACY], variant="full")
        assert table.cells[0][0].values == {0: 60.0}

    def test_the_pairs_of_a_test_are_the_seeds_that_both_have(self, make_row) -> None:
        rows = [make_row("baseline", (60.0, 62.0, 64.0)), make_row("cutmix", (63.0, 65.0), seeds=(2, 1, 0))]
        cells = build_table(rows, [ACCURACY], variant="full", baseline="baseline").cells
        assert cells[1][0].values == {2: 63.0, 1: 65.0}  # differences -1 and 3: t² = 1 / (8/2) = 1/4
        assert cells[1][0].p_value == pytest.approx(1 - 2 / math.pi * math.atan(0.5))
        alone = [rows[0], make_row("cutmix", (63.0,))]
        assert build_table(alone, [ACCURACY], variant="full", baseline="baseline").cells[1][0].p_value is None


class TestPublished:
    numbers = (
        published("cutmix", 64.2, note="as printed"),
        published("cutmix", 64.5, source="secondary"),
        published("cutmix", 9.9, model="vgg16-cam"),
        published("cutmix", 8.8, metric="worst-group"),
        published("cutmix", 7.7, setting="ablation"),
        published("cutmix", 3.1, over="baseline", source="seed", where="seed"),
    )

    def test_deviation(self, rows) -> None:
        table = build_table(rows, [ACCURACY], variant="full", published=self.numbers)
        cells = [row[0] for row in table.cells]
        assert [cell.published and cell.published.value for cell in cells] == [None, 64.2, None]
        assert cells[1].deviation == pytest.approx(0.8)
        assert cells[0].deviation is None
        assert "Published, table 1 [paper]: 64.2 of cutmix (as printed)." in table.notes
        assert "Published of cutmix, too: 64.5 (secondary), table 1." in table.notes
        assert "Published gain of cutmix over baseline: +3.1 (seed), seed." in table.notes
        assert "9.9" not in notes(table)
        assert "7.7" not in notes(table)

    def test_mini_shows_none(self, make_row) -> None:
        table = build_table(
            [make_row("cutmix", (60.0,), variant="mini")], [ACCURACY], variant="mini", published=self.numbers
        )
        assert table.cells[0][0].published is None
        assert table.cells[0][0].deviation is None
        assert table.notes[0].startswith("MINI variant: ")
        assert "64.2" not in notes(table)
        assert "3.1" not in notes(table)

    def test_other_units_are_not_subtracted(self, rows) -> None:
        column = Column("waterbirds", "accuracy", unit="1")
        cell = build_table(rows, [column], variant="full", published=self.numbers).cells[1][0]
        assert cell.published is not None
        assert cell.deviation is None

    def test_a_method_without_runs_is_found_by_the_name_of_its_network(self) -> None:
        row = TableRow("cutmix", (0, 1), models={"waterbirds": "resnet50"})
        cell = build_table([row], [ACCURACY], variant="full", published=self.numbers).cells[0][0]
        assert cell.published is not None
        assert cell.text() == "–"
        assert cell.deviation is None


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
    def test_runs_that_cannot_be_compared(self, make_row, fields: dict, message: str) -> None:
        rows = [make_row("baseline", (60.0,)), make_row("cutmix", (60.0,), **fields)]
        with pytest.raises(UserError, match=message):
            build_table(rows, [ACCURACY], variant="full", title="T")

    def test_failed_runs_hinder_no_comparison(self, make_row, make_record) -> None:
        failed = make_record("ff00", seed=1, status="failed", test={}, fingerprint="", protocol="")
        row = make_row("cutmix", (60.0,), seeds=(0, 1))
        table = build_table([TableRow("cutmix", (0, 1), [*row.runs, failed])], [ACCURACY], variant="full")
        assert table.cells[0][0].failed == (1,)

    def test_tasks_may_have_different_data(self, make_record) -> None:
        runs = [make_record("aa00"), make_record("aa01", task="cub", fingerprint="beef", protocol="7")]
        table = build_table([TableRow("cutmix", (0,), runs)], [ACCURACY, Column("cub", "accuracy")], variant="full")
        assert [cell.keys for cell in table.cells[0]] == [{0: "aa00"}, {0: "aa01"}]
        assert "waterbirds: protocol 1, data feedfeedfeed." in table.notes
        assert "cub: protocol 7, data beef." in table.notes

    def test_two_finished_runs_of_a_seed(self, make_record) -> None:
        row = TableRow("cutmix", (0,), [make_record("aa00"), make_record("aa01")])
        with pytest.raises(UserError, match="two finished final runs of seed 0, aa00 and aa01"):
            build_table([row], [ACCURACY], variant="full")

    def test_two_networks_in_a_row(self, make_record) -> None:
        runs = [make_record("aa00", seed=0), make_record("aa01", seed=1, parameters={"model": "vgg16-cam"})]
        with pytest.raises(UserError, match=r"'cutmix' mixes the networks \['resnet50', 'vgg16-cam'\] on waterbirds"):
            build_table([TableRow("cutmix", (0, 1), runs)], [ACCURACY], variant="full")

    def test_runs_of_a_search(self, make_record) -> None:
        with pytest.raises(ValueError, match="is no final run"):
            build_table([TableRow("cutmix", (0,), [make_record(phase="search")])], [ACCURACY], variant="full")

    def test_unknown_names(self, rows) -> None:
        with pytest.raises(UnknownNameError, match="unknown baseline 'cutmux': did you mean 'cutmix'"):
            build_table(rows, [ACCURACY], variant="full", baseline="cutmux")
        with pytest.raises(UnknownNameError, match=r"unknown test metric of waterbirds 'acc'.*accuracy"):
            build_table(rows, [Column("waterbirds", "acc")], variant="full")
        with pytest.raises(UserError, match="baseline 'cutmix' is 2 rows"):
            build_table([rows[1], rows[1]], [ACCURACY], variant="full", baseline="cutmix")

    def test_val_metrics_are_no_test_metrics(self, make_record) -> None:
        row = TableRow("cutmix", (0,), [make_record(val={"f1": 1.0})])
        with pytest.raises(UnknownNameError, match="unknown test metric of waterbirds 'f1'"):
            build_table([row], [Column("waterbirds", "f1")], variant="full")


class TestNotes:
    def test_selection(self, rows) -> None:
        def of(selection: str) -> str:
            return notes(build_table(rows, [Column("waterbirds", "accuracy", selection=selection)], variant="full"))

        assert "Selection protocol of waterbirds: val." in of("val")
        assert "Selection protocol of waterbirds: worst-group." in of("worst-group")
        assert "ORACLE selection of waterbirds: the parameters were chosen on the test data." in of("oracle")

    def test_seeds(self, make_row) -> None:
        same = build_table([make_row("cutmix"), make_row("alia")], [ACCURACY], variant="full")
        assert "Seeds: 0, 1, 2." in same.notes
        other = build_table([make_row("cutmix"), make_row("alia", seeds=(0,))], [ACCURACY], variant="full")
        assert "Seeds of cutmix: 0, 1, 2." in other.notes
        assert "Seeds of alia: 0." in other.notes

    def test_search_trials(self, make_row) -> None:
        def of(*counts: Counts) -> str:
            rows = [make_row(f"m{i}", row={"search": {"waterbirds": count}}) for i, count in enumerate(counts)]
            return notes(build_table(rows, [ACCURACY], variant="full"))

        equal = of(Counts(17, 2, 1), Counts(20, 0, 0))
        line = "m0 20 (17 done, 2 pruned, 1 failed), m1 20 (20 done, 0 pruned, 0 failed)."
        assert f"Search trials of waterbirds: {line}" in equal
        assert "UNEQUAL BUDGETS" not in equal
        assert "UNEQUAL BUDGETS" in of(Counts(17, 2, 1), Counts(5, 0, 0))

    def test_commits(self, make_row) -> None:
        rows = [
            make_row("cutmix", (60.0, 61.0), commit="b" * 40, dirty=True),
            make_row("alia", (60.0, 61.0), commit="a" * 40),
        ]
        table = build_table(rows, [ACCURACY], variant="full")
        assert "Commits aaaaaaaaaa, bbbbbbbbbb. 2 of 4 runs had uncommitted changes." in table.notes

    def test_networks(self, make_row) -> None:
        rows = [make_row("cutmix", (60.0,)), make_row("alia", (60.0,), parameters={"model": "vgg16-cam"})]
        table = build_table(rows, [ACCURACY], variant="full")
        assert "waterbirds compares different networks: cutmix with resnet50, alia with vgg16-cam." in table.notes

    def test_a_run_of_another_suite_is_as_good(self, make_record) -> None:
        runs = [make_record("aa00", seed=0), make_record("aa01", seed=1, method="cutmix-of-old", suite="old")]
        table = build_table([TableRow("cutmix", (0, 1), runs)], [ACCURACY], variant="full")
        assert table.cells[0][0].gaps == 0


class TestShape:
    def test_columns_show_what_they_have(self, rows) -> None:
        columns = [ACCURACY, Column("cub", "accuracy", label="CUB")]
        table = build_table(rows, columns, variant="full", baseline="baseline", published=TestPublished.numbers)
        assert [field.text for field in table.header()] == [
            *("method", "waterbirds accuracy [%]", "published", "Δ", "p"),
            "CUB",
        ]
        body = [[field.text for field in row] for row in table.body()]
        assert body == [
            ["baseline", "62.0 ± 2.0 (3)", "", "", "", "–"],
            ["cutmix", "65.0 ± 1.8 (3)", "64.2 (paper)", "+0.8", "0.018", "–"],
            ["alia", "63.0 ± 2.0 (3)", "", "", "0.478", "–"],
        ]
        assert [[field.bold for field in row].index(True) for row in table.body() if any(f.bold for f in row)] == [1]

    @pytest.mark.parametrize("columns", [[], [ACCURACY]])
    @pytest.mark.parametrize("methods", [[], ["cutmix"]])
    def test_empty_tables_are_tables(self, make_row, columns: list, methods: list) -> None:
        table = build_table([make_row(method) for method in methods], columns, variant="full")
        assert len(table.header()) == 1 + len(columns)
        assert len(table.body()) == len(methods)


def test_runs_may_come_in_any_order(rows) -> None:
    def shuffled(row: TableRow) -> TableRow:
        runs: list[RunRecord] = list(row.runs)
        return TableRow(row.method, row.seeds, [runs[2], runs[0], runs[1]])

    table = build_table(rows, [ACCURACY], variant="full", baseline="baseline")
    other = build_table([shuffled(row) for row in rows], [ACCURACY], variant="full", baseline="baseline")
    assert other.body() == table.body()
    assert other.notes == table.notes
