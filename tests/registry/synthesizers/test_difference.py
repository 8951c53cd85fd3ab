"""Provenance from difference maps."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from provbench.registry.synthesizers.difference import difference_map, provenance_from_difference


def image(seed: int, height: int = 24, width: int = 32) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def otsu_by_brute_force(values: np.ndarray) -> np.ndarray:
    """True at and below the threshold that maximises the variance between the two parts."""
    best, parts = -1.0, values >= 0
    for threshold in range(256):
        low, high = values[values <= threshold], values[values > threshold]
        if low.size and high.size:
            between = low.size * high.size * (low.mean() - high.mean()) ** 2
            if between > best * (1 + 1e-12):
                best, parts = between, values <= threshold
    return parts


@settings(max_examples=25)
@given(
    seed=st.integers(0, 10**6),
    shape=st.sampled_from([(6, 7), (16, 16)]),
    channel=st.sampled_from(["mean", "max"]),
    scale=st.sampled_from(["linear", "log"]),
    levels=st.sampled_from([4, 60, 256]),
)
def test_the_cut_is_otsus_by_brute_force(
    seed: int, shape: tuple[int, int], channel: Any, scale: Any, levels: int
) -> None:
    rng = np.random.default_rng(seed)
    original = rng.integers(0, 256, (*shape, 3), dtype=np.uint8)
    edited = original.copy()
    edited[:, : shape[1] // 2] = rng.integers(0, levels, (shape[0], shape[1] // 2, 3))
    edited[0] ^= 1  # stored with small losses
    values = difference_map(original, edited, channel=channel, scale=scale)
    found = provenance_from_difference(original, edited, channel=channel, scale=scale)
    assert np.array_equal(found, otsu_by_brute_force(values.astype(int)))


def test_the_difference_map_by_hand() -> None:
    original, edited = np.zeros((1, 2, 3), np.uint8), np.array([[[3, 0, 4], [255, 255, 255]]], np.uint8)
    assert difference_map(original, edited).tolist() == [[2, 255]]  # 7 / 3, rounded
    assert difference_map(original, edited, channel="max").tolist() == [[4, 255]]
    assert difference_map(edited, original, channel="max", scale="log").tolist() == [[74, 255]]  # 255 ln 5 / ln 256


def test_identical_images_are_unedited_and_a_uniform_change_is_an_edit() -> None:
    original = image(0)
    assert provenance_from_difference(original, original.copy()).all()
    dark = original // 2
    assert not provenance_from_difference(dark, dark + 40).any()


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_composited_shapes_are_found_again(scale: Any) -> None:
    # flat backgrounds that differ a lot: two clusters on either scale
    rng = np.random.default_rng(1)
    for _ in range(10):
        target = np.zeros((64, 80), np.uint8)
        centre, axes = rng.integers(20, 44, 2).tolist(), rng.integers(6, 18, 2).tolist()
        cv2.ellipse(target, centre, axes, float(rng.uniform(0, 180)), 0, 360, (1,), -1)
        original = np.full((64, 80, 3), 60, np.uint8)
        original[target == 1] = (200, 40, 90)
        noise = rng.normal(0, 2, original.shape)
        edited = np.where(target[..., None] == 1, original, 180) + noise
        found = provenance_from_difference(original, np.clip(edited, 0, 255).astype(np.uint8), scale=scale)
        assert (found & (target == 1)).sum() / (found | (target == 1)).sum() > 0.99


def test_where_edits_differ_by_anything_only_the_logarithmic_scale_finds_the_target() -> None:
    rng = np.random.default_rng(0)
    original, edited = image(1, 64, 64), image(2, 64, 64)
    target = np.zeros((64, 64), bool)
    target[20:40, 10:50] = True
    edited[target] = np.clip(original[target] + rng.normal(0, 2, (target.sum(), 3)), 0, 255)

    def overlap(scale: Any) -> float:
        found = provenance_from_difference(original, edited, channel="max", scale=scale)
        return (found & target).sum() / (found | target).sum()

    assert overlap("log") > 0.97
    assert overlap("linear") < 0.7


@pytest.mark.parametrize("size", [(48, 64), (20, 28)], ids=["grown", "shrunk"])
def test_an_edit_of_another_size_is_compared_at_its_own(size: tuple[int, int]) -> None:
    original = np.full((24, 32, 3), 90, np.uint8)
    edited = np.full((*size, 3), 90, np.uint8)
    edited[: size[0] // 2] = 200
    found = provenance_from_difference(original, edited)
    assert found.shape == size
    assert not found[: size[0] // 2].any()
    assert found[size[0] // 2 :].all()


def test_blur_smooths_the_difference_and_opening_drops_specks() -> None:
    original = np.full((32, 32, 3), 90, np.uint8)
    edited = np.full((32, 32, 3), 200, np.uint8)
    edited[8:20, 8:20] = 90  # the target
    edited[28, 28] = 90  # a pixel that happens to agree
    bare = provenance_from_difference(original, edited)
    assert bare[28, 28]
    opened = provenance_from_difference(original, edited, opening=3)
    assert not opened[28, 28]
    assert opened[8:20, 8:20].all()
    assert opened.sum() == 144
    blurred = provenance_from_difference(original, edited, blur=1.5)
    assert not blurred[28, 28]
    assert blurred[10:18, 10:18].all()


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        (lambda edited: edited[..., 0], {}, r"edited must be \(H, W, 3\) uint8"),
        (lambda edited: edited.astype(np.float32), {}, "float32"),
        (lambda edited: edited, {"channel": "sum"}, "channel must be 'mean' or 'max'.*'sum'"),
        (lambda edited: edited, {"scale": "square"}, "scale 'linear' or 'log'.*'square'"),
        (lambda edited: edited, {"blur": -1.0}, "blur not negative"),
        (lambda edited: edited, {"opening": -1}, "opening must not be negative, got -1"),
    ],
)
def test_bad_arguments_are_refused(change: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        provenance_from_difference(image(0), change(image(1)), **options)
