"""Downloads of the Hugging Face Hub, by its own client into its own cache."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from .errors import UserError


def download_from_hub(model: str, revision: str | None, patterns: Sequence[str], *, bars: bool = True) -> Path:
    """Returns the folder in the hub's cache that has the files of a repository that fit `patterns`.

    revision: a commit, branch or tag; None: `main`. Endpoint, cache, token and offline mode are those of the
    environment (`HF_ENDPOINT`, `HF_HOME`, `HF_TOKEN`, `HF_HUB_OFFLINE`). Raises `UserError` where the files cannot be
    had.
    """
    from huggingface_hub import constants, snapshot_download

    if constants.HF_HUB_OFFLINE:
        raise UserError(f"the model {model} cannot be downloaded: HF_HUB_OFFLINE is set: unset it, or bring its files")
    try:
        with _bars(bars):
            return Path(snapshot_download(model, revision=revision, allow_patterns=list(patterns)))
    except Exception as error:  # errors of the hub, the network and the disk have no common base
        name = f"{model}@{revision or 'main'}"
        raise UserError(f"the model {name} could not be downloaded ({type(error).__name__}: {error})") from error


@contextmanager
def _bars(shown: bool) -> Iterator[None]:
    from huggingface_hub.utils import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

    before = are_progress_bars_disabled()
    if not shown:
        disable_progress_bars()
    try:
        yield
    finally:
        if not shown and not before:
            enable_progress_bars()
