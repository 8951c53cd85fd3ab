import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from provbench.benchmarks.common.drawing import species_traits
from provbench.benchmarks.waterbirds.data import (
    COUNTS,
    SPLITS,
    group_counts,
    image_path,
    metadata_path,
    read_metadata,
    segmentation_path,
    verify,
)
from provbench.benchmarks.waterbirds.mini import MINI, SPECIES, MiniSet, generate, write
from provbench.registry.base.image_files import read_image, read_mask

SMALL = MiniSet(train=40, val=8, test=16, waterbirds=0.25, correlation=0.9, side=32)


def quiet(done: int, total: int) -> None:
    """Nobody watches."""


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("mini")
    write(root, quiet, SMALL)
    return root


def files(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_heads_tell_the_classes_apart_and_shapes_do_not() -> None:
    land, water = ([species_traits(species) for species in own] for own in SPECIES)

    assert len(set(land)) == len(set(water)) == 5
    assert not {bird.head for bird in land} & {bird.head for bird in water}
    for part in ("wing_shape", "beak", "beak_shape"):
        assert {getattr(bird, part) for bird in land} & {getattr(bird, part) for bird in water}


def test_groups_have_the_counts_that_were_asked_for(small: Path) -> None:
    """30 landbirds and 10 waterbirds, nine tenths at their own place; half of each where it is tested."""
    splits = read_metadata(small)

    assert group_counts(splits["train"]) == SMALL.counts("train") == (27, 3, 1, 9)
    assert group_counts(splits["val"]) == SMALL.counts("val") == (3, 3, 1, 1)
    assert group_counts(splits["test"]) == SMALL.counts("test") == (6, 6, 2, 2)


def test_counts_follow_the_official_recipe() -> None:
    """With the official split sizes and class shares, the official group counts (to a bird, by rounding)."""
    official = MiniSet(train=4795, val=1199, test=5794, waterbirds=1113 / 4795, correlation=0.95)

    np.testing.assert_allclose(official.counts("train"), COUNTS["train"], atol=1)
    for split in ("val", "test"):
        land_on_land, land_on_water, water_on_land, water_on_water = official.counts(split)
        assert abs(land_on_land - land_on_water) <= 1
        assert abs(water_on_land - water_on_water) <= 1


def test_the_set_verifies(small: Path) -> None:
    assert verify(small, quiet, counts={split: SMALL.counts(split) for split in SPLITS}) == []


def test_verify_finds_what_is_wrong(small: Path, tmp_path: Path) -> None:
    for name, content in files(small).items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    first, second, third = read_metadata(tmp_path)["train"][:3]
    image_path(tmp_path, first).write_bytes(b"no image")
    image_path(tmp_path, second).unlink()
    segmentation_path(tmp_path, third).unlink()
    lines = metadata_path(tmp_path).read_text().splitlines()
    metadata_path(tmp_path).write_text("\n".join(line for line in lines if first.id not in line) + "\n")

    problems = verify(tmp_path, quiet, counts={split: SMALL.counts(split) for split in SPLITS})

    assert len(problems) == 3
    assert "expected 27 images of landbird|land in train (got 26)" in problems[0]
    assert f"{image_path(tmp_path, second)}: no such image file" in problems
    assert f"{segmentation_path(tmp_path, third)}: no such image file" in problems


def test_outlines_cover_the_birds_and_nothing_else(small: Path, tmp_path: Path) -> None:
    """The same birds over other backgrounds differ inside the outline by JPEG's losses alone."""
    write(tmp_path, quiet, replace(SMALL, correlation=0.1))
    changed = 0
    here = {bird.id: bird for bird in read_metadata(small)["train"]}
    for bird in read_metadata(tmp_path)["train"]:
        outline = read_mask(segmentation_path(small, bird))
        np.testing.assert_array_equal(read_mask(segmentation_path(tmp_path, bird)), outline)
        assert 0.02 < outline.mean() < 0.4
        if bird.place != here[bird.id].place:
            one, other = (read_image(image_path(root, bird)).astype(int) for root in (small, tmp_path))
            inside, outside = (np.abs(one - other)[part].mean() for part in (outline, ~outline))
            assert outside > 2 * inside
            changed += 1
    assert changed > 20


def test_birds_take_up_about_half_of_the_side(small: Path) -> None:
    lengths = []
    for birds in read_metadata(small).values():
        for bird in birds:
            rows, columns = np.nonzero(read_mask(segmentation_path(small, bird)))
            lengths.append(max(np.ptp(rows), np.ptp(columns)) + 1)

    assert 0.35 * SMALL.side < min(lengths)
    assert max(lengths) < 0.7 * SMALL.side


def test_the_same_parameters_give_the_same_files(small: Path, tmp_path: Path) -> None:
    write(tmp_path / "again", quiet, SMALL)
    write(tmp_path / "other", quiet, replace(SMALL, seed=1))

    again, other = files(tmp_path / "again"), files(tmp_path / "other")
    assert again == files(small)
    assert again.keys() == other.keys()
    images = [name for name in again if name.endswith(".jpg")]
    assert len(images) == 64
    assert all(again[name] != other[name] for name in images)


def test_the_set_is_generated_once_and_again_for_other_parameters(tmp_path: Path) -> None:
    root, tiny = tmp_path / "waterbirds-mini", MiniSet(train=8, val=4, test=4, side=32)
    seen: list[tuple[int, int]] = []

    assert generate(root, lambda done, total: seen.append((done, total)), tiny)
    assert seen == [(done, 16) for done in range(1, 17)]
    assert not generate(root, quiet, tiny)
    assert generate(root, quiet, replace(tiny, correlation=0.5))
    stamp = json.loads((root / "VERSION.json").read_text())
    assert stamp["parameters"]["correlation"] == 0.5


def test_the_default_set_is_skewed_in_training_alone() -> None:
    land_on_land, land_on_water, water_on_land, water_on_water = MINI.counts("train")

    assert land_on_land > 2 * land_on_water > 0
    assert water_on_water > 2 * water_on_land > 0
    for split in ("val", "test"):
        counts = MINI.counts(split)
        assert counts[0] == counts[1]
        assert counts[2] == counts[3]
