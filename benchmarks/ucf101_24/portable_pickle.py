"""Writes pickles whose bytes do not depend on the release of numpy."""

from __future__ import annotations

import pickle
import pickletools

_NEW, _OLD = "numpy._core.multiarray", "numpy.core.multiarray"


def portable_dumps(content: object) -> bytes:
    """Returns `content` as a pickle of protocol 4 that names numpy's functions as numpy 1 does.

    numpy 2 moved the functions that a pickled array names. It still finds them under their old names, which numpy 1
    needs. And the fingerprint of the data, which is part of each run's key, is of the file's bytes.
    """
    data = bytearray(pickle.dumps(content, protocol=4))
    frame, names = 0, []
    for operation, argument, position in pickletools.genops(bytes(data)):
        if operation.name == "FRAME":
            frame = position
        elif operation.name == "SHORT_BINUNICODE" and argument == _NEW:
            names.append((frame, position))
    for frame, position in reversed(names):
        data[position : position + 2 + len(_NEW)] = b"\x8c" + bytes([len(_OLD)]) + _OLD.encode()
        length = int.from_bytes(data[frame + 1 : frame + 9], "little") - (len(_NEW) - len(_OLD))
        data[frame + 1 : frame + 9] = length.to_bytes(8, "little")
    return bytes(data)
