"""Loading models without the progress bars and notices of their libraries."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet() -> Iterator[None]:
    """While the body runs, diffusers, transformers and peft report errors only, and draw no bars."""
    from diffusers.utils import logging as of_diffusers
    from transformers.utils import logging as of_transformers

    known = [logging.getLogger(name) for name in ("diffusers", "transformers")]
    levels = [one.level for one in known]
    of_diffusers.disable_progress_bar()
    of_transformers.disable_progress_bar()
    try:
        for one in known:
            one.setLevel(logging.ERROR)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            warnings.filterwarnings("ignore", message=".*peft_config.*")
            yield
    finally:
        of_diffusers.enable_progress_bar()
        of_transformers.enable_progress_bar()
        for one, level in zip(known, levels, strict=True):
            one.setLevel(level)
