"""Nested values as dotted names."""

from __future__ import annotations

from typing import Any

import pytest

from provbench.registry.base import leaves


def test_the_leaves_of_an_identity() -> None:
    identity = {
        "task": {"name": "t", "params": {}},
        "regularizers": [{"name": "gg", "params": {"alpha": 1}}],
        "seed": 0,
    }
    assert dict(leaves(identity)) == {
        "task.name": "t",
        "task.params": {},
        "regularizers.gg.name": "gg",
        "regularizers.gg.params.alpha": 1,
        "seed": 0,
    }


@pytest.mark.parametrize("value", [0, None, "text", [], {}, [1, 2]])
def test_what_has_nothing_to_divide_is_a_leaf(value: Any) -> None:
    assert list(leaves(value, "name")) == [("name", value)]
    assert list(leaves({"outer": value})) == [("outer", value)]


def test_a_list_is_divided_by_places_where_that_is_asked_for() -> None:
    value = {"curve": [1, [2, 3]], "none": []}
    assert dict(leaves(value)) == {"curve": [1, [2, 3]], "none": []}
    assert dict(leaves(value, numbered=True)) == {"curve.0": 1, "curve.1.0": 2, "curve.1.1": 3, "none": []}


def test_plugins_without_a_name_are_divided_by_their_places() -> None:
    assert dict(leaves([{"a": 1}, {"name": "b", "a": 2}])) == {"0.a": 1, "b.name": "b", "b.a": 2}
