"""Which checkpoints are read: mmengine's, by whichever numpy they were written."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import torch

from provbench.benchmarks.training.runner import read_checkpoint


@pytest.mark.parametrize("module", ["numpy._core.multiarray", "numpy.core.multiarray"])
def test_arrays_and_scalars_of_numpy_1_and_2_are_read(tmp_path: Path, module: str) -> None:
    """numpy 2 moved the two functions that make arrays and scalars; each release writes its own name for them."""
    stream = io.BytesIO()
    contents = {"array": np.arange(3.0), "scalar": np.float64(0.5)}
    torch.save(contents, stream, _use_new_zipfile_serialization=False)
    file = tmp_path / "checkpoint.pth"
    file.write_bytes(stream.getvalue().replace(b"numpy._core.multiarray", module.encode()))

    read = read_checkpoint(file)

    assert np.array_equal(read["array"], contents["array"])
    assert read["scalar"] == 0.5
