"""How published numbers are found and shown, and what a file of them may say."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from provbench.registry import UserError
from provbench.results import PublishedNumber, find, load_published

from .cited import values

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
