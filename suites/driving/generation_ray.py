"""Makes synthetic sets on the nodes of a Ray cluster that share the driver's data root."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from provbench.registry import Progress, Share, no_progress
from provbench.registry.base import UserError

from ..planning import SetWork

LOCAL = "local"
"""Address that stands for a Ray that is started on this machine for the occasion."""


class RayWorkers:
    """Workers on a cluster. gpus: that each asks for; 0 on a cluster without any."""

    def __init__(self, ray: Any) -> None:
        self._ray = ray
        self.gpus = int(bool(ray.cluster_resources().get("GPU", 0)))
        self._run = ray.remote(num_cpus=1, num_gpus=self.gpus, max_retries=3)(_work)

    @property
    def count(self) -> int:
        """Returns how many workers have room at a time: one a GPU, or one a CPU."""
        return max(1, int(self._ray.cluster_resources().get("GPU" if self.gpus else "CPU", 1)))

    def run(self, work: SetWork, phase: str, parts: Sequence[Share], progress: Progress) -> None:
        """Has each part of a phase done by a worker, and waits for all. Raises `UserError` where one cannot be."""
        absolute = replace(work, data_root=work.data_root.absolute())
        pending = [self._run.remote(absolute, phase, part) for part in parts]
        try:
            while pending:
                done, pending = self._ray.wait(pending)
                self._ray.get(done)
                progress(len(parts) - len(pending), len(parts))
        except self._ray.exceptions.RayTaskError as error:
            cause = error.cause
            raise (UserError(str(cause)) if isinstance(cause, UserError) else RuntimeError(str(error))) from None
        except self._ray.exceptions.RayError as error:
            first = str(error).strip().partition("\n")[0]
            raise UserError(f"--ray: lost the cluster ({first}); the same command goes on from there") from error
        finally:
            for one in pending:
                self._ray.cancel(one, force=True)


@contextmanager
def ray_workers(address: str) -> Iterator[RayWorkers]:
    """Yields the workers of a cluster, and leaves it afterwards. address: `auto`, `HOST:PORT`, or `local`.

    Raises `UserError` where Ray is not installed, or the cluster does not answer.
    """
    try:
        import ray
    except ImportError:
        raise UserError("--ray needs Ray: pip install 'provbench[ray]'") from None
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    options |= {"include_dashboard": False} if address == LOCAL else {"address": address}
    try:
        ray.init(**options)
    except (ConnectionError, RuntimeError, ValueError, OSError) as error:
        raise UserError(f"--ray {address}: no cluster answers ({str(error).partition(chr(10))[0]})") from error
    try:
        yield RayWorkers(ray)
    finally:
        ray.shutdown()


def _work(work: SetWork, phase: str, share: Share) -> None:
    if not work.data_root.is_dir():
        raise UserError(f"{work.data_root}: no such folder on a node: the nodes must share the data root")
    work.work(phase, share, no_progress)
