"""Synthetic sets: what identifies one, and that only whole ones are taken."""

from __future__ import annotations

import csv
import inspect
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from provbench.benchmarks.waterbirds.data import COLUMNS, Bird, image_path, metadata_path, segmentation_path
from provbench.benchmarks.waterbirds.task import Waterbirds, WaterbirdsParams
from provbench.registry import SYNTHESIZERS, Task
from provbench.registry.base.checksums import CHECKSUMS
from provbench.registry.base.derived import VARIABLE
from provbench.registry.base.image_files import read_image
from provbench.registry.contracts import Numbered
from provbench.registry.synthesizers.manifest import read_manifest
from provbench.suites.planning.spec import PluginSpec
from provbench.suites.planning.synthetic import (
    _without_segmentations,
    data_fingerprint,
    ensure_synthetic,
    synthetic_folder,
    synthetic_problems,
)

BIRDS = [Bird(f"{1 + label:03d}.Kind/{label}{place}{number}.jpg", label, place)
         for label in (0, 1) for place in (0, 1) for number in range(4)]  # fmt: skip


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A data root with a very small Waterbirds in the official layout, of files that have not changed for a minute."""
    own = tmp_path / "data" / "waterbirds"
    rows = []
    for split in range(3):
        for bird in BIRDS:
            one = Bird(bird.id.replace(".jpg", f"_{split}.jpg"), bird.label, bird.place)
            _draw(own, one, seed=len(rows))
            rows.append([len(rows) + 1, one.id, one.label, split, one.place, "/place"])
    with metadata_path(own).open("w", newline="") as stream:
        csv.writer(stream).writerows([COLUMNS, *rows])
    return tmp_path / "data"


def _draw(own: Path, bird: Bird, seed: int) -> None:
    image, outline = image_path(own, bird), segmentation_path(own, bird)
    for path in (image, outline):
        path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    Image.fromarray(rng.integers(0, 256, (24, 24, 3), dtype=np.uint8)).save(image)
    Image.fromarray(_outline(8)).save(outline)


def _outline(left: int) -> np.ndarray:
    outline = np.zeros((24, 24), np.uint8)
    outline[8:16, left : left + 8] = 255
    return outline


def task(root: Path, **params: Any) -> Task:
    return Waterbirds(WaterbirdsParams(**params), variant="full", data_root=root)


def spec(name: str = "background-swap", **params: Any) -> PluginSpec:
    plugin = SYNTHESIZERS.get(name)
    return PluginSpec(name=name, version=plugin.version, params=plugin.Params(**params).model_dump(mode="json"))


def made(root: Path, own: Task, synthesizer: PluginSpec | None = None) -> Path:
    synthesizer = synthesizer or spec()
    return ensure_synthetic(own, synthesizer, data_fingerprint(own, synthesizer), root)


def test_a_protocol_gets_a_set_of_its_own_training_images(root: Path) -> None:
    every, biased = task(root, protocol="original"), task(root, protocol="alia")
    first, second = made(root, every), made(root, biased)

    assert first != second
    assert len(read_manifest(first)) == 16
    allowed = {bird.id for bird in biased.birds().train}  # pyright: ignore[reportAttributeAccessIssue]
    assert {row.source for row in read_manifest(second).rows} == allowed
    assert data_fingerprint(every, None) == data_fingerprint(biased, None)


def test_what_no_synthesizer_reads_leaves_the_set_and_the_fingerprint_as_they_are(root: Path) -> None:
    assert made(root, task(root, lr=0.1)) == made(root, task(root, lr=0.2))
    assert data_fingerprint(task(root), None) == task(root).fingerprint()


def test_segmentations_count_where_they_are_read(root: Path) -> None:
    own = task(root, protocol="original")
    swap = spec()
    before = data_fingerprint(own, swap)
    first = made(root, own, swap)
    path = segmentation_path(root / "waterbirds", Bird(BIRDS[0].id.replace(".jpg", "_0.jpg"), 0, 0))
    old = path.stat()
    Image.fromarray(_outline(9)).save(path)
    os.utime(path, ns=(old.st_atime_ns, old.st_mtime_ns))  # as after unpacking another archive

    assert path.stat().st_size == old.st_size
    assert data_fingerprint(own, swap) != before
    assert made(root, own, swap) != first


def test_segmentations_do_not_count_where_they_are_not_read(root: Path) -> None:
    own, edits = task(root, protocol="original"), spec("edited-images", edits="mine")
    folder = root / "waterbirds" / "edits" / "mine"
    folder.mkdir(parents=True)
    Image.fromarray(read_image(image_path(root / "waterbirds", own.birds().train[0]))).save(folder / "0-0.png")  # pyright: ignore[reportAttributeAccessIssue]
    before = data_fingerprint(own, edits)
    for path in (root / "waterbirds" / "segmentations").rglob("*.png"):
        path.unlink()

    assert data_fingerprint(own, edits) == before


def test_image_contents_count(root: Path) -> None:
    own = task(root, protocol="original")
    before = data_fingerprint(own, spec())
    path = image_path(root / "waterbirds", own.birds().train[3])  # pyright: ignore[reportAttributeAccessIssue]
    content = bytearray(path.read_bytes())
    content[-10] ^= 1
    path.write_bytes(content)

    assert own.fingerprint() == task(root, protocol="original").fingerprint()
    assert data_fingerprint(own, spec()) != before


def test_a_damaged_set_is_set_aside_and_made_again(root: Path) -> None:
    own = task(root, protocol="original")
    folder = made(root, own)
    whole = {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    image = next((folder / "images").iterdir())
    image.write_bytes(image.read_bytes()[:-5] + b"torn!")

    with pytest.warns(UserWarning, match=rf"damaged \(1 files; .*{image.name}: has other contents"):
        assert made(root, own) == folder
    assert {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == whole
    assert len(list(folder.parent.glob(f"{folder.name}.damaged-*"))) == 1


def test_every_file_of_a_tasks_sets_is_reread_on_request(root: Path) -> None:
    own = task(root, protocol="original")
    folder = made(root, own)
    assert synthetic_problems(own.name, root) == []
    image = next((folder / "images").iterdir())
    before = image.stat()
    image.write_bytes(image.read_bytes()[:-5] + b"torn!")
    os.utime(image, ns=(before.st_atime_ns, before.st_mtime_ns))
    (problem,) = synthetic_problems(own.name, root)
    assert problem.startswith(f"{image}: has other contents than were written: the next `provbench run`")
    assert synthetic_problems("cub-wsol", root) == []


@pytest.mark.parametrize("name", [CHECKSUMS, "manifest.jsonl", "images"])
def test_a_set_that_lacks_something_is_not_taken_for_whole(root: Path, name: str) -> None:
    own = task(root, protocol="original")
    folder = made(root, own)
    path = folder / name
    path = next(path.iterdir()) if path.is_dir() else path
    path.unlink()

    with pytest.warns(UserWarning, match="is made again"):
        assert made(root, own) == folder
    assert path.is_file()


def test_the_place_for_derived_data_changes_no_fingerprint(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = task(root, protocol="original")
    before, elsewhere = data_fingerprint(own, spec()), tmp_path / "elsewhere"
    monkeypatch.setenv(VARIABLE, str(elsewhere))

    assert data_fingerprint(own, spec()) == before
    folder = made(root, own)
    assert folder.is_relative_to(elsewhere)
    assert not (root / "synthetic").exists()
    monkeypatch.delenv(VARIABLE)
    assert made(root, own).name == folder.name


def test_a_set_beside_the_data_is_found_wherever_others_would_go(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = task(root, protocol="original")
    folder = made(root, own)
    monkeypatch.setenv(VARIABLE, str(root.parent / "elsewhere"))

    assert made(root, own) == folder
    assert folder == synthetic_folder(own, spec(), data_fingerprint(own, spec()), root)


def test_contents_are_read_once(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own, long_ago = task(root, protocol="original"), time.time_ns() + 3_000_000_000
    monkeypatch.setattr(time, "time_ns", lambda: long_ago)  # the files are older than the time within which they settle
    folder = made(root, own)
    made(root, own)
    monkeypatch.setattr("provbench.registry.base.content_digests.content_digest", _refuse)

    assert made(root, own) == folder


def _refuse(path: Path) -> str:
    raise AssertionError(f"{path} is read again")


def test_a_training_set_without_its_segmentations_keeps_its_other_methods(root: Path) -> None:
    """Python 3.12 and later look for the methods of a protocol in the class alone."""
    whole = task(root).training_set()
    blind = _without_segmentations(whole)

    for name in ("numbering", "class_names", "digest"):
        assert callable(inspect.getattr_static(blind, name))
    assert isinstance(blind, Numbered)
    assert (len(blind), blind.num_classes, blind.sample_id(0)) == (len(whole), 2, whole.sample_id(0))
    with pytest.raises(RuntimeError, match="reads_segmentations"):
        blind.segmentation(0)
