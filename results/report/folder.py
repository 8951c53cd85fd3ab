"""The folder of a site: files that changed are written, and files that no page needs any more are removed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath
from typing import Any

from provbench.registry.base import UserError, atomic_file, is_real, make_folder, write_errors

MANIFEST = "report.json"
"""Lists the files of the folder. Its presence marks the folder as a report's, which may be overwritten."""

Content = str | bytes | Path
"""Content of a file: text, bytes, or the path of a file to copy."""

Files = Iterable[tuple[str, Content]]
"""Path in the site, content."""


class SiteFolder:
    """Files by part of the site: a part is a page with what belongs to it.

    Raises `UserError` where the folder has something in it, and that is no report.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.written = 0
        self.removed = 0
        self._before = _read_manifest(root)
        self._parts: dict[str, dict[str, Any]] = {}
        make_folder(root)
        if not (root / MANIFEST).exists():
            self._save({})  # a first making that is interrupted goes on here

    def write(self, part: str, files: Files) -> None:
        """Write a part's files, as far as they differ from what is there."""
        self._parts[part] = {"files": [self._put(path, content) for path, content in files]}

    def write_once(self, part: str, signature: str, files: Callable[[], Files]) -> None:
        """Writes a part as `write` does, unless its signature is unchanged; the files are then not made at all."""
        before = self._before.get(part, {})
        if before.get("signature") == signature and all((self.root / path).is_file() for path in before["files"]):
            self._parts[part] = before
            return
        self.write(part, files())
        self._parts[part]["signature"] = signature

    def files(self, part: str) -> list[str]:
        """The files of a part that was written this time."""
        return self._parts[part]["files"]

    def close(self) -> None:
        """Remove what the last making left and this one does not need, and write down what there is."""
        now = {path for part in self._parts.values() for path in part["files"]}
        gone = {path for part in self._before.values() for path in part["files"]} - now
        for path in sorted(gone):
            if is_real(self.root, PurePosixPath(path).parent.as_posix()):
                with write_errors(self.root / path):
                    (self.root / path).unlink(missing_ok=True)
                self.removed += 1
        self._save(self._parts)

    def _put(self, path: str, content: Content) -> str:
        target = self.root / _checked(path)
        data = content.read_bytes() if isinstance(content, Path) else _encoded(content)
        if not is_real(self.root, path):
            self._drop_links(path)
        if not target.is_file() or target.read_bytes() != data:
            with write_errors(target):
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(data)
            self.written += 1
        return path

    def _drop_links(self, path: str) -> None:
        """Remove links on the way to a file: a site is written into its own folder only."""
        for parent in [*reversed(PurePosixPath(path).parents), PurePosixPath(path)]:
            if str(parent) != "." and (self.root / parent).is_symlink():
                (self.root / parent).unlink()

    def _save(self, parts: dict[str, dict[str, Any]]) -> None:
        with atomic_file(self.root / MANIFEST) as file:
            file.write(json.dumps({"provbench": "report", "parts": parts}, indent=1, sort_keys=True).encode())


def _encoded(content: str | bytes) -> bytes:
    """A name may have half a character in it, which UTF-8 has no bytes for."""
    return content.encode(errors="replace") if isinstance(content, str) else content


def _read_manifest(root: Path) -> dict[str, dict[str, Any]]:
    try:
        parts = json.loads((root / MANIFEST).read_bytes())["parts"]
        for part in parts.values():
            for path in part["files"]:
                _checked(path)
        return parts
    except FileNotFoundError:
        if root.is_dir() and any(root.iterdir()):
            raise UserError(
                f"{root}: has other files in it, and no report: choose an empty folder, or one that is not there"
            ) from None
    except NotADirectoryError:
        raise UserError(f"{root}: is a file, and a report is a folder: choose another path") from None
    except (ValueError, TypeError, KeyError, AttributeError):
        raise UserError(f"{root / MANIFEST}: is not a report's; choose another folder, or remove this one") from None
    return {}


def _checked(path: str) -> str:
    """Raise `ValueError` for a path that leads out of the site."""
    pure = PurePosixPath(path)
    if pure.is_absolute() or ".." in pure.parts or not pure.parts:
        raise ValueError(f"{path!r} is no path in a site")
    return path
