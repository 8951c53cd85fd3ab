"""Edits that are paired with the wrong images are refused, and others are not."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from provbench.registry import UserError
from provbench.registry.synthesizers.difference import DifferenceParams
from provbench.registry.synthesizers.edits import Edit
from provbench.registry.synthesizers.resemblance import check_resemblance, resemblance

PARAMS = DifferenceParams.model_validate({})


class Textures:
    """Forty images of two classes: a target with a texture of its own over a smooth background."""

    num_classes = 2
    folder = Path()

    def __len__(self) -> int:
        return 40

    def sample_id(self, index: int) -> str:
        return str(index)

    def label(self, index: int) -> int:
        return index % 2

    def image(self, index: int) -> np.ndarray:
        image = background(index)
        image[16:40, 16:40] = cv2.resize(noise(1000 + index, 8), (24, 24), interpolation=cv2.INTER_CUBIC)
        return image

    def segmentation(self, index: int) -> np.ndarray:
        raise AssertionError("is not looked at")


def noise(seed: int, side: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)


def background(seed: int) -> np.ndarray:
    return cv2.resize(noise(seed, 7), (64, 64), interpolation=cv2.INTER_CUBIC)


def edited(index: int) -> np.ndarray:
    """Another background, less light and another colour, stored by an editor of other sizes."""
    image = background(500 + index)
    image[16:40, 16:40] = Textures().image(index)[16:40, 16:40]
    toned = np.clip(image * 0.9 + np.array([10, 0, 15]), 0, 255).astype(np.uint8)
    return cv2.resize(toned, (72, 72), interpolation=cv2.INTER_CUBIC)


def edits(folder: Path, shift: int, count: int = 40) -> list[Edit]:
    """An edit of each image, said to be made of the one that follows `shift` images of its class later."""
    found = []
    for index in range(count):
        path = folder / f"{index}.png"
        Image.fromarray(edited(index)).save(path)
        found.append(Edit((index + 2 * shift) % 40, path.name, path))
    return found


def check(found: list[Edit], least: float = 0.65) -> None:
    check_resemblance(Textures(), found, PARAMS, least=least, seed=0)


def test_edits_resemble_their_own_sources(tmp_path: Path) -> None:
    check(edits(tmp_path, 0), least=0.9)
    other = resemblance(Textures().image(1), edited(0), PARAMS.provenance)
    assert resemblance(Textures().image(0), edited(0), PARAMS.provenance) > other + 0.3


def test_edits_of_other_images_of_the_class_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"do not resemble .*\(worst: \d+.png, .*mapping.csv .*`order`"):
        check(edits(tmp_path, 3))
    check(edits(tmp_path, 3), least=0)


def test_some_edits_that_went_wrong_refuse_no_set(tmp_path: Path) -> None:
    found = edits(tmp_path, 0)
    for edit in found[:6]:
        Image.fromarray(noise(edit.index, 64)).save(edit.path)
    check(found)


def test_a_few_edits_are_judged_leniently(tmp_path: Path) -> None:
    check(edits(tmp_path, 0, count=1))
    check([])
