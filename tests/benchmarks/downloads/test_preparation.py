"""Files of a data set from mirrors to their places."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections import namedtuple
from pathlib import Path
from typing import Any

import pytest

from provbench.benchmarks.downloads import DataFile, adopt, ask_links, fetch_all, files_of, in_place, preparation
from provbench.benchmarks.downloads.facts import read_facts
from provbench.benchmarks.downloads.pins import pinned
from provbench.registry import TASKS
from provbench.registry.base import MissingDataError, UserError

from .server import Site


def tar_of(**content: bytes) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, data in content.items():
            info = tarfile.TarInfo(f"set/{name}.txt")
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return packed.getvalue()


ARCHIVE = tar_of(images=b"one two", labels=b"1 2")


def described(*urls: str, **changes: Any) -> DataFile:
    plain = {"name": "set.tar.gz", "urls": urls, "unpack": True, "provides": "set/images.txt"}
    digest = {"size": len(ARCHIVE), "sha256": hashlib.sha256(ARCHIVE).hexdigest()}
    return DataFile.model_validate({**plain, **digest, **changes})


class Place:
    def __init__(self, folder: Path) -> None:
        self.data, self.root, self.said, self.reports = folder / "data", folder / "data" / "set-task", [], []

    def fetch(self, *files: DataFile, offline: bool = False) -> list[DataFile]:
        def report(*values: Any) -> None:
            self.reports.append(values)

        return fetch_all(files, self.root, self.data, report, self.said.append, offline)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_from_a_mirror_to_its_place(site: Site, place: Place) -> None:
    file = described(site.add("set.tar.gz", ARCHIVE))
    assert place.fetch(file) == []
    assert (place.root / "set" / "labels.txt").read_bytes() == b"1 2"
    assert {what for what, _, _ in place.reports} == {"fetching set.tar.gz", "unpacking set.tar.gz"}
    requests = len(site.requests)
    place.fetch(file)
    assert len(site.requests) == requests, "a second time nothing is asked for"


def test_the_next_mirror_after_one_that_lies(site: Site, place: Place) -> None:
    wrong, page = site.add("wrong", ARCHIVE[::-1]), site.add("page", b"<html>login</html>", kind="text/html")
    place.fetch(described(site.address + "/gone", page, wrong, site.add("right", ARCHIVE)))
    assert in_place(described("http://x"), place.root)


def test_every_mirror_is_named_with_its_reason(site: Site, place: Place) -> None:
    wrong = site.add("wrong", ARCHIVE[::-1])
    with pytest.raises(UserError) as error:
        place.fetch(described(site.address + "/gone", wrong))
    assert "/gone: answers 404" in str(error.value)
    assert "/wrong: its sha256 is not" in str(error.value)
    assert not list((place.data / "downloads").glob("*.part*"))
    assert not (place.root / "set").exists()


def test_md5_where_only_that_is_published(site: Site, place: Place) -> None:
    file = described(site.add("a", ARCHIVE), sha256=None, md5=hashlib.md5(ARCHIVE).hexdigest())
    place.fetch(file)
    assert file.digest == f"md5:{hashlib.md5(ARCHIVE).hexdigest()}"
    with pytest.raises(UserError, match="its md5 is not"):
        Place(place.data.parent / "other").fetch(described(site.add("b", ARCHIVE[::-1]), sha256=None, md5="0" * 32))


def test_a_digest_that_nobody_published_is_pinned_and_told(site: Site, place: Place) -> None:
    file = described(site.add("a", ARCHIVE), sha256=None)
    place.fetch(file)
    known = hashlib.sha256(ARCHIVE).hexdigest()
    assert pinned(place.data / "downloads") == {"set.tar.gz": known}
    assert known in place.said[0]
    other = tar_of(images=b"other", labels=b"1 2")
    site.add("a", other)
    (place.data / "downloads" / "set.tar.gz").unlink()
    (place.root / "set").rename(place.data / "away")
    with pytest.raises(UserError, match="its sha256 is not"):
        place.fetch(file.model_copy(update={"size": None}))


def test_a_single_file_is_put_where_it_is_read(site: Site, place: Place) -> None:
    file = described(site.add("a", ARCHIVE), unpack=False, name="meta/list.txt", provides="lists/train/list.txt")
    place.fetch(file)
    assert (place.root / "lists" / "train" / "list.txt").read_bytes() == ARCHIVE


def test_by_hand(site: Site, place: Place) -> None:
    file = described(by_hand="ask its authors.", urls=())
    with pytest.raises(MissingDataError, match=r"must be fetched by hand: ask its authors\. Put it to .*set\.tar\.gz"):
        place.fetch(file)
    optional = file.model_copy(update={"optional": True})
    assert place.fetch(optional) == [optional]
    adopted = place.data.parent / "set.tar.gz"
    adopted.write_bytes(ARCHIVE)
    adopt([file], place.root, place.data, adopted, place.said.append)
    assert place.fetch(file) == []
    assert in_place(file, place.root)


def test_offline(site: Site, place: Place) -> None:
    file = described(site.add("a", ARCHIVE))
    with pytest.raises(MissingDataError, match=r"lacks set\.tar\.gz, and nothing is fetched"):
        place.fetch(file, offline=True)
    (place.data / "downloads").mkdir(parents=True)
    (place.data / "downloads" / "set.tar.gz").write_bytes(ARCHIVE)
    place.fetch(file, offline=True)
    assert not site.requests


def test_room_is_asked_for_first(site: Site, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "free")
    monkeypatch.setattr(preparation.shutil, "disk_usage", lambda path: usage(10))
    with pytest.raises(UserError, match=r"GB free, and .* GB are needed"):
        place.fetch(described(site.add("a", ARCHIVE)))
    assert not site.requests


def test_an_archive_of_something_else(site: Site, place: Place) -> None:
    other = tar_of(labels=b"")
    file = described(site.add("a", other), size=len(other), sha256=hashlib.sha256(other).hexdigest())
    with pytest.raises(UserError, match=r"was unpacked in .*, and has no set/images\.txt"):
        place.fetch(file)


class TestAdoption:
    def test_an_unpacked_folder_is_linked_to(self, place: Place, tmp_path: Path) -> None:
        elsewhere = tmp_path / "old" / "set"
        elsewhere.mkdir(parents=True)
        (elsewhere / "images.txt").write_text("one")
        file = described("http://127.0.0.1:1/a")
        adopt([file], place.root, place.data, tmp_path / "old", place.said.append)
        assert (place.root / "set").resolve() == elsewhere
        assert "must stay there" in place.said[0]
        assert place.fetch(file) == []

    def test_another_archive_of_that_name_is_refused(self, place: Place, tmp_path: Path) -> None:
        (tmp_path / "set.tar.gz").write_bytes(ARCHIVE[::-1])
        with pytest.raises(UserError, match="is another file: its digest is not sha256"):
            adopt([described("http://x")], place.root, place.data, tmp_path, place.said.append)

    def test_a_folder_of_something_else_is_named(self, place: Place, tmp_path: Path) -> None:
        with pytest.raises(UserError, match=r"holds none of set\.tar\.gz, set/images\.txt"):
            adopt([described("http://x")], place.root, place.data, tmp_path, place.said.append)
        with pytest.raises(UserError, match="there is nothing"):
            adopt([described("http://x")], place.root, place.data, tmp_path / "no", place.said.append)


def test_links(site: Site) -> None:
    good, large, page = site.add("a", ARCHIVE), site.add("b", ARCHIVE + b"0"), site.add("c", b"x", kind="text/html")
    gone = site.address + "/gone"
    found = {link.url: link.problem for link in ask_links([described(good, large, page, gone)])}
    assert found[good] == ""
    assert "are expected" in found[large]
    assert found[page] == "answers with a page of HTML"
    assert "404" in found[gone]


class TestFacts:
    def test_every_description_that_ships(self) -> None:
        described_tasks = 0
        for name in TASKS:
            files = files_of(TASKS.get(name), name)
            described_tasks += bool(files)
            assert len({file.name for file in files}) == len(files)
            for file in files:
                assert file.licence, file.name
                assert file.source, file.name
                assert not file.verified or file.digest, f"{file.name}: verified without a digest"
        assert described_tasks == 11

    def test_tasks_that_share_a_file_say_the_same_of_it(self) -> None:
        seen: dict[str, set[str]] = {}
        for name in TASKS:
            for file in files_of(TASKS.get(name), name):
                seen.setdefault(file.name, set()).add(json.dumps([file.urls, file.size, file.digest]))
        assert all(len(of) == 1 for of in seen.values())

    def test_what_tasks_share_is_said_once(self, tmp_path: Path) -> None:
        (tmp_path / "files.yaml").write_text("t: [{shared: segmentations.tgz, into: '', provides: masks}]")
        (mine,) = read_facts(tmp_path / "files.yaml")["t"]
        theirs = {file.name: file for file in files_of(TASKS.get("cub"), "cub")}["segmentations.tgz"]
        assert (mine.into, mine.provides, theirs.provides) == ("", "masks", "CUB_200_2011/segmentations")
        assert mine.model_dump(exclude={"into", "provides"}) == theirs.model_dump(exclude={"into", "provides"})

    def test_the_real_annotation_files_have_these_digests(self, shared_data: Path) -> None:
        pairs = {"cub-wsol": ("wsolevaluation-cub", "cub_wsol"), "iwildcam": ("alia-iwildcam", "iwildcam_mini")}
        pairs["ucf101-24"] = ("corrected-ucf101-annots", "ucf101_24")
        compared = 0
        for task, (prefix, folder) in pairs.items():
            for file in files_of(TASKS.get(task), task):
                if file.name.startswith(prefix):
                    content = (shared_data / folder / file.name.removeprefix(f"{prefix}/")).read_bytes()
                    assert (len(content), hashlib.sha256(content).hexdigest()) == (file.size, file.sha256), file.name
                    compared += 1
        assert compared == 12 + 4 + 2

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            ("t: [{name: a, provides: b}]", "give either urls or by_hand"),
            ("t: [{name: ../a, provides: b, by_hand: x}]", "must be a path inside"),
            ("t: [{name: a, provides: b, urls: ['ftp://x']}]", "must begin with https://"),
            ("t: [{name: a, provides: b, by_hand: x, sha: 1}]", "sha"),
            ("t: [{shared: CUB_200_2011.tar}]", "shared: no file .* did you mean 'CUB_200_2011.tgz'"),
            ("t: [{shared: CUB_200_2011.tgz, sha: 1}]", "sha"),
            ("t: [", "is no YAML"),
        ],
    )
    def test_errors_name_file_and_field(self, tmp_path: Path, content: str, words: str) -> None:
        (tmp_path / "files.yaml").write_text(content)
        with pytest.raises(UserError, match=words) as error:
            read_facts(tmp_path / "files.yaml")
        assert str(tmp_path / "files.yaml") in str(error.value)
