"""Measures reading and writing a store of many records, against parsing every file.

    python tools/bench/store.py --records 100000

Writes generated records into a temporary folder (TMPDIR chooses the disk). The files are in the operating system's
cache in every case; cold means that there is no index yet. Puts wait for the disk; the ratio of what is called once is
of the whole, and `a record` is the time divided by the number of records or calls.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

from provbench.results.store import RunRecord, Store

from .made_records import write_record

METRICS = ("MaxBoxAccV2", "MaxBoxAccV2@30", "MaxBoxAccV2@50", "MaxBoxAccV2@70", "accuracy")
FEW = 300
GETS = 10_000
PUTS = 200


def main() -> None:
    parser = argparse.ArgumentParser(description="Time a store of generated run records.")
    parser.add_argument("--records", type=int, default=10_000)
    parser.add_argument("--epochs", type=int, default=30, help="length of each record's training curve")
    parser.add_argument("--repeat", type=int, default=3, help="the best of so many is printed")
    options = parser.parse_args()

    import pandas  # noqa: F401  (its import is not what is measured)

    with tempfile.TemporaryDirectory() as folder:
        root, numbers = Path(folder), range(options.records)
        size = sum(write_record(root, _record(number, options.epochs)) for number in numbers)
        measured = _measure(root, options)
        index = (root / "index.sqlite").stat().st_size
    print(f"{options.records} records, {size / 1e6:.1f} MB; index {index / 1e6:.1f} MB")
    reference = measured["parse every file"][0]
    for name, (seconds, count) in measured.items():
        print(f"{name:>34}: {seconds:8.3f} s  {seconds / reference:6.3f} x  {1e6 * seconds / count:9.1f} us a record")


def _measure(root: Path, options: argparse.Namespace) -> dict[str, tuple[float, int]]:
    """Seconds and number of records or calls, by what was done."""
    store, count, repeat = Store(root), options.records, options.repeat
    keys = [_key(number) for number in range(count)]
    random.Random(0).shuffle(keys)
    few, some = keys[:FEW], keys[:GETS]
    measured = {
        "parse every file": (_best(lambda: _parse_all(root), repeat), count),
        "open the store": (_best(lambda: Store(root), repeat), 1),
        "build the index": (_best(store.keys, repeat, lambda: _forget(root)), count),
        "frame, warm": (_best(store.frame, repeat), count),
        "keys, warm": (_best(store.keys, repeat), count),
        f"summaries of {len(few)} keys, warm": (_best(lambda: store.summaries(few), repeat), len(few)),
        "summaries of all keys, warm": (_best(lambda: store.summaries(keys), repeat), count),
        "frame of all keys, warm": (_best(lambda: store.frame(keys), repeat), count),
        f"get, {len(some)} times": (_best(lambda: [store.get(key) for key in some], repeat), len(some)),
        "sizes": (_best(store.sizes, repeat), count),
    }
    new = iter(range(count, count + repeat + PUTS))
    measured["first put of a process"] = _best(lambda: Store(root).put(_record(next(new), options.epochs)), repeat), 1
    records = [_record(number, options.epochs) for number in new]
    measured[f"put, {len(records)} times"] = _best(lambda: [store.put(record) for record in records], 1), len(records)
    measured[f"frame after {len(records) + repeat} puts"] = _best(store.frame, 1), count
    return measured


def _best(work: Callable[[], object], repeat: int, before: Callable[[], object] = lambda: None) -> float:
    times = []
    for _ in range(repeat):
        before()
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return min(times)


def _parse_all(root: Path) -> list[object]:
    return [json.loads(path.read_bytes()) for path in root.glob("records/*/*.json")]


def _forget(root: Path) -> None:
    (root / "index.sqlite").unlink(missing_ok=True)


def _key(number: int) -> str:
    return sha256(str(number).encode()).hexdigest()[:20]


def _record(number: int, epochs: int) -> RunRecord:
    rng = random.Random(number)
    search = number % 4 > 0
    parameters = {f"plugin-{place % 3}.parameter-{place}": rng.random() for place in range(20)}
    return RunRecord(
        key=_key(number),
        suite="bench",
        task="cub-wsol",
        variant="mini",
        protocol="1",
        method=f"method-{number % 11}",
        phase="search" if search else "final",
        seed=number,
        parameters=parameters,
        identity=_identity(number, parameters),
        status="done",
        val={name: 100 * rng.random() for name in METRICS},
        test={} if search else {name: 100 * rng.random() for name in METRICS},
        curve=[{"epoch": epoch, "loss": rng.random(), **{m: rng.random() for m in METRICS}} for epoch in range(epochs)],
        epoch=epochs,
        versions=dict.fromkeys(("numpy", "provbench", "python", "torch", "torchvision"), "1.2.3"),
        commit="0" * 40,
        fingerprint="f" * 64,
    )


def _identity(number: int, parameters: dict[str, Any]) -> dict[str, Any]:
    return {
        "task": {"name": "cub-wsol", "version": "1", "params": parameters},
        "augmentation": {"name": "cutmix", "version": "1", "params": {"prob": 1.0}},
        "regularizers": [],
        "fingerprint": "f" * 64,
        "variant": "mini",
        "seed": number,
    }


if __name__ == "__main__":
    main()
