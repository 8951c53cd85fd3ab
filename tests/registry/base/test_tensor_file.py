from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from provbench.registry import UserError
from provbench.registry.base.tensor_file import read_tensors, write_tensors


def test_a_state_dict_is_a_plain_safetensors_file(tmp_path: Path) -> None:
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)).to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    state = {**net.state_dict(), "tied": net[0].bias.detach()}
    write_tensors(state, tmp_path / "a.safetensors")
    for found in (load_file(tmp_path / "a.safetensors"), read_tensors(tmp_path / "a.safetensors")):
        assert found.keys() == state.keys()
        assert all(torch.equal(found[name], state[name]) and found[name].dtype == state[name].dtype for name in state)


def test_plain_values_and_tensors_come_back_as_they_were(tmp_path: Path) -> None:
    value: dict[str, Any] = {
        "betas": (0.9, 0.999),
        "state": {0: {"step": torch.tensor(3.0)}, 1: None},
        "list": [True, 1, -1e-320, "ä\ud800", [], ()],
        "tensor": torch.arange(3, dtype=torch.bfloat16),
        "empty": {},
        "infinite": math.inf,
    }
    write_tensors(value, tmp_path / "a")
    found = read_tensors(tmp_path / "a")
    assert list(found) == list(value)
    assert torch.equal(found.pop("tensor"), value.pop("tensor"))
    assert torch.equal(found["state"][0].pop("step"), value["state"][0].pop("step"))
    assert found == value
    assert list(map(type, found["list"])) == list(map(type, value["list"]))
    write_tensors({"nan": math.nan}, tmp_path / "b")
    assert math.isnan(read_tensors(tmp_path / "b")["nan"])


def test_objects_are_not_written(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="neither a tensor nor a plain value"):
        write_tensors({"a": tmp_path}, tmp_path / "a")
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("part", [slice(0), slice(5), slice(20), slice(-1), slice(8, None)])
def test_torn_files_are_refused(tmp_path: Path, part: slice) -> None:
    file = tmp_path / "a"
    write_tensors({"a": torch.ones(9), "b": [1]}, file)
    file.write_bytes(file.read_bytes()[part])
    with pytest.raises(UserError, match="a: not a whole safetensors file"):
        read_tensors(file)


@pytest.mark.parametrize("structure", ["[[]]", "[1]", '["tensor","9"]', '["dict",[[["list",[]],1]]]', "[" * 5000, "}"])
def test_a_structure_that_is_none_is_refused(tmp_path: Path, structure: str) -> None:
    from safetensors.torch import save_file

    save_file({}, tmp_path / "a", {"provbench": structure})
    with pytest.raises(UserError, match="a: not a whole safetensors file"):
        read_tensors(tmp_path / "a")
