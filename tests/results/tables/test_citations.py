"""Published numbers: every table of the papers, as a reader finds it, value by value; and what a file may say."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from provbench.registry import UserError
from provbench.results import PublishedNumber, find, load_published

NUMBERS = load_published()
FOUR = ("fewshot-aircraft", "fewshot-cars", "fewshot-cub", "fewshot-pets")


def of(publication: str) -> list[PublishedNumber]:
    return [number for number in NUMBERS if number.publication == publication]


def values(task: str, method: str, model: str, metric: str, **more: str) -> list[tuple[float, str]]:
    found = find(NUMBERS, task=task, method=method, model=model, metric=metric, **more)
    return [(number.value, number.source) for number in found]


def rows(table: str) -> list[list[str]]:
    """The cells of a Markdown table without its head."""
    return [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in table.strip().splitlines()]


class TestNames:
    """One spelling for each thing, so that a table finds a number by task, method, model, metric and setting."""

    def test_tasks(self) -> None:
        others = {"flowers", "mean-of-four", "all", "mean-of-nine", "mean-of-ten"}
        others |= {"imagenet", "caltech101", "dtd", "eurosat", "sun397", "food101"}
        assert {number.task for number in NUMBERS} == {
            *("cub-wsol", "imagenet-wsol", "ucf101-24", "waterbirds", "iwildcam", "cub"),
            *("openimages-wsol", "aircraft", "cars", "spawrious", "celeba", "metashift", "longtail-cub"),
            *FOUR,
            *(f"fewshot-{name}" for name in others),
        }

    def test_methods_and_models_are_short_and_lower_case(self) -> None:
        for number in NUMBERS:
            for name in (number.method, number.model, number.over or "none"):
                assert re.fullmatch(r"[a-z0-9]+([+.-][a-z0-9]+)*", name), name

    def test_metrics_and_their_units(self) -> None:
        units = defaultdict(set)
        for number in NUMBERS:
            if number.over is None:
                units[number.unit].add(number.metric)
        assert units == {
            "%": {
                *("MaxBoxAccV2", "MaxBoxAccV2@30", "MaxBoxAccV2@50", "MaxBoxAccV2@70"),
                *("Top-1 Loc", "Top-5 Loc", "GT-known Loc", "Loc", "video-AP@50"),
                *("accuracy", "accuracy[all]", "accuracy[many]", "accuracy[few]"),
                *("worst-group accuracy", "group-averaged accuracy", "PxAP", "Loc@30", "Loc@50", "Loc@70"),
            },
            "1": {"FID mode over classes"},
            "s/epoch": {"time per epoch"},
            "epochs": {"epochs to converge"},
            "h": {"training time"},
            "M parameters": {"parameters"},
            "frames/s": {"inference speed"},
            "classes": {"classes with lower FID than datadream"},
            "settings": {"settings won", "settings won by 2 points", "settings not won"},
            "data sets": {"data sets where 5-shot beats 10-shot real-only", "data sets won"},
        }
        assert {number.unit for number in NUMBERS if number.over} == {"points"}
        assert {number.split for number in NUMBERS} == {"test"}

    def test_settings(self) -> None:
        regimes = {"5-shot", "10-shot", "long-tail-100"}
        diff_ii = {"5-shot", "10-shot", "long-tail-100", "long-tail-20", "long-tail-10"}
        assert {number.setting for number in NUMBERS} == {
            "",
            *regimes,
            *(f"{regime}/recipe=diff-ii" for regime in diff_ii),
            *("5-shot/generator=sd-1.5", "5-shot/over=10-shot"),
            *("mask-quality=unperturbed", "mask-quality=lowest"),
            *("videos=1", "videos=2", "videos=4", "mixing-from=0", "mixing-from=20", "mixing-from=35"),
            *(f"official/recipe={name}" for name in ("openmixup", "ontoaug", "snapmix")),
            *("16-shot/recipe=datadream", "4-shot/recipe=chimeralora", "by=user"),
            *("minority-0/recipe=gals", "minority-5/recipe=gals", "minority-0/recipe=aim"),
            *("many-to-many-hard/recipe=ex2l", *(f"recipe={name}" for name in ("ddb", "ex2l", "ontoaug", "sage"))),
        }
        assert {number.setting for number in of("diff_ii")} == {f"{regime}/recipe=diff-ii" for regime in diff_ii}

    def test_one_number_of_each_kind_of_source_but_for_the_conflicts(self) -> None:
        places = defaultdict(list)
        for number in NUMBERS:
            places[*number.quantity, number.source].append(number.value)
        twice = {(where[0], where[1], where[5]): found for where, found in places.items() if len(found) > 1}
        assert twice == {
            ("cub-wsol", "baseline", None): [91.4, 92.62],
            ("cub-wsol", "cutmix+guidance", "cutmix"): [2.8, 3.1],
            ("cub-wsol", "cutmix+guidance", "baseline"): [0.7, 1.3],
            ("fewshot-cars", "real-filter", None): [69.64, 77.93],
        }

    def test_spreads_say_what_they_are(self) -> None:
        assert Counter(number.spread_kind for number in NUMBERS if number.spread is not None) == {
            "rounding": 2,
            None: 3,
        }

    def test_files(self) -> None:
        assert Counter(number.publication for number in NUMBERS) == {
            "provenance_guidance": 52,
            "wsol_evaluation": 56,
            "sat": 34,
            "cutmix": 12,
            "ucf101_24": 15,
            "alia": 4,
            "beyond_objects": 68,
            "diff_ii": 193,
            "datadream": 12,
            "provably_improving": 23,
            "chimeralora": 10,
            "openmixup": 40,
            "snapmix": 6,
            "ontoaug": 10,
            "gals": 12,
            "trilite": 4,
            "background_shift": 11,
        }


class TestProvenanceGuidance:
    def test_methods(self) -> None:
        assert {number.method for number in of("provenance_guidance")} == {
            *("baseline", "cutmix", "cutmix+guidance", "resizemix", "resizemix+guidance", "batchmix"),
            *("batchmix+guidance", "alia", "alia+guidance", "cutmix+guidance-random", "cutmix+guidance-everything"),
        }

    MAIN = """
        | cub-wsol   | vgg16-cam | MaxBoxAccV2 | -    | cutmix    | 62.3 | 65.1 | 2.8 |
        | cub-wsol   | vgg16-cam | MaxBoxAccV2 | -    | resizemix | 57.6 | 62.2 | 4.6 |
        | cub-wsol   | sat       | MaxBoxAccV2 | 91.4 | cutmix    | 91.5 | 92.1 | 0.6 |
        | ucf101-24  | skp       | video-AP@50 | 37.4 | batchmix  | 38.0 | 39.7 | 1.7 |
        | waterbirds | resnet50  | accuracy    | 62.2 | alia      | 71.4 | 80.7 | 9.3 |
        | iwildcam   | resnet50  | accuracy    | 75.0 | alia      | 83.5 | 84.4 | 0.9 |
        | cub        | resnet50  | accuracy    | 70.8 | alia      | 71.7 | 72.0 | 0.3 |
    """

    @pytest.mark.parametrize("row", rows(MAIN), ids=lambda row: f"{row[0]}-{row[1]}-{row[4]}")
    def test_the_main_table(self, row: list[str]) -> None:
        task, model, metric, baseline, synthesis, plain, guided, gain = row
        if baseline != "-":
            assert (float(baseline), "secondary") in values(task, "baseline", model, metric)
        assert (float(plain), "secondary") in values(task, synthesis, model, metric)
        assert (float(guided), "secondary") in values(task, f"{synthesis}+guidance", model, metric)
        assert (float(gain), "secondary") in values(task, f"{synthesis}+guidance", model, metric, over=synthesis)
        assert float(guided) - float(plain) == pytest.approx(float(gain), abs=0.051)

    def test_sources_of_a_score_agree(self) -> None:
        scores = defaultdict(set)
        for number in of("provenance_guidance"):
            if number.over is None:
                scores[number.quantity].add(number.value)
        assert {len(found) for found in scores.values()} == {1}

    @pytest.mark.parametrize(
        ("method", "thresholds", "mean"),
        [("cutmix", (91.0, 67.3, 28.6), 62.3), ("cutmix+guidance", (97.6, 74.6, 23.1), 65.1)],
    )
    def test_by_threshold(self, method: str, thresholds: tuple[float, ...], mean: float) -> None:
        for delta, value in zip((30, 50, 70), thresholds, strict=True):
            assert values("cub-wsol", method, "vgg16-cam", f"MaxBoxAccV2@{delta}") == [(value, "secondary")]
        assert sum(thresholds) / 3 == pytest.approx(mean, abs=0.05)
        (inferred,) = find(NUMBERS, task="cub-wsol", method=method, model="vgg16-cam", metric="MaxBoxAccV2@30")
        assert inferred.inferred
        assert inferred.label == f"{thresholds[0]} ± 0.2 rounding (secondary, inferred)"

    def test_mask_types(self) -> None:
        printed = {"": 65.1, "-random": 60.5, "-everything": 61.1}
        for suffix, value in printed.items():
            assert values("cub-wsol", f"cutmix+guidance{suffix}", "vgg16-cam", "MaxBoxAccV2") == [(value, "secondary")]

    def test_mask_quality(self) -> None:
        for level, value in {"unperturbed": 72.1, "lowest": 71.5}.items():
            found = values("cub", "alia+guidance", "resnet50", "accuracy", setting=f"mask-quality={level}")
            assert found == [(value, "secondary")]

    def test_training_efficiency(self) -> None:
        printed = {"time per epoch": (140, 150), "epochs to converge": (50, 15), "training time": (1.9, 0.6)}
        for metric, (plain, guided) in printed.items():
            assert values("cub-wsol", "cutmix", "vgg16-cam", metric) == [(plain, "secondary")]
            assert values("cub-wsol", "cutmix+guidance", "vgg16-cam", metric) == [(guided, "secondary")]
        for seconds, epochs, hours in zip(*printed.values(), strict=True):
            assert seconds * epochs / 3600 == pytest.approx(hours, abs=0.05)

    def test_gains_that_disagree_all_stand(self) -> None:
        cub = ("cub-wsol", "cutmix+guidance")
        other = [(3.1, "seed"), (2.8, "secondary"), (3.1, "secondary")]
        assert values(*cub, "vgg16-cam", "MaxBoxAccV2", over="cutmix") == other
        assert values(*cub, "sat", "MaxBoxAccV2", over="cutmix") == [(0.6, "secondary")]
        other = [(1.3, "seed"), (0.7, "secondary"), (1.3, "secondary")]
        assert values(*cub, "sat", "MaxBoxAccV2", over="baseline") == other
        waterbirds = values("waterbirds", "alia+guidance", "resnet50", "accuracy", over="alia")
        assert waterbirds == [(9.6, "seed"), (9.3, "secondary")]

    def test_what_the_seed_says(self) -> None:
        assert {(n.task, n.method, n.over, n.value) for n in of("provenance_guidance") if n.source == "seed"} == {
            ("cub-wsol", "cutmix+guidance", "cutmix", 3.1),
            ("cub-wsol", "cutmix+guidance", "baseline", 1.3),
            ("ucf101-24", "batchmix", None, 38.0),
            ("ucf101-24", "batchmix+guidance", None, 39.7),
            ("cub", "alia", None, 71.7),
            ("cub", "alia+guidance", None, 72.0),
            ("waterbirds", "alia+guidance", "alia", 9.6),
        }


class TestBeyondObjects:
    TABLE_1 = """
        | clip-vit-b16 | real-only | 44.37 | 79.01 | 67.72 | 92.76 | 70.97 |
        | clip-vit-b16 | datadream | 50.04 | 84.58 | 70.74 | 92.67 | 74.51 |
        | clip-vit-b16 | bob       | 57.37 | 88.41 | 75.43 | 92.73 | 78.49 |
        | resnet50     | datadream | 54.58 | 86.15 | 67.40 | 84.85 | 73.25 |
        | resnet50     | bob       | 60.31 | 88.64 | 71.38 | 87.00 | 76.83 |
        | mae-vit-b16  | datadream | 58.54 | 85.81 | 69.07 | 80.38 | 73.45 |
        | mae-vit-b16  | bob       | 61.21 | 88.48 | 73.21 | 86.72 | 77.41 |
    """

    @pytest.mark.parametrize("row", rows(TABLE_1), ids=lambda row: f"{row[0]}-{row[1]}")
    def test_table_1(self, row: list[str]) -> None:
        model, method, *cells = row
        printed = [float(cell) for cell in cells]
        for task, value in zip((*FOUR, "fewshot-mean-of-four"), printed, strict=True):
            assert (value, "secondary") in values(task, method, model, "accuracy", setting="5-shot")
        assert sum(printed[:4]) / 4 == pytest.approx(printed[4], abs=0.0051)

    def test_the_abstract(self) -> None:
        aircraft = ("fewshot-aircraft", "clip-vit-b16", "accuracy")
        for method, exact, rounded in (("datadream", 50.04, 50.0), ("bob", 57.37, 57.4)):
            found = values(aircraft[0], method, *aircraft[1:], setting="5-shot")
            assert found == [(rounded, "paper"), (exact, "secondary")]
        gain = values("fewshot-aircraft", "bob", "clip-vit-b16", "accuracy", over="datadream", setting="5-shot")
        assert gain == [(7.4, "paper")]

    def test_counts(self) -> None:
        counts = {(n.metric, n.source): n.value for n in of("beyond_objects") if n.unit in ("settings", "data sets")}
        assert counts == {
            ("data sets where 5-shot beats 10-shot real-only", "paper"): 3,
            ("settings won", "paper"): 18,
            ("settings won by 2 points", "paper"): 14,
            ("settings won by 2 points", "secondary"): 18,
            ("settings not won", "secondary"): 6,
        }

    def test_other_cells_of_table_1(self) -> None:
        aircraft, cars = "fewshot-aircraft", "fewshot-cars"
        v1_5 = values(aircraft, "bob", "clip-vit-b16", "accuracy", setting="5-shot/generator=sd-1.5")
        assert v1_5 == [(55.85, "secondary")]
        for task, model, ten, five, gain in (
            (cars, "resnet50", 78.50, 88.64, 10.14),
            (aircraft, "mae-vit-b16", 57.61, 61.21, 3.60),
        ):
            assert values(task, "real-only", model, "accuracy", setting="10-shot") == [(ten, "secondary")]
            found = values(task, "bob", model, "accuracy", over="real-only", setting="5-shot/over=10-shot")
            assert found == [(gain, "secondary")]
            assert five - ten == pytest.approx(gain)
        assert values("fewshot-cub", "bob", "not-said", "accuracy", setting="5-shot") == [(75.8, "secondary")]

    def test_table_2(self) -> None:
        printed = {"all": (53.42, 63.06), "few": (39.72, 53.47), "many": (87.25, 88.43)}
        for split, pair in printed.items():
            for method, value in zip(("datadream", "bob"), pair, strict=True):
                found = values("longtail-cub", method, "resnet50", f"accuracy[{split}]", setting="long-tail-100")
                assert found == [(value, "secondary")]

    def test_ablations(self) -> None:
        printed = {
            "datadream": 68.00,
            "bob-preservation-only": 65.90,
            "bob-marginalization-only": 70.13,
            "bob": 73.78,
            "bob-contexts-same-class": 64.38,
            "bob-contexts-gpt": 72.10,
            "bob-captioner-qwen-3b": 70.88,
        }
        of_ten = [n for n in of("beyond_objects") if (n.setting, n.model, n.over) == ("10-shot", "resnet50", None)]
        assert {n.method: n.value for n in of_ten if n.task == "fewshot-aircraft"} == printed
        (gain,) = [n for n in of("beyond_objects") if n.inferred]
        assert (gain.method, gain.over) == ("bob-captioner-qwen-3b", "datadream")
        assert gain.value == pytest.approx(printed["bob-captioner-qwen-3b"] - printed["datadream"])
        assert values("fewshot-aircraft", "gpt-4o", "gpt-4o", "accuracy") == [(80, "secondary")]

    def test_fid(self) -> None:
        for method, value in {"bob": 26, "datadream": 31, "diff-ii": 37}.items():
            assert values("fewshot-aircraft", method, "none", "FID mode over classes") == [(value, "secondary")]
        lower = values("fewshot-aircraft", "bob", "none", "classes with lower FID than datadream")
        assert lower == [(91, "secondary")]


class TestDiffII:
    ORDER = ("fewshot-cub", "fewshot-aircraft", "fewshot-pets", "fewshot-cars", "fewshot-mean-of-four")
    TABLE_1 = """
        | real-only | 54.52 | 36.63 | 86.98 | 40.10 | 54.56 | 70.26 | 54.11 | 90.41 | 69.64 | 71.11 |
        | mixup | 54.33 | 36.75 | 86.36 | 41.43 | 54.72 | 70.00 | 55.28 | 89.49 | 70.28 | 71.26 |
        | cutmix | 51.74 | 33.09 | 86.52 | 36.19 | 51.89 | 68.91 | 51.05 | 89.71 | 67.71 | 69.35 |
        | real-filter | 55.03 | 30.40 | 87.66 | 57.50 | 57.65 | 67.36 | 47.21 | 90.14 | 69.64 | 70.66 |
        | real-guidance | 54.67 | 36.27 | 86.22 | 42.45 | 54.90 | 69.81 | 54.77 | 90.06 | 70.97 | 71.40 |
        | real-mix | 51.00 | 22.53 | 88.63 | 52.06 | 53.56 | 64.65 | 44.16 | 89.40 | 75.72 | 68.48 |
        | da-fusion | 59.40 | 34.98 | 88.64 | 51.90 | 58.73 | 72.05 | 51.14 | 90.47 | 77.61 | 72.82 |
        | diff-aug | 61.14 | 39.48 | 89.24 | 62.28 | 63.04 | 72.02 | 55.43 | 90.28 | 81.65 | 74.85 |
        | diff-mix | 56.18 | 32.61 | 88.77 | 56.39 | 58.49 | 70.16 | 52.33 | 90.79 | 78.68 | 72.99 |
        | diff-ii | 62.22 | 42.15 | 89.84 | 64.24 | 64.61 | 72.66 | 57.43 | 91.01 | 82.02 | 75.78 |
    """
    VIT = """
        | real-only | 73.00 | 32.85 | 90.71 | 59.72 | 64.07 | 83.52 | 51.59 | 92.92 | 81.01 | 77.26 |
        | da-fusion | 76.24 | 34.20 | 93.03 | 71.07 | 68.64 | 83.97 | 51.68 | 93.68 | 85.00 | 78.58 |
        | diff-aug | 77.24 | 40.08 | 92.27 | 76.48 | 71.52 | 84.10 | 56.24 | 93.93 | 87.59 | 80.47 |
        | diff-mix | 74.49 | 36.48 | 92.29 | 73.01 | 69.07 | 81.98 | 53.92 | 93.98 | 85.42 | 78.83 |
        | diff-ii | 79.22 | 40.23 | 93.79 | 77.10 | 72.59 | 84.89 | 56.32 | 94.25 | 87.81 | 80.82 |
    """
    LONG_TAIL = """
        | real-only | 33.65 | 44.82 | 58.13 | 80.43 | 90.87 | 95.07 | paper |
        | cmo | 32.94 | 44.08 | 57.62 | 83.95 | 91.43 | 95.19 | secondary |
        | cmo-drw | 32.57 | 46.43 | 59.25 | 84.07 | 92.06 | 95.92 | secondary |
        | real-gen | 45.86 | 53.43 | 61.42 | 83.56 | 91.84 | 95.22 | secondary |
        | real-mix | 47.75 | 55.67 | 62.27 | 85.19 | 92.96 | 96.04 | secondary |
        | diff-mix | 50.35 | 58.19 | 64.48 | 89.46 | 93.86 | 96.63 | secondary |
        | diff-ii | 51.21 | 62.31 | 70.28 | 89.54 | 94.39 | 97.35 | paper |
    """

    @pytest.mark.parametrize("shots", [5, 10])
    @pytest.mark.parametrize(("table", "model"), [(TABLE_1, "resnet50"), (VIT, "vit-b16-384")])
    def test_few_shots(self, table: str, model: str, shots: int) -> None:
        for method, *cells in rows(table):
            printed = [float(cell) for cell in (cells[:5] if shots == 5 else cells[5:])]
            for task, value in zip(self.ORDER, printed, strict=True):
                found = values(task, method, model, "accuracy", setting=f"{shots}-shot/recipe=diff-ii")
                assert found[0] == (value, "paper")
            if (method, shots) != ("real-filter", 10):
                assert sum(printed[:4]) / 4 == pytest.approx(printed[4], abs=0.0051)

    def test_the_value_that_the_misprinted_average_needs(self) -> None:
        found = find(
            NUMBERS,
            task="fewshot-cars",
            method="real-filter",
            model="resnet50",
            metric="accuracy",
            setting="10-shot/recipe=diff-ii",
        )
        assert [(number.value, number.inferred) for number in found] == [(69.64, False), (77.93, True)]
        needed = 4 * 70.66 - 67.36 - 47.21 - 90.14
        assert needed == pytest.approx(77.93)

    def test_long_tail(self) -> None:
        for method, *cells, source in rows(self.LONG_TAIL):
            places = [(task, factor) for task in ("fewshot-cub", "fewshot-flowers") for factor in (100, 20, 10)]
            for (task, factor), cell in zip(places, cells, strict=True):
                setting = f"long-tail-{factor}/recipe=diff-ii"
                found = values(task, method, "not-said", "accuracy", setting=setting)
                assert found == [(float(cell), source)]

    def test_a_number_of_its_recipe_is_not_one_of_the_other_papers(self) -> None:
        assert values("fewshot-aircraft", "diff-ii", "resnet50", "accuracy", setting="5-shot") == []
        assert values("fewshot-aircraft", "real-only", "resnet50", "accuracy", setting="5-shot") == []


class TestOthers:
    def test_the_wsol_evaluation_table(self) -> None:
        models = ("vgg16-cam", "inceptionv3-cam", "resnet50-cam")
        table = {
            "baseline": (63.7, 56.7, 63.0),
            "has": (63.7, 53.4, 64.7),
            "acol": (57.4, 56.2, 66.4),
            "spg": (56.3, 55.9, 60.4),
            "adl": (66.3, 58.8, 58.4),
            "cutmix": (62.3, 57.5, 62.8),
            "best-wsol": (66.3, 58.8, 66.4),
            "few-shot": (71.6, 86.6, 82.4),
            "centre-box": (59.7, 59.7, 59.7),
        }
        for method, row in table.items():
            for model, value in zip(models, row, strict=True):
                assert (value, "paper") in values("cub-wsol", method, model, "MaxBoxAccV2")
        means = {"baseline": 61.1, "best-wsol": 61.1, "few-shot": 80.2, "centre-box": 59.7}
        for method, value in means.items():
            assert values("cub-wsol", method, "mean-of-three", "MaxBoxAccV2") == [(value, "paper")]
        gains = {
            "has": (0.0, -3.3, 1.7, -0.5),
            "acol": (-6.3, -0.5, 3.5, -1.1),
            "spg": (-7.4, -0.8, -2.6, -3.6),
            "adl": (2.6, 2.1, -4.6, 0.0),
            "cutmix": (-1.4, 0.8, -0.2, -0.3),
        }
        for method, row in gains.items():
            for model, value in zip((*models, "mean-of-three"), row, strict=True):
                assert values("cub-wsol", method, model, "MaxBoxAccV2", over="baseline") == [(value, "paper")]

    def test_gains_of_the_wsol_evaluation_are_differences_of_scores(self) -> None:
        for number in of("wsol_evaluation"):
            if number.over is None or number.model == "mean-of-three":
                continue
            ((ours, _), *_) = values(number.task, number.method, number.model, number.metric)
            ((theirs, _), *_) = values(number.task, number.over, number.model, number.metric)
            assert ours - theirs == pytest.approx(number.value, abs=0.11)

    SAT = """
        | baseline | vgg16-cam | 41.06 | 50.66 | 55.10 |
        | bas      | vgg16     | 71.33 | 85.33 | 91.07 |
        | cream    | vgg16     | 70.44 | 85.67 | 90.98 |
        | kim      | vgg16     | 70.83 | 88.07 | 93.17 |
        | ts-cam   | deit-s    | 71.30 | 83.80 | 87.70 |
        | lctr     | not-said  | 79.20 | 89.90 | 92.40 |
        | scm      | not-said  | 76.40 | 91.60 | 96.60 |
        | isic     | resnet50  | 80.68 | 94.08 | 97.32 |
        | baseline | sat       | 80.96 | 94.13 | 98.45 |
    """

    def test_the_table_of_sat(self) -> None:
        metrics = ("Top-1 Loc", "Top-5 Loc", "GT-known Loc")
        for method, model, *cells in rows(self.SAT):
            source = "paper" if model == "sat" else "secondary"
            for metric, cell in zip(metrics, cells, strict=True):
                assert values("cub-wsol", method, model, metric) == [(float(cell), source)]
        for metric, value in zip(metrics, (60.15, 70.52, 73.13), strict=True):
            assert values("imagenet-wsol", "baseline", "sat", metric) == [(value, "paper")]

    def test_localisation_in_cutmix(self) -> None:
        methods = ("baseline", "mixup", "cutout", "cutmix")
        for method, value in zip(methods, (49.41, 49.3, 52.78, 54.81), strict=True):
            assert values("cub-wsol", method, "resnet50", "Loc") == [(value, "paper")]
        readme, table = (46.3, 45.84, 46.69, 46.25), (46.3, 45.8, 46.7, 47.3)
        for method, ours, theirs in zip(methods, readme, table, strict=True):
            found = values("imagenet-wsol", method, "resnet50", "Loc")
            assert found == [(ours, "paper"), (theirs, "secondary")]

    def test_earlier_work_on_ucf101_24(self) -> None:
        printed = {
            ("cheron", ""): 17.7,
            ("arnab", ""): 35.0,
            ("slps-zero-shot", ""): 34.1,
            ("saha", ""): 36.37,
            ("peng", ""): 32.07,
            ("singh-rgb-fastflow", ""): 43.0,
            ("singh-rgb-flow", ""): 46.3,
            **{("slps-zero-shot", f"videos={m}"): v for m, v in ((1, 31.2), (2, 34.1), (4, 30.4))},
            **{("slps-zero-shot", f"mixing-from={e}"): v for e, v in ((0, 27.3), (20, 34.1), (35, 33.2))},
        }
        own = [number for number in of("ucf101_24") if number.metric == "video-AP@50"]
        assert {(number.method, number.setting): number.value for number in own} == printed
        others = {number.metric: (number.method, number.value) for number in of("ucf101_24") if number not in own}
        assert others == {"parameters": ("slps-zero-shot", 70), "inference speed": ("baseline", 1900)}

    def test_alia_and_datadream(self) -> None:
        assert {(number.task, number.method, number.over): number.value for number in of("alia")} == {
            ("iwildcam", "alia", "alia-unfiltered"): 2,
            ("waterbirds", "alia", "alia-unfiltered"): 1.4,
            ("iwildcam", "alia-untargeted-prompts", None): 72.94,
            ("iwildcam", "alia-adversarial-prompts", None): 83.97,
        }
        assert values("fewshot-all", "datadream", "not-said", "data sets won") == [(7, "secondary")]


PLAIN = {
    "publication": "p",
    "task": "t",
    "method": "m",
    "model": "n",
    "metric": "a",
    "value": 1.0,
    "where": "here",
    "source": "paper",
    "note": "by hand",
}


def number(**fields: object) -> PublishedNumber:
    return PublishedNumber.model_validate({**PLAIN, **fields})


class TestFind:
    def test_a_metric_matches_to_the_letter(self) -> None:
        assert values("cub-wsol", "cutmix", "vgg16-cam", "MaxBoxAccV2")
        for metric in ("MaxBoxAcc", "maxboxaccv2", "MaxBoxAccV2@", "MaxBoxAccV2@3"):
            assert values("cub-wsol", "cutmix", "vgg16-cam", metric) == []

    def test_scores_gains_and_settings_do_not_mix(self) -> None:
        assert values("cub", "alia+guidance", "resnet50", "accuracy") == [(72.0, "seed"), (72.0, "secondary")]
        assert values("cub", "alia+guidance", "resnet50", "accuracy", split="val") == []
        assert values("cub", "alia+guidance", "resnet50", "accuracy", setting="mask-quality=half") == []

    def test_printed_before_inferred_and_then_by_source(self) -> None:
        order = [("paper", False), ("seed", False), ("secondary", False), ("paper", True), ("secondary", True)]
        numbers = [number(source=source, inferred=inferred) for source, inferred in order[::-1]]
        found = find(numbers, task="t", method="m", model="n", metric="a")
        assert [(one.source, one.inferred) for one in found] == order


class TestNumber:
    def test_the_unit_of_a_gain_is_points(self) -> None:
        assert number().unit == "%"
        assert number(over="x").unit == "points"
        assert number(over="x", unit="s/epoch").unit == "s/epoch"

    @pytest.mark.parametrize(
        ("fields", "label"),
        [
            ({"value": 65.1}, "65.1 (paper)"),
            ({"value": 65.1, "over": "x", "source": "seed"}, "+65.1 (seed)"),
            ({"value": 64.2, "spread": 0.5}, "64.2 ± 0.5 (paper)"),
            (
                {"value": 64.2, "spread": 0.5, "spread_kind": "std", "inferred": True},
                "64.2 ± 0.5 std (paper, inferred)",
            ),
        ],
    )
    def test_label(self, fields: dict, label: str) -> None:
        assert number(**fields).label == label

    @pytest.mark.parametrize(
        "setting",
        ["", "5-shot", "long-tail-100", "mask-quality=lowest", "5-shot/generator=sd-1.5", "5-shot/a=1/b=2", "a=1/b=2"],
    )
    def test_settings(self, setting: str) -> None:
        assert number(setting=setting).setting == setting

    @pytest.mark.parametrize(
        "setting",
        [
            *("5-Shot", "5 shot", "mask ablation, lowest", "/5-shot", "5-shot/", "5-shot//a=1", "/a=1"),
            *("a=1/5-shot", "5-shot/10-shot", "a=", "=1", "a=1=2", "5-shot/b=2/a=1", "5-shot/a=1/a=2"),
        ],
    )
    def test_a_setting_has_one_spelling(self, setting: str) -> None:
        with pytest.raises(ValueError, match="each axis once and in alphabetical order"):
            number(setting=setting)

    @given(st.dictionaries(st.from_regex(r"[a-z][a-z0-9-]{0,5}", fullmatch=True), st.integers(0, 99), max_size=4))
    def test_axes_have_one_order(self, axes: dict[str, int]) -> None:
        parts = [f"{axis}={value}" for axis, value in axes.items()]
        assert number(setting="/".join(["5-shot", *sorted(parts, key=lambda part: part.partition("=")[0])]))
        if sorted(axes) != list(axes):
            with pytest.raises(ValueError, match="alphabetical order"):
                number(setting="/".join(["5-shot", *parts]))


class TestReading:
    HEAD = "publication: numbers\ndefaults: {source: paper, where: table 1, task: t, model: m, metric: a, method: x}\n"

    def read(self, folder: Path, text: str) -> list[PublishedNumber]:
        (folder / "numbers.yaml").write_text(text, encoding="utf-8")
        return load_published(folder)

    def test_defaults_are_shared(self, tmp_path: Path) -> None:
        numbers = self.read(tmp_path, self.HEAD + "numbers: [{value: 1.5}, {value: 2, method: y}]")
        assert [(one.method, one.value, one.publication) for one in numbers] == [
            ("x", 1.5, "numbers"),
            ("y", 2, "numbers"),
        ]

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            (HEAD + "numbers: [{value: 1}, {valu: 2}]", "number 2: value: required"),
            (HEAD + "numbers: [{value: .nan}]", "number 1: value: .*finite"),
            (HEAD + "numbers: [{value: 1, source: hearsay}]", "number 1: source: .*'hearsay'"),
            (HEAD + "numbers: [{value: 1, inferred: true}]", "number 1: note: .*note that says from what"),
            (HEAD + "numbers: [{value: 1, colour: red}]", "number 1: unknown parameter 'colour'"),
            (HEAD + "numbers: [{value: 1, unit: percent}]", "number 1: unit: .*'points', .*got 'percent'"),
            (HEAD + "numbers: [{value: 1, unit: points}]", "number 1: unit: .*say over what"),
            (HEAD + "numbers: [{value: 1, unit: '%', over: y}]", "number 1: unit: .*in points"),
            (HEAD + "numbers: [{value: 1, spread: 2}]", "number 1: spread_kind: say what .*std, .*rounding; null"),
            (HEAD + "numbers: [{value: 1, spread: 2, spread_kind: sem}]", "number 1: spread_kind: .*'standard-error'"),
            (HEAD + "numbers: [{value: 1, spread_kind: std}]", "number 1: spread_kind: .*no spread"),
            (HEAD + "numbers: [{value: 1, spread: -2, spread_kind: std}]", "number 1: spread: .*greater than or equal"),
            (HEAD + "numbers: [{value: 1, n: 0}]", "number 1: n: .*greater than or equal to 1"),
            (HEAD + "numbers: [{value: 1, setting: 5 shots}]", "number 1: setting: .*10-shot.*got '5 shots'"),
            (HEAD + "numbers: [{value: 1}, 2]", "number 2: must be a mapping .*got 2"),
            (HEAD + "numbers: {value: 1}", "numbers: must be a list"),
            (HEAD + "numbers:", "numbers: must be a list .*got None"),
            ("publication: numbers\ndefaults: []\nnumbers: []", r"defaults: must be a mapping \(got \[\]\)"),
            (HEAD.replace("numbers\n", "others\n") + "numbers: []", "publication: must be the file's name, 'numbers'"),
            ("numbers: []", "must have publication, defaults and numbers"),
            ("a: [", "not a YAML file"),
            ("!!python/object/apply:os.getcwd []", "not a YAML file"),
        ],
    )
    def test_what_is_wrong_is_named(self, tmp_path: Path, text: str, message: str) -> None:
        with pytest.raises(UserError, match=f"numbers.yaml: {message}"):
            self.read(tmp_path, text)

    def test_a_spread_of_unknown_kind_says_so(self, tmp_path: Path) -> None:
        (one,) = self.read(tmp_path, self.HEAD + "numbers: [{value: 1, spread: 0.5, spread_kind: null}]")
        assert (one.spread, one.spread_kind) == (0.5, None)

    @pytest.mark.parametrize(
        "other",
        [
            *("method: y", "task: u", "model: k", "metric: b", "split: val", "over: y", "setting: 5-shot"),
            "source: secondary",
        ],
    )
    def test_numbers_that_differ_in_what_they_are_of(self, tmp_path: Path, other: str) -> None:
        assert len(self.read(tmp_path, self.HEAD + f"numbers: [{{value: 1}}, {{value: 2, {other}}}]")) == 2

    @pytest.mark.parametrize(
        ("first", "second", "complaint"),
        [
            ("value: 1", "value: 2", r"number 1: note: .*number 2 .*\(t, x, m, a, test, paper\), 2\.0"),
            ("value: 1", "value: 1", "number 1: note: .*number 2 "),
            ("value: 1, note: 2 below", "value: 2", r"number 2: note: .*number 1 .*, 1\.0\. .*got ''"),
            ("value: 1, note: see there", "value: 2, note: 1 above", "number 1: note: .*got 'see there'"),
            ("value: 1, note: 22 or 2.5", "value: 2, note: 1 above", "number 1: note: "),
            ("value: 1, where: page 7", "value: 2, n: 3, spread: 1, spread_kind: std", "number 1: note: "),
        ],
    )
    def test_the_same_twice(self, tmp_path: Path, first: str, second: str, complaint: str) -> None:
        with pytest.raises(UserError, match=f"numbers.yaml: {complaint}"):
            self.read(tmp_path, self.HEAD + f"numbers: [{{{first}}}, {{{second}}}]")

    def test_a_conflict_that_both_notes_name(self, tmp_path: Path) -> None:
        text = "numbers: [{value: -1.5, note: 2.00 in table 2}, {value: 2, note: 'in table 1 it is -1.5'}]"
        assert [one.value for one in self.read(tmp_path, self.HEAD + text)] == [-1.5, 2]

    def test_the_same_in_two_files(self, tmp_path: Path) -> None:
        (tmp_path / "first.yaml").write_text(
            self.HEAD.replace("publication: numbers", "publication: first") + "numbers: [{value: 1}]", encoding="utf-8"
        )
        with pytest.raises(UserError, match=r"first.yaml: number 1: note: .*numbers.yaml: number 1 has the same"):
            self.read(tmp_path, self.HEAD + "numbers: [{value: 2}]")


class TestRelated:
    """Numbers of related work, typed in once more from the notes' own tables."""

    OPENMIXUP = """
        baseline     77.68 83.01 80.23 85.10
        mixup        78.39 84.58 79.52 85.18
        cutmix       78.40 85.68 78.84 84.55
        manifold-mix 79.76 86.38 80.68 86.60
        saliencymix  77.95 83.29 80.02 84.31
        fmix         77.28 84.06 79.36 86.23
        puzzlemix    78.63 84.51 80.76 86.23
        resizemix    78.50 84.77 78.10 84.08
        automix      79.87 86.56 81.37 86.72
        samix        81.11 86.83 82.15 86.80
    """

    def test_openmixup(self) -> None:
        columns = [("cub", "resnet18"), ("cub", "resnext50"), ("aircraft", "resnet18"), ("aircraft", "resnext50")]
        rows = [line.split() for line in self.OPENMIXUP.split("\n") if line.strip()]
        expected = {
            (*column, name): float(value)
            for name, *values in rows
            for column, value in zip(columns, values, strict=True)
        }
        assert {(one.task, one.model, one.method): one.value for one in of("openmixup")} == expected

    def test_means_of_the_ten_data_sets_recompute(self) -> None:
        both = [*of("datadream"), *of("provably_improving")]
        for method in ("real-only", "datadream", "provably-improving"):
            found = {one.task: one.value for one in both if one.method == method and one.setting.startswith("16-shot")}
            mean = found.pop("fewshot-mean-of-ten")
            assert len(found) == 10
            assert sum(found.values()) / 10 == pytest.approx(mean, abs=0.051)

    def test_data_sets_that_are_tested_on_training_images_say_so(self) -> None:
        tested = [one for one in NUMBERS if one.task == "fewshot-dtd"]
        assert len(tested) == 3
        assert all("training images" in one.note for one in tested)

    def test_numbers_that_look_alike_are_told_apart(self) -> None:
        (gals,) = [one for one in of("gals") if one.value == 80.67]
        assert gals.metric == "group-averaged accuracy"
        assert "80.7" in gals.note
        assert all(
            one.setting
            for name in ("gals", "background_shift", "ontoaug")
            for one in of(name)
            if one.task != "cub-wsol"
        )
