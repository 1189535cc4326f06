"""What holds for all tests: nothing waits for the disk, and the shell that starts them has no say in who they are.

Their worlds are thrown away, and no power fails in them. What was compiled once is kept, whatever the shell says.
"""

import atexit
import gc
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pygit2
import pytest
from hypothesis import HealthCheck, Phase, settings
from inmemory import keep_temporary_files_in_memory
from postgres import Postgres, serving

from agentgov.repo.storage import survive_crashes
from agentgov.store.open import open_store

survive_crashes()  # once a process; what it asks for is taken back here
pygit2.option(pygit2.enums.Option.ENABLE_FSYNC_GITDIR, False)
setattr(os, "fsync", lambda descriptor: None)  # noqa: B010 - typed as a function of the module

for name in list(os.environ):
    if name.startswith(("AGENTGOV_", "GIT_")):  # each of git's that must not survive costs a program `env` a call
        del os.environ[name]

# pytest rewrites every assertion of every file, in every worker; without this it would do so again in every run.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

keep_temporary_files_in_memory()  # before anybody asks for a folder

# How wide tables are must not depend on the terminal of whoever runs the tests.
os.environ.pop("COLUMNS", None)

# What `validate` keeps between runs: never in the user's own cache.
_kept = tempfile.TemporaryDirectory(prefix="agentgov-tests-")
atexit.register(_kept.cleanup)  # said, since what cleans up by itself warns of it
os.environ["AGENTGOV_CACHE"] = _kept.name

# No example fails for being slow: machines are, and benchmarks measure. Fixtures that last over examples are meant so.
_FINE = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
settings.register_profile("agentgov", deadline=None, suppress_health_check=_FINE)
settings.register_profile("explicit", phases=[Phase.explicit])  # for mutants: only the examples that are written down
settings.load_profile("agentgov")


def pytest_collection_finish() -> None:
    """Ten thousand tests stay to the end: neither looked through for garbage again, nor copied for that by forks."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL of the process that runs tests."""
    with serving() as server:
        yield server


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store in a file, in which nothing is yet but the tables: to be copied."""
    path = tmp_path_factory.mktemp("store") / "store.db"
    open_store(str(path)).close()
    assert not path.with_name("store.db-wal").exists(), "all of it is in the one file"
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Where a store is that has its tables and nothing else, in each of the databases."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("empty_store"), tmp_path / "store.db")
        yield f"sqlite:///{tmp_path}/store.db"
    else:
        server: Postgres = request.getfixturevalue("postgres")
        with server.store() as url:
            yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def bare_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where no table is yet, in each of the databases."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/store.db"
    database: str = request.getfixturevalue("postgres").database()
    return database
