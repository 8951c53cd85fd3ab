"""Captions in files."""

from __future__ import annotations

from pathlib import Path

import pytest

from provbench.registry import MissingDataError, UserError
from provbench.registry.generation.captions import of_samples, read_captions, write_captions

HEADER = "image\tbackground\tpose\n"


def test_a_file_has_a_column_for_each_aspect_and_loses_full_stops(tmp_path: Path) -> None:
    path = tmp_path / "captions.tsv"
    path.write_text(HEADER + "a/1.jpg\tClear blue sky.\tTaxiing\n")
    assert read_captions(path) == {"a/1.jpg": {"background": "Clear blue sky", "pose": "Taxiing"}}


def test_two_files_of_the_reference_code_are_one_table(tmp_path: Path) -> None:
    for aspect, text in (("background", "Clear blue sky."), ("pose", "In flight.")):
        (tmp_path / f"{aspect}.tsv").write_text(f"image\tresponse\nreal/plane/1.jpg\t{text}\n")
    assert read_captions(tmp_path) == {"real/plane/1.jpg": {"background": "Clear blue sky", "pose": "In flight"}}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("picture\tpose\n", "captions.tsv:1: the header must be image"),
        ("image\n", "captions.tsv:1: the header must be image"),
        (HEADER + "1\tsky\n", "captions.tsv:2: 3 fields between tabs wanted"),
        (HEADER + "1\t.\tup\n", "captions.tsv:2: background: the description of 1 is empty"),
        (HEADER + "1\t\tup\n", "captions.tsv:2: background: the description of 1 is empty"),
        (HEADER + "1\tsky\tup\n1\tsea\tup\n", "captions.tsv:3: the image '1' is described twice"),
    ],
)
def test_what_is_wrong_in_a_file_is_named_with_its_line(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "captions.tsv"
    path.write_text(text)
    with pytest.raises(UserError, match=problem):
        read_captions(path)


def test_an_image_that_one_file_lacks_is_named(tmp_path: Path) -> None:
    (tmp_path / "background.tsv").write_text("image\tresponse\n1\tsky\n2\tsea\n")
    (tmp_path / "pose.tsv").write_text("image\tresponse\n1\tup\n")
    with pytest.raises(UserError, match=r"pose.tsv: has no description of 2"):
        read_captions(tmp_path)


def test_a_folder_without_captions_is_missing_data(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match=r"neither captions.tsv nor a file for each aspect"):
        read_captions(tmp_path)


def test_samples_are_found_by_id_by_the_end_of_a_path_or_by_a_unique_name(tmp_path: Path) -> None:
    known = {"gull/1.jpg": {"pose": "a"}, "data/tern/1.jpg": {"pose": "b"}, "elsewhere/7.jpg": {"pose": "c"}}
    found = of_samples(known, ["gull/1.jpg", "tern/1.jpg", "crow/7.jpg"], tmp_path)
    assert [caption["pose"] for caption in found] == ["a", "b", "c"]


def test_samples_without_a_caption_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no caption of 2 of 3 images \(b/2.jpg, b/3.jpg\)"):
        of_samples({"a/1.jpg": {"pose": "x"}}, ["a/1.jpg", "b/2.jpg", "b/3.jpg"], tmp_path)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "captions.tsv"
    write_captions(path, ["ä 1", "b"], [{"pose": "up"}, {"pose": "🙂"}])
    assert read_captions(path) == {"ä 1": {"pose": "up"}, "b": {"pose": "🙂"}}
    with pytest.raises(UserError, match="one line without tabs"):
        write_captions(path, ["a"], [{"pose": "up\tdown"}])
