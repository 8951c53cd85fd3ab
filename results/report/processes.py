"""Work on many items that several processes share."""

from __future__ import annotations

import os
import pickle
import signal
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import current_process, get_context, parent_process
from typing import Any, TypeVar

T = TypeVar("T")
R = TypeVar("R")

LEAST = 300
"""Items from which on other processes are worth the second that each takes to start."""
MOST = 4
"""Processes."""
BATCH = 20
"""Items that a process takes at once."""


def shared(work: Callable[[T], R], items: Sequence[T]) -> Iterator[R]:
    """Yields `work(item)` for each item, in order, from several processes where these are of use.

    There are as many processes as processors, `MOST` at most. They are started anew, so that they import the main
    module, as `multiprocessing` describes. A small number of items, a single processor, a process that may have no
    children, work that cannot be pickled, and processes that do not start or that vanish leave the rest to this one.
    Warnings and errors of the work arrive here.
    """
    done = 0
    for result in _from_others(work, items):
        yield result
        done += 1
    yield from map(work, items[done:])


def _from_others(work: Callable[[T], R], items: Sequence[T]) -> Iterator[R]:
    """Yields the first results, none to all of them."""
    count = min(MOST, os.cpu_count() or 1)
    if len(items) < LEAST or count < 2 or current_process().daemon or not _can_be_sent(work):
        return
    try:
        with ProcessPoolExecutor(count, get_context("spawn"), _begin, (work,)) as pool:
            for result, warned in pool.map(_apply, items, chunksize=BATCH):
                for warning in warned:
                    warnings.warn(warning, stacklevel=2)
                yield result
    except (BrokenProcessPool, OSError, NotImplementedError):  # where the work itself fails, it does so again here
        return


def _can_be_sent(work: object) -> bool:
    try:
        pickle.dumps(work)
    except (pickle.PicklingError, AttributeError, TypeError):
        return False
    return True


_work: Callable[[Any], Any]
"""The work of this process, where it is one of those that share it."""


def _begin(work: Callable[[Any], Any]) -> None:
    global _work
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes, and the first one ends the others
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _work = work


def _end_with_parent() -> None:
    """Ends this process when its parent was killed, which leaves nobody to end it."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _apply(item: Any) -> tuple[Any, list[Warning]]:
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        result = _work(item)
    return result, [one.message for one in warned if isinstance(one.message, Warning)]
