"""Pickles have the bytes that numpy 1 wrote, whichever numpy is installed."""

from __future__ import annotations

import hashlib
import pickle
import pickletools
from typing import Any

import numpy as np
import pytest

from provbench.benchmarks.ucf101_24.portable_pickle import portable_dumps

SMALL = {"boxes": np.arange(8, dtype=np.uint16).reshape(2, 4), "numf": np.uint8(7), "name": "v_Biking_g01_c01"}
MANY: dict[str, Any] = {str(i): {"boxes": np.full((3, 4), i, dtype=np.uint16), "label": i} for i in range(2000)}
"""Several of pickle's frames, which hold 64 KiB."""
LATE = {"videos": [f"v_Biking_g{i:05}_c01" for i in range(5000)], "last": np.float32(0.5)}
"""numpy is named in a frame that is not the first."""
LARGE = {"scores": np.arange(100_000, dtype=np.float32), "label": 1}
"""An array that lies outside of the frames."""

NUMPY_1 = {
    "small": "4600a1e299320242b9badb9619d4d720a5fc550f0c74bf2c8a6c76620ef7c3d1",
    "many": "265f67185263c91e2b4974351cb0ec6c3337e44c4724fe3ec7038ae3d45daf2b",
    "late": "115bb81be286a3635a6220c885c1c23830fc128949bcd71410b9864c966c7ed4",
    "large": "6656f2e46f4d098cb28eff3b6fc8e77323ed133bb4e0c00ee4168b72a90ca9e1",
    "plain": "02985f17a95b8ad0ca0b37d9659510b998086e750bf325b5b11465734d053bec",
}
"""SHA-256 of `pickle.dumps(…, protocol=4)` by numpy 1.26.4 and Python 3.11."""


@pytest.mark.parametrize(
    ("name", "content"), [("small", SMALL), ("many", MANY), ("late", LATE), ("large", LARGE), ("plain", {"a": 1})]
)
def test_the_bytes_are_those_of_numpy_1(name: str, content: Any) -> None:
    written = portable_dumps(content)

    assert hashlib.sha256(written).hexdigest() == NUMPY_1[name]
    assert "numpy._core.multiarray" not in {argument for _, argument, _ in pickletools.genops(written)}


@pytest.mark.parametrize("content", [SMALL, MANY, LATE, LARGE])
def test_python_reads_what_was_written(content: Any) -> None:
    np.testing.assert_equal(pickle.loads(portable_dumps(content)), content)
