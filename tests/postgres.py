"""The real PostgreSQL in a folder of its own, one for each process that runs tests; a schema for each test.

    def test_it(postgres): store = open_store(postgres.database())

Installed by .ci/postgresql. The server does not run as the superuser, and ends with the tests however they end.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest
from patience import PATIENCE, until
from ports import free_port

_PLACES = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
_USER = "postgres"
PASSWORD = "correct-horse"


class Postgres:
    """A server on loopback and on a socket in its folder; `agentgov` may do everything, with the password over TCP."""

    def __init__(self, folder: Path, durable: bool = False, connections: int = 100) -> None:
        self.folder, self.port = folder, free_port()
        self._data, self._numbers = folder / "data", count(1)
        self._as: list[str] = []
        if os.geteuid() == 0:
            user = pwd.getpwnam(_USER)
            os.chown(folder, user.pw_uid, user.pw_gid)
            self._as = ["setpriv", f"--reuid={_USER}", f"--regid={user.pw_gid}", "--init-groups", "--pdeathsig=QUIT"]
        self._do(
            "initdb", "-D", str(self._data), "-U", "agentgov", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N"
        )
        (self._data / "pg_hba.conf").write_text("local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n")
        self._settings = [f"port={self.port}", f"unix_socket_directories={folder}", "listen_addresses=127.0.0.1"]
        self._settings += [f"max_connections={connections}", *([] if durable else ["fsync=off"])]
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

    def freeze(self, frozen: bool) -> None:
        """Let every process of the server sleep, or wake them up."""
        assert self._server is not None
        children = Path(f"/proc/{self._server.pid}/task/{self._server.pid}/children").read_text().split()
        for pid in (self._server.pid, *map(int, children)):
            os.kill(pid, signal.SIGSTOP if frozen else signal.SIGCONT)

    def database(self, tcp: bool = False) -> str:
        """The URL of a place without tables, through the socket, or over TCP without the password."""
        name = f"test{next(self._numbers)}"
        self.sql(f"CREATE SCHEMA {name}")
        place = f"options=-csearch_path%3D{name}"
        if tcp:
            return f"postgresql://agentgov@127.0.0.1:{self.port}/postgres?{place}"
        return f"postgresql:///postgres?host={self.folder}&port={self.port}&user=agentgov&{place}"

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
        pytest.skip("needs PostgreSQL (.ci/postgresql installs it)")
    folder = Path(tempfile.mkdtemp(prefix="agentgov-postgres-", dir=durable or None))
    server = None
    try:
        server = Postgres(folder, bool(durable), connections)
        yield server
    finally:
        if server is not None:
            server.stop()
        shutil.rmtree(folder)
