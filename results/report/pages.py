"""Templates and what they share."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from provbench.registry.base import duration, one_line

from .content import Report
from .rows import number_rows, pair_rows, text_rows
from .words import mean_and_rest, number, value_text

HERE = Path(__file__).parent
ASSETS = ("style.css", "report.js", "compare.js", "icon.svg")


class Pages:
    """Renders the pages of a report. Whatever a template prints is escaped."""

    def __init__(self, report: Report) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            finalize=_visible,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        words = {"duration": duration, "number": number, "mean_and_rest": mean_and_rest, "value_text": value_text}
        self._environment.filters.update({**words, "number_rows": number_rows, "text_rows": text_rows})
        self._environment.filters.update(pair_rows=pair_rows)
        self._environment.globals.update(report=report)

    def render(self, template: str, path: str, **values: Any) -> str:
        """The page at `path`. Templates put `root` before every path in the site."""
        root = "../" * path.count("/")
        return self._environment.get_template(f"{template}.html.j2").render(root=root, here=path, **values)


def _visible(value: Any) -> Any:
    """Text without what could make it look like another one: control characters, and turns of direction."""
    if not isinstance(value, str) or isinstance(value, Markup) or value.isprintable():
        return value
    return "\n".join(map(one_line, value.split("\n")))


@cache
def program_digest() -> str:
    """Returns a digest of the code, the templates and the published numbers that make the pages."""
    files = sorted(path for path in HERE.parent.rglob("*") if path.suffix in (".py", ".j2", ".yaml"))
    return sha256(b"".join(sha256(path.read_bytes()).digest() for path in files)).hexdigest()
