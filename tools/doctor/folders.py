"""Examines the output folder and the data root: writable, local or on a network, and how much room is left."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import psutil

from .finding import Finding

NETWORK = ("nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "lustre", "gpfs", "beegfs", "ceph", "9p")
LITTLE_ROOM = 2 * 2**30


def folder(name: str, path: Path) -> Iterator[Finding]:
    """Yields the state of a folder, which need not exist yet. name: as the command line calls it."""
    there = next(one for one in (path, *path.absolute().parents) if one.exists())
    if not there.is_dir():
        yield Finding(name, "fault", f"{there} is a file", f"choose another folder with {name}")
        return
    kind = file_system(there)
    free = shutil.disk_usage(there).free
    found = f"{path} ({'network: ' if kind in NETWORK else ''}{kind}), {free / 2**30:.1f} GiB free"
    if not os.access(there, os.W_OK):
        yield Finding(name, "note", f"{found}, read-only", f"choose another {name}, or have it made writable")
    elif free < LITTLE_ROOM:
        yield Finding(name, "note", found, "provbench gc lists what can go")
    elif name == "--out" and kind in NETWORK:
        yield Finding(name, "note", found, "locks and journals are safer and faster on a local disk")
    else:
        yield Finding(name, "ok", found)


def file_system(path: Path) -> str:
    """Returns the kind of the file system that a folder is on, such as `ext4` or `nfs4`."""
    mounts = {Path(one.mountpoint): one.fstype for one in psutil.disk_partitions(all=True)}
    resolved = path.resolve()
    return next((mounts[place] for place in (resolved, *resolved.parents) if place in mounts), "unknown")
