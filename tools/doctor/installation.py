"""Examines Python and the installed packages."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version

from packaging.requirements import Requirement

from .finding import Finding

SUPPORTED = ((3, 11), (3, 13))
TORCH = (
    "import json, torch, torchvision; "
    "gpus = [torch.cuda.get_device_properties(place) for place in range(torch.cuda.device_count())]; "
    "print(json.dumps([torch.__version__, torch.version.cuda, [[one.name, one.total_memory] for one in gpus]]))"
)
MM = (
    "from provbench.benchmarks.ucf101_24 import openmmlab; openmmlab.mend(); import mmcv, mmdet.models, mmaction.models"
)
SECONDS = 300
"""Longest import: a cold disk takes minutes."""


def python() -> Iterator[Finding]:
    """Yields whether this Python is supported, and which provbench this is."""
    least, most = SUPPORTED
    good = least <= sys.version_info[:2] <= most
    where = f"{platform.python_version()} on {platform.platform()}"
    yield Finding("Python", "ok" if good else "fault", where, "" if good else "install Python 3.11, 3.12 or 3.13")
    yield Finding("provbench", "ok", version("provbench"))


def packages() -> Iterator[Finding]:
    """Yields the required packages that are missing or of another version than provbench works with."""
    wanted = [Requirement(line) for line in requires("provbench") or ()]
    core = [one for one in wanted if one.marker is None or one.marker.evaluate({"extra": ""})]
    wrong = [words for one in core if (words := _complaint(one))]
    if wrong:
        remedy = "make setup, which installs the versions of requirements.lock"
        yield Finding("packages", "fault", "; ".join(wrong), remedy)
    else:
        yield Finding("packages", "ok", f"all {len(core)} required packages are there")
    extras = {}
    for one in wanted:
        for extra in _extras_of(one):
            extras.setdefault(extra, []).append(_complaint(one))
    for extra, complaints in sorted(extras.items()):
        missing = [words for words in complaints if words]
        remedy = f'pip install "provbench[{extra}]", if you need it' if missing else ""
        yield Finding(f"extra {extra}", "note" if missing else "ok", "; ".join(missing) or "installed", remedy)


def _extras_of(one: Requirement) -> list[str]:
    names = ("ray", "slurm", "postgresql", "tensorboard", "transformers", "synthesis")
    if one.marker is None or one.marker.evaluate({"extra": ""}) or one.name == "provbench":
        return []
    return [name for name in names if one.marker.evaluate({"extra": name})]


def _complaint(one: Requirement) -> str:
    try:
        found = version(one.name)
    except PackageNotFoundError:
        return f"{one.name} is missing"
    return "" if one.specifier.contains(found, prereleases=True) else f"{one.name} {found} is not {one.specifier}"


def torch() -> Iterator[Finding]:
    """Yields whether torch can be imported, and the GPUs that it finds. It is imported in a process of its own."""
    done = _python(TORCH)
    if done is None or done.returncode:
        yield Finding("torch", "fault", _last_line(done), "make setup")
        return
    number, cuda, gpus = json.loads(done.stdout.splitlines()[-1])
    yield Finding("torch", "ok", f"{number}, built {f'with CUDA {cuda}' if cuda else 'without CUDA'}")
    for name, size in gpus:
        yield Finding("GPU", "ok", f"{name}, {size / 2**30:.0f} GiB")
    if not gpus:
        seen = _nvidia()
        remedy = "install a driver that this torch's CUDA works with, or look at CUDA_VISIBLE_DEVICES" if seen else ""
        yield Finding("GPU", "note", f"torch finds none{f', nvidia-smi does: {seen}' if seen else ''}", remedy)


def openmmlab() -> Iterator[Finding]:
    """Yields whether OpenMMLab's packages can be imported together."""
    done = _python(MM)
    if done is None or done.returncode:
        remedy = "make setup; ucf101-24 and every training need them"
        yield Finding("OpenMMLab", "fault", _last_line(done), remedy)
    else:
        names = ("mmengine", "mmcv-lite", "mmdet", "mmaction2")
        yield Finding("OpenMMLab", "ok", ", ".join(f"{name} {version(name)}" for name in names))


def _python(code: str) -> subprocess.CompletedProcess[str] | None:
    """Returns the finished process; None where it took too long."""
    try:
        return subprocess.run(
            [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, timeout=SECONDS
        )
    except subprocess.TimeoutExpired:
        return None


def _last_line(done: subprocess.CompletedProcess[str] | None) -> str:
    if done is None:
        return f"cannot be imported within {SECONDS} s"
    lines = done.stderr.strip().splitlines()
    return f"cannot be imported: {lines[-1] if lines else f'exit code {done.returncode}'}"


def _nvidia() -> str:
    """Returns what nvidia-smi lists; "" where there is none, or it fails."""
    try:
        done = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return "; ".join(done.stdout.split("\n")).strip("; ") if done.returncode == 0 else ""
