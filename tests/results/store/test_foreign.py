"""Records, predictions and files of another store are checked before they are taken in, and where they are read."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.lib import format as npy

from provbench.results import RunRecord, Store, StoreWarning
from provbench.results.store.export import export_curves, export_predictions
from provbench.results.store.merging import merge
from provbench.results.store.record import digest, identity_fault
from provbench.results.store.record_file import canonical, encode

Forge = Callable[..., Path]


@pytest.fixture
def real(make_record: Callable[..., RunRecord]) -> RunRecord:
    """A record with the key of its identity."""
    identity = {
        "task": {"name": "waterbirds", "version": "1", "params": {"lr": 0.01}},
        "variant": "full",
        "seed": 0,
        "phase": "final",
        "fingerprint": "feedfeedfeedfeed",
    }
    return make_record(digest(identity), identity=identity)


@pytest.fixture
def forge(real: RunRecord, tmp_path: Path) -> Forge:
    """forge(root, curve, fields…): the record with other values, and a checksum that is right."""

    def write(root: Path, curve: Any = None, **fields: Any) -> Path:
        record = json.loads(real.model_dump_json()) | fields
        own = record.pop("curve")
        body = f'"record":{canonical(record)},\n"curve":{canonical(own if curve is None else curve)}}}\n'.encode()
        path = root / "records" / record["key"][:2] / f"{record['key']}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(f'{{"sha256":"{sha256(body).hexdigest()}",\n'.encode() + body)
        return path

    return write


def test_the_record_of_a_run_has_the_key_of_its_identity(real: RunRecord, tmp_path: Path) -> None:
    assert identity_fault(real) == ""
    Store(tmp_path / "there").put(real)
    assert merge(tmp_path / "there", Store(tmp_path / "here")).added == [real.key]


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"identity": {"forged": True}}, "its key is not that of its identity"),
        ({"identity": {}}, "its key is not that of its identity"),
        ({"seed": 7}, "its seed is not that of its identity"),
        ({"task": "cub-wsol"}, "its task is not that of its identity"),
        ({"protocol": "2"}, "its protocol is not that of its identity"),
        ({"phase": "search", "test": {}}, "its phase is not that of its identity"),
        ({"seed": 10**30}, "seed"),
        ({"epoch": -1}, "epoch"),
        ({"steps": 10**19}, "steps"),
        ({"test": {"accuracy": 1e308}}, "beyond 1e+100"),
        ({"parameters": {"lr": 10**30}}, "not a JSON value"),
        ({"curve": [{}]}, "`epoch` must be a whole number from 0"),
        ({"curve": [{"epoch": "NaN"}]}, "`epoch` must be a whole number from 0"),
        ({"curve": [{"epoch": "Infinity"}]}, "`epoch` must be a whole number from 0"),
        ({"curve": [{"epoch": 1.5}]}, "`epoch` must be a whole number from 0"),
        ({"curve": [{"epoch": 1.0, "loss": -1e308}]}, "beyond 1e+100"),
    ],
)
def test_a_forged_record_is_refused_and_the_rest_is_merged(
    forge: Forge, real: RunRecord, tmp_path: Path, fields: dict[str, Any], why: str
) -> None:
    path = forge(tmp_path / "there", **fields)
    other = real.model_copy(update={"key": digest({"other": 1}), "identity": {"other": 1}})
    Store(tmp_path / "there").put(other)
    merged = merge(tmp_path / "there", Store(tmp_path / "here"))
    assert merged.added == [other.key]
    assert list(merged.damaged) == [path]
    assert why in merged.damaged[path]


@pytest.mark.parametrize("fields", [{"seed": 10**30}, {"curve": [{}]}, {"curve": [{"epoch": "NaN"}]}])
def test_a_record_with_impossible_values_counts_as_absent_in_ones_own_store(
    forge: Forge, real: RunRecord, tmp_path: Path, fields: dict[str, Any]
) -> None:
    path = forge(tmp_path, **fields)
    with pytest.warns(StoreWarning, match=r"moved to .*quarantine"):
        assert Store(tmp_path).get(real.key) is None
    assert not path.exists()
    assert Store(tmp_path).summaries() == []
    export_curves(Store(tmp_path), tmp_path / "curves.csv")


def member(shape: tuple[int, ...], descr: str, data: bytes = b"") -> bytes:
    stream = io.BytesIO()
    npy.write_array_header_1_0(stream, {"shape": shape, "fortran_order": False, "descr": descr})
    return stream.getvalue() + data


def saved(array: Any) -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.asarray(array))
    return stream.getvalue()


IDS = saved(np.array(["a", "b"]))
ENDLESS = b"\x93NUMPY\2\0" + (9000).to_bytes(4, "little") + b"{'shape':(" + b"(" * 3000
IMPOSSIBLE = {
    "a number": {"id.npy": saved(3.0)},
    "columns of two lengths": {"id.npy": IDS, "c.npy": saved(np.zeros(5, bool))},
    "complex numbers": {"id.npy": IDS, "c.npy": saved(np.zeros(2, complex))},
    "bytes": {"id.npy": saved(np.array([b"\xff", b"a"]))},
    "no code point": {"id.npy": member((2,), "<U1", b"\xff\xff\xff\x7f" * 2)},
    "no code point, big-endian": {"id.npy": member((1,), ">U1", b"\x7f\xff\xff\xff")},
    "half a character": {"id.npy": member((1,), "<U1", b"\x00\xd8\0\0")},
    "a header that does not end": {"id.npy": ENDLESS.ljust(9012) + b"\n"},
    "10¹² empty texts": {"id.npy": member((10**12,), "<U0")},
    "more than there is": {"id.npy": member((10**12,), "<f8", bytes(8))},
    "less than there is": {"id.npy": member((1,), "<f8", bytes(16))},
    "objects": {"id.npy": member((1,), "|O", b"\x80\x02N.")},
    "no array": {"readme.txt": b"x"},
}


@pytest.mark.parametrize("members", IMPOSSIBLE.values(), ids=IMPOSSIBLE)
def test_predictions_that_no_run_made_are_refused(real: RunRecord, tmp_path: Path, members: dict[str, bytes]) -> None:
    there, here = Store(tmp_path / "there"), Store(tmp_path / "here")
    for store in (there, here):
        store.put(real)
    name = Path("predictions", real.key[:2], f"{real.key}.test.npz")
    for root in (there.root, here.root):
        (root / name).parent.mkdir(parents=True)
        with zipfile.ZipFile(root / name, "w") as file:
            for entry, content in members.items():
                file.writestr(entry, content)
    with pytest.warns(StoreWarning, match="quarantine"):
        export_predictions(here, tmp_path / "export.csv")
    assert here.predictions(real.key, "test") is None
    merged = merge(there.root, here)
    assert list(merged.damaged) == [there.root / name]
    assert not (here.root / name).exists()


def test_a_small_file_does_not_become_a_large_one(
    real: RunRecord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("provbench.results.store.npz.MAX_BYTES", 10_000)
    store = Store(tmp_path)
    store.put(real.model_copy(update={"predictions": {"test": {"score": np.zeros(10_000)}}}))
    with pytest.warns(StoreWarning, match="more than 10000 bytes"):
        assert store.predictions(real.key, "test") is None


def test_nothing_is_merged_through_links(real: RunRecord, tmp_path: Path) -> None:
    private = tmp_path / "private"
    private.mkdir()
    (private / "id_rsa.png").write_text("private")
    there, here = Store(tmp_path / "there"), Store(tmp_path / "here")
    there.put(real)
    for name in ("pictures", "checkpoints"):
        (there.root / name).mkdir()
        (there.root / name / real.key).symlink_to(private)
    (there.root / "predictions").symlink_to(private)
    (there.root / "records" / "zz").symlink_to(private)
    (there.root / "records" / "yy").symlink_to("yy")
    merged = merge(there.root, here)
    assert (merged.added, merged.files, merged.damaged) == ([real.key], 0, {})
    assert not [path for path in here.root.rglob("*") if "rsa" in path.name]


def test_nor_is_anything_written_through_them(real: RunRecord, tmp_path: Path) -> None:
    there, here, outside = Store(tmp_path / "there"), Store(tmp_path / "here"), tmp_path / "outside"
    there.put(real)
    picture = there.root / "pictures" / real.key / "a.png"
    picture.parent.mkdir(parents=True)
    picture.touch()
    outside.mkdir()
    (here.root / "pictures").mkdir(parents=True)
    (here.root / "pictures" / real.key).symlink_to(outside)
    merged = merge(there.root, here)
    assert "behind a link" in merged.damaged[picture]
    assert list(outside.iterdir()) == []


def test_a_linked_record_is_not_taken(real: RunRecord, tmp_path: Path) -> None:
    there, elsewhere = tmp_path / "there", tmp_path / "elsewhere.json"
    elsewhere.write_bytes(encode(real))
    (there / "records" / real.key[:2]).mkdir(parents=True)
    (there / "records" / real.key[:2] / f"{real.key}.json").symlink_to(elsewhere)
    assert merge(there, Store(tmp_path / "here")).added == []
    (there / "records").rename(tmp_path / "moved")
    (there / "records").symlink_to(tmp_path / "moved")
    assert merge(there, Store(tmp_path / "here")).added == []
