"""Sets that are handed on in one file."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from provbench.registry import SYNTHESIZERS, MissingDataError, UserError
from provbench.registry.base import write_image, write_mask
from provbench.registry.synthesizers import Header, SyntheticImage, read_manifest, write_manifest
from provbench.registry.synthesizers.set_archive import export_set, import_set

CLASSES = ("gull", "tern/🙂")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A set of two images, the first with a mask, and a file that is not handed on."""
    own = tmp_path / "set"
    for name in ("images", "masks", "lora"):
        (own / name).mkdir(parents=True)
    (own / "lora" / "x.safetensors").write_bytes(b"weights")
    rows = [
        SyntheticImage(
            file="images/a.jpg", source=None, label=0, change="x", seed=0, mask="masks/a.png", prompt="gull"
        ),
        SyntheticImage(file="images/b.jpg", source=None, label=1, change="x", seed=0, mask=None),
    ]
    for row in rows:
        write_image(own / row.file, np.full((6, 8, 3), 100, np.uint8))
    write_mask(own / "masks/a.png", np.eye(6, 8) > 0)
    write_manifest(own, Header(synthesizer="toy", version="1", params={}, images=2), rows)
    return own


def exported(folder: Path, archive: Path) -> Any:
    return export_set(folder, archive, name="toy-set", task="birds", classes=CLASSES, licence="CC0")


class Data:
    num_classes = 2

    def __init__(self, root: Path, names: tuple[str, ...] = CLASSES) -> None:
        self.folder, self.names = root / "birds", names

    def class_names(self) -> tuple[str, ...]:
        return self.names


def changed(archive: Path, name: str, content: bytes | None) -> None:
    """Replace a file of an archive, or add one."""
    with zipfile.ZipFile(archive) as old:
        files = {each: old.read(each) for each in old.namelist()}
    files[name] = content or b""
    with zipfile.ZipFile(archive, "w") as new:
        for each, text in files.items():
            new.writestr(each, text)


def test_a_set_is_the_same_after_it_was_handed_on(folder: Path, tmp_path: Path) -> None:
    card = exported(folder, tmp_path / "set.zip")
    assert (card.images, card.licence, card.classes) == (2, "CC0", CLASSES)
    target, same = import_set(tmp_path / "set.zip", tmp_path / "data")
    assert same == card
    assert read_manifest(target).rows == read_manifest(folder).rows
    assert not (target / "lora").exists()
    assert import_set(tmp_path / "set.zip", tmp_path / "data") == (target, card)
    first = (tmp_path / "set.zip").read_bytes()
    exported(folder, tmp_path / "set.zip")
    assert (tmp_path / "set.zip").read_bytes() == first


def test_runs_train_on_it_and_its_digest_is_their_fingerprint(folder: Path, tmp_path: Path) -> None:
    card = exported(folder, tmp_path / "set.zip")
    plugin = SYNTHESIZERS.build("imported", set="toy-set")
    data: Any = Data(tmp_path / "data")
    (problem,) = plugin.missing_inputs(data)
    assert "`provbench synthetic import FILE` makes one" in problem
    import_set(tmp_path / "set.zip", tmp_path / "data")
    assert plugin.missing_inputs(data) == []
    assert plugin.fingerprint(data) == card.digest
    (tmp_path / "out").mkdir()
    plugin.synthesize(data, tmp_path / "out", lambda *_: None)
    assert read_manifest(tmp_path / "out").header.synthesizer == "toy"
    with pytest.raises(UserError, match="its classes are not those of this task"):
        plugin.synthesize(Data(tmp_path / "data", ("tern", "gull")), tmp_path / "out", lambda *_: None)
    (tmp_path / "data" / "imported-sets" / "toy-set" / "images" / "a.jpg").write_bytes(b"x")
    with pytest.raises(UserError, match="have changed since it was imported"):
        plugin.synthesize(data, tmp_path / "out", lambda *_: None)


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("images/a.jpg", b"other", "not those that were exported"),
        ("images/c.jpg", b"more", "does not name, such as images/c.jpg"),
        ("../evil", b"out", "does not name, such as ../evil"),
        ("set.json", b"{}", "set.json"),
        ("set.json", b"no", "not JSON"),
    ],
)
def test_an_archive_that_was_changed_is_refused(
    folder: Path, tmp_path: Path, name: str, content: bytes, problem: str
) -> None:
    exported(folder, tmp_path / "set.zip")
    changed(tmp_path / "set.zip", name, content)
    with pytest.raises(UserError, match=problem):
        import_set(tmp_path / "set.zip", tmp_path / "data")
    assert not [path for path in (tmp_path / "data").rglob("*") if path.is_file()]
    assert not (tmp_path / "evil").exists()


def test_a_row_that_leads_out_of_the_folder_is_refused(folder: Path, tmp_path: Path) -> None:
    exported(folder, tmp_path / "set.zip")
    row = json.loads((folder / "manifest.jsonl").read_text().split("\n")[0])
    changed(tmp_path / "set.zip", "manifest.jsonl", json.dumps({**row, "file": "../../evil"}).encode())
    with pytest.raises(UserError, match=r"manifest.jsonl:1"):
        import_set(tmp_path / "set.zip", tmp_path / "data")


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "set.zip").write_bytes(b"PK nothing")
    with pytest.raises(UserError, match="not a whole exported set"):
        import_set(tmp_path / "set.zip", tmp_path / "data")
    with pytest.raises(MissingDataError, match="no such file"):
        import_set(tmp_path / "none.zip", tmp_path / "data")


def test_another_set_of_the_name_stays(folder: Path, tmp_path: Path) -> None:
    exported(folder, tmp_path / "set.zip")
    import_set(tmp_path / "set.zip", tmp_path / "data")
    write_image(folder / "images" / "a.jpg", np.zeros((6, 8, 3), np.uint8))
    exported(folder, tmp_path / "set.zip")
    with pytest.raises(UserError, match="another set of this name"):
        import_set(tmp_path / "set.zip", tmp_path / "data")
