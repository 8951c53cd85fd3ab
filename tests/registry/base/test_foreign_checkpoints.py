"""Reading checkpoints of others: tensors and plain values come through, and nothing is carried out."""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer

from provbench.registry import UserError
from provbench.registry.base.foreign_checkpoints import read_checkpoint


def text(value: str) -> bytes:
    data = value.encode()
    return b"X" + struct.pack("<I", len(data)) + data


def write_pickle(file: Path, program: bytes, compression: int = zipfile.ZIP_STORED) -> Path:
    """A file in the form of torch.save with a pickle of one's own."""
    with zipfile.ZipFile(file, "w", compression) as content:
        content.writestr("archive/data.pkl", program)
        content.writestr("archive/version", "3\n")
        content.writestr("archive/byteorder", "little")
    return file


GETATTR = b"cbuiltins\ngetattr\n"


def reaching_exec(command: str) -> bytes:
    """A pickle that reaches `exec` by way of `getattr`, and puts it where torch itself will call it."""
    builtins = GETATTR + GETATTR + text("__self__") + b"\x86R"
    execute = GETATTR + builtins + text("exec") + b"\x86R"
    rebuild = b"ctorch._utils\n_rebuild_device_tensor_from_cpu_tensor\n"
    changed = GETATTR + rebuild + text("__globals__") + b"\x86R" + text("_get_restore_location") + execute + b"s"
    return b"\x80\x02}" + text("a") + changed + b"s" + text("b") + rebuild + b"(NN" + text(command) + b"NtRs."


def test_what_mmengine_keeps_beside_the_weights_is_left_out(tmp_path: Path) -> None:
    history = HistoryBuffer()
    history.update(2.5)
    state = {
        "state_dict": {"a": torch.ones(2)},
        "meta": {"CLASSES": ("bird", "cat"), "epoch": 3},
        "message_hub": {"log_scalars": {"train/loss": history}, "method": history.mean},
        "best": np.float32(0.5),
        "array": np.arange(3),
    }
    torch.save(state, tmp_path / "a.pth")
    found = read_checkpoint(tmp_path / "a.pth")
    assert torch.equal(found["state_dict"]["a"], torch.ones(2))
    assert found["meta"] == state["meta"]
    assert not isinstance(found["message_hub"]["log_scalars"]["train/loss"], HistoryBuffer)


@pytest.mark.parametrize("module", ["numpy._core.multiarray", "numpy.core.multiarray"])
def test_arrays_of_numpy_1_and_2_do_not_keep_the_weights_from_being_read(tmp_path: Path, module: str) -> None:
    """numpy 2 moved the two functions that make arrays and scalars; each release writes its own name for them."""
    file, state = tmp_path / "a.pth", {"array": np.arange(3.0), "scalar": np.float64(0.5), "weights": torch.ones(2)}
    torch.save(state, file, _use_new_zipfile_serialization=False)
    file.write_bytes(file.read_bytes().replace(b"numpy._core.multiarray", module.encode()))
    assert torch.equal(read_checkpoint(file)["weights"], torch.ones(2))


def test_the_old_form_of_torch_save_is_read(tmp_path: Path) -> None:
    torch.save({"a": torch.ones(2)}, tmp_path / "a.pth", _use_new_zipfile_serialization=False)
    assert torch.equal(read_checkpoint(tmp_path / "a.pth")["a"], torch.ones(2))


def test_a_pickle_that_would_run_a_program_does_not(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    file = write_pickle(tmp_path / "a.pth", reaching_exec(f"open({str(mark)!r}, 'w')"))
    with pytest.raises(UserError, match=r"a\.pth: not a checkpoint"):
        read_checkpoint(file)
    assert not mark.exists()


@pytest.mark.parametrize("name", [b"cos\nsystem\n", b"cbuiltins\nexec\n", b"cbuiltins\neval\n", b"cbuiltins\nopen\n"])
def test_other_names_are_refused(tmp_path: Path, name: bytes) -> None:
    file = write_pickle(tmp_path / "a.pth", b"\x80\x02" + name + text("true") + b"\x85R.")
    with pytest.raises(UserError, match=r"a\.pth: not a checkpoint of tensors and plain values"):
        read_checkpoint(file)


def test_a_compressed_file_is_refused(tmp_path: Path) -> None:
    program = b"\x80\x02" + text("a" * 1_000_000) + b"."
    file = write_pickle(tmp_path / "a.pth", program, zipfile.ZIP_DEFLATED)
    with pytest.raises(UserError, match=r"a\.pth: .* torch\.save compresses nothing"):
        read_checkpoint(file)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"<html>", b"\x80\x02."])
def test_what_is_no_checkpoint_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.pth").write_bytes(content)
    with pytest.raises(UserError, match=r"a\.pth: not a checkpoint"):
        read_checkpoint(tmp_path / "a.pth")
