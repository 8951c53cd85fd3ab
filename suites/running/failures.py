"""The cause of an error: the method, or the machine on which it ran."""

from __future__ import annotations

import errno
import lzma
import pickle
import re
import signal
import traceback
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

from provbench.registry import exit_code
from provbench.registry.base import UserError, torch
from provbench.results.store import MAX_TRACEBACK


class OverTimeError(Exception):
    """A run took longer than it may. That is neither its method's failure nor a fault of the machine."""


class MethodFailure(Exception):  # noqa: N818 - it is an outcome, for a record to tell
    """A method that failed, and would fail again. measured: fields of its record, as `seconds`."""

    def __init__(self, reason: str, measured: Mapping[str, Any] | None = None) -> None:
        super().__init__(reason, measured)
        self.reason = reason
        self.measured: dict[str, Any] = dict(measured or {})

    def __str__(self) -> str:
        return self.reason


_RESOURCES = re.compile(
    "|".join(
        (
            # disks; torch.save reports a full one in words of its own
            r"no space left on device",
            r"disk quota exceeded",
            r"PytorchStreamWriter failed writing",
            r"unexpected pos \d+ vs \d+",
            r"file write failed",
            # memory of the machine and of its GPUs
            r"out of memory",
            r"can(no|')t allocate memory",
            r"(not enough|insufficient) memory",
            r"can't start new thread",
            r"insufficient shared memory",
            r"unable to (open|resize|mmap|allocate) .*(shared memory|bytes)",
            r"too many open files",
            r"_STATUS_(ALLOC_FAILED|NOT_INITIALIZED)",
            # what was killed together with the run, and broken devices
            r"DataLoader worker \(pid.*\) (is killed by signal|exited unexpectedly)",
            r"uncorrectable ECC error",
            r"no CUDA-capable device",
            r"CUDA-capable device\(s\) is/are busy",
        )
    ),
    re.IGNORECASE,
)
_PEERS = re.compile(r"gloo/|connection closed by peer|NCCL (error|timeout)", re.IGNORECASE)
_TORN = (EOFError, lzma.LZMAError, pickle.UnpicklingError, zipfile.BadZipFile, zlib.error)
"""Exceptions that mean that a file which the run reads is not whole."""
_EXHAUSTED = (errno.ENOSPC, errno.EDQUOT, errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.EIO)


def sort_out(error: Exception | SystemExit) -> BaseException:
    """`error` as what it is: a `MethodFailure`, or another error to raise.

    That is a `UserError`, an `OSError`, a `MemoryError` or an `OverTimeError`.

    `OSError` stands for what the place where a run was executed is to blame for, and another attempt may be spared: a
    full disk, exhausted memory of the machine or a GPU, a process that was killed, a file that is torn, also where a
    library raised something else because of it; `ConnectionError` for a rank that lost the others. A method that ends
    the process failed; a signal that does so is no failure.
    """
    if isinstance(error, SystemExit) and not ended_by_signal(error):
        words = f"it called sys.exit({exit_code(error)}){_where(error)}"
        return MethodFailure(words, {"traceback": whole_traceback(error)})
    if isinstance(error, UserError):
        return error if message(error) == str(error) else type(error)(message(error))
    if isinstance(error, (OSError, MemoryError, OverTimeError, SystemExit)):
        return error
    for cause in _chain(error):
        if _lost_peers(cause):
            return ConnectionError(_words(error))
        if _out_of_resources(cause):
            return OSError(_words(error) if cause is error else f"{_words(cause)}, and then {_words(error)}")
    return MethodFailure(_words(error) + _where(error), {"traceback": whole_traceback(error)})


def ended_by_signal(stop: SystemExit) -> bool:
    """Returns whether a signal's handler raised it: with 128 and the signal's number, as shells do, or with 15, as Ray
    does.
    """
    return stop.code == signal.SIGTERM or (isinstance(stop.code, int) and stop.code > 128)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error, what it was raised from, what that was raised from, …"""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        yield error
        seen.add(id(error))
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _lost_peers(error: BaseException) -> bool:
    return isinstance(error, torch.distributed.DistError) or (
        isinstance(error, RuntimeError) and bool(_PEERS.search(str(error)))
    )


def _out_of_resources(error: BaseException) -> bool:
    if isinstance(error, OSError):
        return error.errno in _EXHAUSTED
    if isinstance(error, torch.AcceleratorError):
        return "device-side assert" not in str(error)  # as of a label that the model has no class for
    if isinstance(error, (MemoryError, torch.OutOfMemoryError, *_TORN)):
        return True
    speaks_of_it = isinstance(error, RuntimeError) or type(error).__module__ == "cv2"
    return speaks_of_it and bool(_RESOURCES.search(str(error)))


def message(error: BaseException) -> str:
    """Returns the message of an error; for one from a data loading process, without the traceback that torch puts
    before it.
    """
    text, name = str(error), type(error).__name__
    if not text.startswith(f"Caught {name} in DataLoader worker"):
        return text
    return re.split(rf"\n(?:\w+\.)*{name}: ", text)[-1].strip()


def _words(error: BaseException) -> str:
    return f"{type(error).__name__}: {message(error)}"


def whole_traceback(error: BaseException) -> str:
    """The traceback of an error and of what it was raised from, as a record takes it: a long one without its middle."""
    text = "".join(traceback.format_exception(error)).encode("utf-8", "backslashreplace").decode()
    if len(text) <= MAX_TRACEBACK:
        return text
    gap = "\n[… the middle is left out …]\n"
    head = MAX_TRACEBACK // 4
    return text[:head] + gap + text[len(text) - (MAX_TRACEBACK - head - len(gap)) :]


def _where(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return f" (in {frames[-1].name}, {frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno})" if frames else ""
