"""Examines the services that a suite may use: Weights & Biases and a Ray cluster."""

from __future__ import annotations

import netrc
import os
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

from .finding import Finding

WANDB = "https://api.wandb.ai"
SECONDS = 3.0


def wandb() -> Iterator[Finding]:
    """Yields whether runs can be uploaded. Without it they are kept on the disk, and `provbench sync` uploads later."""
    address = urlsplit(os.environ.get("WANDB_BASE_URL", WANDB))
    host, port = address.hostname or "", address.port or (443 if address.scheme == "https" else 80)
    mode = os.environ.get("WANDB_MODE", "online")
    key = "a key" if "WANDB_API_KEY" in os.environ or _in_netrc(host) else "no key"
    reached = _reachable(host, port)
    found = f"{host} {'can be reached' if reached else 'cannot be reached'}, {key}, WANDB_MODE {mode}"
    remedy = (
        ""
        if reached and key == "a key"
        else "`run --track wandb` writes offline; `wandb login` before `provbench sync`"
    )
    yield Finding("W&B", "ok" if not remedy else "note", found, remedy)


def ray() -> Iterator[Finding]:
    """Yields whether the Ray cluster of `RAY_ADDRESS` can be reached; nothing where none is named."""
    address = os.environ.get("RAY_ADDRESS", "")
    if not address or address == "auto":
        return
    parts = urlsplit(address if "://" in address else f"ray://{address}")
    reached = _reachable(parts.hostname or "", parts.port or 6379)
    remedy = "" if reached else "ray start --head there, or unset RAY_ADDRESS"
    yield Finding(
        "Ray", "ok" if reached else "note", f"{address} {'answers' if reached else 'does not answer'}", remedy
    )


def _reachable(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), SECONDS).close()
    except OSError:
        return False
    return True


def _in_netrc(host: str) -> bool:
    try:
        return netrc.netrc().authenticators(host) is not None
    except (OSError, netrc.NetrcParseError):
        return False
