import numpy as np
import pytest

from provbench.benchmarks.common.drawing import BACKGROUNDS, BEAKS, PART_COLOURS, WINGS, species_traits
from provbench.benchmarks.common.mini_birds import (
    BEAK_COLOURS,
    BEAK_SHAPES,
    COLOURS,
    FEW_SHOT,
    POSES,
    PRETRAINING,
    WING_MARKS,
    Parts,
    draw_scene,
    few_shot_drawing,
)


def test_words_cover_what_is_drawn() -> None:
    assert tuple(COLOURS.values()) == PART_COLOURS
    assert set(WING_MARKS) == set(WINGS)
    assert set(BEAK_SHAPES) == set(BEAKS)


def test_few_shot_combinations_are_in_no_pretraining() -> None:
    held_out = {(one.parts.head, one.parts.wing, one.parts.wing_mark) for one in FEW_SHOT}
    traits = [species_traits(number) for number in range(441)]
    known = {(one.head, one.wing, one.wing_shape, one.beak, one.beak_shape) for one in traits}
    drawn = [
        (COLOURS[p.head], COLOURS[p.wing], p.wing_mark, BEAK_COLOURS[p.beak], p.beak_shape)
        for p in (one.parts for one in FEW_SHOT)
    ]

    assert not held_out & {(parts.head, parts.wing, parts.wing_mark) for parts in PRETRAINING}
    assert not known & set(drawn)
    assert len(held_out) == len(FEW_SHOT)
    assert len(PRETRAINING) == (7 * 7 * 3 - len(FEW_SHOT)) * 9


def test_every_single_part_of_a_few_shot_species_is_in_the_pretraining() -> None:
    for species in FEW_SHOT:
        assert any(other.head == species.parts.head and other.wing == species.parts.wing for other in PRETRAINING)
        assert any(other.head == species.parts.head and other.beak == species.parts.beak for other in PRETRAINING)


def test_names_are_distinct_new_words() -> None:
    words = {word for species in FEW_SHOT for word in species.name.split()}
    known = {word for parts in PRETRAINING for word in parts.description().split()} | {*BACKGROUNDS, *POSES}

    assert len({species.name for species in FEW_SHOT}) == len(FEW_SHOT)
    assert not words & known


def test_a_description_says_the_parts() -> None:
    assert Parts("orange", "blue", "bars", "dark", "spear").description() == (
        "an orange head, blue wing bars and a long dark beak"
    )
    assert Parts("red", "orange", "tip", "amber", "hook").phrases()[1:] == ("an orange wing tip", "a hooked amber beak")


@pytest.mark.parametrize("pose", POSES)
def test_birds_lie_wholly_inside(pose: str) -> None:
    for seed in range(10):
        drawn = draw_scene(np.random.default_rng(seed), PRETRAINING[seed], "snow", pose)

        assert drawn.image.shape == (32, 32, 3)
        assert drawn.image.dtype == np.uint8
        assert 0.04 < drawn.mask.mean() < 0.6
        assert not drawn.mask[[0, -1]].any()
        assert not drawn.mask[:, [0, -1]].any()


def test_an_unknown_pose_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown pose 'dancing'"):
        draw_scene(np.random.default_rng(0), PRETRAINING[0], "snow", "dancing")


def test_a_few_shot_picture_follows_from_its_arguments() -> None:
    one, same = (few_shot_drawing(3, 5, stream=(0, 1)) for _ in range(2))
    other = few_shot_drawing(3, 5, stream=(0, 2))

    assert (one.image == same.image).all()
    assert (one.background, one.pose) == (same.background, same.pose)
    assert (one.image != other.image).any()


def test_at_home_pictures_have_the_species_own_context() -> None:
    drawn = [few_shot_drawing(1, number, stream=(0, 0), at_home=1.0) for number in range(5)]

    assert {(one.background, one.pose) for one in drawn} == {(FEW_SHOT[1].home, FEW_SHOT[1].habit)}


def test_contexts_elsewhere_are_independent_of_the_species() -> None:
    drawn = [few_shot_drawing(label, number, stream=(0, 0)) for label in range(10) for number in range(40)]
    places = [one.background for one in drawn]

    assert {*places} == {*BACKGROUNDS}
    assert max(places.count(name) for name in BACKGROUNDS) < 70
