"""What is said of a comparison, in rows, notes and plain values."""

from __future__ import annotations

import json

from provbench.results.regression.differences import Name, SeedValues, compare
from provbench.results.regression.plain_values import as_json
from provbench.results.regression.reasons import HEADER, MOST_SHOWN, notes, rows

NAME = Name("mini", "toy", "cutmix", "accuracy")


def number(*values: float, lr: float = 0.1, run: str = "") -> SeedValues:
    seeds = dict(enumerate(values))
    return SeedValues(seeds, {seed: f"{run}{seed}" for seed in seeds}, identity={"lr": str(lr)})


def test_what_was_reproduced_has_no_row() -> None:
    found = compare({NAME: number(60, 62)}, {NAME: number(60, 62)})
    assert rows(found) == []
    assert notes(found, {}, {}) == ["1 numbers: 1 reproduced exactly."]


def test_a_difference_has_a_row_and_its_reason() -> None:
    found = compare({NAME: number(60)}, {NAME: number(62.5, lr=0.2, run="b")})
    (row,) = rows(found)
    assert dict(zip(HEADER, row, strict=True))["difference"] == "+2.50"
    assert row[0] == "moved, not tested"
    assert "lr 0.1 → 0.2: toy (mini) / cutmix" in notes(found, {}, {})


def test_of_many_reasons_the_rest_is_counted() -> None:
    old = {NAME._replace(method=f"m{i}"): number(60) for i in range(MOST_SHOWN + 2)}
    new = {name: number(62, lr=0.2, run="b") for name in old}
    assert any(note.endswith("and 2 more") for note in notes(compare(old, new), {}, {}))


def test_plain_values_are_json() -> None:
    found = compare({NAME: number(60)}, {NAME: number(62.5, lr=0.2, run="b")})
    plain = json.loads(json.dumps(as_json(found, {"k": None}, {"device": (["a"], ["b"])})))
    assert plain["moved"]
    assert plain["runs"] == {"reproduced": 1, "differing": []}
    assert plain["numbers"][0]["why"] == {"lr": [0.1, 0.2]}
