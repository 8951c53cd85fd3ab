from __future__ import annotations

import re

import pytest
from hypothesis import given, strategies as st

from provbench.registry.base import file_name, sample_name

parts = st.lists(st.text(min_size=1, max_size=120), min_size=1, max_size=3)


@pytest.mark.parametrize("texts", [("cub-wsol",), ("cub-wsol", "cutmix+guidance"), ("suite_1.0",)])
def test_plain_names_stay(texts: tuple[str, ...]) -> None:
    assert file_name(*texts) == "--".join(texts)


@pytest.mark.parametrize(
    ("text", "beginning"),
    [
        ("cutmix[alpha=0.1]", "cutmix-alpha-0.1-"),
        ("CutMix", "cutmix-"),
        ("../../etc/passwd", "etc-passwd-"),
        ("<img src=x onerror=alert(1)>", "img-src-x-onerror-alert-1-"),
        ("鳥", "x-"),
        (".hidden", "hidden-"),
        ("y" * 200, "y" * 80 + "-"),
    ],
)
def test_others_are_made_plain_and_told_apart_by_a_hash(text: str, beginning: str) -> None:
    assert re.fullmatch(re.escape(beginning) + "[0-9a-f]{8}", file_name(text))


@given(parts)
def test_a_name_is_safe_in_a_folder_and_in_an_address(texts: list[str]) -> None:
    name = file_name(*texts)
    assert re.fullmatch(r"[a-z0-9][a-z0-9+._-]*", name)
    assert len(name) < 100


@given(parts, parts)
def test_other_texts_have_another_name_also_where_case_does_not_count(one: list[str], other: list[str]) -> None:
    assert (file_name(*one).lower() == file_name(*other).lower()) == (one == other)


def test_two_parts_are_not_one_part_with_dashes() -> None:
    assert file_name("a", "b") != file_name("a--b")


@pytest.mark.parametrize(
    "picture", ["001-Bird-b_0.png", "001.Bird/b_0.jpg", "001_Bird_b_0.png", "001.BIRD-B_0.PNG", "001.Bird/b_0"]
)
def test_a_picture_is_of_its_sample_however_its_name_was_made_plain(picture: str) -> None:
    assert sample_name(picture) == sample_name("001.Bird/b_0.jpg") == "001-bird-b-0"


def test_samples_that_differ_in_more_than_punctuation_differ() -> None:
    assert sample_name("a/1-2.jpg") != sample_name("a/12.jpg")
