"""READMEs of the folders as pages, with their links led to other pages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from posixpath import normpath, relpath

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ".github/pictures"
_LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")
_OUTSIDE = ("http://", "https://", "mailto:", "#")


def readmes() -> dict[str, str]:
    """Returns the site's page of each Markdown file of the tree, both as paths with forward slashes."""
    found = {"README.md": "index.md", "CONTRIBUTING.md": "contributing.md"}
    for layer in ("registry", "benchmarks", "suites", "results", "tools"):
        for path in sorted((ROOT / layer).rglob("README.md")):
            name = path.relative_to(ROOT).as_posix()
            found[name] = f"folders/{name.removesuffix('/README.md')}.md"
    return found


def page(name: str, pages: Mapping[str, str]) -> str:
    """Returns the text of a Markdown file of the tree for its page: a link to a file that has no page becomes its text.

    name: the file in the tree. pages: as `readmes` returns them.
    """
    folder = str(Path(name).parent)

    def led(match: re.Match[str]) -> str:
        picture, text, target = match.groups()
        if target.startswith(_OUTSIDE):
            return match[0]
        path, _, anchor = target.partition("#")
        inside = normpath(f"{folder}/{path}")
        if picture:
            new = inside.replace(PICTURES, "pictures")
        else:
            new = pages.get(inside) or pages.get(f"{inside}/README.md")
            if new is None:
                return text
        here = str(Path(pages[name]).parent)
        return f"{picture}[{text}]({relpath(new, here)}{f'#{anchor}' if anchor else ''})"

    return _LINK.sub(led, (ROOT / name).read_text(encoding="utf-8"))


def pictures() -> dict[str, Path]:
    """Returns the pictures of the READMEs by their names on the site."""
    return {f"pictures/{path.name}": path for path in sorted((ROOT / PICTURES).glob("*.png"))}


def index(pages: Mapping[str, str]) -> str:
    """Returns the page that lists the folders' pages."""
    lines = [
        f"- [{name.removesuffix('/README.md')}]({relpath(new, 'folders')}): {_title(name)}"
        for name, new in pages.items()
        if new.startswith("folders/")
    ]
    return "# Folders\n\n" + "\n".join(lines) + "\n"


def _title(name: str) -> str:
    first = (ROOT / name).read_text(encoding="utf-8").partition("\n")[0]
    return first.lstrip("# ").strip()
