"""One driver for an output folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from provbench.registry.base import UserError, describe_holder, make_folder, write_errors, write_holder


@contextmanager
def output_lock(out: Path, announce: bool = True) -> Iterator[None]:
    """Hold the folder while the body runs, or raise `UserError` that says who does. The lock dies with its process.

    announce: write down who holds it; without that, a folder on a full disk can be held, too.
    """
    holder = out / ".lock-holder.json"
    try:
        with write_errors(out):
            make_folder(out)
            lock = FileLock(out / ".lock")
            lock.acquire(timeout=0)
    except Timeout:
        raise UserError(
            f"{out}: another driver is at work here{describe_holder(holder)}; wait, or use another --out"
        ) from None
    try:
        if announce:
            with write_errors(holder):
                write_holder(holder)
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()
