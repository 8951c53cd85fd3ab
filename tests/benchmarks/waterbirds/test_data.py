import csv
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from provbench.benchmarks.common.image_checks import require_images
from provbench.benchmarks.waterbirds.data import (
    COLUMNS,
    COUNTS,
    GALS_ARCHIVE,
    GROUPS,
    SPLITS,
    Bird,
    group_counts,
    image_path,
    metadata_path,
    read_birds,
    read_metadata,
    records,
    require_official_archive,
    segmentation_path,
    verify,
)
from provbench.registry import MissingDataError, UserError
from provbench.registry.task import no_progress

HEADER = ",".join(COLUMNS)
ROWS = (
    "1,001.A/A_1.jpg,0,0,0,/f/forest/1.jpg",
    "2,001.A/A_2.jpg,0,0,1,/o/ocean/1.jpg",
    "3,002.B/B_1.jpg,1,1,1,/o/ocean/2.jpg",
    "4,002.B/B_2.jpg,1,2,0,/f/forest/2.jpg",
)


def write_metadata(root: Path, *lines: str) -> Path:
    path = metadata_path(root)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def captions(shared_data: Path) -> list[tuple[str, int]]:
    """Name and label of each official training image, as ALIA lists them."""
    with (shared_data / "waterbirds_captions.csv").open(encoding="utf-8") as stream:
        return [(row["path"], int(row["target"])) for row in csv.DictReader(stream)]


@pytest.fixture(scope="session")
def real(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set's folder with the real metadata file in it."""
    source = shared_data / "waterbirds" / "metadata.csv"
    if not source.is_file():
        pytest.skip(f"{source} is not here")
    root = tmp_path_factory.mktemp("real")
    path = metadata_path(root)
    path.parent.mkdir(parents=True)
    path.write_bytes(source.read_bytes())
    return root


@pytest.fixture(scope="session", params=["real", "made"])
def official(request: pytest.FixtureRequest) -> Path:
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="session")
def made(captions: list[tuple[str, int]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A metadata file of the official size.

    Names and labels of the training split are the real ones; the other splits' names are made of the real species.
    Places are drawn so that every group has its official count, and the rows are in the order of the names, as there.
    """
    train = captions
    species = {label: sorted({name.partition("/")[0] for name, own in train if own == label}) for label in (0, 1)}
    rng = np.random.default_rng(0)
    rows: list[tuple[str, int, int, int]] = []
    for split, counts in COUNTS.items():
        for label in (0, 1):
            on_land, on_water = counts[2 * label : 2 * label + 2]
            names = [name for name, own in train if own == label]
            if split != "train":
                folders = rng.choice(species[label], on_land + on_water)
                names = [f"{folder}/{split}_{number:05d}.jpg" for number, folder in enumerate(folders)]
            assert len(names) == on_land + on_water
            places = rng.permutation([0] * on_land + [1] * on_water)
            rows += [(name, label, SPLITS.index(split), place) for name, place in zip(names, places, strict=True)]
    rows.sort()
    root = tmp_path_factory.mktemp("waterbirds")
    places = ("/b/bamboo_forest/1.jpg", "/o/ocean/1.jpg")
    lines = (
        f"{number},{name},{label},{split},{place},{places[place]}"
        for number, (name, label, split, place) in enumerate(rows, start=1)
    )
    write_metadata(root, HEADER, *lines)
    return root


def test_the_original_protocol_uses_the_splits_of_the_file(official: Path) -> None:
    birds = read_birds(official, "original")

    assert [len(split) for split in (birds.train, birds.val, birds.test, birds.extra)] == [4795, 1199, 5794, 0]
    assert group_counts(birds.train) == (3498, 184, 56, 1057)
    assert group_counts(birds.val) == (467, 466, 133, 133)
    assert group_counts(birds.test) == (2255, 2255, 642, 642)


def test_the_real_training_images_are_alias_in_its_order(real: Path, captions: list[tuple[str, int]]) -> None:
    assert [(bird.id, bird.label) for bird in read_birds(real, "original").train] == captions


def test_the_real_alia_protocol_has_the_references_groups(real: Path) -> None:
    birds = read_birds(real, "alia")
    assert group_counts(birds.train) == (874, 0, 0, 265)
    assert group_counts(birds.extra) == (0, 650, 189, 0)


def test_the_alia_protocol_has_the_published_counts(official: Path) -> None:
    birds = read_birds(official, "alia")
    original = read_birds(official, "original")

    assert [len(split) for split in (birds.train, birds.val, birds.test, birds.extra)] == [1139, 600, 5794, 839]
    assert {GROUPS[bird.group] for bird in (*birds.train, *birds.val)} == {"landbird|land", "waterbird|water"}
    assert group_counts(birds.extra) == (0, 184 + 466, 56 + 133, 0)
    assert birds.test == original.test
    assert not {bird.id for bird in birds.extra} & {bird.id for bird in (*birds.train, *birds.val, *birds.test)}


def test_the_alia_training_set_is_made_up_as_the_reference_makes_it_up(official: Path) -> None:
    """The reference groups the majority images by species, and takes every fourth of all of them, one after the other.

    It shuffles them within each species before, so only the number of each species can be compared.
    """
    table = pd.read_csv(metadata_path(official))
    table = table[(table.split == 0) & (table.y == table.place)]
    species = table.img_filename.str.partition("/")[0]
    expected = Counter(species.sort_values()[::4])

    train = read_birds(official, "alia").train

    assert Counter(bird.id.partition("/")[0] for bird in train) == expected


def test_groups_number_class_and_place(tmp_path: Path) -> None:
    write_metadata(tmp_path, HEADER, *ROWS)
    splits = read_metadata(tmp_path)

    assert GROUPS == ("landbird|land", "landbird|water", "waterbird|land", "waterbird|water")
    assert splits["train"] == (Bird("001.A/A_1.jpg", 0, 0), Bird("001.A/A_2.jpg", 0, 1))
    assert [bird.group for split in SPLITS for bird in splits[split]] == [0, 1, 3, 2]
    assert [bird.majority for split in SPLITS for bird in splits[split]] == [True, False, True, False]
    folder = tmp_path / "waterbird_complete95_forest2water2"
    assert image_path(tmp_path, splits["train"][0]) == folder / "001.A" / "A_1.jpg"
    assert segmentation_path(tmp_path, splits["train"][0]) == tmp_path / "segmentations" / "001.A" / "A_1.png"


def test_columns_may_stand_in_any_order(tmp_path: Path) -> None:
    """WILDS's file has the same columns after an index."""
    write_metadata(tmp_path, "place,split,y,img_filename", *("0,0,1,a/1.jpg", "1,1,0,a/2.jpg", "1,2,1,a/3.jpg"))

    assert read_metadata(tmp_path)["train"] == (Bird("a/1.jpg", 1, 0),)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("5,003.C/C_1.jpg,2,0,0,/p", r":6: y must be at most 1 \(got 2\)"),
        ("5,003.C/C_1.jpg,bird,0,0,/p", r":6: y must be a whole number \(got 'bird'\)"),
        ("5,003.C/C_1.jpg,0,3,0,/p", r":6: split must be at most 2 \(got 3\)"),
        ("5,003.C/C_1.jpg,0,0,-1,/p", r":6: place must be at least 0 \(got -1\)"),
        ("5,001.A/A_2.jpg,0,0,0,/p", r":6: img_filename must be listed once, and is on line 3 too \(got '001.A/A_2"),
        ("5,../A_2.jpg,0,0,0,/p", r":6: img_filename must be a path inside waterbird_\w+ \(got '\.\./A_2"),
        ("5,/A_2.jpg,0,0,0,/p", r":6: img_filename must be a path inside"),
        ("5,,0,0,0,/p", r":6: img_filename must be a path inside"),
        ("5,003.C/C_1.jpg,0,0,0", r":6: expected 6 columns \(got 5\)"),
    ],
)
def test_bad_lines_are_named_with_field_and_value(tmp_path: Path, line: str, message: str) -> None:
    path = write_metadata(tmp_path, HEADER, *ROWS, line)

    with pytest.raises(UserError, match=message) as raised:
        read_metadata(tmp_path)
    assert str(raised.value).startswith(f"{path}:6")


def test_a_split_without_images_is_refused(tmp_path: Path) -> None:
    write_metadata(tmp_path, HEADER, *ROWS[:3])

    with pytest.raises(UserError, match=r"no image has split 2 \(test\)"):
        read_metadata(tmp_path)


def test_a_header_without_a_column_is_refused(tmp_path: Path) -> None:
    write_metadata(tmp_path, HEADER.replace("place,", ""), *ROWS)

    with pytest.raises(UserError, match=r"metadata\.csv:1: the header has no column 'place'"):
        read_metadata(tmp_path)


def test_missing_data_is_asked_for_by_source_and_place(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError) as raised:
        read_metadata(tmp_path)

    assert "waterbird_complete95_forest2water2.tar.gz" in str(raised.value)
    assert "kohpangwei/group_DRO" in str(raised.value)
    assert str(metadata_path(tmp_path)) in str(raised.value)


def test_missing_images_are_counted(tmp_path: Path) -> None:
    write_metadata(tmp_path, HEADER, *ROWS)
    birds = read_metadata(tmp_path)["train"]
    image_path(tmp_path, birds[0]).parent.mkdir()
    image_path(tmp_path, birds[0]).touch()

    require_images(records(tmp_path, birds[:1]), "")
    with pytest.raises(MissingDataError, match=r"A_2\.jpg: no such image \(1 of the 2 are missing\)"):
        require_images(records(tmp_path, birds), "")


def test_the_protocol_of_gals_reads_its_own_archive(tmp_path: Path) -> None:
    write_metadata(tmp_path, HEADER, *ROWS)
    path = metadata_path(tmp_path, GALS_ARCHIVE)
    path.parent.mkdir(parents=True)
    path.write_text("".join(f"{line}\n" for line in (HEADER, ROWS[0], *ROWS[2:])), encoding="utf-8")

    birds = read_birds(tmp_path, "gals")

    assert (len(birds.train), len(birds.val), len(birds.test)) == (1, 1, 1)
    assert records(tmp_path, birds.train, GALS_ARCHIVE)[0].path == tmp_path / GALS_ARCHIVE / "001.A/A_1.jpg"
    assert len(read_birds(tmp_path, "original").train) == 2
    problems = verify(tmp_path, no_progress, GALS_ARCHIVE)
    assert any("expected 3694 images of landbird|land in train (got 1)" in problem for problem in problems)
    assert not any("in val" in problem or "in test" in problem for problem in problems)


def test_the_archive_of_gals_is_asked_for_by_name(tmp_path: Path) -> None:
    write_metadata(tmp_path, HEADER, *ROWS)

    with pytest.raises(MissingDataError, match=r"waterbird_1.0_forest2water2/metadata.csv(.|\n)*spetryk/GALS"):
        read_birds(tmp_path, "gals")


def test_there_are_no_generated_data_of_that_archive() -> None:
    with pytest.raises(UserError, match="protocol: gals has no generated data; those are in the layout of original"):
        require_official_archive("gals")
    require_official_archive("alia")
