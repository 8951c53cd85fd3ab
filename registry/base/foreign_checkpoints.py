"""Checkpoints that others wrote with torch.save: their tensors, and none of the objects that they name."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile, is_zipfile

import torch

from .errors import UserError

STAND_INS = (
    "builtins.getattr",
    "_codecs.encode",
    "mmengine.logging.history_buffer.HistoryBuffer",
    "numpy.core.multiarray._reconstruct",
    "numpy.core.multiarray.scalar",
    "numpy._core.multiarray._reconstruct",
    "numpy._core.multiarray.scalar",
    "numpy.ndarray",
    "numpy.dtype",
)
"""Names in mmengine's checkpoints, other than tensors and plain values: the history of the losses, and numbers of
numpy's. None of them is called: an empty object takes the place of each.
"""


class _Nothing:
    """An object that takes whatever it is given, and does nothing with it."""

    def __init__(self, *_: Any) -> None:
        pass

    def __setstate__(self, _: Any) -> None:
        pass


def read_checkpoint(file: Path) -> Any:
    """The content of a file of torch.save, on the CPU: tensors and plain values.

    A checkpoint is a pickle, which is a program; only what builds tensors and containers is carried out. What mmengine
    keeps besides the weights is left out (`STAND_INS`), and anything else is refused. Raises `UserError` for a file
    that is refused, damaged, or compressed, since a small one could then ask for much memory.
    """
    try:
        _check_sizes(file)
        with torch.serialization.safe_globals([(_Nothing, name) for name in STAND_INS]):
            return torch.load(file, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, BadZipFile, EOFError, ValueError, KeyError) as error:
        raise UserError(f"{file}: not a checkpoint of tensors and plain values: {_first_lines(error)}") from None
    except (RuntimeError, AttributeError, TypeError, IndexError, RecursionError, MemoryError) as error:
        raise UserError(f"{file}: not a checkpoint, or a damaged one: {_first_lines(error)}") from None


def _check_sizes(file: Path) -> None:
    if not is_zipfile(file):
        return
    with ZipFile(file) as content:
        total = sum(member.file_size for member in content.infolist())
    if total > file.stat().st_size:
        raise ValueError(f"its parts are {total} bytes and the file has fewer: torch.save compresses nothing")


def _first_lines(error: BaseException) -> str:
    """The beginning of a message: torch's goes on with advice to trust the file."""
    return " ".join(str(error).split(". ")[0].split())[:300]
