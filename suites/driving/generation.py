"""Makes a synthetic set by several worker processes, phase by phase."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from provbench.registry import Progress, Share
from provbench.registry.base import Child, UserError

from ..executors import visible_gpus
from ..planning import Cell, RunSpec, SetWork, ensure_synthetic, find_synthetic, is_phased
from ..running import usable_cores
from .generation_ray import RayWorkers

WORTHWHILE = 120.0
"""Seconds of work from which a set is made by several processes on a CPU: each takes half a minute to start."""


def generate(
    work: SetWork,
    workers: int,
    share: Share,
    progress: Progress,
    gpus: Sequence[str] = (),
    cluster: RayWorkers | None = None,
) -> Path | None:
    """Does a share of a set's work, and returns the folder of the set if it is whole then; None if not.

    workers: processes that divide the share among them; one works in this process. gpus: as `CUDA_VISIBLE_DEVICES`
    names them; each worker gets one. cluster: where the workers are, instead of on this machine. A share that is a part
    of the set leaves other drivers to do the others at the same time. What is finished is kept, whatever ends this
    process. Raises `UserError` where a worker does, or dies.
    """
    found = work.found()
    if found is not None:
        return found
    if share.count > 1:
        _phases(work, workers, share, progress, gpus, cluster)
        return work.finish()
    with work.alone():
        if work.folder.is_dir():
            return work.folder
        _phases(work, workers, share, progress, gpus, cluster)
        return work.finish()


def make_set(cell: Cell, spec: RunSpec, data_root: Path, progress: Progress) -> Path:
    """Makes the synthetic set of a cell if it is not there; by one process a GPU where its work can be shared."""
    assert spec.synthesizer is not None
    task = cell.build_task(data_root)
    found = find_synthetic(task, spec.synthesizer, spec.fingerprint, data_root)
    if found is None and is_phased(spec.synthesizer):
        work, gpus = SetWork.of(cell, data_root), visible_gpus()
        found = generate(work, workers_for(work, gpus), Share(), progress, gpus)
    return found or ensure_synthetic(task, spec.synthesizer, spec.fingerprint, data_root, progress)


def workers_for(work: SetWork, gpus: Sequence[str]) -> int:
    """Returns how many processes make a set: one a GPU, or one a core where that is worth the start of processes."""
    return max(1, len(gpus) or (usable_cores() if work.estimate(Share()).seconds > WORTHWHILE else 1))


def _phases(
    work: SetWork,
    workers: int,
    share: Share,
    progress: Progress,
    gpus: Sequence[str],
    cluster: RayWorkers | None,
) -> None:
    for phase in work.plugin.phases:
        if cluster is not None:
            cluster.run(work, phase, [_part(share, number, workers) for number in range(workers)], progress)
        elif workers == 1:
            work.work(phase, share, progress)
        else:
            _together(work, phase, workers, share, progress, gpus)


def _together(work: SetWork, phase: str, workers: int, share: Share, progress: Progress, gpus: Sequence[str]) -> None:
    """Divides a share of a phase among new processes, and waits for all of them."""
    parts = [_part(share, number, workers) for number in range(workers)]
    children = {
        number: Child(_live, work, phase, part, gpus[number % len(gpus)] if gpus else None, name=f"generate-{number}")
        for number, part in enumerate(parts)
    }
    counts: dict[int, tuple[int, int]] = dict.fromkeys(children, (0, 0))
    pending = set(children)
    try:
        while pending:
            for pipe in wait([children[number].pipe for number in pending]):
                number = next(number for number in pending if children[number].pipe is pipe)
                if _take_in(children[number], counts, number):
                    pending.discard(number)
                progress(sum(done for done, _ in counts.values()), sum(total for _, total in counts.values()))
    finally:
        for child in children.values():
            child.kill()


def _part(share: Share, number: int, workers: int) -> Share:
    """Returns a worker's part of a share."""
    limit = None if share.limit is None else -(-share.limit // workers)
    return replace(share, number=share.number + share.count * number, count=share.count * workers, limit=limit)


def _take_in(child: Child, counts: dict[int, tuple[int, int]], number: int) -> bool:
    """Returns whether the worker is done. Raises `UserError` where it failed."""
    try:
        kind, content = child.pipe.recv()
    except EOFError:
        raise UserError(
            f"a worker that was generating images {child.death()}; what was finished is kept, and the same command "
            "goes on from there"
        ) from None
    if kind == "progress":
        counts[number] = content
    if kind == "error":
        raise UserError(content)
    if kind == "failure":
        raise RuntimeError(content)
    return kind == "done"


def _live(pipe: Connection, work: SetWork, phase: str, share: Share, gpu: str | None) -> None:
    """Does a worker's share in its own process, and tells how it goes."""
    if gpu is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = gpu
    outcome: tuple[str, Any] = ("done", None)
    try:
        work.work(phase, share, lambda done, total: pipe.send(("progress", (done, total))))
    except UserError as error:
        outcome = ("error", str(error))
    except Exception as error:
        import traceback

        outcome = ("failure", f"{type(error).__name__}: {error}\n{traceback.format_exc()}")
    pipe.send(outcome)
