"""The environment of a result: versions, commit, the machine that timed it, and the memory that it took."""

from __future__ import annotations

import functools
import gc
import os
import platform
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple

from provbench.registry.base import return_freed_memory, torch

PACKAGES = ("provbench", "torch", "torchvision", "mmengine", "numpy", "opencv-python-headless", "optuna", "pillow")

UNKNOWN = "unknown"
"""The commit of a checkout that git tells nothing about."""


@functools.cache
def package_versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


class Checkout(NamedTuple):
    """The state of provbench's own checkout: ("", False) outside one, (`UNKNOWN`, False) where git refuses to say.

    problem: why it refused, else "".
    """

    commit: str
    dirty: bool
    problem: str = ""


def git_state() -> tuple[str, bool]:
    """Commit of provbench's own checkout and whether it has changes, as `Checkout` describes."""
    found = checkout()
    return found.commit, found.dirty


@functools.cache
def checkout() -> Checkout:
    """Returns the state of the git checkout that contains this file."""
    return read_checkout(Path(__file__).resolve())


def read_checkout(file: Path) -> Checkout:
    """The state of the checkout that a tracked file belongs to.

    Variables such as `GIT_DIR`, which git sets for hooks, would lead to another repository: git is asked without them.
    """
    if not any((folder / ".git").exists() for folder in file.parents):
        return Checkout("", False)
    try:
        environment = _without(_git(file.parent, dict(os.environ), "rev-parse", "--local-env-vars").split())
        ask = functools.partial(_git, file.parent, environment)
        if not ask("ls-files", "--", file.name):
            return Checkout("", False)  # it is installed below somebody else's checkout
        commit = ask("rev-parse", "HEAD")
        return Checkout(commit, bool(ask("status", "--porcelain", "--untracked-files=no")))
    except subprocess.CalledProcessError as error:
        reason = error.stderr.strip().partition("\n")[0] or f"exit code {error.returncode}"
    except (OSError, subprocess.TimeoutExpired) as error:
        reason = str(error)
    return Checkout(UNKNOWN, False, f"git does not tell the commit of {file.parent}: {reason}")


def _git(folder: Path, environment: dict[str, str], *arguments: str) -> str:
    command = ["git", "--no-optional-locks", "-C", str(folder), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, env=environment, check=True)
    return done.stdout.strip()


def _without(names: list[str]) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in names}


def machine(threads: int) -> dict[str, str]:
    """Returns what decides how fast a run is: processor, usable cores, GPU ("" for none), and torch's threads."""
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else ""
    return {"cpu": processor(), "cores": str(usable_cores()), "gpu": gpu, "threads": str(threads)}


@functools.cache
def processor() -> str:
    """Returns the processor's model, as Linux tells it, else what Python knows of it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, "") or platform.processor() or platform.machine()


def usable_cores() -> int:
    """Returns the number of cores of the machine, or fewer if this process may not use them all (Slurm, taskset,
    containers).
    """
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class PeakMemory:
    """Measures the most memory that a run takes, beyond what its process holds when this is constructed.

    Of the GPU these are torch's allocations, where there is one; else it is resident memory. What earlier runs left is
    given back first, so that the result is the run's own. Processes that load data are not counted.
    """

    def __init__(self) -> None:
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.reset_peak_memory_stats()
            self._before = torch.cuda.memory_allocated()
            return
        return_freed_memory()
        try:
            Path("/proc/self/clear_refs").write_text("5")  # resets VmHWM, the high-water mark
        except OSError:
            self._before = sys.maxsize
            return
        self._before = _resident_bytes("VmRSS")

    def megabytes(self) -> float:
        """Returns the peak so far in MiB; 0 where the system does not tell."""
        peak = torch.cuda.max_memory_allocated() if torch.cuda.is_available() else _resident_bytes("VmHWM")
        return round(max(peak - self._before, 0) / 2**20, 1)


def _resident_bytes(name: str) -> int:
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return 0
    return 1024 * next((int(line.split()[1]) for line in status.splitlines() if line.startswith(name)), 0)
