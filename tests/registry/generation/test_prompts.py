"""Prompt policies and templates."""

from __future__ import annotations

import pytest

from provbench.registry import PROMPTS, UserError
from provbench.registry.generation import Bank, PromptPolicy, Wording
from provbench.registry.generation.template import aspects_of, filled

CAPTIONS = [{"background": f"b{index // 2}", "pose": f"p{index}"} for index in range(8)]
BANK = Bank(CAPTIONS, [0, 0, 0, 0, 1, 1, 1, 1], ("background", "pose"))


def word(name: str, label: int, copy: int, source: int | None = None, **params: object) -> Wording:
    policy: PromptPolicy = PROMPTS.build(name, **params)
    return policy.word(BANK, label, copy, source, 0)


def test_a_template_is_filled_with_any_text() -> None:
    assert aspects_of("a {class} in {background} and {pose}, {{so}}") == ("background", "pose")
    assert (
        filled("a {class} at {place}, {{so}}", "F/A-18 {x} 🙂", {"place": "{class}"})
        == "a F/A-18 {x} 🙂 at {class}, {so}"
    )


@pytest.mark.parametrize("template", ["a {", "a {}", "a {0}", "a {x.y}", "a {x!r}", "a {x:>9}"])
def test_what_is_no_template_is_refused(template: str) -> None:
    with pytest.raises(ValueError, match=r"is no template|has the placeholder"):
        aspects_of(template)


def test_plain_prompts_have_no_context() -> None:
    policy = PROMPTS.build("plain")
    assert policy.word(Bank((), [0, 1], ()), 0, 0, None, 0) == Wording()
    with pytest.raises(UserError, match=r"plain fills \{class\} only"):
        policy.word(BANK, 0, 0, None, 0)


def test_own_contexts_are_those_of_the_edited_image_or_of_the_class_in_turn() -> None:
    assert word("own-context", 0, 3, source=6).origins == {"background": 6, "pose": 6}
    assert [word("own-context", 1, copy).origins["pose"] for copy in range(5)] == [4, 5, 6, 7, 4]


def test_contexts_of_the_same_class_are_drawn_from_it() -> None:
    drawn = {word("same-class", 1, copy).origins["pose"] for copy in range(40)}
    assert drawn == {4, 5, 6, 7}


def test_a_bank_draws_a_line_of_any_class() -> None:
    found = [word("bank", 0, copy) for copy in range(60)]
    assert {one.origins["pose"] for one in found} == set(range(8))
    assert all(one.origins["pose"] == one.origins["background"] for one in found)
    assert all(one.texts["pose"] == f"p{one.origins['pose']}" for one in found)


def test_independent_draws_take_each_aspect_from_an_image_of_its_own() -> None:
    found = [word("bank", 0, copy, draw="independent") for copy in range(60)]
    assert any(one.origins["pose"] != one.origins["background"] for one in found)


def test_distinct_contexts_are_uniform_however_often_the_bank_has_them() -> None:
    bank = Bank([{"background": "sky"}] * 9 + [{"background": "sea"}], [0] * 10, ("background",))
    policy = PROMPTS.build("bank", over="distinct")
    found = [policy.word(bank, 0, copy, None, 0).texts["background"] for copy in range(200)]
    assert 70 < found.count("sea") < 130
    lines = PROMPTS.build("bank")
    found = [lines.word(bank, 0, copy, None, 0).texts["background"] for copy in range(200)]
    assert found.count("sea") < 40


def test_reseeding_gives_all_classes_the_same_contexts() -> None:
    def contexts(label: int, reseed: bool) -> list[int]:
        return [word("bank", label, copy, reseed=reseed).origins["pose"] for copy in range(20)]

    assert contexts(0, True) == contexts(1, True)
    assert contexts(0, False) != contexts(1, False)


def test_a_fixed_list_has_whole_prompts_or_contexts(drawn: object) -> None:
    templates = PROMPTS.build("fixed-list", templates=("a {class} at sea", "a {class} on land"), in_turn=True)
    templates.bind(drawn)
    assert [templates.word(BANK, 0, copy, None, 0).template for copy in range(3)] == [
        "a {class} at sea",
        "a {class} on land",
        "a {class} at sea",
    ]
    contexts = PROMPTS.build("fixed-list", contexts=({"background": "sea"},))
    contexts.bind(drawn)
    with pytest.raises(UserError, match="context 0 has no pose"):
        contexts.word(BANK, 0, 0, None, 0)


def test_an_aspect_that_captions_lack_is_named() -> None:
    bank = Bank([{"pose": "up"}], [0], ("background",))
    with pytest.raises(UserError, match=r"\{background\} is no aspect of the captions \(known: class, pose\)"):
        PROMPTS.build("bank").word(bank, 0, 0, None, 0)
