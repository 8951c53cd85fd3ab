"""A PostgreSQL server on the loopback interface, for as long as a test needs it."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

USER, PASSWORD = "provbench", "s3cret/p@ss:w%rd"
DEBIAN = sorted(Path("/usr/lib/postgresql").glob("*/bin"))


def program(name: str) -> str:
    """The path of a program of PostgreSQL's; the test is skipped where it is not installed."""
    found = shutil.which(name) or next((str(folder / name) for folder in DEBIAN if (folder / name).is_file()), None)
    return found or pytest.skip(f"PostgreSQL's {name} is not installed")


class PostgresServer:
    """A new cluster in a folder of its own, without a locale; it asks for a password."""

    def __init__(self) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="pg"))  # a socket's path must be short
        self.who = self._unprivileged()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        (self.root / "password").write_text(PASSWORD)
        options = ["--username", USER, f"--pwfile={self.root / 'password'}", "--auth=scram-sha-256"]
        command = [program("initdb"), "--pgdata", str(self.root / "data"), *options, "--no-sync", "--no-locale"]
        subprocess.run(command, check=True, cwd=self.root, stdout=subprocess.DEVNULL, **self.who)
        self.process: subprocess.Popen[Any] | None = None

    def url(self, password: str | None = PASSWORD, port: int | None = None, database: str = "postgres") -> str:
        secret = "" if password is None else f":{quote(password, safe='')}"
        return f"postgresql://{USER}{secret}@127.0.0.1:{port or self.port}/{database}"

    def start(self) -> None:
        import psycopg

        options = ["-k", str(self.root), "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"]
        command = [program("postgres"), "-D", str(self.root / "data"), "-p", str(self.port), *options]
        process = self.process = subprocess.Popen(command, cwd=self.root, stderr=subprocess.DEVNULL, **self.who)
        deadline = time.monotonic() + 60
        while True:
            try:
                psycopg.connect(self.url()).close()
                return
            except psycopg.OperationalError:
                assert process.poll() is None, "the server did not start"
                assert time.monotonic() < deadline
                time.sleep(0.1)

    def stop(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGINT)  # closes its connections, and ends
            self.process.wait(60)
            self.process = None

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.root)

    def _unprivileged(self) -> dict[str, Any]:
        """Options that start a process as another user, since PostgreSQL refuses to be root."""
        if os.getuid() != 0:
            return {}
        names = {entry.pw_name: entry for entry in pwd.getpwall()}
        user = names.get("postgres") or names.get("nobody") or pytest.skip("no user that PostgreSQL could run as")
        os.chown(self.root, user.pw_uid, user.pw_gid)
        return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
