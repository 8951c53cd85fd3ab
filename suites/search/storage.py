"""Storage of studies: Optuna's journal in a file, or a database. optuna-dashboard reads both."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import optuna
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from provbench.registry.base import UserError

_DRIVERS = {"postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}
_SECRETS = ("password", "passwd", "sslpassword")
"""Parameters of a URL that are passwords."""


def open_storage(location: str) -> BaseStorage:
    """The storage at a path (a journal) or at a database's URL (`postgresql://user@host/name`, `sqlite:///file.db` …).

    Raises `UserError` for a file that is no journal, and for a database that cannot be reached, or whose driver is not
    installed. Its message has no password.
    """
    if not is_url(location):
        return JournalStorage(JournalFileBackend(str(journal_file(Path(location)))))
    url = _parsed(location)
    full = url.set(drivername=_DRIVERS.get(url.drivername, url.drivername))
    engine: dict[str, Any] = {"pool_pre_ping": True}
    if full.drivername == "postgresql+psycopg":
        engine["connect_args"] = {"client_encoding": "utf8"}  # a server without a locale would answer in bytes
    try:
        return RDBStorage(full.render_as_string(hide_password=False), engine_kwargs=engine)
    except ImportError:
        hint = "; pip install 'provbench[postgresql]'" if full.drivername == "postgresql+psycopg" else ""
        raise UserError(f"--storage {shown(location)}: the driver {full.drivername} is not installed{hint}") from None
    except (ArgumentError, NoSuchModuleError) as error:
        raise UserError(f"--storage {shown(location)}: not a database URL ({error})") from None
    except (SQLAlchemyError, optuna.exceptions.StorageInternalError) as error:
        known = url.password or not url.host
        hint = "" if known else "; its password may be in --storage, PROVBENCH_STORAGE, PGPASSWORD"
        raise UserError(f"--storage {shown(location)}: cannot be reached: {_reason(error)}{hint}") from None


@contextmanager
def reaching() -> Iterator[None]:
    """Turn a database that went away under way into a `UserError`. A decorator, too."""
    try:
        yield
    except (SQLAlchemyError, optuna.exceptions.StorageInternalError) as error:
        cause = error.__cause__ if isinstance(error.__cause__, SQLAlchemyError) else error
        raise UserError(
            f"the studies cannot be reached any more: {_reason(cause)}. What was finished is kept, and the same "
            "command goes on from there."
        ) from None


def is_url(location: str) -> bool:
    return "://" in location


def is_there(location: str) -> bool:
    """Returns whether there may be studies at a location; opening a file that does not exist would create it."""
    if not is_url(location):
        return Path(location).exists()
    url = _parsed(location)
    return url.get_backend_name() != "sqlite" or Path(url.database or "").is_file()


def shown(location: str) -> str:
    """A URL without its password."""
    if not is_url(location):
        return location
    try:
        url = _parsed(location)
    except UserError:
        return f"{location.partition('://')[0]}://…"
    bare = URL.create(url.drivername, url.username, None, url.host, url.port, url.database, url.query)
    return bare.difference_update_query(_SECRETS).render_as_string()


def anchored(location: str) -> str:
    """The same location, wherever a later command is started: relative paths are made absolute."""
    if not is_url(location):
        return str(Path(location).absolute())
    url = _parsed(location)
    if url.get_backend_name() != "sqlite" or url.database in (None, "", ":memory:"):
        return location
    return url.set(database=str(Path(url.database).absolute())).render_as_string(hide_password=False)


@reaching()
def begun_studies(storage: BaseStorage) -> set[str]:
    """The names of the studies that a storage has."""
    return set(optuna.get_all_study_names(storage))


def journal_file(file: Path) -> Path:
    """The file, which is a journal or not there yet. Anything else would have a journal written behind its content."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        return file
    if file.is_dir():
        raise UserError(f"--storage {file}: is a folder; name a file in it")
    begin = b'{"op_code"'
    with file.open("rb") as lines:
        first = lines.read(len(begin))  # less of it, where a driver was killed in its first line
    if first != begin[: len(first)]:
        raise UserError(f"--storage {file}: is no journal of Optuna's; a database is written sqlite:///{file}")
    return file


def _parsed(location: str) -> URL:
    try:
        url = make_url(location)
    except (ArgumentError, ValueError):
        url = None
    if url is None or "@" in (url.host or ""):
        raise UserError(
            f"--storage {location.partition('://')[0]}://…: not a database URL: write "
            "DATABASE://USER:PASSWORD@HOST:PORT/NAME, and @ : / in a password as %40 %3A %2F"
        )
    return url


def _reason(error: Exception) -> str:
    """Returns the database's message in one line."""
    return " ".join(re.sub(r"\(Background on this error.*", "", str(error), flags=re.DOTALL).split())
