"""The real PostgreSQL in a folder of its own, one for each process that runs tests; a schema for each test.

    def test_it(postgres): store = open_store(postgres.database())
    def test_it(store_url): store = open_store(store_url)

The first makes the tables anew. The second finds them made: its database is a copy of one in which they are, which
costs a third, and is exact, since PostgreSQL copies files.

Installed by .ci/packages. The server does not run as the superuser, and ends with the tests however they end.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

import pytest
from patience import PATIENCE, until
from ports import free_port

from agentgov.store.open import open_store

_PLACES = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
_USER = "postgres"
PASSWORD = "correct-horse"
_HASTY = ["fsync=off", "full_page_writes=off"]  # no power fails in tests; where one does, the server is durable
_EMPTY = "made"  # the database in which the tables are
# Before 15 there was no other way than this.
_BY_FILES = " STRATEGY FILE_COPY" if _PLACES and int(_PLACES[-1].parent.name) >= 15 else ""


class Postgres:
    """A server on loopback and on a socket in its folder; `agentgov` may do everything, with the password over TCP."""

    def __init__(self, folder: Path, durable: bool = False, connections: int = 100) -> None:
        self.folder, self.port = folder, free_port()
        self._data, self._numbers = folder / "data", count(1)
        self._as: list[str] = []
        self._is_made = False
        if os.geteuid() == 0:
            user = pwd.getpwnam(_USER)
            os.chown(folder, user.pw_uid, user.pw_gid)
            self._as = ["setpriv", f"--reuid={_USER}", f"--regid={user.pw_gid}", "--init-groups", "--pdeathsig=QUIT"]
        self._do(
            "initdb", "-D", str(self._data), "-U", "agentgov", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N"
        )
        (self._data / "pg_hba.conf").write_text("local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n")
        self._settings = [f"port={self.port}", f"unix_socket_directories={folder}", "listen_addresses=127.0.0.1"]
        self._settings += [f"max_connections={connections}", *([] if durable else _HASTY)]
        self._server: subprocess.Popen[bytes] | None = None
        self.start()
        self.sql(f"ALTER ROLE agentgov PASSWORD '{PASSWORD}'")

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = [word for setting in self._settings for word in ("-c", setting)]
        with (self.folder / "log").open("ab") as log:
            command = [*self._as, str(_PLACES[-1] / "postgres"), "-D", str(self._data), *options]
            self._server = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder)
        until(lambda: self._asked("SELECT 1").returncode == 0, "PostgreSQL")

    def stop(self, how: int = signal.SIGQUIT) -> None:
        """End it: at once, without a word to anybody, unless another signal is given."""
        if self._server is not None:
            self._server.send_signal(how)
            self._server.wait(PATIENCE)
            self._server = None

    def kill(self) -> None:
        """End every process of it at once, as when its machine fails."""
        assert self._server is not None
        pids = [self._server.pid, *self._children()]
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._server.wait(PATIENCE)
        self._server = None
        until(lambda: not any(Path(f"/proc/{pid}/cwd").is_dir() for pid in pids[1:]), "that its processes are gone")

    @property
    def is_up(self) -> bool:
        """Whether it runs still."""
        return self._server is not None and self._server.poll() is None

    def freeze(self, frozen: bool) -> None:
        """Let every process of the server sleep, or wake them up."""
        assert self._server is not None
        for pid in (self._server.pid, *self._children()):
            os.kill(pid, signal.SIGSTOP if frozen else signal.SIGCONT)

    def _children(self) -> list[int]:
        assert self._server is not None
        return [
            int(pid) for pid in Path(f"/proc/{self._server.pid}/task/{self._server.pid}/children").read_text().split()
        ]

    def database(self, tcp: bool = False) -> str:
        """The URL of a place without tables, through the socket, or over TCP without the password."""
        name = f"test{next(self._numbers)}"
        self.sql(f"CREATE SCHEMA {name}")
        place = f"options=-csearch_path%3D{name}"
        if tcp:
            return f"postgresql://agentgov@127.0.0.1:{self.port}/postgres?{place}"
        return f"{self._url('postgres')}&{place}"

    @contextmanager
    def store(self) -> Iterator[str]:
        """The URL of a store in which nothing is yet but the tables of this program, in a database of its own."""
        if not self._is_made:
            self.sql(f"CREATE DATABASE {_EMPTY}")
            open_store(self._url(_EMPTY)).close()
            self._is_made = True
        name = f"store{next(self._numbers)}"
        self.sql(f"CREATE DATABASE {name} TEMPLATE {_EMPTY}{_BY_FILES}")
        yield self._url(name)
        self.sql(f"DROP DATABASE {name} WITH (FORCE)")  # else thousands of them would fill the memory

    def _url(self, database: str) -> str:
        return f"postgresql:///{database}?host={self.folder}&port={self.port}&user=agentgov"

    def sql(self, statement: str) -> str:
        """What the server answers to a statement of the superuser's."""
        done = self._asked(statement)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def _asked(self, statement: str) -> "subprocess.CompletedProcess[str]":
        command = [str(_PLACES[-1] / "psql"), "-XAtq", "-h", str(self.folder), "-p", str(self.port), "-U", "agentgov"]
        return subprocess.run([*command, "-c", statement, "postgres"], capture_output=True, text=True, check=False)

    def _do(self, program: str, *words: str) -> None:
        command = [*self._as, str(_PLACES[-1] / program), *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=self.folder)
        assert done.returncode == 0, done.stderr


def installed() -> bool:
    """Whether there is a PostgreSQL to start."""
    return bool(_PLACES and shutil.which("setpriv"))


@contextmanager
def serving(durable: str = "", connections: int = 100) -> Iterator[Postgres]:
    """A server while it is needed; with fsync where a folder is given. Skips the test where there is no PostgreSQL."""
    if not installed():
        pytest.skip("needs PostgreSQL (.ci/packages installs it)")
    folder = Path(tempfile.mkdtemp(prefix="agentgov-postgres-", dir=durable or None))
    server = None
    try:
        server = Postgres(folder, bool(durable), connections)
        yield server
    finally:
        if server is not None:
            server.stop()
        shutil.rmtree(folder)
