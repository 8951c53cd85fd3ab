from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Callable
from functools import partial
from multiprocessing import current_process
from typing import Any

import pytest

from provbench.results.report.processes import shared

ITEMS = list(range(50))


@pytest.fixture(autouse=True)
def two_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("provbench.results.report.processes.LEAST", 50)
    monkeypatch.setattr("provbench.results.report.processes.os.cpu_count", lambda: 2)


def told(item: int) -> tuple[int, int]:
    if item == 7:
        warnings.warn("seven", UserWarning, stacklevel=1)
    return item, os.getpid()


def vanishing(parent: int, item: int) -> int:
    if item == 30 and os.getpid() != parent:
        os._exit(3)
    return item


def failing(item: int) -> int:
    raise ValueError(f"item {item}")


def here(items: list[int]) -> bool:
    return [*shared(told, items)] == [(item, os.getpid()) for item in items]


def test_other_processes_share_the_work_and_tell_their_warnings() -> None:
    with pytest.warns(UserWarning, match="seven"):
        found = [*shared(told, ITEMS)]
    assert [item for item, _ in found] == ITEMS
    assert os.getpid() not in {process for _, process in found}


def test_what_a_vanished_process_leaves_is_done_here() -> None:
    assert [*shared(partial(vanishing, os.getpid()), ITEMS)] == ITEMS


def test_an_error_arrives() -> None:
    with pytest.raises(ValueError, match="item 0"):
        list(shared(failing, ITEMS))


@pytest.mark.filterwarnings("ignore:seven")
def test_few_items_one_processor_and_daemons_stay_here(monkeypatch: pytest.MonkeyPatch) -> None:
    assert here(ITEMS[:-1])
    monkeypatch.setitem(current_process()._config, "daemon", True)  # pyright: ignore[reportAttributeAccessIssue]
    assert here(ITEMS)
    monkeypatch.undo()
    monkeypatch.setattr("provbench.results.report.processes.LEAST", 1)
    monkeypatch.setattr("provbench.results.report.processes.os.cpu_count", lambda: 1)
    assert here(ITEMS)


def test_work_that_cannot_be_pickled_stays_here() -> None:
    lock = threading.Lock()
    double: Callable[[Any], Any] = lambda item: 2 * item if lock else 0  # noqa: E731
    assert [*shared(double, ITEMS)] == [2 * item for item in ITEMS]
