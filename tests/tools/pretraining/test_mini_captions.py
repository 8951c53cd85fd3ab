import numpy as np

from provbench.benchmarks.common import FEW_SHOT, PRETRAINING, Parts
from provbench.tools.pretraining.mini_captions import (
    ASPECTS,
    NAMED,
    Picture,
    caption,
    described,
    drawn,
    named_parts,
    sentence,
)

PARTS = Parts("red", "blue", "bars", "dark", "spear")


def test_a_full_caption() -> None:
    assert sentence(described(list(PARTS.phrases())), "pond", "flying") == (
        "a bird photo of a bird with a red head, blue wing bars and a long dark beak in the pond background with the "
        "flying pose"
    )
    assert sentence(described(["a red head"]), None, None) == "a bird photo of a bird with a red head"
    assert sentence(described([]), "pond", None) == "a bird photo of a bird in the pond background"


def test_no_few_shot_species_is_drawn_or_named() -> None:
    held_out = {(one.parts.head, one.parts.wing, one.parts.wing_mark) for one in FEW_SHOT}
    invented = {word for one in FEW_SHOT for word in one.name.lower().split()[:1]}
    _, _, shown = drawn(300, 0)
    names = named_parts()

    assert not held_out & {(one.parts.head, one.parts.wing, one.parts.wing_mark) for one in shown}
    assert not invented & {name.lower().split()[0] for name in names.values()}
    assert len(names) == len(set(names.values())) == NAMED
    assert set(names) <= set(PRETRAINING)


def test_captions_tell_what_a_picture_shows() -> None:
    shown = Picture(PARTS, None, "pond", "flying")
    texts = [caption(np.random.default_rng(seed), shown) for seed in range(200)]

    assert 5 < texts.count("") < 40
    assert any("red head" in text and "pond" in text and "flying" in text for text in texts)
    assert any("pond" not in text and "flying" in text for text in texts)


def test_named_combinations_are_called_by_their_name() -> None:
    texts = [caption(np.random.default_rng(seed), Picture(PARTS, "Zubar gull", "pond", "flying")) for seed in range(50)]

    assert sum("a Zubar gull" in text for text in texts) > 25
    assert sum("red head" in text for text in texts) > 2


def test_pictures_follow_from_the_seed() -> None:
    (images, masks, shown), (again, _, _) = drawn(3, 7), drawn(3, 7)

    assert (images == again).all()
    assert images.shape == (3, 3, 32, 32)
    assert masks.shape == (3, 32, 32)
    assert len(shown) == 3


def test_a_caption_tells_what_it_says_and_a_name_tells_all_parts() -> None:
    shown = Picture(PARTS, "Zubar gull", "pond", "flying")

    assert shown.told("a bird photo of a bird with blue wing bars with the flying pose") == {
        "wing": "blue",
        "wing_mark": "bars",
        "pose": "flying",
    }
    assert shown.told("a bird photo of a Zubar gull in the pond background") == {
        "head": "red",
        "wing": "blue",
        "wing_mark": "bars",
        "beak": "dark",
        "beak_shape": "spear",
        "background": "pond",
    }
    assert shown.told("") == {}
    assert all(shown.value(aspect) in values for aspect, values in ASPECTS.items())
