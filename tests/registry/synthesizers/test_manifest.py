"""Synthetic sets on disk."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from provbench.registry import SYNTHESIZERS, MissingDataError, UserError
from provbench.registry.base.image_files import read_image, read_mask, write_image, write_mask
from provbench.registry.synthesizers.background_swap import BackgroundSwap
from provbench.registry.synthesizers.manifest import Header, SyntheticImage, read_manifest, write_manifest

HEADER = Header(synthesizer="toy", version="1", params={"strength": 0.5, "prompts": ["a bird"]}, images=2)
ROWS = (
    SyntheticImage(file="images/a.jpg", source="train/ä 1", label=3, change="in the snow", seed=7, mask="masks/a.png"),
    SyntheticImage(file="images/b.jpg", source=None, label=0, change="a photo of a bird", seed=8, mask=None),
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A synthetic set of two images, the first with a mask."""
    for name in ("images", "masks"):
        (tmp_path / name).mkdir()
    for row in ROWS:
        write_image(tmp_path / row.file, np.full((6, 8, 3), 100, np.uint8))
    write_mask(tmp_path / "masks/a.png", np.eye(6, 8) > 0)
    write_manifest(tmp_path, HEADER, ROWS)
    return tmp_path


def edit(folder: Path, line: int, **changes: Any) -> None:
    """Change fields of a row of the manifest, `...` removes one."""
    path = folder / "manifest.jsonl"
    rows = [json.loads(text) for text in path.read_text().splitlines()]
    rows[line - 1] |= changes
    rows[line - 1] = {key: value for key, value in rows[line - 1].items() if value is not ...}
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_a_set_is_read_as_it_was_written(folder: Path) -> None:
    synthetic = read_manifest(folder)
    assert synthetic.header == HEADER
    assert synthetic.rows == ROWS
    assert len(synthetic) == 2
    assert synthetic.image(0).shape == (6, 8, 3)
    mask = synthetic.mask(0)
    assert mask is not None
    assert np.array_equal(mask, np.eye(6, 8) > 0)
    assert synthetic.mask(1) is None


def test_a_header_describes_its_synthesizer() -> None:
    header = Header.of(SYNTHESIZERS.build("background-swap", fraction=0.25), 12)
    assert (header.synthesizer, header.version, header.images) == ("background-swap", BackgroundSwap.version, 12)
    assert header.params["fraction"] == 0.25
    assert header.params["seed"] == 0


def test_a_count_that_is_not_the_rows_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="counts 2 images, there are 1 rows"):
        write_manifest(tmp_path, HEADER, ROWS[:1])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["manifest.json", "manifest.jsonl"])
def test_a_set_without_its_manifest_is_missing(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(MissingDataError, match=name):
        read_manifest(folder)
    with pytest.raises(MissingDataError, match=r"manifest\.json"):
        read_manifest(folder / "elsewhere")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"label": -1}, r"label: .*greater than or equal to 0 \(got -1\)"),
        ({"label": "3"}, r"label: .*integer \(got '3'\)"),
        ({"label": True}, r"label: .*integer \(got True\)"),
        ({"lable": 3}, r"unknown parameter 'lable': did you mean 'label'"),
        ({"seed": ...}, r"seed: required"),
        ({"mask": "masks/none.png"}, r"mask: no such file \(got 'masks/none.png'\)"),
        ({"file": "images"}, r"file: no such file"),
        ({"file": "images/a.jpg"}, r"file: 'images/a.jpg' is already the image of .*manifest.jsonl:1"),
        *(
            ({"file": path}, r"file: .*inside the set's folder.*\(got ")
            for path in ("/etc/passwd", "../a.jpg", "images/../../a.jpg", "C:/a.jpg", "images\\a.jpg", "", "a\0.jpg")
        ),
    ],
)
def test_a_bad_row_is_named_by_file_and_line(folder: Path, changes: dict[str, Any], message: str) -> None:
    edit(folder, 2, **changes)
    with pytest.raises(UserError, match=message) as caught:
        read_manifest(folder)
    assert f"{folder}/manifest.jsonl:2: " in str(caught.value)


def test_a_link_out_of_the_folder_is_refused(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside") / "secret.jpg"
    write_image(outside, np.zeros((2, 2, 3), np.uint8))
    (folder / "images/link.jpg").symlink_to(outside)
    edit(folder, 1, file="images/link.jpg")
    with pytest.raises(UserError, match=r"manifest.jsonl:1: file: must lie inside .* a link to .*secret.jpg"):
        read_manifest(folder)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", r"manifest.jsonl:3: not JSON"),
        ("[1]", r"manifest.jsonl:3: must be a JSON object \(got '\[1\]'\)"),
        ("\n \n", None),
    ],
)
def test_lines_that_are_not_rows(folder: Path, text: str, message: str | None) -> None:
    with (folder / "manifest.jsonl").open("a") as file:
        file.write(text)
    if message is None:
        assert len(read_manifest(folder)) == 2
        return
    with pytest.raises(UserError, match=message):
        read_manifest(folder)


def test_a_manifest_that_was_cut_short_is_noticed(folder: Path) -> None:
    path = folder / "manifest.jsonl"
    path.write_text(path.read_text().splitlines()[0] + "\n")
    with pytest.raises(UserError, match=r"2 images wanted, as manifest.json says \(got 1 lines\)"):
        read_manifest(folder)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"format": 2, "synthesizer": "toy", "version": "1", "params": {}, "images": 2}', r"format: .*1 \(got 2\)"),
        ("nonsense", "manifest.json: not JSON"),
    ],
)
def test_a_bad_header_is_named(folder: Path, content: str, message: str) -> None:
    (folder / "manifest.json").write_text(content)
    with pytest.raises(UserError, match=message):
        read_manifest(folder)


def test_text_that_is_not_utf8_is_named_by_line(folder: Path) -> None:
    path = folder / "manifest.jsonl"
    path.write_bytes(path.read_bytes() + b"\xff\n")
    with pytest.raises(UserError, match=r"manifest.jsonl:3: not UTF-8"):
        read_manifest(folder)


def test_rows_are_checked_when_they_are_made() -> None:
    with pytest.raises(ValidationError, match="inside the set's folder"):
        SyntheticImage(file="../a.jpg", source=None, label=0, change="", seed=0, mask=None)


def test_masks_are_stored_without_loss_and_images_with_little(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    mask = rng.random((17, 23)) < 0.5
    write_mask(tmp_path / "mask.png", mask)
    assert np.array_equal(read_mask(tmp_path / "mask.png"), mask)
    smooth = np.add.outer(np.arange(40), 2 * np.arange(60))[..., None] + np.array([0, 30, 60])
    write_image(tmp_path / "image.jpg", smooth.astype(np.uint8))
    assert np.abs(read_image(tmp_path / "image.jpg").astype(int) - smooth).max() <= 4


def test_an_unreadable_image_is_named(tmp_path: Path) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"not an image")
    with pytest.raises(UserError, match=r"broken.jpg: cannot be read as an image"):
        read_image(tmp_path / "broken.jpg")
    with pytest.raises(MissingDataError, match=r"absent.jpg: no such image file"):
        read_image(tmp_path / "absent.jpg")


def test_what_a_generator_says_of_an_image_is_read_as_it_was_written(folder: Path) -> None:
    row = ROWS[0].model_copy(
        update={
            "labels": ((3, 0.75), (1, 0.25)),
            "prompt": "a photo of a gull",
            "contexts": {"background": "train/b"},
            "model": "some/model@main",
            "lora": "ab" * 32,
            "verdict": {"clip": 0.5, "kept": True},
            "agreement": 0.5,
        }
    )
    header = HEADER.model_copy(update={"kept": (1, 1), "dropped": (0, 2), "licence": "CC0"})
    write_manifest(folder, header, (row, ROWS[1]))
    synthetic = read_manifest(folder)
    assert synthetic.header == header
    assert synthetic.rows == (row, ROWS[1])


def test_fields_that_came_later_are_not_written_where_nothing_is_said(folder: Path) -> None:
    (line, _) = (folder / "manifest.jsonl").read_text().splitlines()
    assert list(json.loads(line)) == ["file", "source", "label", "change", "seed", "mask"]
    assert list(json.loads((folder / "manifest.json").read_text())) == [
        "format",
        "synthesizer",
        "version",
        "params",
        "images",
    ]


@pytest.mark.parametrize(
    ("labels", "problem"),
    [
        ([[1, 0.5], [3, 0.5]], "begin with the image's label"),
        ([[3, 0.5], [3, 0.5]], "each label once"),
        ([[3, 0.5], [1, 0.4]], "sum to 1"),
        ([[3, 1.0]], "at least 2"),
    ],
)
def test_a_mix_of_labels_is_checked(folder: Path, labels: list[list[float]], problem: str) -> None:
    edit(folder, 1, labels=labels)
    with pytest.raises(UserError, match=rf"manifest.jsonl:1: .*{problem}"):
        read_manifest(folder)
