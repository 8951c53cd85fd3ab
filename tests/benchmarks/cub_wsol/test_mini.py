import hashlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from provbench.benchmarks.common.drawing import bounding_box
from provbench.benchmarks.cub_wsol import data, mini
from provbench.benchmarks.cub_wsol.data import SPLITS, read_split
from provbench.benchmarks.cub_wsol.mini import MINI, MiniSet, generate, write
from provbench.registry.base.image_files import read_image, read_mask
from provbench.registry.task import no_progress

SMALL = MiniSet(species=4, train=20, val=4, test=8)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("mini")
    write(root, no_progress, SMALL)
    return root


def contents(root: Path) -> dict[str, str]:
    files = sorted(path for path in root.rglob("*") if path.is_file())
    return {path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_the_official_reader_reads_it(root: Path) -> None:
    counts = {split: SMALL.count(split) for split in SPLITS}

    assert {split: len(read_split(root, split, 4)) for split in SPLITS} == counts
    assert data.verify(root, no_progress, num_classes=4, counts=counts) == []


def test_the_layout_is_that_of_the_archives(root: Path) -> None:
    names = {path.relative_to(root).as_posix() for path in root.rglob("*")}

    assert {f"metadata/{split}/{name}" for split in SPLITS for name in data.METADATA_FILES} <= names
    assert {
        f"CUB_200_2011/{name}.txt"
        for name in ("images", "classes", "image_class_labels", "train_test_split", "bounding_boxes")
    } <= names
    assert "CUBV2/001.Mini_Bird_1/Mini_Bird_1_0000_val.jpg" in names
    assert "CUB_200_2011/segmentations/002.Mini_Bird_2/Mini_Bird_2_0001_train.png" in names


def test_boxes_and_outlines_fit_the_images(root: Path) -> None:
    shapes = set()
    for bird in read_split(root, "train", 4):
        image = read_image(root / "CUB_200_2011/images" / bird.id)
        outline = read_mask(data.segmentation_path(root / "CUB_200_2011/segmentations", bird))
        shapes.add(image.shape)

        assert image.shape[1::-1] == outline.shape[::-1] == bird.size
        assert bird.boxes == (bounding_box(outline),)
        assert 64 <= min(bird.size) <= max(bird.size) <= 80
    assert len(shapes) > 10  # so that boxes must be rescaled in both directions


def test_the_same_parameters_give_the_same_files_and_another_seed_others(root: Path, tmp_path: Path) -> None:
    write(tmp_path / "again", no_progress, SMALL)
    write(tmp_path / "other", no_progress, MiniSet(species=4, train=20, val=4, test=8, seed=1))
    one, again, other = (contents(folder) for folder in (root, tmp_path / "again", tmp_path / "other"))

    assert again == one
    assert other.keys() == one.keys()
    assert not any(other[name] == one[name] for name in one if name.endswith(".jpg"))


def test_an_image_does_not_depend_on_how_many_there_are(root: Path, tmp_path: Path) -> None:
    write(tmp_path, no_progress, MiniSet(species=4, train=8, val=2, test=4))
    few, many = contents(tmp_path), contents(root)

    assert all(many[name] == digest for name, digest in few.items() if name.endswith((".jpg", ".png")))


def kinds(monkeypatch: pytest.MonkeyPatch, root: Path, correlation: float) -> dict[str, list[tuple[int, int]]]:
    """(species, background) of every image by split."""
    drawn: list[int] = []
    real = mini.draw_background
    monkeypatch.setattr(mini, "draw_background", lambda rng, kind, size: drawn.append(kind) or real(rng, kind, size))
    settings = MiniSet(species=5, train=150, val=50, test=50, low=24, high=24, correlation=correlation)
    write(root, no_progress, settings)
    chunks = np.split(np.array(drawn), [150, 200])
    return {
        split: [(number % 5, int(kind)) for number, kind in enumerate(chunk)]
        for split, chunk in zip(SPLITS, chunks, strict=True)
    }


@pytest.mark.parametrize("correlation", [0.0, 0.7, 1.0])
def test_backgrounds_follow_the_species_in_training_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, correlation: float
) -> None:
    shares = {
        split: np.mean([species == kind for species, kind in pairs])
        for split, pairs in kinds(monkeypatch, tmp_path, correlation).items()
    }
    expected = correlation + (1 - correlation) / 10

    assert shares["train"] == pytest.approx(expected, abs=4 * np.sqrt(expected * (1 - expected) / 150) + 1e-9)
    assert shares["val"] < 0.35
    assert shares["test"] < 0.35


def test_generate_writes_once_and_says_how_far_it_is(tmp_path: Path) -> None:
    steps: list[tuple[int, int]] = []
    settings = MiniSet(species=2, train=4, val=2, test=2)

    assert generate(tmp_path / "set", lambda done, total: steps.append((done, total)), settings) is True
    assert steps == [(done, 8) for done in range(1, 9)]
    assert generate(tmp_path / "set", no_progress, settings) is False
    assert generate(tmp_path / "set", no_progress, MiniSet(species=2, train=4, val=2, test=4)) is True
    assert len(read_split(tmp_path / "set", "test", 2)) == 4


def test_every_class_has_as_many_images_and_no_more_classes_than_there_are() -> None:
    assert MINI.train % MINI.species == MINI.val % MINI.species == MINI.test % MINI.species == 0
    with pytest.raises(ValueError, match=r"species must be in 1\.\.10 \(got 11\)"):
        MiniSet(species=11)


def test_photos_are_jpeg_files_of_quality_95_without_chroma_subsampling(root: Path) -> None:
    bird = read_split(root, "val", 4)[0]
    with Image.open(root / "CUBV2" / bird.id) as image:
        assert image.format == "JPEG"
        assert image.layer[0][1:3] == (1, 1)  # pyright: ignore[reportAttributeAccessIssue]
