from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from provbench.results.report.samples import SHOWN, pictured, sample_table, samples_script, with_names

COLUMNS = {
    "id": np.array(["a.jpg", "=1+1", "</script>"]),
    "correct": np.array([True, False, True]),
    "iou": np.array([0.5, np.nan, 1 / 3]),
    "label": np.array([3, 1, 2]),
    "box": np.array([[1, 2], [3, 4], [5, 6]]),
}


def parsed(script: str) -> dict:
    return json.loads(json.loads(script.removeprefix("provbench.samples(JSON.parse(").removesuffix("));\n")))


def test_the_first_samples_are_shown_as_text() -> None:
    shown = sample_table(COLUMNS, "test", "all.csv")
    assert shown.rows[0] == ["a.jpg", "yes", "0.5", "3", "[1, 2]"]
    assert shown.rows[1] == ["=1+1", "no", "nan", "1", "[3, 4]"]
    many = sample_table({"id": np.arange(1000)}, "test", "all.csv")
    assert (len(many.rows), many.count) == (SHOWN, 1000)


def test_classes_have_their_names() -> None:
    named = with_names(COLUMNS, ["owl", "wren", "gull"])
    assert named["label"].tolist() == ["3", "wren", "gull"], "what has no name keeps its number"
    assert named["iou"] is COLUMNS["iou"]
    assert with_names(COLUMNS, ()) is COLUMNS
    other = {"label": np.array([[0, 1]]), "predicted": np.array([0.5])}
    assert all(with_names(other, ["owl"])[name] is other[name] for name in other)


def test_the_script_says_what_each_column_is() -> None:
    script = samples_script("k1", COLUMNS, {0: "pictures/a.png"})
    assert "</script" not in script
    data = parsed(script)
    assert data["key"] == "k1"
    assert {column["name"]: column["kind"] for column in data["columns"]} == {
        "id": "text",
        "correct": "bool",
        "iou": "real",
        "label": "whole",
    }  # boxes are no values that could be compared
    assert data["columns"][1]["values"] == [1, 0, 1]
    assert data["columns"][2]["values"] == [0.5, None, 0.333333]
    assert data["pictures"] == [[0, "pictures/a.png"]]


def test_a_picture_belongs_to_the_sample_whose_name_it_has() -> None:
    samples = {"id": np.array(["001.Bird/b_0.jpg", "001.Bird/b_1.jpg", "x/1", "x-1"])}
    files = {
        Path("001-Bird-b_1.png"): "p/1.png",
        Path("x-1.png"): "p/x.png",  # of either of two samples
        Path("other.png"): "p/other.png",
    }
    assert pictured(samples, files) == {1: "p/1.png"}
    assert pictured({}, files) == {}
