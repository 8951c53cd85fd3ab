"""Records that measurements make by program, for suites whose runs nobody trains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from provbench.results.store import RunRecord, encode
from provbench.suites.planning import RunSpec

LIKE_A_RUNS: dict[str, Any] = {
    "versions": dict.fromkeys(("numpy", "provbench", "python", "torch", "torchvision"), "1.2.3"),
    "commit": "0" * 40,
}
"""Fields that make a record as large as one of a run."""


def record_of(
    spec: RunSpec, curve: Sequence[Mapping[str, float]], metrics: Mapping[str, float], **fields: Any
) -> RunRecord:
    """Returns the finished record of a run with these scores, on test, too, where it is a final one."""
    return RunRecord(
        key=spec.key,
        suite=spec.suite,
        task=spec.task.name,
        variant=spec.variant,
        protocol=spec.task.version,
        method=spec.method,
        phase=spec.phase,
        seed=spec.seed,
        parameters=spec.parameters,
        identity=spec.identity(),
        status="done",
        val=dict(metrics),
        test=dict(metrics) if spec.phase == "final" else {},
        curve=[dict(entry) for entry in curve],
        epoch=len(curve),
        fingerprint=spec.fingerprint,
        **fields,
    )


def write_record(root: Path, record: RunRecord) -> int:
    """Writes a record into the store in `root`, and returns its bytes; without the fsync that makes thousands of calls
    of `Store.put` slow.
    """
    path = root / "records" / record.key[:2] / f"{record.key}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.write_bytes(encode(record))
