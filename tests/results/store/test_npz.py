from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from provbench.results.store.npz import npz_errors, npz_headers, read_npz
from provbench.results.store.record_file import DamagedError

ARRAYS = {
    "score": np.arange(20.0),
    "id": np.array([f"a{number}" for number in range(20)]),
    "boxes": np.ones((20, 4), np.float32),
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    np.savez_compressed(tmp_path / "a.npz", **ARRAYS)
    return tmp_path / "a.npz"


def test_headers_are_what_the_arrays_are(path: Path) -> None:
    assert npz_headers(path) == [(name, array.shape, array.dtype) for name, array in ARRAYS.items()]


def test_a_file_cut_anywhere_is_damaged(path: Path) -> None:
    whole = path.read_bytes()
    read_npz(path)
    for end in range(0, len(whole), 7):
        path.write_bytes(whole[:end])
        for read in (read_npz, npz_headers):
            with pytest.raises(DamagedError, match="not a readable npz file"):
                read(path)


def test_whichever_byte_changes_it_is_damage_or_harmless(path: Path) -> None:
    """Most bytes are under a checksum; what passes it gives the arrays as they were."""
    whole, noticed = path.read_bytes(), 0
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        try:
            read_npz(path)
            with npz_errors(), np.load(path, allow_pickle=False) as columns:
                found = {name: columns[name] for name in columns.files}
        except DamagedError:
            noticed += 1
        else:
            assert all(np.array_equal(found.get(name, array), array) for name, array in ARRAYS.items())
    assert noticed > len(whole) / 2


def test_a_file_that_is_not_there_is_not_damaged(tmp_path: Path) -> None:
    for read in (read_npz, npz_headers):
        with pytest.raises(FileNotFoundError):
            read(tmp_path / "a.npz")


def test_arrays_come_back_as_numpy_reads_them(path: Path) -> None:
    columns = {
        "by column": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        "deep": np.arange(24, dtype=">i4").reshape(2, 3, 4),
        "none": np.array(["", ""]),
        "flag": np.array([True, False]),
    }
    nothing = {"score": np.zeros((0, 4)), "id": np.array([], "U5")}
    for arrays in (columns, nothing):
        np.savez_compressed(path, **arrays)  # pyright: ignore[reportArgumentType]
        for name, array in read_npz(path).items():
            expected = np.load(path)[name]
            assert (array.dtype, array.shape, array.flags.f_contiguous) == (
                expected.dtype,
                expected.shape,
                expected.flags.f_contiguous,
            )
            assert array.flags.writeable
            assert np.array_equal(array, expected)
