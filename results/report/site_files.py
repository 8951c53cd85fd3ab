"""The files of a site: each is written where it differs from what is there, and never through a link."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from provbench.registry.base import is_real, write_errors

Content = str | bytes | Path
"""The content of a file of the site: text, bytes, or a file to copy."""

Files = Iterable[tuple[str, Content]]
"""Path in the site, content."""


class SiteFiles:
    """Files below a folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, path: str, content: Content) -> bool:
        """Writes a file unless it is there with this content. Returns whether it was written."""
        target = self.root / checked(path)
        data = content.read_bytes() if isinstance(content, Path) else _encoded(content)
        if not is_real(self.root, path):
            self._drop_links(path)
        if target.is_file() and target.read_bytes() == data:
            return False
        with write_errors(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        return True

    def put_all(self, files: Files) -> dict[str, bool]:
        """Writes files as `put` does. Returns by path whether each was written."""
        return {path: self.put(path, content) for path, content in files}

    def _drop_links(self, path: str) -> None:
        """Remove links on the way to a file: a site is written into its own folder only."""
        for parent in [*reversed(PurePosixPath(path).parents), PurePosixPath(path)]:
            if str(parent) != "." and (self.root / parent).is_symlink():
                (self.root / parent).unlink()


def checked(path: str) -> str:
    """Raise `ValueError` for a path that leads out of the site."""
    pure = PurePosixPath(path)
    if pure.is_absolute() or ".." in pure.parts or not pure.parts:
        raise ValueError(f"{path!r} is no path in a site")
    return path


def _encoded(content: str | bytes) -> bytes:
    """A name may have half a character in it, which UTF-8 has no bytes for."""
    return content.encode(errors="replace") if isinstance(content, str) else content
