"""CPU threads of the numeric libraries."""

from __future__ import annotations

import os

VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OPENCV_FOR_THREADS_NUM")
"""Each is read once, when its library is loaded."""


def limit_threads(count: int) -> None:
    """Give every numeric library that this process loads from now on `count` threads.

    torch's own operators follow `Place.threads` in any case; without this, beside them each process would start as
    many threads of BLAS and OpenCV as the machine has cores.
    """
    os.environ.update(dict.fromkeys(VARIABLES, str(count)))
