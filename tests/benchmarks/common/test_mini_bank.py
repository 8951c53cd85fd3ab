"""Information of prompts about the class in the drawn world, where species have places and poses of their own."""

from __future__ import annotations

from typing import Any

import pytest

from provbench.benchmarks.common.mini_birds import FEW_SHOT, few_shot_drawing
from provbench.registry import PROMPTS
from provbench.registry.generation import Bank, Information, information

SHOTS, IMAGES, ASPECTS = 5, 100, ("background", "pose")


@pytest.fixture(scope="module")
def bank() -> Bank:
    """The descriptions of five training images of each species."""
    labels = [label for label in range(len(FEW_SHOT)) for _ in range(SHOTS)]
    drawn = [few_shot_drawing(label, place % SHOTS, stream=(0, 0), at_home=0.8) for place, label in enumerate(labels)]
    return Bank([{"background": one.background, "pose": one.pose} for one in drawn], labels, ASPECTS)


def of_prompts(bank: Bank, name: str, **params: Any) -> Information:
    policy = PROMPTS.build(name, **params)
    rows = [
        (label, policy.word(bank, label, copy, None, 0).texts) for label in set(bank.labels) for copy in range(IMAGES)
    ]
    return information([label for label, _ in rows], [tuple(texts.items()) for _, texts in rows], permutations=199)


def test_the_bank_ties_contexts_to_classes(bank: Bank) -> None:
    found = information(bank.labels, [tuple(caption.items()) for caption in bank.captions], permutations=199)
    assert found.p < 0.01
    assert found.excess > 0.2


def test_so_do_prompts_of_the_same_class(bank: Bank) -> None:
    found = of_prompts(bank, "same-class")
    assert found.p < 0.01
    assert found.excess > 1


@pytest.mark.parametrize("params", [{}, {"draw": "independent"}, {"over": "distinct"}], ids=str)
def test_prompts_of_the_whole_bank_do_not(bank: Bank, params: dict[str, Any]) -> None:
    found = of_prompts(bank, "bank", **params)
    assert found.p > 0.05
    assert found.excess == pytest.approx(0, abs=0.02)


def test_with_the_same_contexts_for_each_class_there_is_no_information_at_all(bank: Bank) -> None:
    assert of_prompts(bank, "bank", reseed=True).bits == pytest.approx(0, abs=1e-9)
