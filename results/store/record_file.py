"""A run record as a file: three lines of JSON, the first of which is the checksum of the other two.

    {"sha256":"…",
    "record":{…},
    "curve":[…]}

The record and its training curve are canonical JSON (sorted names, no spaces), each on a line of its own, so that the
checksum is that of bytes.
"""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import from_json

from provbench.registry.base import UserError, describe_issues

from .record import SCHEMA_VERSION, RunRecord


class DamagedError(Exception):
    """The file is not what was written: torn, edited, or under the name of another record."""


class InvalidError(DamagedError, UserError):
    """The file is whole, and what it holds is no record that provbench writes."""


def encode(record: RunRecord) -> bytes:
    """The content of the record's file."""
    fields = json.loads(record.model_dump_json())
    curve = fields.pop("curve")
    body = f'"record":{canonical(fields)},\n"curve":{canonical(curve)}}}\n'.encode()
    return f'{{"sha256":"{sha256(body).hexdigest()}",\n'.encode() + body


def decode(data: bytes, path: Path | str) -> RunRecord:
    """The record in the content of `path`.

    Raises `DamagedError`, `InvalidError` where the file is whole and is no record, or `UserError` where the record was
    written by a newer provbench.
    """
    fields, curve = _parts(data)
    try:
        record = RunRecord.model_validate_json(b'{"curve":' + curve + b"," + fields[1:])
    except ValidationError as error:
        _check_schema(fields, path)
        other_version = all(issue["type"] == "extra_forbidden" for issue in error.errors(include_url=False))
        kind = UserError if other_version else InvalidError
        raise kind("\n".join(describe_issues(error, str(path), RunRecord))) from None
    if not str(path).endswith(f"/{record.key}.json"):
        raise DamagedError(f"it holds the record of another run, {record.key}")
    return record


def canonical(value: Any) -> str:
    """JSON with sorted names and no spaces."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _parts(data: bytes) -> tuple[bytes, bytes]:
    """The JSON of the record and that of its curve, after the checksum was checked."""
    head, _, body = data.partition(b"\n")
    if head != b'{"sha256":"%s",' % sha256(body).hexdigest().encode():
        raise DamagedError("its content does not have the checksum that it was written with")
    fields, _, curve = body.partition(b"\n")
    return fields[len(b'"record":') : -len(b",")], curve[len(b'"curve":') : -len(b"}\n")]


def _check_schema(fields: bytes, path: Path | str) -> None:
    try:
        version = int(from_json(fields)["schema_version"])
    except (ValueError, TypeError, KeyError):
        return  # no record of any version
    if version > SCHEMA_VERSION:
        raise UserError(
            f"{path}: written by a newer provbench (record schema {version}; this one reads up to {SCHEMA_VERSION}). "
            "Update provbench."
        )
