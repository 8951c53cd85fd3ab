"""The links of a site's pages."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote


class Page(HTMLParser):
    """What a page refers to, and what can be referred to in it."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.targets: list[str] = []
        self.ids: list[str] = []
        self.tags: set[str] = set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            if name in ("href", "src") and tag != "use":
                self.targets.append(value or "")
            if name == "id":
                self.ids.append(value or "")


def dead_links(site: Path) -> list[str]:
    """Every reference of every page that leads to no file of the site, or to no part of it."""
    pages = {path.resolve(): Page(path) for path in site.rglob("*.html")}
    dead = []
    for page in pages.values():
        for target in page.targets:
            path, _, fragment = target.partition("#")
            file = (page.path.parent / unquote(path)).resolve() if path else page.path.resolve()
            inside = file.is_file() and file.is_relative_to(site.resolve())
            known = not fragment or file.name == "compare.html" or fragment in pages[file].ids if inside else False
            if not known:
                dead.append(f"{page.path.relative_to(site)}: {target}")
    return dead
