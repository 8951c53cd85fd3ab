"""Pickles of containers, strings, numbers and numpy arrays, read without running anything that they say.

A pickle is a program. Python's own machine imports what the program names and calls it; the machine here knows the
operations that build data, reconstructs numpy's arrays, dtypes and scalars itself, and refuses everything else. It
imports nothing, calls nothing that a file names, and makes at most as many array bytes as the file has, and containers
of at most as many members.
"""

from __future__ import annotations

import ast
import mmap
import pickletools
import re
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from math import prod
from pathlib import Path
from typing import IO, Any, Literal, cast

import numpy as np

from provbench.registry.base import MissingDataError, UserError

MAX_BYTES = 8 << 30
"""Size of the largest file that is read."""

MAX_OPERATIONS = 20_000_000
"""Of a pickle; the largest files of the official data have about a tenth. Each may allocate some 100 bytes."""

Encoding = Literal["latin1", "bytes"]


def load_pickle(path: Path, *, encoding: Encoding = "latin1", max_bytes: int = MAX_BYTES) -> Any:
    """What the pickle at `path` holds: dict, list, tuple, set, str, bytes, int, float, bool, None and numpy arrays.

    Arrays are read-only; numpy scalars come as plain numbers, which do not overflow, and as str. Protocols 0 to 5, of
    Python 2 and 3. encoding: what becomes of Python 2's strings, `latin1` for str and `bytes` for bytes; array contents
    are read either way.

    Raises `MissingDataError` where there is no such file, and `UserError` that names the file, the byte and what is
    wrong there: a refused global or operation, a truncated or malformed pickle, something larger than the limits.
    """
    try:
        size = path.stat().st_size
        if size > max_bytes:
            raise UserError(f"{path}: expected a pickle of at most {max_bytes} bytes (got {size})")
        with path.open("rb") as file:
            if size == 0:
                return _Machine(BytesIO(), path, size, encoding).run()
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as stream:
                return _Machine(cast("IO[bytes]", stream), path, size, encoding).run()
    except FileNotFoundError:
        raise MissingDataError(f"{path}: no such file") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror or error}") from None


class _RefusalError(Exception):
    """Why a pickle is not read; the machine adds the file and the place."""


@dataclass(frozen=True)
class _Global:
    """Something that a pickle names to call it. Only a name: nothing is imported."""

    name: str


@dataclass
class _Dtype:
    """A numpy dtype, whose byte order is set after it was made."""

    value: np.dtype[Any]


@dataclass
class _Array:
    """A numpy array, whose contents are set after it was made."""

    value: np.ndarray | None = None


_MARK = object()
_OPERATIONS = {operation.code: operation for operation in pickletools.opcodes}
_MODULES = {"__builtin__": "builtins", "numpy._core.multiarray": "numpy.core.multiarray"}
_MODULES["numpy._core.numeric"] = "numpy.core.numeric"
_ATOMS = (str, bytes, int, float, bool, type(None))
_TEXT_OPERATIONS = frozenset({"STRING", "BINSTRING", "SHORT_BINSTRING"})
_SCALARS = re.compile(r"([<>=|]?)(b1|\?|[iu][1248]|f[248]|[SU][1-9]\d{0,4})")


class _Machine:
    """One reading of one pickle: a stack of values under construction, and a memo of those that are used again."""

    def __init__(self, stream: IO[bytes], path: Path, size: int, encoding: Encoding) -> None:
        self.stream = stream
        self.path = path
        self.encoding = encoding
        self.bytes_left = 2 * size  # protocols below 3 spell bytes as text, so that they count twice
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}

    def run(self) -> Any:
        place = 0
        try:
            for _ in range(MAX_OPERATIONS):
                place = self.stream.tell()
                name, argument = self._next()
                if name == "STOP":
                    return self._pop()
                handler = _HANDLERS.get(name)
                if handler is None:
                    raise _RefusalError(f"the operation {name} is not one that data need")
                handler(self, argument)
            raise _RefusalError(f"the pickle has more than {MAX_OPERATIONS} operations")
        except _RefusalError as error:
            raise UserError(f"{self.path}: at byte {place}: {error}") from None
        except (ValueError, TypeError, LookupError, AttributeError, OverflowError, MemoryError, SyntaxError) as error:
            reason = str(error) or type(error).__name__
            raise UserError(f"{self.path}: at byte {place}: not a pickle, truncated or damaged ({reason})") from None

    def _next(self) -> tuple[str, Any]:
        code = self.stream.read(1)
        if not code:
            raise _RefusalError("the file ends before the pickle does: it is truncated")
        operation = _OPERATIONS.get(code.decode("latin1"))
        if operation is None:
            raise _RefusalError(f"{code!r} is no pickle operation: the file is not a pickle, or it is damaged")
        if operation.name == "STRING":  # the reader of pickletools knows ASCII only
            return operation.name, _unquoted(self.stream.readline())
        return operation.name, None if operation.arg is None else operation.arg.reader(self.stream)

    # the stack

    def push(self, value: Any) -> None:
        self.stack.append(value)

    def _pop(self) -> Any:
        if not self.stack or self.stack[-1] is _MARK:
            raise _RefusalError("an operation lacks its operand: the pickle is damaged")
        return _finished(self.stack.pop())

    def _pop_to_mark(self) -> list[Any]:
        for place in range(len(self.stack) - 1, -1, -1):
            if self.stack[place] is _MARK:
                values = [_finished(value) for value in self.stack[place + 1 :]]
                del self.stack[place:]
                return values
        raise _RefusalError("an operation lacks its mark: the pickle is damaged")

    def _top(self, kind: type) -> Any:
        if not self.stack or not isinstance(self.stack[-1], kind):
            raise _RefusalError(f"expected a {kind.__name__} to fill: the pickle is damaged")
        return self.stack[-1]

    # operations

    def text(self, value: str) -> None:
        self.push(value.encode("latin1") if self.encoding == "bytes" else value)

    def mark(self, _: None) -> None:
        self.push(_MARK)

    def pop(self, _: None) -> None:
        if not self.stack:
            raise _RefusalError("an operation lacks its operand: the pickle is damaged")
        self.stack.pop()

    def duplicate(self, _: None) -> None:
        self.push(self._top(object))

    def pop_mark(self, _: None) -> None:
        self._pop_to_mark()

    def put(self, key: int) -> None:
        self.memo[key] = self._top(object)

    def memoize(self, _: None) -> None:
        self.memo[len(self.memo)] = self._top(object)

    def get(self, key: int) -> None:
        self.push(self.memo[key])

    def append(self, _: None) -> None:
        value = self._pop()
        self._top(list).append(value)

    def appends(self, _: None) -> None:
        values = self._pop_to_mark()
        self._top(list).extend(values)

    def set_item(self, _: None) -> None:
        value, key = self._pop(), self._pop()
        self._top(dict)[_key(key)] = value

    def set_items(self, _: None) -> None:
        items = self._pop_to_mark()
        self._top(dict).update(_pairs(items))

    def add_items(self, _: None) -> None:
        values = self._pop_to_mark()
        self._top(set).update(map(_key, values))

    def make_tuple(self, count: int) -> None:
        self.push(tuple(reversed([self._pop() for _ in range(count)])))

    def name(self, argument: str) -> None:
        module, _, attribute = argument.partition(" ")
        name = f"{_MODULES.get(module, module)}.{attribute}"
        if name not in _CALLS and name != "numpy.ndarray":
            raise _RefusalError(
                f"the global {module}.{attribute} is refused: only numpy arrays, dtypes and scalars are read"
            )
        self.push(_Global(name))

    def stack_name(self, _: None) -> None:
        attribute, module = self._pop(), self._pop()
        self.name(f"{module} {attribute}")

    def reduce(self, _: None) -> None:
        arguments, function = self._pop(), self._pop()
        if not isinstance(function, _Global) or function.name not in _CALLS or not isinstance(arguments, tuple):
            raise _RefusalError(f"a call of {_show(function)} is refused")
        self.push(_CALLS[function.name](self, *arguments))

    def build(self, _: None) -> None:
        state = self._pop()
        target = self._top(object)
        if isinstance(target, _Dtype):
            target.value = _with_byte_order(target.value, state)
        elif isinstance(target, _Array):
            target.value = self._contents(state)
        else:
            raise _RefusalError(f"setting the state of a {type(target).__name__} is refused")

    # what stands for the globals

    def make_array(self, kind: Any, shape: Any, code: Any) -> _Array:
        if kind != _Global("numpy.ndarray"):
            raise _RefusalError(f"an array of the type {_show(kind)} is refused")
        return _Array()

    def make_dtype(self, code: Any, align: Any = False, copy: Any = True) -> _Dtype:
        text = code.decode("latin1") if isinstance(code, bytes) else code
        if not isinstance(text, str) or _SCALARS.fullmatch(text) is None:
            raise _RefusalError(f"arrays of dtype {_show(text)} are refused: only numbers and strings are read")
        return _Dtype(np.dtype(text))

    def make_scalar(self, dtype: Any, content: Any) -> Any:
        return self._array((), dtype, content, "C").item()

    def make_from_buffer(self, content: Any, dtype: Any, shape: Any, order: Any) -> np.ndarray:
        return self._array(shape, dtype, content, order)

    def encode(self, text: Any, encoding: Any) -> bytes:
        if not isinstance(text, str) or encoding not in ("latin1", "latin-1"):
            raise _RefusalError("only latin1 text can stand for bytes")
        self._spend(len(text))
        return text.encode("latin1")

    def make_set(self, values: Any = ()) -> set[Any]:
        return {_key(value) for value in self._paid(values)}

    def make_frozenset(self, values: Any = ()) -> frozenset[Any]:
        return frozenset(map(_key, self._paid(values)))

    def make_bytes(self) -> bytes:
        return b""

    def make_dict(self, pairs: Any = ()) -> dict[Any, Any]:
        return {_key(key): value for key, value in self._paid(pairs)}

    def _paid(self, values: Any) -> Any:
        """The members of a container that a call copies: a file may name one long list and have it copied often."""
        self._spend(len(values))
        return values

    def _contents(self, state: Any) -> np.ndarray:
        if not isinstance(state, tuple) or len(state) != 5:
            raise _RefusalError("an array's state must be (version, shape, dtype, Fortran order, contents)")
        _, shape, dtype, fortran, content = state
        return self._array(shape, dtype, content, "F" if fortran else "C")

    def _array(self, shape: Any, dtype: Any, content: Any, order: Any) -> np.ndarray:
        """A read-only array. What it may ask for is bounded by the bytes that the file really has for it."""
        if not isinstance(dtype, np.dtype):
            raise _RefusalError(f"an array needs a dtype, and has {_show(dtype)}")
        if isinstance(shape, int):
            shape = (shape,)
        if (
            not isinstance(shape, tuple)
            or len(shape) > 32
            or any(type(n) is not int or not 0 <= n < 1 << 48 for n in shape)
        ):
            raise _RefusalError(f"an array's shape must be whole numbers (got {_show(shape)})")
        if order not in ("C", "F"):
            raise _RefusalError(f"an array's order must be C or F (got {_show(order)})")
        raw = content.encode("latin1") if isinstance(content, str) else content
        if not isinstance(raw, (bytes, bytearray)):
            raise _RefusalError(f"an array's contents must be bytes (got {type(raw).__name__})")
        if len(raw) != prod(shape) * dtype.itemsize:
            raise _RefusalError(
                f"an array {shape} of {dtype} has {prod(shape) * dtype.itemsize} bytes (got {len(raw)})"
            )
        self._spend(len(raw))
        return np.frombuffer(bytes(raw), dtype).reshape(shape, order=order) if raw else np.zeros(shape, dtype, order)

    def _spend(self, count: int) -> None:
        """Counts bytes of arrays, and members of containers that are copied, each of which takes a byte or more."""
        self.bytes_left -= count
        if self.bytes_left < 0:
            raise _RefusalError("its contents would take more memory than the file has bytes")


def _finished(value: Any) -> Any:
    """The value itself, once it can go into a container."""
    if isinstance(value, _Array):
        if value.value is None:
            raise _RefusalError("an array has no contents: the pickle is damaged")
        return value.value
    return value.value if isinstance(value, _Dtype) else value


def _show(value: Any) -> str:
    """A value in an error message: never the contents of a container, which may be endless."""
    return repr(value)[:60] if isinstance(value, (_Global, *_ATOMS)) else f"a {type(value).__name__}"


def _key(value: Any) -> Any:
    """`value`, if it may be a key: plain, since hashing nested tuples recurses as deep as a file likes."""
    if not isinstance(value, _ATOMS):
        raise _RefusalError(f"a key must be a string or a number (got {type(value).__name__})")
    return value


def _pairs(items: list[Any]) -> dict[Any, Any]:
    if len(items) % 2:
        raise _RefusalError("a key has no value: the pickle is damaged")
    return {_key(key): value for key, value in zip(items[::2], items[1::2], strict=True)}


def _unquoted(line: bytes) -> str:
    """The text of a quoted, escaped string of protocol 0."""
    literal = line.rstrip(b"\r\n")
    if not re.fullmatch(rb"""'([^'\\]|\\.)*'|"([^"\\]|\\.)*\"""", literal):
        raise _RefusalError("a string lacks its quotes: the pickle is truncated or damaged")
    return ast.literal_eval("b" + literal.decode("ascii")).decode("latin1")


def _with_byte_order(dtype: np.dtype[Any], state: Any) -> np.dtype[Any]:
    """The dtype with the byte order of its state; one with fields, a shape or metadata is refused."""
    if not isinstance(state, tuple) or len(state) not in (8, 9) or any(part is not None for part in state[2:5]):
        raise _RefusalError("a dtype with fields or a shape is refused: only numbers and strings are read")
    order = state[1].decode("latin1") if isinstance(state[1], bytes) else state[1]
    if not isinstance(order, str) or order not in ("<", ">", "=", "|"):
        raise _RefusalError(f"a dtype's byte order must be one of < > = | (got {_show(order)})")
    if dtype.kind in "SU" and state[5] != dtype.itemsize:
        raise _RefusalError(f"a dtype {dtype} has {dtype.itemsize} bytes (got {_show(state[5])})")
    return dtype.newbyteorder(order) if order in "<>=" else dtype


_CALLS: dict[str, Callable[..., Any]] = {
    "numpy.core.multiarray._reconstruct": _Machine.make_array,
    "numpy.core.multiarray.scalar": _Machine.make_scalar,
    "numpy.core.numeric._frombuffer": _Machine.make_from_buffer,
    "numpy.dtype": _Machine.make_dtype,
    "_codecs.encode": _Machine.encode,
    "builtins.set": _Machine.make_set,
    "builtins.frozenset": _Machine.make_frozenset,
    "builtins.bytes": _Machine.make_bytes,
    "collections.OrderedDict": _Machine.make_dict,
}
"""By the name that a pickle has for it, whichever release of numpy and Python wrote it."""

_HANDLERS: dict[str, Callable[[_Machine, Any], None]] = {
    "PROTO": lambda machine, _: None,
    "FRAME": lambda machine, _: None,
    "MARK": _Machine.mark,
    "POP": _Machine.pop,
    "POP_MARK": _Machine.pop_mark,
    "DUP": _Machine.duplicate,
    "NONE": lambda machine, _: machine.push(None),
    "NEWTRUE": lambda machine, _: machine.push(True),
    "NEWFALSE": lambda machine, _: machine.push(False),
    "EMPTY_LIST": lambda machine, _: machine.push([]),
    "EMPTY_DICT": lambda machine, _: machine.push({}),
    "EMPTY_SET": lambda machine, _: machine.push(set()),
    "EMPTY_TUPLE": lambda machine, _: machine.push(()),
    "TUPLE1": lambda machine, _: machine.make_tuple(1),
    "TUPLE2": lambda machine, _: machine.make_tuple(2),
    "TUPLE3": lambda machine, _: machine.make_tuple(3),
    "TUPLE": lambda machine, _: machine.push(tuple(machine._pop_to_mark())),
    "LIST": lambda machine, _: machine.push(machine._pop_to_mark()),
    "DICT": lambda machine, _: machine.push(_pairs(machine._pop_to_mark())),
    "FROZENSET": lambda machine, _: machine.push(frozenset(map(_key, machine._pop_to_mark()))),
    "APPEND": _Machine.append,
    "APPENDS": _Machine.appends,
    "SETITEM": _Machine.set_item,
    "SETITEMS": _Machine.set_items,
    "ADDITEMS": _Machine.add_items,
    "GLOBAL": _Machine.name,
    "STACK_GLOBAL": _Machine.stack_name,
    "INST": _Machine.name,
    "REDUCE": _Machine.reduce,
    "BUILD": _Machine.build,
    "MEMOIZE": _Machine.memoize,
    **dict.fromkeys(("PUT", "BINPUT", "LONG_BINPUT"), _Machine.put),
    **dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), _Machine.get),
    **dict.fromkeys(_TEXT_OPERATIONS, _Machine.text),
    **dict.fromkeys(("UNICODE", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8"), _Machine.push),
    **dict.fromkeys(("SHORT_BINBYTES", "BINBYTES", "BINBYTES8", "BYTEARRAY8"), _Machine.push),
    **dict.fromkeys(("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4"), _Machine.push),
    **dict.fromkeys(("FLOAT", "BINFLOAT"), _Machine.push),
}
