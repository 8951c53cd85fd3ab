"""The key of a run: a digest of everything that decides its outcome."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .record import RunRecord

KEY_LENGTH = 20

TOLD_TWICE = ("variant", "seed", "phase", "fingerprint")
"""Fields that a record has beside its identity, too."""


def digest(value: Any) -> str:
    """The first 20 hexadecimal digits of the SHA-256 of a value as canonical JSON."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:KEY_LENGTH]


def identity_fault(record: RunRecord) -> str:
    """What of a record contradicts its identity; empty where nothing does."""
    identity = record.identity
    if digest(identity) != record.key:
        return f"its key is not that of its identity, {digest(identity)}: it is the record of another run"
    task = identity.get("task")
    told = {name: identity[name] for name in TOLD_TWICE if name in identity}
    told |= {"task": task.get("name"), "protocol": task.get("version")} if isinstance(task, dict) else {}
    wrong = [name for name, value in told.items() if value != getattr(record, name)]
    return f"its {wrong[0]} is not that of its identity" if wrong else ""
