"""Tensors and plain values in a safetensors file, which no reader takes for a program.

A dict of tensors is a plain safetensors file, with the tensors under their own names. Any other value (dicts, lists and
tuples in one another, of tensors, text, numbers, bools and None) keeps its structure as JSON in the file's metadata,
and its tensors under numbers. The lengths in the header must add up to that of the file, so that a small file cannot
ask for much memory.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors
from safetensors.torch import save
from torch import Tensor

from .errors import UserError

STRUCTURE = "provbench"
"""The name of the structure in the metadata."""


def write_tensors(value: Any, file: Path) -> None:
    """Write a value into a file. Raises `TypeError` where it holds anything but tensors and plain values."""
    if isinstance(value, Mapping) and all(isinstance(item, Tensor) for item in value.values()):
        tensors, metadata = dict(value), None
    else:
        found: list[Tensor] = []
        metadata = {STRUCTURE: json.dumps(_pack(value, found))}
        tensors = {str(number): tensor for number, tensor in enumerate(found)}
    # copies: safetensors refuses tensors that share memory, and lays each out row by row
    rows = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}
    file.write_bytes(save(rows, metadata))


def read_tensors(file: Path) -> Any:
    """The value of a file that `write_tensors` wrote, on the CPU. Raises `UserError` for any other."""
    try:
        with safetensors.safe_open(file, framework="pt") as content:
            tensors: dict[str, Tensor] = {name: content.get_tensor(name) for name in content.keys()}  # noqa: SIM118
            structure = (content.metadata() or {}).get(STRUCTURE)
        return tensors if structure is None else _unpack(json.loads(structure), tensors)
    except (safetensors.SafetensorError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise UserError(f"{file}: not a whole safetensors file of provbench's ({error})") from None


def _pack(value: Any, found: list[Tensor]) -> Any:
    """The value as JSON: text, numbers, bools and None as they are, all else as a list that begins with a name."""
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, Tensor):
        found.append(value)
        return ["tensor", str(len(found) - 1)]
    if isinstance(value, Mapping):
        return ["dict", [[_pack(key, found), _pack(item, found)] for key, item in value.items()]]
    if isinstance(value, (list, tuple)):
        kind = "tuple" if isinstance(value, tuple) else "list"
        return [kind, [_pack(item, found) for item in value]]
    raise TypeError(f"a {type(value).__qualname__} is neither a tensor nor a plain value")


def _unpack(value: Any, tensors: Mapping[str, Tensor]) -> Any:
    if not isinstance(value, list):
        return value
    kind, content = value
    if kind == "tensor":
        return tensors[content]
    if kind == "dict":
        return {_unpack(key, tensors): _unpack(item, tensors) for key, item in content}
    items = [_unpack(item, tensors) for item in content]
    return tuple(items) if kind == "tuple" else items
