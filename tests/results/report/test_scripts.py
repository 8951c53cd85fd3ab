from __future__ import annotations

import json
from math import inf, nan

import pytest
from hypothesis import given, strategies as st

from provbench.results.report.scripts import call, safe_json

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(values)
def test_what_goes_in_comes_out(value: object) -> None:
    assert json.loads(safe_json(value)) == value
    text = call("f", value)
    literal = text.removeprefix("f(JSON.parse(").removesuffix("));\n")
    assert json.loads(json.loads(literal)) == value


@given(values)
def test_no_character_ends_a_script_a_line_or_an_attribute(value: object) -> None:
    for text in (safe_json(value), call("f", value).rstrip("\n")):
        assert text.isascii()
        assert text.isprintable()
        assert not set("<>&'") & set(text)


def test_a_closing_tag_and_a_line_separator_are_escaped() -> None:
    assert safe_json("</script>\u2028") == r'"\u003c/script\u003e\u2028"'


@pytest.mark.parametrize("value", [nan, inf, -inf])
def test_what_json_has_no_number_for_is_null(value: float) -> None:
    assert json.loads(safe_json({"a": [value, 1.0], "b": (value,)})) == {"a": [None, 1.0], "b": [None]}
