"""W&B as a mirror: the offline files, read back."""

from __future__ import annotations

import importlib
import json
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from provbench.registry import TRACKERS
from provbench.suites.driver import Output, Tally
from provbench.suites.plan import Plan
from provbench.suites.trackers import Tracker, Tracking

BLOCK = 32768


def payloads(data: bytes) -> Iterator[bytes]:
    """The records of a .wandb file: LevelDB's log format after a header of seven bytes."""
    at, parts = 7, b""
    while at + 7 <= len(data):
        if BLOCK - at % BLOCK < 7:
            at += BLOCK - at % BLOCK
            continue
        length, kind = struct.unpack("<HB", data[at + 4 : at + 7])
        parts += data[at + 7 : at + 7 + length]
        at += 7 + length
        if kind in (1, 4):  # whole, or the last part
            yield parts
            parts = b""


def read_back(folder: Path) -> dict[str, Any]:
    """Identity, config, history and summary of an offline run, with wandb's own messages."""
    messages = importlib.import_module("wandb.proto.wandb_internal_pb2")
    (file,) = folder.glob("run-*.wandb")
    found: dict[str, Any] = {"history": [], "summary": {}, "config": {}}

    def values(items: Any) -> dict[str, Any]:
        return {".".join(item.nested_key) or item.key: json.loads(item.value_json) for item in items}

    for payload in payloads(file.read_bytes()):
        record = messages.Record()
        record.ParseFromString(payload)
        kind = record.WhichOneof("record_type")
        if kind == "run":
            found |= {"id": record.run.run_id, "group": record.run.run_group, "job_type": record.run.job_type}
            found["config"] |= values(record.run.config.update)
        elif kind == "history":
            found["history"].append(values(record.history.item))
        elif kind == "summary":
            found["summary"] |= values(record.summary.update)
    return found


def test_every_record_is_mirrored_once(make: Callable[..., Plan], drive: Callable[..., Tally], output: Output) -> None:
    plan = make()
    for _ in range(2):
        tracking = Tracking([TRACKERS.build("wandb")], output.trackers)
        drive(plan, observer=tracking)
        tracking.close()
    folders = {folder.name.rpartition("-")[2]: folder for folder in output.trackers.glob("wandb/wandb/offline-run-*")}
    assert sorted(folders) == output.store.keys()
    assert len(list(output.trackers.glob("wandb/wandb/offline-run-*"))) == 4
    for record in output.store.records():
        mirrored = read_back(folders[record.key])
        assert (mirrored["id"], mirrored["group"], mirrored["job_type"]) == (record.key, "toy", "final")
        assert mirrored["config"].items() >= {"lr": 0.05, "seed": record.seed}.items()
        curve = [(row["_step"], row["accuracy"]) for row in mirrored["history"]]
        assert curve == [(entry["epoch"], entry["accuracy"]) for entry in record.curve]
        assert mirrored["summary"]["test/accuracy"] == record.test["accuracy"]


class Failing(Tracker):
    """Fails at the first record."""

    name = "failing"

    def open(self, folder: Path) -> None:
        pass

    def log(self, spec: object, record: object) -> None:
        raise ConnectionError("no route")


def test_a_tracker_that_fails_fails_no_run(
    make: Callable[..., Plan], drive: Callable[..., Tally], output: Output
) -> None:
    tracking = Tracking([Failing()], output.trackers)
    with pytest.warns(UserWarning, match=r"tracker failing failed \(ConnectionError: no route\)") as caught:
        tally = drive(make(), observer=tracking)
    assert tally.trained == 4
    assert len(caught) == 1
