"""Arrays of MATLAB files, which some data sets are annotated in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from provbench.registry.base import UserError


def read_array(path: Path, name: str) -> Any:
    """Returns the variable `name` of a .mat file, (N,). Raises `UserError` where there is none, or it is no such file.

    Only numbers, strings and structures are read; scipy evaluates nothing in the file.
    """
    from scipy.io import loadmat
    from scipy.io.matlab import MatReadError

    try:
        found = loadmat(str(path), squeeze_me=True, variable_names=[name])
    except (MatReadError, ValueError, TypeError, NotImplementedError, OSError, EOFError) as error:
        raise UserError(f"{path}: cannot be read as a MATLAB file ({error}): get it again") from None
    if name not in found:
        raise UserError(f"{path}: has no variable {name!r}: get the file again")
    return found[name].reshape(-1)
