"""How long reading a store takes: without its index, with it, and against parsing every file.

    python tools/bench/store.py --records 10000

Writes generated records into a temporary folder. The files are in the operating system's cache in every case; cold
means that there is no index yet.
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

from provbench.results import RunRecord, Store
from provbench.results.recordfile import encode

METRICS = ("MaxBoxAccV2", "MaxBoxAccV2@30", "MaxBoxAccV2@50", "MaxBoxAccV2@70", "accuracy")


def main() -> None:
    parser = argparse.ArgumentParser(description="Time reading a store of generated run records.")
    parser.add_argument("--records", type=int, default=10_000)
    parser.add_argument("--epochs", type=int, default=30, help="length of each record's training curve")
    parser.add_argument("--repeat", type=int, default=3, help="the best of so many is printed")
    options = parser.parse_args()

    import pandas  # noqa: F401  (its import is not what is measured)

    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        size = sum(_write(root, _record(number, options.epochs)) for number in range(options.records))
        print(f"{options.records} records, {size / 1e6:.1f} MB")
        measured = {
            "parse every file": _best(lambda: _parse_all(root), options.repeat),
            "frame, cold": _best(lambda: Store(root).frame(), options.repeat, lambda: _forget(root)),
            "frame, warm": _best(lambda: Store(root).frame(), options.repeat),
            "records, cold": _best(lambda: Store(root).records(), options.repeat, lambda: _forget(root)),
            "records, warm": _best(lambda: Store(root).records(), options.repeat),
        }
    reference = measured["parse every file"]
    for name, seconds in measured.items():
        print(f"{name:>18}: {seconds:6.3f} s   {seconds / reference:5.2f} x")


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


def _write(root: Path, record: RunRecord) -> int:
    """Straight to the file, without the fsync that makes ten thousand calls of `Store.put` slow."""
    path = root / "records" / record.key[:2] / f"{record.key}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.write_bytes(encode(record))


def _record(number: int, epochs: int) -> RunRecord:
    rng = random.Random(number)
    search = number % 4 > 0
    return RunRecord(
        key=sha256(str(number).encode()).hexdigest()[:20],
        suite="bench",
        task="cub-wsol",
        variant="mini",
        protocol="1",
        method=f"method-{number % 11}",
        phase="search" if search else "final",
        seed=number,
        parameters={f"plugin.parameter-{place}": rng.random() for place in range(20)},
        status="done",
        val={name: 100 * rng.random() for name in METRICS},
        test={} if search else {name: 100 * rng.random() for name in METRICS},
        curve=[{"epoch": epoch, "loss": rng.random(), **{m: rng.random() for m in METRICS}} for epoch in range(epochs)],
        epoch=epochs,
        versions=dict.fromkeys(("numpy", "provbench", "python", "torch", "torchvision"), "1.2.3"),
        commit="0" * 40,
        fingerprint="f" * 64,
    )


if __name__ == "__main__":
    main()
