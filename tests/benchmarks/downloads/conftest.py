from __future__ import annotations

from collections.abc import Iterator

import pytest

from provbench.benchmarks.downloads import http

from .server import Site, serving


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A server on loopback, which no proxy stands before."""
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with serving() as running:
        yield running


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "CHUNK", 4096)
    monkeypatch.setattr(http, "TIMEOUT", (2.0, 2.0))
    defaults = http.download.__defaults__
    monkeypatch.setattr(http.download, "__defaults__", (*(defaults or ())[:-1], lambda seconds: None))
