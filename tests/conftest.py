"""What holds for all tests: nothing waits for the disk, and the shell that starts them has no say in who they are.

Their worlds are thrown away, and no power fails in them. What was compiled once is kept, whatever the shell says.
"""

import atexit
import gc
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pygit2
import pytest
from hypothesis import HealthCheck, settings
from inmemory import keep_temporary_files_in_memory
from postgres import Postgres, serving

from agentgov.repo.storage import survive_crashes

survive_crashes()  # once a process; what it asks for is taken back here
pygit2.option(pygit2.enums.Option.ENABLE_FSYNC_GITDIR, False)
setattr(os, "fsync", lambda descriptor: None)  # noqa: B010 - typed as a function of the module

for name in list(os.environ):
    if name.startswith(("AGENTGOV_", "GIT_AUTHOR_", "GIT_COMMITTER_")) or name == "GIT_CONFIG_COUNT":
        del os.environ[name]

# pytest rewrites every assertion of every file, in every worker; without this it would do so again in every run.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

keep_temporary_files_in_memory()  # before anybody asks for a folder

# What `validate` keeps between runs: never in the user's own cache.
_kept = tempfile.TemporaryDirectory(prefix="agentgov-tests-")
atexit.register(_kept.cleanup)  # said, since what cleans up by itself warns of it
os.environ["AGENTGOV_CACHE"] = _kept.name

# No example fails for being slow: machines are, and benchmarks measure. Fixtures that last over examples are meant so.
_FINE = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
settings.register_profile("agentgov", deadline=None, suppress_health_check=_FINE)
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


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where an empty store is, in each of the databases."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/store.db"
    database: str = request.getfixturevalue("postgres").database()
    return database
