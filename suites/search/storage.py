"""Where studies are kept: Optuna's journal in a file, or a database. optuna-dashboard reads both."""

from __future__ import annotations

import re
from pathlib import Path

import optuna
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from ...registry import UserError

_DRIVERS = {"postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}


def open_storage(location: str) -> BaseStorage:
    """The storage at a path (a journal) or at a database's URL (`postgresql://user@host/name`, `sqlite:///file.db` …).

    Raises `UserError` for a database that cannot be reached, or whose driver is not installed.
    """
    if not is_url(location):
        file = Path(location)
        file.parent.mkdir(parents=True, exist_ok=True)
        return JournalStorage(JournalFileBackend(str(file)))
    try:
        url = make_url(location)
        url = url.set(drivername=_DRIVERS.get(url.drivername, url.drivername))
        return RDBStorage(url.render_as_string(hide_password=False), engine_kwargs={"pool_pre_ping": True})
    except ImportError as error:
        missing = str(error).splitlines()[0]
        hint = "; pip install 'provbench[postgresql]'" if "psycopg" in missing else ""
        raise UserError(f"--storage {shown(location)}: its driver is not installed ({missing}){hint}") from None
    except (ArgumentError, NoSuchModuleError) as error:
        raise UserError(f"--storage {shown(location)}: not a database URL ({error})") from None
    except (SQLAlchemyError, optuna.exceptions.StorageInternalError) as error:
        reason = re.sub(r"\s*\(Background on this error.*", "", str(error), flags=re.DOTALL).strip()
        raise UserError(f"--storage {shown(location)}: cannot be reached: {reason}") from None


def is_url(location: str) -> bool:
    return "://" in location


def shown(location: str) -> str:
    """A URL without its password."""
    try:
        return make_url(location).set(password=None).render_as_string() if is_url(location) else location
    except ArgumentError:
        return location


def begun_studies(storage: BaseStorage) -> set[str]:
    """The names of the studies that a storage has."""
    return set(optuna.get_all_study_names(storage))
