"""The processes of one training: started together, listened to, and never left behind.

torchrun and `torch.multiprocessing.spawn` start processes as well. Neither tells a rank that failed from one that only
lost its peers.
"""

from __future__ import annotations

import multiprocessing
import os
import socket
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import TYPE_CHECKING, Any

from provbench.registry.base import Child, UserError, torch

if TYPE_CHECKING:
    from .hooks import OnValidation

GRACE = 30
"""Seconds for the cause to show, after a rank has lost the others, and for a rank to end in its own time."""


def launch(work: Callable[..., Any], arguments: Sequence[Any], processes: int, report: OnValidation) -> Any:
    """Returns what `work(*arguments, report)` returns in rank 0 of `processes` new processes on this machine.

    Each is made a rank (`distributed.become`), and forms a group with the others when it asks to. work, arguments and
    what is returned or raised must be picklable. report: called in this process, for rank 0. The first error of a rank
    ends the others and is raised here, as is what `report` raises; but a `ConnectionError`, which work raises where the
    ranks lost each other, only if no other error shows that explains it. Raises `ChildProcessError` for a rank that
    died, and `UserError` where there are GPUs, but not one a rank. The ranks follow this process when it is killed.
    """
    gpus = torch.cuda.device_count()
    if 0 < gpus < processes:
        raise UserError(f"processes: {processes} of one run need as many GPUs, and this one sees {gpus}")
    with tempfile.TemporaryDirectory(prefix="provbench-ranks-") as folder:
        ranks: list[_Rank] = []
        try:
            for number in range(processes):
                ranks.append(_Rank(number, processes, str(Path(folder, "rendezvous")), work, arguments))
            result = _listen(ranks, report)
            for rank in ranks:
                rank.process.join(GRACE)
            return result
        finally:
            for rank in ranks:
                rank.kill()


@dataclass(frozen=True)
class _Validated:
    values: tuple[int, int, float | None]


@dataclass(frozen=True)
class _Returned:
    value: Any


@dataclass(frozen=True)
class _Raised:
    error: Exception


class _Rank(Child):
    """A rank as its parent holds it."""

    def __init__(self, number: int, processes: int, *job: Any) -> None:
        super().__init__(_live, number, processes, *job, name=f"rank {number} of {processes}")

    def receive(self) -> Any:
        try:
            return self.pipe.recv()
        except (EOFError, OSError):
            return _Raised(ChildProcessError(f"{self.process.name} {self.death(GRACE)}"))


def _listen(ranks: Sequence[_Rank], report: OnValidation) -> Any:
    """Answer reports until every rank has returned; rank 0's value."""
    result: Any = None
    severed: list[Exception] = []
    listening: dict[Any, _Rank] = {rank.pipe: rank for rank in ranks}
    while listening:
        ready = wait(list(listening), GRACE if severed else None)
        if not ready:
            break
        errors: list[Exception] = []
        for pipe in ready:
            message = listening[pipe].receive()
            if isinstance(message, _Validated):
                listening[pipe].send(report(*message.values))
                continue
            rank = listening.pop(pipe)
            if isinstance(message, _Raised):
                errors.append(message.error)
            elif rank is ranks[0]:
                result = message.value
        severed += [error for error in errors if isinstance(error, ConnectionError)]
        # a rank that failed may take others along: its error first, then a death, and lost connections only at the end
        for error in sorted(errors, key=lambda error: isinstance(error, ChildProcessError)):
            if not isinstance(error, ConnectionError):
                raise error
    if severed:
        raise severed[0]
    return result


def _live(
    pipe: Connection, number: int, processes: int, rendezvous: str, work: Callable[..., Any], arguments: Sequence[Any]
) -> None:
    """A rank's life."""
    multiprocessing.set_start_method("fork", force=True)  # for what loads data, as torch and mmengine expect on Linux
    os.environ.update(_environment())
    from .distributed import become  # imports torch, which has then seen the environment

    def report(*values: Any) -> bool:
        pipe.send(_Validated(values))  # pyright: ignore[reportArgumentType]
        return bool(pipe.recv())

    try:
        become(number, processes, rendezvous)
        pipe.send(_Returned(work(*arguments, report)))
    except Exception as error:
        pipe.send(_Raised(error))
    else:
        if torch.distributed.is_initialized():
            torch.distributed.destroy_process_group()


def _environment() -> dict[str, str]:
    """Returns the variables that torch and mmengine read, with defaults for those that this process lacks."""
    defaults = {
        "OMP_NUM_THREADS": "1",  # mmengine sets these two, and warns that it did
        "MKL_NUM_THREADS": "1",
        "TORCH_CPP_LOG_LEVEL": "ERROR",  # DDP warns of looking for unused parameters where there are none
    }
    loopback = next((name for _, name in socket.if_nameindex() if name.startswith("lo")), None)
    if loopback is not None:
        defaults["GLOO_SOCKET_IFNAME"] = loopback  # gloo believes whoever connects
    return {name: value for name, value in defaults.items() if name not in os.environ}
