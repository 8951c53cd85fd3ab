"""The reader of ALIA's files: the real ones, and what is refused."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from provbench.benchmarks.iwildcam import data
from provbench.registry import MissingDataError, UserError
from provbench.registry.task import no_progress

HEADER = "split,location_remapped,seq_id,y,filename\n"


def write_part(root: Path, part: data.Part, *lines: str, header: str = HEADER) -> Path:
    path = data.csv_path(root, part)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(header + "".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def real(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set's folder with the real CSV files in it."""
    source = shared_data / "iwildcam_mini"
    if not source.is_dir():
        pytest.skip(f"{source} is not here")
    root = tmp_path_factory.mktemp("iwildcam")
    (root / data.ARCHIVE).mkdir()
    for name in data.FILES.values():
        (root / data.ARCHIVE / name).symlink_to(source / name)
    return root


def test_the_real_files_have_the_published_numbers_of_images(real: Path) -> None:
    parts = {part: data.read_part(real, part) for part in data.FILES}

    assert {part: len(shots) for part, shots in parts.items()} == {
        "train": 6052, "val": 2826, "test": 8483, "extra": 2224,
    }  # fmt: skip
    assert {part: data.class_counts(shots) for part, shots in parts.items()} == data.COUNTS
    assert len({shot.location for shot in parts["test"]}) == 2
    assert not {shot.location for shot in parts["train"]} & {shot.location for shot in parts["test"]}


def test_the_real_files_are_read_as_a_plain_reader_reads_them(real: Path) -> None:
    with data.csv_path(real, "test").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    records = data.records(real, "test")

    assert [record.id for record in records] == [row["filename"] for row in rows]
    assert [data.NUMBERS[record.label] for record in records] == [int(row["y"]) for row in rows]
    assert Counter(record.cluster for record in records) == Counter(row["seq_id"] for row in rows)


def test_the_real_files_share_no_image_and_only_images_are_missing(real: Path) -> None:
    problems = data.verify(real, no_progress)

    assert len(problems) == 6052 + 2826 + 8483
    assert all("no such" in problem for problem in problems)


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("train,1,a,7,x.jpg", r"train_subset.csv:3: y must be one of 0 background, .*\(got 7\)"),
        ("train,1,a,24,../x.jpg", r":3: filename must be a path inside"),
        ("train,1,a,24,a.jpg", r":3: filename must be listed once \(got 'a.jpg'\)"),
    ],
)
def test_wrong_values_are_refused_with_file_and_line(tmp_path: Path, line: str, complaint: str) -> None:
    write_part(tmp_path, "train", "train,1,a,0,a.jpg", line)

    with pytest.raises(UserError, match=complaint):
        data.read_part(tmp_path, "train")


def test_missing_and_empty_files_are_told(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match=r"train_subset.csv: no such file(.|\n)*lisadunlap/ALIA"):
        data.read_part(tmp_path, "train")
    write_part(tmp_path, "val")
    with pytest.raises(UserError, match="lists no image"):
        data.read_part(tmp_path, "val")


def test_images_of_two_splits_and_shared_cameras_are_problems(tmp_path: Path) -> None:
    write_part(tmp_path, "train", "train,1,a,0,a.jpg")
    write_part(tmp_path, "val", "val,2,b,0,a.jpg")
    write_part(tmp_path, "test", "test,1,c,0,c.jpg")

    problems = "\n".join(data.verify(tmp_path, no_progress))

    assert "1 of its images are in val_subset.csv too" in problems
    assert "test_subset.csv: cameras of train: 1" in problems
