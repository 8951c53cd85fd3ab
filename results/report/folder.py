"""The folder of a site: files that changed are written, and files that no page needs any more are removed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from provbench.registry.base import UserError, atomic_file, is_real, make_folder, write_errors

from .site_files import Files, SiteFiles, checked

MANIFEST = "report.json"
"""Lists the files of the folder. Its presence marks the folder as a report's, which may be overwritten."""


class SiteFolder:
    """Files by part of the site: a part is a page with what belongs to it.

    Raises `UserError` where the folder has something in it, and that is no report.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.written = 0
        self.removed = 0
        self._site_files = SiteFiles(root)
        self._before = _read_manifest(root)
        self._parts: dict[str, dict[str, Any]] = {}
        make_folder(root)
        if not (root / MANIFEST).exists():
            self._save({})  # a first making that is interrupted goes on here

    def write(self, part: str, files: Files) -> None:
        """Write a part's files, as far as they differ from what is there."""
        self.take(part, self._site_files.put_all(files))

    def write_once(self, part: str, signature: str, files: Callable[[], Files]) -> None:
        """Writes a part as `write` does, unless its signature is unchanged; the files are then not made at all."""
        if not self.keep(part, signature):
            self.take(part, self._site_files.put_all(files()), signature)

    def keep(self, part: str, signature: str) -> bool:
        """Keeps a part where its signature is unchanged and its files are there. Returns whether it is kept."""
        before = self._before.get(part, {})
        kept = before.get("signature") == signature and all((self.root / path).is_file() for path in before["files"])
        if kept:
            self._parts[part] = before
        return kept

    def take(self, part: str, files: Mapping[str, bool], signature: str = "") -> None:
        """Takes up a part whose files are in the folder already. files: by path whether each was written anew."""
        self._parts[part] = {"files": list(files), **({"signature": signature} if signature else {})}
        self.written += sum(files.values())

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

    def _save(self, parts: dict[str, dict[str, Any]]) -> None:
        with atomic_file(self.root / MANIFEST) as file:
            file.write(json.dumps({"provbench": "report", "parts": parts}, indent=1, sort_keys=True).encode())


def _read_manifest(root: Path) -> dict[str, dict[str, Any]]:
    try:
        parts = json.loads((root / MANIFEST).read_bytes())["parts"]
        for part in parts.values():
            for path in part["files"]:
                checked(path)
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
