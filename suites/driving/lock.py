"""One driver for an output folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from provbench.registry.base import TakenError, UserError, held, make_folder, write_errors


@contextmanager
def output_lock(out: Path, announce: bool = True) -> Iterator[None]:
    """Hold the folder while the body runs, or raise `UserError` that says who does. The lock dies with its process.

    announce: write down who holds it; without that, a folder on a full disk can be held, too.
    """
    with ExitStack() as stack:
        try:
            with write_errors(out):
                make_folder(out)
                stack.enter_context(held(out, announce=announce))
        except TakenError as holder:
            raise UserError(f"{out}: another driver is at work here{holder}; wait, or use another --out") from None
        yield
