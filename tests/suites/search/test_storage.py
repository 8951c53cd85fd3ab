"""Where studies are kept makes no difference to them; passwords are shown and written nowhere."""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any
from wsgiref.util import setup_testing_defaults

import optuna_dashboard
import pytest

from provbench.registry import UserError
from provbench.suites.driving.driver import Driver, Tally
from provbench.suites.driving.output import Output
from provbench.suites.executors.base import Observer
from provbench.suites.executors.inline import Inline
from provbench.suites.planning.plan import Plan
from provbench.suites.planning.spec import Place
from provbench.suites.search.storage import anchored, begun_studies, open_storage, shown
from provbench.suites.showing.overview import open_begun, survey
from provbench.suites.showing.trials import trial_rows

from ..conftest import TOY
from .postgres_server import PASSWORD, PostgresServer

SUITE = TOY.replace("epochs: 2, train_size: 32", "epochs: 1, train_size: 16") + "search: {trials: 3, startup: 2}\n"
WORDS = ("s3cret", "p@ss", "p%40ss", "w%rd", "w%25rd")
"""Parts of the password, plain and encoded."""


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    server = PostgresServer()
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture
def plan(make: Callable[..., Plan]) -> Plan:
    return make(SUITE)


@pytest.fixture
def searched(plan: Plan, tmp_path: Path) -> Callable[..., Output]:
    """The output folder of a search with studies at a location."""

    def run(name: str, storage: str | None = None, **options: Any) -> Output:
        output = Output(tmp_path / name)
        place = Place(tmp_path / "data", output.work)
        Driver(plan, output, Inline(), place, finals=False, storage=storage, **options).run()
        return output

    return run


def trials(plan: Plan, output: Output, storage: str | None = None) -> dict[str, Any]:
    """The trials of each cell, but for their times."""
    opened = open_begun(plan, output, output.root.parent / "data", storage)
    return {
        cell.method: [(row.number, row.state, row.value, row.params, row.key) for row in trial_rows(runs)]
        for cell, runs in opened.items()
    }


@pytest.mark.slow
def test_a_search_in_sqlite_has_the_trials_of_one_in_a_journal(
    plan: Plan, searched: Callable[..., Output], tmp_path: Path
) -> None:
    journal = trials(plan, searched("journal"))
    assert [len(rows) for rows in journal.values()] == [3, 3]
    assert trials(plan, searched("sqlite", f"sqlite:///{tmp_path / 'studies.db'}")) == journal


@pytest.mark.slow
def test_and_so_has_one_in_postgresql(
    plan: Plan, searched: Callable[..., Output], postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = trials(plan, searched("journal"))
    output = searched("postgresql", postgres.url())
    assert trials(plan, output, postgres.url()) == journal

    assert output.storage("toy") == postgres.url(password=None), "remembered, but for the password"
    assert not any(word in path.read_text(errors="ignore") for path in output.root.rglob("*.txt") for word in WORDS)
    with pytest.raises(UserError, match="no password supplied; its password may be in --storage, PROVBENCH_STORAGE"):
        trials(plan, output)
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    assert trials(plan, output) == journal

    names = {study["study_name"] for study in dashboard(postgres.url())}
    assert {name.split("/")[1] for name in names} == {"baseline", "cutmix+guidance"}


@pytest.mark.slow
def test_a_server_that_goes_away_loses_nothing_that_was_finished(
    plan: Plan, searched: Callable[..., Output], postgres: PostgresServer, tmp_path: Path
) -> None:
    class StopServer(Observer):
        ended = 0

        def started(self, job: object) -> None:
            self.ended += 1
            if self.ended == 4:
                postgres.stop()

    url = postgres.url(database="template1")
    try:
        with pytest.raises(UserError) as raised:
            searched("away", url, observer=StopServer())
        assert "the studies cannot be reached any more" in str(raised.value)
        assert_one_safe_line(raised.value)
    finally:
        postgres.start()
    again = searched("away", url)
    assert trials(plan, again, url) == trials(plan, searched("journal"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"password": f"{PASSWORD}!"}, "password authentication failed"),
        ({"password": None}, "no password supplied"),
        ({"database": "nowhere"}, 'database "nowhere" does not exist'),
        ({"port": 1}, "Connection refused"),
    ],
)
def test_what_keeps_a_server_from_being_used_is_one_line(
    postgres: PostgresServer, change: dict[str, Any], reason: str
) -> None:
    with pytest.raises(UserError) as raised:
        open_storage(postgres.url(**change))
    assert reason in str(raised.value)
    assert_one_safe_line(raised.value)


def assert_one_safe_line(error: Exception) -> None:
    assert "\n" not in str(error)
    assert not any(word in str(error) for word in WORDS)


@pytest.mark.parametrize(
    ("location", "message"),
    [
        ("postgresql://me:s3cret@host:port/db", "postgresql://…: not a database URL"),
        ("postgresql://me:s3cret@p@ss@host/db", "@ : / in a password as %40 %3A %2F"),
        ("nosuch://me:s3cret@host/db", "nosuch://me@host/db: not a database URL"),
        ("mysql+nosuch://me:s3cret@host/db", "mysql+nosuch://me@host/db"),
        ("mysql+pymysql://me:s3cret@host/db", "the driver mysql+pymysql is not installed"),
        ("postgresql://127.0.0.1:1/db?user=me&password=s3cret", "postgresql://127.0.0.1:1/db?user=me: cannot be"),
        ("sqlite:////no/such/folder/studies.db", "unable to open database file"),
    ],
)
def test_a_url_that_is_wrong_is_one_line_without_its_password(location: str, message: str) -> None:
    with pytest.raises(UserError) as raised:
        open_storage(location)
    assert message in str(raised.value)
    assert_one_safe_line(raised.value)


@pytest.mark.parametrize(
    ("location", "without"),
    [
        ("postgresql://me:s3cret@host:5432/db?sslmode=require", "postgresql://me@host:5432/db?sslmode=require"),
        ("postgresql://host/db?password=s3cret&user=me", "postgresql://host/db?user=me"),
        ("postgresql://me:p%40ss@host/db", "postgresql://me@host/db"),
        ("sqlite:////tmp/a b.db", "sqlite:////tmp/a b.db"),
        ("studies.journal", "studies.journal"),
        ("postgresql://me:s3cret@[::1/db", "postgresql://…"),
    ],
)
def test_a_url_is_shown_without_its_password(location: str, without: str) -> None:
    assert shown(location) == without


@pytest.mark.slow
def test_a_relative_path_means_the_same_from_another_folder(
    plan: Plan, searched: Callable[..., Output], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = {
        name: (output, trials(plan, output))
        for name, storage in (("plain", "deep/studies.journal"), ("database", "sqlite:///studies.db"))
        for output in [searched(name, storage)]
    }
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    for output, before in found.values():
        assert before["baseline"]
        assert trials(plan, output) == before
    assert not any(Path.cwd().iterdir())
    assert anchored("postgresql://me@host/db") == "postgresql://me@host/db"


def test_a_location_that_cannot_be_used_is_not_remembered(searched: Callable[..., Output], tmp_path: Path) -> None:
    with pytest.raises(UserError, match="unable to open database file"):
        searched("out", "sqlite:////no/such/folder/studies.db")
    output = Output(tmp_path / "out")
    assert output.storage("toy") == str(output.journal("toy"))


def test_a_file_that_is_no_journal_stays_as_it_is(tmp_path: Path) -> None:
    database = tmp_path / "studies.db"
    with sqlite3.connect(database) as connection:
        connection.execute("CREATE TABLE mine (x)")
    connection.close()
    (tmp_path / "notes.txt").write_text("mine\n")
    (tmp_path / "list.json").write_text("[1, 2]\n")
    for file in (database, tmp_path / "notes.txt", tmp_path / "list.json"):
        before = file.read_bytes()
        with pytest.raises(UserError, match="is no journal of Optuna's; a database is written sqlite:///"):
            open_storage(str(file))
        assert file.read_bytes() == before
    with pytest.raises(UserError, match="is a folder; name a file in it"):
        open_storage(str(tmp_path))


def test_a_journal_that_was_cut_anywhere_is_still_one(
    plan: Plan, searched: Callable[..., Output], tmp_path: Path
) -> None:
    output = searched("whole")
    whole = output.journal("toy").read_bytes()
    file = tmp_path / "cut.journal"
    for length in (0, 1, 9, 30, len(whole) // 2, len(whole)):
        file.write_bytes(whole[:length])
        begun_studies(open_storage(str(file)))


def test_looking_makes_no_file(plan: Plan, output: Output, drive: Callable[..., Tally], tmp_path: Path) -> None:
    drive(plan, finals=False)
    before = sorted(output.root.rglob("*"))
    for storage in (str(tmp_path / "not.journal"), f"sqlite:///{tmp_path / 'not.db'}"):
        states = survey(plan, output, tmp_path / "data", storage)
        assert [state.counts for state in states] == [{}, {}]
    assert sorted(output.root.rglob("*")) == before
    assert not any(tmp_path.glob("not.*"))
    assert output.storage("toy") == str(output.journal("toy")), "what was looked at is not remembered"


def test_a_driver_that_was_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(UserError, match=r"is not installed; pip install 'provbench\[postgresql\]'"):
        open_storage("postgresql://me@host/db")


def dashboard(location: str) -> list[dict[str, Any]]:
    """The studies that optuna-dashboard finds in a storage."""
    environ: dict[str, Any] = {"PATH_INFO": "/api/studies", "wsgi.input": BytesIO()}
    setup_testing_defaults(environ)
    statuses: list[str] = []

    def start_response(status: str, headers: object, *_: object) -> Callable[[bytes], object]:
        statuses.append(status)
        return lambda _: None

    body = b"".join(optuna_dashboard.wsgi(open_storage(location))(environ, start_response))
    assert statuses == ["200 OK"]
    return json.loads(body)["study_summaries"]


@pytest.mark.slow
def test_optuna_dashboard_reads_a_journal_and_a_database(searched: Callable[..., Output], tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'studies.db'}"
    output = searched("journal")
    searched("sqlite", url)
    for location in (output.storage("toy"), url):
        studies = dashboard(location)
        assert {study["study_name"].split("/")[1] for study in studies} == {"baseline", "cutmix+guidance"}
        assert {tuple(study["directions"]) for study in studies} == {("maximize",)}
