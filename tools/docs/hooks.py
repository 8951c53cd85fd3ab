"""Functions that mkdocs calls: the generated pages join those that are written by hand."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from mkdocs.structure.files import File, Files


def on_files(files: Files, config: Any) -> Files:
    """Adds every generated page and picture."""
    docs: Any = import_module("provbench.tools.docs")  # mkdocs runs this file by its path, outside of the package
    for name, text in docs.generated().items():
        files.append(File.generated(config, name, content=text))
    for name, path in docs.folders.pictures().items():
        files.append(File.generated(config, name, abs_src_path=str(path)))
    return files
