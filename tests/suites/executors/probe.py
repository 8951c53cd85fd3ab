"""Augmentations that look around, take too much, or kill the process that they are in."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import Any, ClassVar

from provbench.registry import AUGMENTATIONS, Augmentation, Params


class LookAround(Augmentation):
    """Fails, and tells in the reason where it was."""

    def __call__(self, batch: Any, generator: Any, model: Any) -> Any:
        import torch

        import provbench.suites.planning.spec as spec

        seen = {
            "pid": os.getpid(),
            "gpus": os.environ.get("CUDA_VISIBLE_DEVICES"),
            "threads": torch.get_num_threads(),
            "cwd": str(Path.cwd()),
            "package": spec.__file__,
            "plugin": __file__,
        }
        raise ZeroDivisionError(json.dumps(seen))


class Chatter(Augmentation):
    """Prints a line at each batch."""

    def __call__(self, batch: Any, generator: Any, model: Any) -> Any:
        print("a batch went by")
        return batch


class FallParams(Params):
    signal: str = "SIGKILL"
    flag: str


class Fall(Augmentation):
    """Kills its process, unless the flag is there, which it raises first."""

    Params: ClassVar[type[Params]] = FallParams
    params: FallParams

    def __call__(self, batch: Any, generator: Any, model: Any) -> Any:
        if not Path(self.params.flag).exists():
            Path(self.params.flag).touch()
            os.kill(os.getpid(), getattr(signal, self.params.signal))
        return batch


class HoardParams(Params):
    gigabytes: float


class Hoard(Augmentation):
    """Takes memory, and holds it for as long as it is let."""

    Params: ClassVar[type[Params]] = HoardParams
    params: HoardParams

    def __call__(self, batch: Any, generator: Any, model: Any) -> Any:
        hoard = bytearray(int(self.params.gigabytes * 2**30))
        for page in range(0, len(hoard), 4096):
            hoard[page] = 1
        time.sleep(60)
        return batch


class LingerParams(Params):
    flag: str


class Linger(Augmentation):
    """Writes its process's number down and stays."""

    Params: ClassVar[type[Params]] = LingerParams
    params: LingerParams

    def __call__(self, batch: Any, generator: Any, model: Any) -> Any:
        Path(f"{self.params.flag}.new").write_text(str(os.getpid()))
        Path(f"{self.params.flag}.new").rename(self.params.flag)
        time.sleep(600)
        return batch


AUGMENTATIONS.add("look-around", LookAround)
AUGMENTATIONS.add("chatter", Chatter)
AUGMENTATIONS.add("fall", Fall)
AUGMENTATIONS.add("hoard", Hoard)
AUGMENTATIONS.add("linger", Linger)
