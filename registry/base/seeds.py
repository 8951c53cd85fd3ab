"""Seeds that are functions of what they are for, and of nothing that was drawn before."""

from __future__ import annotations

import hashlib


def seed_of(*parts: object, bits: int) -> int:
    """Returns a seed in [0, 2^bits), bits ≤ 64, made of the parts' texts."""
    text = ":".join(map(str, parts))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> (64 - bits)
