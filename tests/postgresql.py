"""A private PostgreSQL cluster for a test run: on a socket in a temporary directory, gone afterwards."""

import glob
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg

from care.every_table import metadata


def binaries() -> Path | None:
    """Return the directory of the newest installed server, or None."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"), key=lambda path: float(path.split("/")[4]))
    beside_path = shutil.which("initdb")
    path = found[-1] if found else beside_path
    return Path(path).parent if path else None


class Cluster:
    """One running server. Its databases are made from a template, so that migrating happens once."""

    def __init__(self, programs: Path) -> None:
        self._programs = programs
        self._directory = Path(tempfile.mkdtemp(prefix="assistant-pg-"))
        self._user = self._unprivileged()
        self._made = 0
        data = str(self._directory / "data")
        self._run("initdb", "-D", data, "-U", "assistant", "-A", "trust", "--no-sync", "-E", "UTF8")
        self._server = self._start()

    def url(self, database: str) -> str:
        """Return the address of a database."""
        return f"postgresql://assistant@/{database}?host={self._directory}"

    def create(self, *, template: str = "template1") -> str:
        """Make a database and return its name."""
        self._made += 1
        name = f"test_{self._made}"
        self._execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def drop(self, database: str) -> None:
        """Delete a database, even if something is connected to it."""
        self._execute(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")

    def empty(self, database: str) -> None:
        """Delete all rows of a migrated database; much faster than making another one. Ends what is connected to it."""
        tables = ", ".join(metadata.tables)
        self._execute(f"SELECT pg_terminate_backend(pid, 2000) FROM pg_stat_activity WHERE datname = '{database}'")
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            connection.execute(f"TRUNCATE {tables} RESTART IDENTITY CASCADE".encode())

    def shut_out(self, database: str) -> None:
        """Break all connections to a database and refuse new ones, as if it were away."""
        self._execute(f"ALTER DATABASE {database} ALLOW_CONNECTIONS false")
        self._execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'")

    def let_in(self, database: str) -> None:
        """Take connections again."""
        self._execute(f"ALTER DATABASE {database} ALLOW_CONNECTIONS true")

    def stop(self) -> None:
        """End the server and delete everything."""
        self._server.terminate()
        try:
            self._server.wait(5)
        except subprocess.TimeoutExpired:
            self._server.kill()
        shutil.rmtree(self._directory, ignore_errors=True)

    def _start(self) -> "subprocess.Popen[bytes]":
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self._directory),
            "fsync": "off",
            "max_connections": "200",
            "shared_buffers": "64MB",
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        server = subprocess.Popen(
            [str(self._programs / "postgres"), "-D", str(self._directory / "data"), *options],
            user=self._user,
            group=self._user,
            stdout=subprocess.DEVNULL,
            stderr=(self._directory / "log").open("wb"),
        )
        for _ in range(200):
            try:
                psycopg.connect(self.url("postgres")).close()
                return server
            except psycopg.OperationalError:
                time.sleep(0.05)
        server.kill()
        raise RuntimeError(f"the private PostgreSQL did not start: {(self._directory / 'log').read_text()[-2000:]}")

    def _unprivileged(self) -> str | None:
        # The server refuses to run as root; its package brings a user for it.
        if os.geteuid() != 0:
            return None
        shutil.chown(self._directory, "postgres", "postgres")
        return "postgres"

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / program), *arguments]
        subprocess.run(command, check=True, capture_output=True, user=self._user, group=self._user)

    def _execute(self, statement: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())
