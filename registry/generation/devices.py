"""The device that models run on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def device() -> torch.device:
    """Returns the first GPU that this process sees, or the CPU."""
    import torch

    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def has_gpu() -> bool:
    """Returns whether there is a GPU. Imports torch."""
    return device().type == "cuda"


def out_of_memory(error: BaseException) -> bool:
    """Returns whether an error says that memory is exhausted."""
    import torch

    return isinstance(error, torch.OutOfMemoryError | MemoryError) or (
        isinstance(error, RuntimeError) and "not enough memory" in str(error)
    )


@contextmanager
def one_thread() -> Iterator[None]:
    """While the body runs on a CPU, torch computes by one thread: the number of threads may change a sum's last bit."""
    import torch

    before = torch.get_num_threads()
    if not has_gpu():
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
