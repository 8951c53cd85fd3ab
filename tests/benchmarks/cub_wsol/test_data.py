import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from provbench.benchmarks.cub_wsol import data, mini
from provbench.benchmarks.cub_wsol.data import Bird, read_split, resize_boxes, verify
from provbench.benchmarks.cub_wsol.mini import MiniSet
from provbench.registry import MissingDataError, UserError
from provbench.registry.task import no_progress

SMALL = MiniSet(species=3, train=9, val=3, test=6)
COUNTS = {"train": 9, "val": 3, "test": 6}


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("pristine")
    mini.write(root, no_progress, SMALL)
    return root


@pytest.fixture
def root(pristine: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(pristine, tmp_path / "cub"))


def replace_line(path: Path, number: int, text: str | None) -> None:
    """Put `text` for a line of a file; None removes it."""
    lines = path.read_text().splitlines()
    lines[number - 1 : number] = [] if text is None else [text]
    path.write_text("\n".join(lines))


def check(root: Path) -> list[str]:
    return verify(root, no_progress, num_classes=3, counts=COUNTS)


class TestOfficialMetadata:
    """The real annotation files, in the three ways in which they may lie."""

    @pytest.fixture(params=["metadata", "metadata/CUB", "paper"])
    def official(self, shared_data: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Path:
        names = {"train": "train-weaksup", "val": "train-fullsup", "test": "test"}
        for split, name in names.items():
            folder = tmp_path / ("metadata" if request.param == "paper" else request.param)
            folder.mkdir(parents=True, exist_ok=True)
            (folder / (name if request.param == "paper" else split)).symlink_to(shared_data / "cub_wsol" / split)
        return tmp_path

    @pytest.mark.parametrize(("split", "count"), [("train", 5994), ("val", 1000), ("test", 5794)])
    def test_every_line_is_valid(self, official: Path, split: data.Split, count: int) -> None:
        birds = read_split(official, split)

        assert len(birds) == data.COUNTS[split] == count
        assert {bird.label for bird in birds} == set(range(200))
        assert {len(bird.boxes) for bird in birds} == {1}
        assert all(int(bird.id[:3]) == bird.label + 1 for bird in birds)

    def test_the_splits_have_no_image_in_common(self, official: Path) -> None:
        ids = [bird.id for split in data.SPLITS for bird in read_split(official, split)]

        assert len(set(ids)) == len(ids) == 12788

    def test_boxes_at_224(self, official: Path) -> None:
        bird = read_split(official, "test")[0]

        assert bird.id == "001.Black_footed_Albatross/Black_Footed_Albatross_0046_18.jpg"
        assert bird.size == (500, 335)
        assert bird.boxes == ((60, 27, 385, 331),)
        assert resize_boxes(bird).tolist() == [[26, 18, 172, 221]]  # 60 · 224 / 500 = 26.88, and so on, cut off


def test_boxes_are_cut_off_not_rounded_and_may_be_several() -> None:
    bird = Bird("a.jpg", 0, (448, 100), ((1, 1, 447, 99), (3, 50, 3, 50)))

    assert resize_boxes(bird).tolist() == [[0, 2, 223, 221], [1, 112, 1, 112]]
    assert resize_boxes(bird, 100).dtype == np.int64


def test_several_boxes_of_one_image_are_kept_in_order(root: Path) -> None:
    file = root / "metadata/test/localization.txt"
    first = read_split(root, "test", 3)[0]
    file.write_text(file.read_text() + f"{first.id},1,2,3,4\n")

    assert read_split(root, "test", 3)[0].boxes == (*first.boxes, (1, 2, 3, 4))


@pytest.mark.parametrize(
    ("file", "line", "text", "message"),
    [
        ("class_labels.txt", 2, "{id},3", r"class_labels\.txt:2: label must be at most 2 \(got 3\)"),
        ("class_labels.txt", 2, "{id},-1", r"class_labels\.txt:2: label must be at least 0"),
        ("class_labels.txt", 2, "{id}", r"class_labels\.txt:2: expected 2 fields, image, label"),
        ("class_labels.txt", 2, "other.jpg,1", r"class_labels\.txt:2: image must be one of image_ids\.txt"),
        ("class_labels.txt", 2, None, r"image_ids\.txt:2: image must have a line in class_labels\.txt"),
        ("image_sizes.txt", 2, "{id},0,64", r"image_sizes\.txt:2: width must be at least 1"),
        ("image_sizes.txt", 2, "{first},64,64", r"image_sizes\.txt:2: image must be listed once, and is on line 1 too"),
        ("image_sizes.txt", 2, None, r"image_ids\.txt:2: image must have a line in image_sizes\.txt"),
        ("image_ids.txt", 2, None, r"class_labels\.txt:2: image must be one of image_ids\.txt"),
        ("image_ids.txt", 2, "../../etc/passwd", r"image_ids\.txt:2: image must be a path inside"),
        ("localization.txt", 2, "{id},5,5,4,9", r"localization\.txt:2: x1 must be at least 5 \(got 4\)"),
        ("localization.txt", 2, "{id},5,5,9,80", r"localization\.txt:2: y1 must be at most \d+ \(got 80\)"),
        ("localization.txt", 2, "{id},-1,5,9,9", r"localization\.txt:2: x0 must be at least 0"),
        ("localization.txt", 2, "{id},1.5,5,9,9", r"localization\.txt:2: x0 must be a whole number \(got '1\.5'\)"),
        ("localization.txt", 2, "other.jpg,1,1,2,2", r"localization\.txt:2: image must be one of image_ids\.txt"),
        ("localization.txt", 2, None, r"image_ids\.txt:2: image must have a box in localization\.txt"),
    ],
)
def test_a_bad_line_is_named(root: Path, file: str, line: int, text: str | None, message: str) -> None:
    first, second = (bird.id for bird in read_split(root, "test", 3)[:2])
    replace_line(root / "metadata/test" / file, line, text and text.format(id=second, first=first))

    with pytest.raises(UserError, match=message):
        read_split(root, "test", 3)


def test_an_empty_list_is_an_error(root: Path) -> None:
    (root / "metadata/val/image_ids.txt").write_text("\n")

    with pytest.raises(UserError, match=r"image_ids\.txt: lists no image"):
        read_split(root, "val", 3)


def test_missing_data_says_where_to_get_it_and_where_to_put_it(tmp_path: Path, root: Path) -> None:
    with pytest.raises(MissingDataError, match=r"metadata/train/image_ids\.txt: no such file(.|\n)*D1\.20098") as error:
        read_split(tmp_path, "train")
    assert "clovaai/wsolevaluation" in str(error.value)
    shutil.rmtree(root / "CUBV2")
    with pytest.raises(MissingDataError, match=r"CUBV2/001\S*\.jpg: no such image"):
        data.image_folder(root, "val", read_split(root, "val", 3))


def test_images_may_lie_where_the_wsol_evaluations_scripts_put_them(root: Path) -> None:
    (root / "CUB_200_2011/images").rename(root / "CUB")
    shutil.copytree(root / "CUBV2", root / "CUB", dirs_exist_ok=True)
    shutil.rmtree(root / "CUBV2")

    for split in data.SPLITS:
        birds = read_split(root, split, 3)
        folder = data.image_folder(root, split, birds)
        assert folder == root / "CUB"
        assert all((folder / bird.id).is_file() for bird in birds)


def test_outlines_may_lie_inside_or_beside_the_archive(root: Path) -> None:
    assert data.segmentation_folder(root) == root / "CUB_200_2011/segmentations"
    (root / "CUB_200_2011/segmentations").rename(root / "segmentations")
    assert data.segmentation_folder(root) == root / "segmentations"
    assert check(root) == []
    shutil.rmtree(root / "segmentations")
    assert data.segmentation_folder(root) is None
    assert check(root) == []


def test_verify_finds_nothing_in_a_good_set_and_reports_progress(root: Path) -> None:
    steps: list[tuple[int, int]] = []

    assert verify(root, lambda done, total: steps.append((done, total)), num_classes=3, counts=COUNTS) == []
    assert steps == [(done, 18) for done in range(1, 19)]


def test_verify_names_every_fault(root: Path) -> None:
    train, val, test = (read_split(root, split, 3) for split in data.SPLITS)
    archive = root / "CUB_200_2011"
    (archive / "images" / train[0].id).unlink()
    (root / "CUBV2" / val[1].id).write_bytes(b"\xff\xd8 torn")
    Image.new("RGB", (5, 6)).save(archive / "images" / test[2].id)
    data.segmentation_path(archive / "segmentations", train[3]).unlink()
    first = next(bird for bird in [*train, *test] if bird.id == (archive / "images.txt").read_text().split()[1])
    replace_line(archive / "image_class_labels.txt", 1, f"1 {first.label + 2}")
    replace_line(archive / "train_test_split.txt", 1, f"1 {0 if first in train else 1}")
    replace_line(archive / "bounding_boxes.txt", 1, "1 0.0 0.0 3.0 3.0")
    replace_line(archive / "bounding_boxes.txt", 2, None)
    problems = check(root)
    found = Counter(
        kind
        for problem in problems
        for kind in (
            "no such image",
            "cannot be read as an image",
            "must be of the size in image_sizes.txt",
            "image_class_labels.txt:1: label of",
            "train_test_split.txt:1: is_training of",
            "bounding_boxes.txt:1: the box of",
            "not in all of CUB's own annotation files",
        )
        if kind in problem
    )

    assert found["no such image"] == 2  # the photo and the outline
    assert found["cannot be read as an image"] == 1
    assert found["must be of the size in image_sizes.txt"] == 1
    assert found["image_class_labels.txt:1: label of"] == 1
    assert found["train_test_split.txt:1: is_training of"] == 1
    assert found["bounding_boxes.txt:1: the box of"] == 1
    assert found["not in all of CUB's own annotation files"] == 1


def test_verify_goes_on_after_a_split_that_cannot_be_read(root: Path) -> None:
    replace_line(root / "metadata/train/class_labels.txt", 1, "nonsense")
    replace_line(root / "metadata/test/image_ids.txt", 1, "extra.jpg")
    (root / "CUB_200_2011/images.txt").unlink()
    problems = check(root)

    assert len(problems) == 3
    assert "train/class_labels.txt:1" in problems[0]
    assert "test/" in problems[1]
    assert "images.txt: no such annotation file" in problems[2]


def test_verify_counts(root: Path) -> None:
    (problem,) = verify(root, no_progress, num_classes=3, counts={**COUNTS, "val": 4})

    assert problem.endswith("metadata/val/image_ids.txt: expected 4 images (got 3)")
