"""Whose fault an error is."""

from __future__ import annotations

import errno
import pickle
import zipfile
import zlib
from pathlib import Path

import cv2
import pytest
import torch
from torch._utils import ExceptionWrapper

from provbench.registry import MissingDataError, UserError
from provbench.results.store.record import MAX_TRACEBACK
from provbench.suites.running.failures import MethodFailure, sort_out, whole_traceback


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


def raised_by_a_worker(error: Exception) -> Exception:
    """`error` as torch raises it here after a process that loads data raised it."""
    try:
        try:
            raise error
        except Exception:
            wrapped = ExceptionWrapper(where="in DataLoader worker process 0")
        wrapped.reraise()
    except Exception as found:
        return found
    raise AssertionError


@pytest.mark.parametrize("error", [OSError(errno.EIO, "broken"), MemoryError("none"), OSError(errno.ENOSPC, "full")])
def test_the_machine_s_faults_in_a_process_that_loads_data(error: Exception) -> None:
    assert isinstance(sort_out(raised_by_a_worker(error)), (OSError, MemoryError))


def test_what_is_the_users_in_a_process_that_loads_data_is_told_without_its_traceback() -> None:
    found = sort_out(raised_by_a_worker(MissingDataError("a.jpg: no such image file\nGet it.")))
    assert isinstance(found, MissingDataError)
    assert str(found) == "a.jpg: no such image file\nGet it."


def test_what_is_the_methods_in_a_process_that_loads_data_has_a_short_reason_and_a_whole_traceback() -> None:
    found = sort_out(raised_by_a_worker(ZeroDivisionError("nothing to divide by")))
    assert isinstance(found, MethodFailure)
    assert found.reason.startswith("ZeroDivisionError: nothing to divide by (in ")
    assert "in raised_by_a_worker" in found.measured["traceback"]


@pytest.mark.parametrize(
    "error",
    [
        zipfile.BadZipFile("File is not a zip file"),
        zlib.error("Error -3 while decompressing data"),
        EOFError("No data left in file"),
        pickle.UnpicklingError("pickle data was truncated"),
        RuntimeError("can't start new thread"),
        cv2.error("OpenCV(4.12) (-4:Insufficient memory) Failed to allocate 99 bytes in function 'OutOfMemoryError'"),
    ],
)
def test_torn_files_and_exhausted_memory_of_other_libraries(error: Exception) -> None:
    assert isinstance(sort_out(error), OSError)


def test_an_assertion_on_the_gpu_is_the_methods() -> None:
    error = torch.AcceleratorError("CUDA error: device-side assert triggered")
    assert isinstance(sort_out(error), MethodFailure)
    assert isinstance(sort_out(torch.AcceleratorError("CUDA error: unspecified launch failure")), OSError)


def test_a_long_traceback_keeps_its_two_ends() -> None:
    try:
        raise ValueError("x" * 100_000 + " the end")
    except ValueError as error:
        text = whole_traceback(error)
    assert len(text) == MAX_TRACEBACK
    assert text.startswith("Traceback (most recent call last):")
    assert text.endswith(" the end\n")
    assert "the middle is left out" in text


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


@pytest.mark.parametrize(("code", "shown"), [(None, "0"), (3, "3"), ("no GPU", "no GPU")])
def test_a_method_that_ends_the_process_failed(code: object, shown: str) -> None:
    failure = sort_out(SystemExit(code))
    assert isinstance(failure, MethodFailure)
    assert failure.reason.startswith(f"it called sys.exit({shown})")
    assert "SystemExit" in failure.measured["traceback"]


@pytest.mark.parametrize("code", [129, 143, 15])
def test_a_signal_that_ends_the_process_is_no_failure(code: int) -> None:
    stop = SystemExit(code)
    assert sort_out(stop) is stop
