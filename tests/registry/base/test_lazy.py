"""Libraries that an import does not find."""

from __future__ import annotations

import importlib
import sys

import pytest

from provbench.registry.base import hidden


def test_a_hidden_library_is_not_found_and_is_found_again() -> None:
    sys.modules.pop("wave", None)
    with hidden("wave"), pytest.raises(ImportError):
        importlib.import_module("wave")
    assert "wave" not in sys.modules
    assert importlib.import_module("wave").open


def test_one_that_was_imported_stays() -> None:
    with hidden("json"):
        assert importlib.import_module("json").loads("1") == 1
    assert "json" in sys.modules
