from __future__ import annotations

from pathlib import Path

import pytest

from provbench.registry import UserError
from provbench.results import PublishedNumber, find, load_published

NUMBERS = load_published()
METRICS = {"MaxBoxAccV2", "MaxBoxAccV2@30", "MaxBoxAccV2@50", "MaxBoxAccV2@70", "accuracy", "video-AP@50"}


def values(task: str, method: str, model: str, metric: str, **more: str) -> list[tuple[float, str]]:
    found = find(NUMBERS, task=task, method=method, model=model, metric=metric, **more)
    return [(number.value, number.source) for number in found]


class TestWhatIsThere:
    def test_names_are_those_of_the_suites(self) -> None:
        assert {number.task for number in NUMBERS} == {"cub-wsol", "ucf101-24", "waterbirds", "iwildcam", "cub"}
        assert {number.metric for number in NUMBERS} == METRICS
        methods = {number.method for number in NUMBERS if number.publication == "provenance_guidance"}
        assert methods == {
            *("baseline", "cutmix", "cutmix+guidance", "resizemix", "resizemix+guidance", "batchmix"),
            *("batchmix+guidance", "alia", "alia+guidance", "cutmix+guidance-random", "cutmix+guidance-everything"),
        }
        assert {number.unit for number in NUMBERS} == {"%"}

    def test_no_number_is_there_twice(self) -> None:
        identities = [
            (n.publication, n.task, n.method, n.model, n.metric, n.over, n.setting, n.source) for n in NUMBERS
        ]
        assert len(set(identities)) == len(identities)

    @pytest.mark.parametrize(
        ("task", "model", "metric", "expected"),
        [
            ("cub-wsol", "sat", "MaxBoxAccV2", {"baseline": 91.4, "cutmix": 91.5, "cutmix+guidance": 92.1}),
            ("ucf101-24", "skp", "video-AP@50", {"baseline": 37.4, "batchmix": 38.0, "batchmix+guidance": 39.7}),
            ("waterbirds", "resnet50", "accuracy", {"baseline": 62.2, "alia": 71.4, "alia+guidance": 80.7}),
            ("iwildcam", "resnet50", "accuracy", {"baseline": 75.0, "alia": 83.5, "alia+guidance": 84.4}),
            ("cub", "resnet50", "accuracy", {"baseline": 70.8, "alia": 71.7, "alia+guidance": 72.0}),
        ],
    )
    def test_the_main_table(self, task: str, model: str, metric: str, expected: dict[str, float]) -> None:
        for method, value in expected.items():
            assert {number for number, _ in values(task, method, model, metric)} == {value}

    def test_thresholds_have_the_mean_of_the_table(self) -> None:
        for method in ("cutmix", "cutmix+guidance"):
            mean = values("cub-wsol", method, "vgg16-cam", "MaxBoxAccV2")[0][0]
            parts = [values("cub-wsol", method, "vgg16-cam", f"MaxBoxAccV2@{delta}")[0][0] for delta in (30, 50, 70)]
            assert sum(parts) / 3 == pytest.approx(mean, abs=0.05)
        (inferred,) = find(NUMBERS, task="cub-wsol", method="cutmix", model="vgg16-cam", metric="MaxBoxAccV2@30")
        assert inferred.inferred
        assert inferred.label == "91.0 ± 0.2 (secondary, inferred)"

    def test_gains_are_differences_of_scores_where_nothing_is_said(self) -> None:
        for number in NUMBERS:
            if number.over is None or number.source == "seed" or number.model == "mean-of-three":
                continue
            ours = values(number.task, number.method, number.model, number.metric)[0][0]
            theirs = values(number.task, number.over, number.model, number.metric)[0][0]
            assert ours - theirs == pytest.approx(number.value, abs=0.11)

    def test_conflicts_are_all_there(self) -> None:
        cub = ("cub-wsol", "cutmix+guidance")
        assert values(*cub, "vgg16-cam", "MaxBoxAccV2", over="cutmix") == [(3.1, "seed"), (2.8, "secondary")]
        assert values(*cub, "sat", "MaxBoxAccV2", over="cutmix") == [(0.6, "secondary")]
        assert values(*cub, "sat", "MaxBoxAccV2", over="baseline") == [(1.3, "seed"), (0.7, "secondary")]
        waterbirds = values("waterbirds", "alia+guidance", "resnet50", "accuracy", over="alia")
        assert waterbirds == [(9.6, "seed"), (9.3, "secondary")]

    def test_the_wsol_evaluation_table(self) -> None:
        models = ("vgg16-cam", "inceptionv3-cam", "resnet50-cam")
        rows = {
            "baseline": (63.7, 56.7, 63.0),
            "has": (63.7, 53.4, 64.7),
            "acol": (57.4, 56.2, 66.4),
            "spg": (56.3, 55.9, 60.4),
            "adl": (66.3, 58.8, 58.4),
            "cutmix": (62.3, 57.5, 62.8),
            "best-wsol": (66.3, 58.8, 66.4),
            "few-shot": (71.6, 86.6, 82.4),
        }
        for method, row in rows.items():
            for model, value in zip(models, row, strict=True):
                assert (value, "paper") in values("cub-wsol", method, model, "MaxBoxAccV2")


class TestFind:
    def test_a_metric_matches_to_the_letter(self) -> None:
        assert values("cub-wsol", "cutmix", "vgg16-cam", "MaxBoxAccV2")
        for metric in ("MaxBoxAcc", "maxboxaccv2", "MaxBoxAccV2@", "MaxBoxAccV2@3"):
            assert values("cub-wsol", "cutmix", "vgg16-cam", metric) == []

    def test_scores_gains_and_settings_do_not_mix(self) -> None:
        assert values("cub", "alia+guidance", "resnet50", "accuracy") == [(72.0, "seed"), (72.0, "secondary")]
        lowest = values("cub", "alia+guidance", "resnet50", "accuracy", setting="mask ablation, lowest")
        assert lowest == [(71.5, "secondary")]
        assert values("cub", "alia+guidance", "resnet50", "accuracy", split="val") == []

    def test_printed_before_inferred_and_then_by_source(self) -> None:
        def number(source: str, inferred: bool) -> PublishedNumber:
            return PublishedNumber(
                publication="p",
                task="t",
                method="m",
                model="n",
                metric="a",
                value=1.0,
                source=source,  # type: ignore[arg-type]
                inferred=inferred,
                note="by hand",
                where="here",
            )

        order = [("paper", False), ("seed", False), ("secondary", False), ("paper", True), ("secondary", True)]
        found = find([number(*one) for one in order[::-1]], task="t", method="m", model="n", metric="a")
        assert [(one.source, one.inferred) for one in found] == order


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
            (HEAD + "numbers: [{value: 1, inferred: true}]", "number 1: .*note that says from what"),
            (HEAD + "numbers: [{value: 1, colour: red}]", "number 1: unknown parameter 'colour'"),
            (HEAD.replace("numbers\n", "others\n") + "numbers: []", "publication: must be the file's name, 'numbers'"),
            ("numbers: []", "must have publication, defaults and numbers"),
            ("a: [", "not a YAML file"),
            ("!!python/object/apply:os.getcwd []", "not a YAML file"),
        ],
    )
    def test_what_is_wrong_is_named(self, tmp_path: Path, text: str, message: str) -> None:
        with pytest.raises(UserError, match=f"numbers.yaml: {message}"):
            self.read(tmp_path, text)
