"""What a variant of data is, and what may be one."""

from __future__ import annotations

from typing import Any

import pytest

from provbench.registry.base import FULL, MINI, UserError, Variant, named_variant


def test_a_recipe_is_added_to_a_variant() -> None:
    small = MINI.having(model="tiny", epochs=3).having(epochs=4)

    assert small.params == {"model": "tiny", "epochs": 4}
    assert (small.name, small.generated, small.suffix, small.banner) == ("mini", True, "-mini", MINI.banner)
    assert MINI.params == {}


def test_whatever_is_not_the_benchmarks_own_has_a_badge() -> None:
    assert FULL.badge == ""
    assert MINI.badge == "MINI"
    assert Variant("5-shot").badge == "5-SHOT"
    assert Variant("5-shot", shows_published=True).badge == ""
    assert Variant("subset", banner="a third of the images", shows_published=True).badge == "SUBSET"


def test_a_name_alone() -> None:
    assert named_variant("full") is FULL
    assert named_variant("mini") is MINI
    assert named_variant("subset") == Variant("subset")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"name": ""}, "letters, digits"),
        ({"name": "5 shot"}, "letters, digits"),
        ({"name": "../full"}, "letters, digits"),
        ({"name": "a\n"}, "letters, digits"),
        ({"name": "x" * 65}, "64 at most"),
        ({"name": "drawn", "generated": True}, "'drawn': generated data need a suffix"),
    ],
)
def test_what_cannot_be_a_variant(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        Variant(**fields)
