"""The numbers of Provenance Guidance and Beyond Objects, as a reader finds them, value by value."""

from __future__ import annotations

from collections import defaultdict

import pytest

from provbench.results import find

from .cited import FOUR, NUMBERS, of, rows, values


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
