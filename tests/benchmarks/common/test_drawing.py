import time

import cv2
import numpy as np
import pytest

from provbench.benchmarks.common.drawing import (
    BACKGROUNDS,
    LAND,
    WATER,
    bounding_box,
    compose,
    draw_background,
    draw_bird,
    species_traits,
)


@pytest.mark.parametrize("species", range(0, 14, 3))
def test_a_bird_is_one_piece_wholly_inside(species: int) -> None:
    for seed in range(12):
        bird = draw_bird(np.random.default_rng([species, seed]), species, 14, (64, 80), scale=1.2, plump=1.4)
        opaque = bird[..., 3] >= 128
        _, _, pieces, _ = cv2.connectedComponentsWithStats(opaque.astype(np.uint8), connectivity=8)

        assert bird.shape == (64, 80, 4)
        assert pieces[1:, cv2.CC_STAT_AREA].max() > 0.97 * opaque.sum()  # the tip of a thin beak may come off
        assert 0.03 < opaque.mean() < 0.6
        border = np.concatenate([bird[0], bird[-1], bird[:, 0], bird[:, -1]])
        assert (border[:, 3] < 128).all()


def test_every_draw_follows_from_the_generator() -> None:
    def draw(seed: int) -> np.ndarray:
        rng = np.random.default_rng(seed)
        return compose(draw_background(rng, "lake", 48), draw_bird(rng, 2, 5, 48))[0]

    np.random.seed(0)  # drawing must not read the global generator
    one = draw(1)
    np.random.seed(1)

    np.testing.assert_array_equal(draw(1), one)
    assert (draw(2) != one).mean() > 0.5


def test_species_differ_and_none_is_out_of_range() -> None:
    assert len({species_traits(species) for species in range(441)}) == 441
    for species in (-1, 5):
        with pytest.raises(ValueError, match=r"species must be in 0\.\.4 \(got"):
            draw_bird(np.random.default_rng(0), species, 5, 32)


def test_species_share_body_tones_but_not_heads() -> None:
    """The same random choices give the same outline in the same place; only some of the pixels differ."""
    one, other = (draw_bird(np.random.default_rng(3), species, 8, 64) for species in (0, 3))
    cone_beaks = [species for species in range(30) if species_traits(species).beak_shape == "cone"]
    twin = draw_bird(np.random.default_rng(3), cone_beaks[1], 30, 64)
    differ = (one[..., :3] != twin[..., :3]).any(axis=2) & (one[..., 3] == 255)

    np.testing.assert_array_equal(one[..., 3], twin[..., 3])
    assert 0.05 < differ.sum() / (one[..., 3] == 255).sum() < 0.7
    assert not np.array_equal(one, other)


@pytest.mark.parametrize("kind", BACKGROUNDS)
def test_backgrounds_fill_any_size_and_vary(kind: str) -> None:
    rng = np.random.default_rng(0)
    several = np.stack([draw_background(rng, kind, (40, 56)) for _ in range(12)]).astype(float)

    assert several.shape == (12, 40, 56, 3)
    assert several.std(axis=0).mean() > 8
    for size in (16, (17, 130), (130, 17)):
        assert draw_background(rng, kind, size).dtype == np.uint8


def test_backgrounds_by_number_and_by_name() -> None:
    assert LAND + WATER == BACKGROUNDS
    by_number, by_name = (draw_background(np.random.default_rng(5), kind, 32) for kind in (7, BACKGROUNDS[7]))
    np.testing.assert_array_equal(by_number, by_name)
    for kind in ("desert", len(BACKGROUNDS), -1):
        with pytest.raises(ValueError, match=f"unknown background {kind!r}: one of forest"):
            draw_background(np.random.default_rng(0), kind, 32)


def test_compose_blends_by_alpha_and_marks_half_covered_pixels() -> None:
    background = np.full((1, 3, 3), 100, np.uint8)
    bird = np.full((1, 3, 4), 200, np.uint8)
    bird[0, :, 3] = 0, 51, 255
    image, mask = compose(background, bird)

    assert image[0, :, 0].tolist() == [100, 120, 200]
    assert mask.tolist() == [[False, False, True]]


def test_bounding_box_is_inclusive() -> None:
    mask = np.zeros((6, 9), bool)
    mask[2:4, 3:8] = True

    assert bounding_box(mask) == (3, 2, 7, 3)
    with pytest.raises(ValueError, match="empty"):
        bounding_box(mask & False)


def test_an_image_takes_milliseconds() -> None:
    rng = np.random.default_rng(0)
    start = time.process_time()
    for number in range(60):
        compose(draw_background(rng, number % len(BACKGROUNDS), 64), draw_bird(rng, number % 10, 10, 64))

    assert (time.process_time() - start) / 60 < 0.02  # about 0.003; much slower and the mini sets take minutes
