"""The weights of the mini sets' networks, which ship with provbench."""

from __future__ import annotations

from pathlib import Path

MINI_WORLD = "MINI_WORLD"
"""Their name; `provbench.tools.pretraining.mini_trunk` makes them again."""
FILE = Path(__file__).with_name("mini-world.safetensors")
SHA256 = "16b398f377c95a9c1725136b4d76f8ad473d2105f50469af1eb350a02a4eb3fc"
