"""Images that two sets have in common, and those that look most alike."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from provbench.benchmarks.common import nearest
from provbench.benchmarks.common.nearest import NEAR, compare_sets, describe
from provbench.registry.task import no_progress


def picture(seed: int, size: tuple[int, int] = (120, 90)) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC)


@pytest.fixture
def sets(tmp_path: Path) -> dict[str, list[Path]]:
    """Five pictures in train, four others in val and three others in test."""
    found: dict[str, list[Path]] = {}
    for split, count in {"train": 5, "val": 4, "test": 3}.items():
        found[split] = [tmp_path / f"{split}{number}.png" for number in range(count)]
        for number, path in enumerate(found[split]):
            picture(100 * count + number).save(path)
    return found


def test_sets_without_a_common_image_are_told_with_the_pair_that_is_most_alike(sets: dict[str, list[Path]]) -> None:
    pairs = compare_sets(sets, ["val", "test"], no_progress)

    assert [pair.sets for pair in pairs] == [("train", "val"), ("train", "test"), ("val", "test")]
    assert all(not pair.identical and pair.near == 0 and pair.correlation < NEAR for pair in pairs)
    pair = pairs[1]
    every = {(one, other): alike(one, other) for one in sets["train"] for other in sets["test"]}
    assert pair.nearest == max(every, key=lambda files: every[files])
    assert pair.correlation == pytest.approx(max(every.values()), abs=1e-5)


def alike(one: Path, other: Path) -> float:
    """The measure in other words: numpy's correlation of each colour, weighed by its variation."""
    left, right = describe(one), describe(other)
    assert left is not None
    assert right is not None
    return max(float((left * right).sum()), float((left[..., ::-1] * right).sum()))


def test_two_sets_that_are_both_trained_on_are_not_compared(sets: dict[str, list[Path]]) -> None:
    pairs = compare_sets({**sets, "synthetic": sets["train"]}, ["test"], no_progress)

    assert ("train", "synthetic") not in [pair.sets for pair in pairs]
    assert ("test", "synthetic") in [pair.sets for pair in pairs]


def test_identical_contents_are_found_under_any_name(sets: dict[str, list[Path]], tmp_path: Path) -> None:
    copy = tmp_path / "copy.png"
    copy.write_bytes(sets["train"][3].read_bytes())
    sets["test"].append(copy)
    pair = compare_sets(sets, ["test"], no_progress)[0]

    assert pair.identical == [(sets["train"][3], copy)]
    assert pair.near == 1


@pytest.mark.parametrize("change", ["smaller", "jpeg", "mirrored", "darker", "gray file"])
def test_a_changed_copy_is_near(sets: dict[str, list[Path]], tmp_path: Path, change: str) -> None:
    original = Image.open(sets["train"][0])
    changed = {
        "smaller": original.resize((60, 45)),
        "jpeg": original,
        "mirrored": original.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
        "darker": original.point(lambda value: value * 0.6),
        "gray file": original.convert("RGBA"),
    }[change]
    path = tmp_path / ("copy.jpg" if change == "jpeg" else "copy.png")
    changed.save(path)
    pair = compare_sets({"train": sets["train"], "test": [path]}, ["test"], no_progress)[0]

    assert (pair.near, pair.identical, pair.nearest) == (1, [], (sets["train"][0], path))
    assert pair.correlation >= 0.99


def test_blocks_change_nothing(sets: dict[str, list[Path]], monkeypatch: pytest.MonkeyPatch) -> None:
    whole = compare_sets(sets, ["test"], no_progress)
    monkeypatch.setattr(nearest, "BLOCK", 2)

    for one, other in zip(whole, compare_sets(sets, ["test"], no_progress), strict=True):
        assert (one.nearest, one.near) == (other.nearest, other.near)
        assert one.correlation == pytest.approx(other.correlation, abs=1e-6)


def test_plain_images_are_like_no_other_and_broken_ones_are_left_out(tmp_path: Path) -> None:
    plain, broken = tmp_path / "plain.png", tmp_path / "broken.png"
    Image.new("RGB", (20, 20), "white").save(plain)
    broken.write_bytes(b"nothing")
    pair = compare_sets({"train": [plain, broken], "test": [plain]}, ["test"], no_progress)[0]

    assert describe(broken) is None
    assert (pair.correlation, len(pair.identical)) == (0, 1)
    assert compare_sets({"train": [broken], "test": [plain]}, ["test"], no_progress)[0].nearest is None
