"""The numbers of Diff-II and of other publications, as a reader finds them, value by value."""

from __future__ import annotations

import pytest

from provbench.results import find

from .cited import NUMBERS, of, rows, values


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
