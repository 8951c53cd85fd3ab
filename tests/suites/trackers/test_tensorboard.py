"""TensorBoard as a mirror: the event files, read back with TensorBoard's own reader."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from provbench.registry import TRACKERS, UserError
from provbench.results.store.record import RunRecord
from provbench.suites.driving.output import Output
from provbench.suites.planning.spec import RunSpec


def read_back(folder: Path) -> Any:
    events = EventAccumulator(str(folder))
    events.Reload()
    return events


def scalars(events: Any, tag: str) -> list[tuple[int, float]]:
    return [(event.step, event.value) for event in events.Scalars(tag)]


def text(events: Any, tag: str) -> str:
    (event,) = events.Tensors(f"{tag}/text_summary")
    return event.tensor_proto.string_val[0].decode()


def log(folder: Path, spec: RunSpec, record: RunRecord, pictures: list[Path]) -> None:
    """Tell the tracker, in this process."""
    tracker = TRACKERS.build("tensorboard")
    tracker.open(folder)
    tracker.log(spec, record, pictures)
    tracker.close()


def test_every_record_is_mirrored_once(mirror: Any, output: Output) -> None:
    for _ in range(2):
        mirror("tensorboard")
    folder = output.trackers / "tensorboard"
    assert sorted(path.name for path in folder.iterdir() if path.is_dir()) == output.store.keys()
    for record in output.store.records():
        assert len(list((folder / record.key).iterdir())) == 1
        events = read_back(folder / record.key)
        curve = [(entry["epoch"], pytest.approx(entry["accuracy"])) for entry in record.curve]
        assert scalars(events, "accuracy") == curve
        assert scalars(events, "test/accuracy") == [(record.epoch, pytest.approx(record.test["accuracy"]))]


def test_a_record_with_pictures(spec: RunSpec, record: RunRecord, pictures: list[Path], tmp_path: Path) -> None:
    log(tmp_path, spec, record.model_copy(update={"test": {"accuracy": 1.0}}), [])
    log(tmp_path, spec, record, pictures)
    events = read_back(tmp_path / record.key)
    assert sorted(events.Tags()["scalars"]) == ["accuracy", "classification", "test/accuracy", "val/accuracy"]
    assert scalars(events, "classification") == [(1, pytest.approx(0.7)), (2, 0.25)]
    assert scalars(events, "val/accuracy") == [(2, 75.0)]
    assert scalars(events, "test/accuracy") == [(2, 62.5)]
    for picture in pictures:
        (shown,) = events.Images(f"pictures/{picture.stem}")
        assert (shown.step, shown.width, shown.height) == (2, 4, 2)
        pixels = np.asarray(Image.open(io.BytesIO(shown.encoded_image_string)).convert("RGB"))
        np.testing.assert_array_equal(pixels, np.asarray(Image.open(picture).convert("RGB")))
    config = text(events, "config")
    for part in ("suite = 'birds+'", "task = 'toy <b>'", "'cutmix.prob': 0.5", "'text': '<script>alert(1)</script>'"):
        assert part in config


def test_what_a_killed_process_left_does_not_count(spec: RunSpec, record: RunRecord, tmp_path: Path) -> None:
    (tmp_path / ".unfinished").mkdir()
    (tmp_path / ".unfinished" / "events.out.tfevents.1.host").touch()
    assert not TRACKERS.build("tensorboard").present(tmp_path)
    log(tmp_path, spec, record, [])
    assert TRACKERS.build("tensorboard").present(tmp_path) == {record.key}
    assert len(list((tmp_path / record.key).iterdir())) == 1


def test_a_missing_package_is_named_with_its_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    with pytest.raises(UserError, match=r"pip install 'provbench\[tensorboard\]'"):
        TRACKERS.build("tensorboard").open(tmp_path)
