"""Whose fault an error is."""

from __future__ import annotations

import errno
import pickle
from pathlib import Path

import pytest
import torch

from provbench.registry import MissingDataError, UserError
from provbench.suites.failures import MethodFailure, sort_out


def chained(error: Exception, cause: BaseException, explicit: bool) -> Exception:
    try:
        try:
            raise cause
        except BaseException as inner:
            if explicit:
                raise error from inner
            raise error  # noqa: B904
    except Exception as outer:
        return outer


@pytest.mark.parametrize("error", [UserError("x"), MissingDataError("x"), FileNotFoundError("x"), MemoryError()])
def test_what_is_clear_stays_as_it_is(error: Exception) -> None:
    assert sort_out(error) is error


@pytest.mark.parametrize(
    "words",
    [
        "[enforce fail at inline_container.cc:664] . unexpected pos 64 vs 0",
        "PytorchStreamWriter failed writing file data/0: file write failed",
        "CUDA out of memory. Tried to allocate 20.00 MiB",
        "CUDA error: out of memory\nCUDA kernel errors might be asynchronously reported",
        "cuDNN error: CUDNN_STATUS_ALLOC_FAILED",
        "[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to …",
        "DataLoader worker (pid 4242) is killed by signal: Killed. ",
        "DataLoader worker (pid(s) 42, 43) exited unexpectedly",
        "DataLoader worker (pid 1) is killed by signal: Bus error. It is possible that dataloader's workers are out of "
        "shared memory. Please try to raise your shared memory limit.",
        "unable to open shared memory object </torch_42> in read-write mode: Too many open files (24)",
        "CUDA error: uncorrectable ECC error encountered",
        "Caught RuntimeError in DataLoader worker process 0.\n… No space left on device",
    ],
)
def test_runtime_errors_that_speak_of_exhausted_resources(words: str) -> None:
    found = sort_out(RuntimeError(words))
    assert isinstance(found, OSError)
    assert words in str(found)


@pytest.mark.parametrize("explicit", [True, False])
@pytest.mark.parametrize(
    "cause",
    [
        OSError(errno.ENOSPC, "full"),
        MemoryError("none left"),
        torch.OutOfMemoryError("CUDA"),
        OSError(errno.EMFILE, ""),
    ],
)
def test_a_cause_behind_the_error_counts(cause: BaseException, explicit: bool) -> None:
    found = sort_out(chained(ValueError("cannot go on"), cause, explicit))
    assert isinstance(found, OSError)
    assert str(found) == f"{type(cause).__name__}: {cause}, and then ValueError: cannot go on"


def test_a_missing_file_behind_an_error_does_not() -> None:
    found = sort_out(chained(ValueError("no default either"), FileNotFoundError(errno.ENOENT, "gone"), explicit=False))
    assert isinstance(found, MethodFailure)


def test_a_cause_that_was_set_aside_does_not_count() -> None:
    error = chained(ValueError("bad value"), MemoryError(), explicit=False)
    error.__suppress_context__ = True  # as `from None` does
    assert isinstance(sort_out(error), MethodFailure)


def test_errors_that_go_in_circles_come_to_an_end() -> None:
    one, other = ValueError("a"), ValueError("b")
    one.__cause__, other.__cause__ = other, one
    assert isinstance(sort_out(one), MethodFailure)


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("[…/gloo/transport/tcp/pair.cc:547] Connection closed by peer [127.0.0.1]:4242"),
        torch.distributed.DistBackendError("NCCL error in: …"),
    ],
)
def test_lost_ranks(error: Exception) -> None:
    assert isinstance(sort_out(error), ConnectionError)


@pytest.mark.parametrize(
    "error", [ZeroDivisionError("out of memory"), RuntimeError("shapes cannot be multiplied"), KeyError("no space")]
)
def test_everything_else_is_the_methods(error: Exception) -> None:
    try:
        raise error
    except Exception as caught:
        found = sort_out(caught)
    assert isinstance(found, MethodFailure)
    name = f"{type(error).__name__}: {error} (in test_everything_else_is_the_methods, {Path(__file__).name}:"
    assert str(found).startswith(name)


def test_a_failure_travels_between_processes() -> None:
    failure = MethodFailure("diverged", {"seconds": 2.0})
    again = pickle.loads(pickle.dumps(failure))
    assert (again.reason, again.measured, str(again)) == ("diverged", {"seconds": 2.0}, "diverged")
