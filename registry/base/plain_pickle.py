"""Pickles of containers, strings, numbers and numpy arrays, read in a child process that may do nothing else.

A pickle is a program. Python's own machine reads it, with an allow-list for what it may name: stand-ins for what
rebuilds numpy's arrays, dtypes and scalars, and for plain containers; numpy's own constructors, which trust what they
are given, never see it. The machine runs in a child whose memory and time are limited by the file's size, since a small
file may ask for gigabytes, and nest so deeply that the machine crashes. What comes back is pickled by the child
anew and may name nothing but `_rebuilt`.
"""

from __future__ import annotations

import json
import multiprocessing
import pickle
import re
import resource
from collections.abc import Callable, Iterable
from io import BytesIO
from math import prod
from multiprocessing.connection import Connection
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np
import psutil

from .child import Child
from .errors import MissingDataError, UserError

MAX_BYTES = 8 << 30
"""Size of the largest file that is read."""
MEMORY = (256 << 20, 100, 4 << 30)
"""Bytes for a file of any size; for each of its bytes, a list in one of which takes 64; and of these, at most so many
beyond three times the file, which is what its arrays take while they are sent."""
CPU_SECONDS = (30, 1 << 20)
"""Processor time in seconds for a file of any size, and the number of bytes that one further second is granted for."""

Encoding = Literal["latin1", "bytes"]

_SCALARS = re.compile(r"([<>=|]?)(b1|\?|[iu][1248]|f[248]|[SU][1-9]\d{0,4})")
_PLAIN = (str, bytes, int, float, bool, type(None))


def load_pickle(path: Path, *, encoding: Encoding = "latin1", max_bytes: int = MAX_BYTES) -> Any:
    """Returns what the pickle holds: dict, list, tuple, set, str, bytes, int, float, bool, None and numpy arrays.

    Arrays are read-only; numpy scalars come as plain numbers, which do not overflow, and as str. Protocols 0 to 5, of
    Python 2 and 3. encoding: what becomes of Python 2's strings, `latin1` for str and `bytes` for bytes; array contents
    are read either way.

    Raises `MissingDataError` where there is no such file, and `UserError` that names the file and what is wrong with
    it: a refused global or call, a truncated or malformed pickle, something larger than the limits.
    """
    try:
        size = path.stat().st_size
        with path.open("rb"):
            pass
    except FileNotFoundError:
        raise MissingDataError(f"{path}: no such file") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror or error}") from None
    if size > max_bytes:
        raise UserError(f"{path}: expected a pickle of at most {max_bytes} bytes (got {size})")
    multiprocessing.get_context("forkserver").set_forkserver_preload([__name__])  # a child takes milliseconds then
    child = Child(_serve, path.absolute(), size, encoding, name="provbench-pickle", daemon=True, method="forkserver")
    try:
        return _received(child.pipe, path)
    except (EOFError, ConnectionError):
        raise UserError(
            f"{path}: not read: the process that read it {child.death()}; it is damaged, nested too deeply, or no data"
        ) from None
    finally:
        child.kill()


class RefusalError(Exception):
    """Reason why a pickle is not read."""


# in the child


def _serve(pipe: Connection, path: Path, size: int, encoding: Encoding) -> None:
    """Sends how many buffers follow and then a pickle and these, or the reason why there are none."""
    held = psutil.Process().memory_info().vms
    _limit(resource.RLIMIT_AS, held + MEMORY[0] + min(MEMORY[1] * size, 3 * size + MEMORY[2]))
    _limit(resource.RLIMIT_CPU, CPU_SECONDS[0] + size // CPU_SECONDS[1])
    try:
        with path.open("rb") as file:
            content, buffers = packed(read_plain(file, size, encoding))
    except RefusalError as refusal:
        pipe.send_bytes(json.dumps({"refusal": str(refusal)}).encode())
    except OSError as error:
        pipe.send_bytes(json.dumps({"refusal": f"cannot be read: {error.strerror or error}"}).encode())
    else:
        pipe.send_bytes(json.dumps({"buffers": len(buffers)}).encode())
        pipe.send_bytes(content)
        for buffer in buffers:
            pipe.send_bytes(buffer.raw())
    pipe.close()


def _limit(kind: int, value: int) -> None:
    _, hard = resource.getrlimit(kind)
    soft = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (soft, hard))


def read_plain(file: IO[bytes], size: int, encoding: Encoding) -> Any:
    """Returns what a pickle of `size` bytes holds, arrays as `_Array`. Raises `RefusalError`; may crash the process."""
    try:
        return _Reader(file, size, encoding).load()
    except MemoryError:
        raise RefusalError("it asks for more memory than data of its size take: it is damaged, or no data") from None
    except (EOFError, RecursionError, pickle.UnpicklingError) as error:
        raise RefusalError(f"not a pickle, truncated or damaged ({error})") from None
    except (ValueError, TypeError, LookupError, AttributeError, OverflowError, SyntaxError, ImportError) as error:
        raise RefusalError(f"not a pickle, truncated or damaged ({str(error) or type(error).__name__})") from None


class _Reader(pickle.Unpickler):
    """Python's machine, which finds stand-ins only."""

    def __init__(self, file: IO[bytes], size: int, encoding: Encoding) -> None:
        super().__init__(file, fix_imports=False, encoding=encoding)
        self._budget = _Budget(2 * size)  # protocols below 3 spell bytes as text, so that they count twice
        self._known: dict[tuple[str, str], _Named] = {}

    def find_class(self, module_name: str, global_name: str, /) -> Any:
        module = _MODULES.get(module_name, module_name)
        call = _CALLS.get(f"{module}.{global_name}")
        if call is None:
            raise RefusalError(
                f"the global {module_name}.{global_name} is refused: only numpy arrays, dtypes and scalars are read"
            )
        return self._known.setdefault((module, global_name), _Named(f"{module}.{global_name}", call, self._budget))

    def persistent_load(self, pid: Any, /) -> Any:
        raise RefusalError("a persistent id is refused: data need none")


class _Budget:
    """The bytes of arrays, and the members of containers that are copied, that a file may still ask for."""

    def __init__(self, left: int) -> None:
        self._left = left

    def spend(self, count: int) -> None:
        self._left -= count
        if self._left < 0:
            raise RefusalError("its contents would take more memory than the file has bytes")

    def paid(self, values: Any) -> Any:
        """Returns the members of a container that a call copies: a file may have one long list copied often."""
        self.spend(len(values))
        return values


class _Named:
    """Stand-in for a global: it can be called, and nothing else."""

    __slots__ = ("_budget", "_call", "name")

    def __init__(self, name: str, call: Callable[..., Any], budget: _Budget) -> None:
        self.name, self._call, self._budget = name, call, budget

    def __call__(self, *arguments: Any) -> Any:
        return self._call(self._budget, *arguments)

    def __setstate__(self, state: Any) -> None:
        raise RefusalError(f"setting the state of {self.name} is refused")


class _Dtype:
    """A numpy dtype, whose byte order is set after it was made."""

    __slots__ = ("value",)

    def __init__(self, code: Any) -> None:
        text = code.decode("latin1") if isinstance(code, bytes) else code
        if not isinstance(text, str) or _SCALARS.fullmatch(text) is None:
            raise RefusalError(f"arrays of dtype {_show(text)} are refused: only numbers and strings are read")
        self.value = np.dtype(text)

    def __setstate__(self, state: Any) -> None:
        if not isinstance(state, tuple) or len(state) not in (8, 9) or any(part is not None for part in state[2:5]):
            raise RefusalError("a dtype with fields or a shape is refused: only numbers and strings are read")
        order = state[1].decode("latin1") if isinstance(state[1], bytes) else state[1]
        if not isinstance(order, str) or order not in ("<", ">", "=", "|"):
            raise RefusalError(f"a dtype's byte order must be one of < > = | (got {_show(order)})")
        if self.value.kind in "SU" and state[5] != self.value.itemsize:
            raise RefusalError(f"a dtype {self.value} has {self.value.itemsize} bytes (got {_show(state[5])})")
        if order in "<>=":
            self.value = self.value.newbyteorder(order)


class _Array:
    """A numpy array, whose contents are set after it was made."""

    __slots__ = ("_budget", "value")

    def __init__(self, budget: _Budget) -> None:
        self._budget = budget
        self.value: np.ndarray | None = None

    def __setstate__(self, state: Any) -> None:
        if not isinstance(state, tuple) or len(state) != 5:
            raise RefusalError("an array's state must be (version, shape, dtype, Fortran order, contents)")
        _, shape, dtype, fortran, content = state
        self.fill(shape, dtype, content, "F" if fortran else "C")

    def fill(self, shape: Any, dtype: Any, content: Any, order: Any) -> _Array:
        """Makes the array. What it may ask for is bounded by the bytes that the file really has for it."""
        if not isinstance(dtype, _Dtype):
            raise RefusalError(f"an array needs a dtype, and has {_show(dtype)}")
        if isinstance(shape, int):
            shape = (shape,)
        if (
            not isinstance(shape, tuple)
            or len(shape) > 32
            or any(type(n) is not int or not 0 <= n < 1 << 48 for n in shape)
        ):
            raise RefusalError(f"an array's shape must be whole numbers (got {_show(shape)})")
        if order not in ("C", "F"):
            raise RefusalError(f"an array's order must be C or F (got {_show(order)})")
        raw = content.encode("latin1") if isinstance(content, str) else content
        if not isinstance(raw, (bytes, bytearray)):
            raise RefusalError(f"an array's contents must be bytes (got {type(raw).__name__})")
        wanted = prod(shape) * dtype.value.itemsize
        if len(raw) != wanted:
            raise RefusalError(f"an array {shape} of {dtype.value} has {wanted} bytes (got {len(raw)})")
        self._budget.spend(len(raw))
        self.value = _formed(raw, dtype.value, shape, order)
        return self


def _make_array(budget: _Budget, kind: Any, shape: Any, code: Any) -> _Array:
    if not isinstance(kind, _Named) or kind.name != "numpy.ndarray":
        raise RefusalError(f"an array of the type {_show(kind)} is refused")
    return _Array(budget)


def _make_scalar(budget: _Budget, dtype: Any, content: Any) -> Any:
    array = _Array(budget).fill((), dtype, content, "C").value
    assert array is not None
    return array.item()


def _encode(budget: _Budget, text: Any, encoding: Any) -> bytes:
    if not isinstance(text, str) or encoding not in ("latin1", "latin-1"):
        raise RefusalError("only latin1 text can stand for bytes")
    budget.spend(len(text))
    return text.encode("latin1")


def _refuse_call(budget: _Budget, *arguments: Any) -> Any:
    raise RefusalError("a call of numpy.ndarray is refused")


_MODULES = {
    "__builtin__": "builtins",
    "numpy._core.multiarray": "numpy.core.multiarray",
    "numpy._core.numeric": "numpy.core.numeric",
}
_CALLS: dict[str, Callable[..., Any]] = {
    "numpy.ndarray": _refuse_call,
    "numpy.core.multiarray._reconstruct": _make_array,
    "numpy.core.multiarray.scalar": _make_scalar,
    "numpy.core.numeric._frombuffer": lambda budget, content, dtype, shape, order: _Array(budget).fill(
        shape, dtype, content, order
    ),
    "numpy.dtype": lambda budget, code, align=False, copy=True: _Dtype(code),
    "_codecs.encode": _encode,
    "builtins.set": lambda budget, values=(): set(budget.paid(values)),
    "builtins.frozenset": lambda budget, values=(): frozenset(budget.paid(values)),
    "builtins.bytes": lambda budget: b"",
    "collections.OrderedDict": lambda budget, pairs=(): dict(budget.paid(pairs)),
}
"""Functions by the name that a pickle has for them, whichever release of numpy and Python wrote it."""


def _show(value: Any) -> str:
    """Returns a value for an error message: never the contents of a container, which may be endless."""
    if isinstance(value, _Named):
        return value.name
    return repr(value)[:60] if isinstance(value, _PLAIN) else f"a {type(value).__name__}"


# between the two


def packed(value: Any) -> tuple[bytes, list[pickle.PickleBuffer]]:
    """Returns the value as a pickle of this process's own making, and the contents of its arrays."""
    content, buffers = BytesIO(), list[pickle.PickleBuffer]()
    try:
        _Packer(content, buffers).dump(value)
    except (RecursionError, MemoryError):
        raise RefusalError("it is nested too deeply, or takes more memory than data of its size") from None
    return content.getvalue(), buffers


class _Packer(pickle.Pickler):
    """Pickles plain values and arrays; keeps what is one object one."""

    def __init__(self, file: IO[bytes], buffers: list[pickle.PickleBuffer]) -> None:
        super().__init__(file, protocol=5, buffer_callback=buffers.append)

    def reducer_override(self, obj: Any, /) -> Any:
        if isinstance(obj, _Array):
            if obj.value is None:
                raise RefusalError("an array has no contents: the pickle is damaged")
            order = "F" if obj.value.flags.f_contiguous and not obj.value.flags.c_contiguous else "C"
            flat = obj.value.ravel(order="A")
            return _rebuilt, (flat.dtype.str, obj.value.shape, order, pickle.PickleBuffer(flat.view(np.uint8).data))
        if obj is _rebuilt:
            return NotImplemented
        raise RefusalError(f"{_show(obj)} is no data")


def _rebuilt(dtype: str, shape: tuple[int, ...], order: Literal["C", "F"], content: Any) -> np.ndarray:
    return _formed(bytes(content), np.dtype(dtype), shape, order)


def _formed(raw: bytes | bytearray, dtype: np.dtype[Any], shape: tuple[int, ...], order: Any) -> np.ndarray:
    """Returns a read-only array, or an empty one."""
    return np.frombuffer(bytes(raw), dtype).reshape(shape, order=order) if raw else np.zeros(shape, dtype, order)


# in the parent


def _received(pipe: Connection, path: Path) -> Any:
    """Returns the value that the child sends. Raises `UserError` for a refusal, and `EOFError` where it died."""
    told = json.loads(pipe.recv_bytes())
    if "refusal" in told:
        raise UserError(f"{path}: {told['refusal']}")
    content = pipe.recv_bytes()
    try:
        return unpacked(content, [pipe.recv_bytes() for _ in range(told["buffers"])])
    except (pickle.UnpicklingError, TypeError, ValueError) as error:  # an array as a key, say
        raise UserError(f"{path}: not a pickle, truncated or damaged ({error})") from None


def unpacked(content: bytes, buffers: Iterable[bytes]) -> Any:
    """Returns the value of a pickle of `packed`; one that names anything else raises `UnpicklingError`."""
    return _Unpacker(BytesIO(content), buffers=buffers).load()


class _Unpacker(pickle.Unpickler):
    def find_class(self, module_name: str, global_name: str, /) -> Any:
        if (module_name, global_name) != (__name__, _rebuilt.__name__):
            raise pickle.UnpicklingError(f"{module_name}.{global_name} is refused")
        return _rebuilt
