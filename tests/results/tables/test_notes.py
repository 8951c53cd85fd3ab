"""The lines under a table."""

from __future__ import annotations

from dataclasses import replace

import pytest

from provbench.registry import Variant
from provbench.results import Column, Counts, RowRuns, Table, TableRow
from provbench.results.tables.notes import NO_PUBLISHED

from ..tabular import ACCURACY, entry, notes, published, record, row, table


def lines(made: Table, *beginnings: str) -> list[str]:
    return [note for note in made.notes if note.startswith(beginnings)]


class TestLegend:
    def test_nothing_yet(self) -> None:
        assert table([row("cutmix")]).notes[0] == "–: not run yet."

    def test_published_numbers_only(self) -> None:
        made = table([row("cutmix", RowRuns(model="resnet50"))], published=[published("cutmix", 64.2)])
        assert made.notes[0] == "Published numbers only: nothing in this table is run here."

    def test_everything_failed(self) -> None:
        made = table([row("cutmix", entry("cutmix", (1.0,), (0,), status="failed", reason="NaN"))])
        assert "not run yet" not in notes(made)
        assert "cutmix, waterbirds: seed 0 failed (NaN)." in made.notes

    def test_mini(self) -> None:
        made = table([row("cutmix", entry("cutmix", (60.0,), variant="mini"))], variant="mini")
        assert made.notes[0].startswith("MINI variant: generated data.")

    @pytest.mark.parametrize(
        ("variant", "first"),
        [
            (
                Variant("subset", banner="a third of the images"),
                f"SUBSET variant: a third of the images. {NO_PUBLISHED}",
            ),
            (Variant("subset", banner="a third", shows_published=True), "SUBSET variant: a third."),
            (Variant("subset"), f"SUBSET variant. {NO_PUBLISHED}"),
        ],
    )
    def test_a_variant_of_a_tasks_own(self, variant: Variant, first: str) -> None:
        made = table([row("cutmix", entry("cutmix", (60.0,), variant="subset"))], variant=variant)
        assert made.notes[0] == first

    def test_a_variant_that_is_the_benchmarks_own_has_no_banner(self) -> None:
        rows = [row("cutmix", entry("cutmix", (60.0,), variant="5-shot"))]
        assert "variant" not in notes(table(rows, variant=Variant("5-shot", shows_published=True)))

    def test_what_is_explained_is_what_is_shown(self) -> None:
        rows = [row("a", (60.0, 61.0, 62.0), label="A"), row("b", (61.0, 63.0, 62.0))]
        plain = table(rows)
        assert not lines(plain, "p:", "g:", "Δ:", "95 %:")
        assert "all that a paired t-test on shared seeds (Holm, α = 0.05) cannot tell from it" in notes(plain)
        full = table(
            rows, baseline="a", published=[published("b", 60.0)], show=("value", "interval", "deviation", "p", "effect")
        )
        assert [line.split(":")[0] for line in lines(full, "p:", "g:", "Δ:", "95 %:")] == ["95 %", "Δ", "p", "g"]
        assert "paired t-test against A on shared seeds" in notes(full)

    def test_the_best_of_a_group(self) -> None:
        rows = [row("a", (60.0, 61.0, 62.0), group="x"), row("b", (61.0, 63.0, 62.0), group="x")]
        assert "Bold: the best mean of its group of rows, and" in notes(table(rows))


class TestUntested:
    def test_one_seed_tells_nothing(self) -> None:
        rows = [row("a", {0: 60.0}), row("b", {0: 61.0}, label="B"), row("c", {0: 60.5}, label="C")]
        made = table(rows, replace(ACCURACY, label="accuracy"), baseline="a")
        assert "One seed: not tested, so nothing is bold." in made.notes
        assert "One seed: not tested, so nothing is bold." in table(rows).notes
        assert not lines(made, "p:", "Bold:", "Not tested")

    def test_no_two_seeds_are_shared(self) -> None:
        rows = [row("a", {0: 60.0, 1: 61.0}), row("b", {2: 61.0})]
        assert "Fewer than two shared seeds: not tested, so nothing is bold." in table(rows).notes

    def test_one_rule_for_p_and_bold(self) -> None:
        (line,) = lines(table([row("a", (60.0, 61.0)), row("b", (61.0, 63.0))], baseline="a"), "p:", "Bold:")
        assert line.endswith("over the column; bold: better than a at p < 0.05.")

    def test_some_have_too_few_seeds(self) -> None:
        rows = [row("a", (60.0, 61.0)), row("b", (61.0, 63.0)), row("c", {0: 60.5}, label="C")]
        made = table(rows, replace(ACCURACY, label="accuracy"), baseline="a")
        assert "Not tested against a, with fewer than two shared seeds: C (accuracy)." in made.notes

    def test_by_columns(self) -> None:
        columns = [replace(ACCURACY, label="x"), replace(ACCURACY, label="y")]
        one, all_ = {0: 60.0}, (61.0, 62.0, 64.0)
        rows = [row("a", all_, all_), row("b", one, one), row("c", one, (60.0, 61.0, 62.0))]
        (note,) = lines(table(rows, *columns), "Not tested")
        assert note == "Not tested, with fewer than two shared seeds: a, c (x), b (x; y)."

    def test_seeds_enough_for_all(self) -> None:
        rows = [row("a", (60.0, 61.0, 62.0)), row("b", (61.0, 63.0, 62.0)), row("not-run-yet")]
        assert not lines(table(rows, baseline="a"), "Not tested", "One seed", "Fewer")


class TestSelection:
    @pytest.mark.parametrize(
        ("selection", "line"),
        [
            ("val", "Selection protocol of waterbirds: val, by f1."),
            ("worst-group", "Selection protocol of waterbirds: worst-group, by f1."),
            ("oracle", "ORACLE selection of waterbirds, by f1: the parameters were chosen on the test data."),
        ],
    )
    def test_how_parameters_were_chosen(self, selection: str, line: str) -> None:
        column = replace(ACCURACY, selection=selection, selection_metric="f1")
        for scores in ((), (60.0, 61.0)):
            assert line in table([row("cutmix", scores)], column).notes

    def test_published_columns_have_none(self) -> None:
        assert "Selection" not in notes(table([row("cutmix", RowRuns(model="resnet50"))]))


class TestGaps:
    def test_methods_that_use_groups_are_named(self) -> None:
        made = table(
            [row("cutmix"), row("group-dro", replace(entry("group-dro"), uses_groups=True), label="Group DRO")]
        )
        assert "Trained with the group of each training sample, which the others do not use: Group DRO." in notes(made)
        assert "group of each" not in notes(table([row("cutmix")]))

    def test_seeds(self) -> None:
        assert "Seeds: 0, 1, 2." in table([row("cutmix"), row("alia")]).notes
        other = table([row("cutmix"), row("alia", entry("alia", seeds=(0,))), row("sat", RowRuns())])
        assert "Seeds of cutmix: 0, 1, 2." in other.notes
        assert "Seeds of alia: 0." in other.notes

    def test_what_is_missing_failed_or_void(self) -> None:
        runs = [
            record("aa00", seed=0, test={"accuracy": 60.0}),
            record("aa01", seed=1, status="failed", reason="FloatingPointError: loss is NaN\nTraceback", test={}),
            record("aa03", seed=3, test={"accuracy": float("nan")}),
        ]
        made = table([row("cutmix", RowRuns(runs, range(4)), label="CutMix"), row("alia")])
        assert "– marks a seed that gave no value." in made.notes
        assert (
            "CutMix, waterbirds: seed 2 missing; seed 1 failed (FloatingPointError: loss is NaN); "
            "seed 3 has no finite accuracy."
        ) in made.notes
        assert "Not run yet on waterbirds: alia." in made.notes

    def test_a_declared_metric_that_no_run_has_is_a_gap_with_a_note(self) -> None:
        wanted = Column("waterbirds", "accuracy[waterbird|land]", declared=True)
        made = table(
            [row(name, (60.0, 61.0, 62.0), entry(name, (60.0, 61.0, 62.0))) for name in "ab"], ACCURACY, wanted
        )
        assert [cells[1].text() for cells in made.cells] == ["–", "–"]
        assert lines(made, "No run") == [
            "No run on waterbirds has accuracy[waterbird|land]: its test split lacks the samples that this would be "
            "measured on."
        ]
        assert "no finite" not in notes(made)

    def test_gains_and_means_repeat_no_gaps(self) -> None:
        columns = [ACCURACY, replace(ACCURACY, over="a"), Column("", "accuracy", mean_of=(0,))]
        rows = [row("a", {0: 60.0}, {0: 60.0}, RowRuns()), row("b", {0: 61.0}, {0: 61.0}, RowRuns())]
        made = table(rows, *columns)
        assert lines(made, "a, ", "b, ") == [f"{name}, waterbirds: seed 1 missing; seed 2 missing." for name in "ab"]
        assert "Gains (differences on shared seeds; neither tested nor ranked) over a: b." in made.notes

    def test_gains_over_a_row_of_another_group(self) -> None:
        rows = [row("a", (60.0, 61.0), label="A", group="x"), row("b", (61.0, 62.0), group="y")]
        made = table(rows, replace(ACCURACY, over="a"))
        assert lines(made, "Gains") == ["Gains (differences on shared seeds; neither tested nor ranked) over A: b."]


class TestSearch:
    def of(self, *counts: Counts | None) -> str:
        entries = [replace(entry(f"m{i}"), search=count) for i, count in enumerate(counts)]
        return notes(table([row(f"m{i}", one) for i, one in enumerate(entries)]))

    def test_equal_budgets(self) -> None:
        line = "m0 20 (17 done, 2 pruned, 1 failed), m1 20 (20 done, 0 pruned, 0 failed)."
        assert f"Search trials of waterbirds: {line}" in self.of(Counts(17, 2, 1), Counts(20, 0, 0))
        assert "UNEQUAL BUDGETS" not in self.of(Counts(17, 2, 1), Counts(20, 0, 0))

    def test_unequal_budgets(self) -> None:
        assert "UNEQUAL BUDGETS." in self.of(Counts(17, 2, 1), Counts(5, 0, 0))
        unsearched = self.of(Counts(17, 2, 1), None)
        assert "m1 none. UNEQUAL BUDGETS." in unsearched

    def test_no_search_no_note(self) -> None:
        assert "Search" not in self.of(None, None)

    def test_published_rows_have_no_budget(self) -> None:
        searched = replace(entry("m"), search=Counts(5, 0, 0))
        assert "UNEQUAL" not in notes(table([row("m", searched), row("sat", RowRuns(model="sat"))]))


class TestOrigin:
    def test_commits(self) -> None:
        rows = [
            row("cutmix", entry("cutmix", (60.0, 61.0), commit="b" * 40, dirty=True)),
            row("alia", entry("alia", (60.0, 61.0), commit="a" * 40)),
        ]
        assert "Commits aaaaaaaaaa, bbbbbbbbbb. 2 of 4 runs had uncommitted changes." in table(rows).notes

    def test_compute_counts_each_run_and_each_search_once(self) -> None:
        one = replace(
            entry("cutmix", (60.0, 61.0), seconds=1800.0, device="H100"), search=Counts(9), search_seconds=5400.0
        )
        made = table([row("cutmix", one, one)], ACCURACY, ACCURACY)
        assert lines(made, "Compute") == ["Compute: 2.5 h: 1.0 h of 2 runs and 1.5 h of searching, on H100."]
        short = table([row("cutmix", entry("cutmix", (60.0,), seconds=12.0))])
        assert lines(short, "Compute") == ["Compute: 12 s of 1 runs, on cpu."]

    def test_networks(self) -> None:
        rows = [
            row("cutmix", (60.0,)),
            row("alia", entry("alia", (60.0,), parameters={"model": "vgg16-cam"})),
        ]
        line = "waterbirds compares different networks: cutmix with resnet50, alia with vgg16-cam."
        assert line in table(rows).notes
        grouped = [replace(one, group=one.method) for one in rows]
        assert line not in table(grouped).notes


class TestSources:
    def cell(self, method: str, **fields: str) -> TableRow:
        return row(method, RowRuns(model="resnet50"), **fields)

    def test_one_place_of_a_kind_needs_no_list(self) -> None:
        numbers = [published("a", 60.0), published("b", 61.0, note="as printed"), published("c", 62.0, source="seed")]
        made = table([self.cell(name) for name in "abc"], published=numbers)
        assert "Published, table 1 [paper]." in made.notes
        assert "Published, table 1 [seed]." in made.notes
        assert "On 61.0 of b: as printed." in made.notes

    def test_several_places_of_a_kind(self) -> None:
        numbers = [
            published(name, 60.0 + n, where="table 2" if name == "e" else "table 1") for n, name in enumerate("abcde")
        ]
        made = table([self.cell(name) for name in "abcde"], published=numbers)
        assert lines(made, "Published, ") == [
            "Published, table 1 [paper], where nothing else is said.",
            "Published, table 2 [paper]: 64.0 of e.",
        ]
        few = table([self.cell(name) for name in "ae"], published=numbers)
        assert lines(few, "Published, ") == [
            "Published, table 1 [paper]: 60.0 of a.",
            "Published, table 2 [paper]: 64.0 of e.",
        ]

    def test_one_remark_on_several_numbers(self) -> None:
        numbers = [published(name, 60.0 + n, note="about") for n, name in enumerate("ab")]
        assert "On 60.0 of a, 61.0 of b: about." in table([self.cell(name) for name in "ab"], published=numbers).notes

    def test_what_else_was_published(self) -> None:
        numbers = [
            published("a", 64.2),
            published("a", 64.5, source="secondary", where="a blog", note="64.2 in the paper."),
            published("a", 64.2, source="seed"),
            published("a", 3.1, over="b", source="seed", where="the seed"),
        ]
        made = table([self.cell("a"), self.cell("b", label="B")], published=numbers)
        assert "Published of a, too: 64.5 (secondary), a blog; 64.2 in the paper." in made.notes
        assert "Published gain of a over B: +3.1 (seed), the seed." in made.notes
        assert not lines(made, "Published of a, too: 64.2")

    def test_a_gain_that_a_column_has_is_no_note(self) -> None:
        numbers = [published("a", 64.2), published("a", 3.1, over="b"), published("a", 2.8, over="b", source="seed")]
        rows = [row("a", *[RowRuns(model="resnet50")] * 2), row("b", *[RowRuns(model="resnet50")] * 2)]
        made = table(rows, ACCURACY, replace(ACCURACY, over="b"), published=numbers)
        assert not lines(made, "Published gain")
        assert "Published of a over b, too: +2.8 (seed), table 1." in made.notes
