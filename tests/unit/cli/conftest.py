"""Worlds for tests of the command line: built once for a session, copied for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from gitlabfleet import GitLabFleet
from prworld import PullRequestWorld, with_accounts
from unit.cli.command_world import CommandWorld


@pytest.fixture(scope="session")
def begun_world(tmp_path_factory: pytest.TempPathFactory) -> CommandWorld:
    """The template of `begun`; no test may touch it."""
    return CommandWorld.begun(tmp_path_factory.mktemp("worlds") / "begun").packed()


@pytest.fixture(scope="session")
def running_world(tmp_path_factory: pytest.TempPathFactory) -> CommandWorld:
    """The template of `running`; no test may touch it."""
    return CommandWorld.running(tmp_path_factory.mktemp("worlds") / "running").packed()


@pytest.fixture(scope="session")
def canary_world(running_world: CommandWorld, tmp_path_factory: pytest.TempPathFactory) -> CommandWorld:
    """The template of `in_canary`; no test may touch it."""
    world = running_world.copied(tmp_path_factory.mktemp("worlds") / "canary")
    world.enter_canary()
    return world.packed()


@pytest.fixture
def in_canary(canary_world: CommandWorld, tmp_path: Path) -> CommandWorld:
    """A fleet where v1.2.0 of support/triage has a tenth of the traffic, v1.1.0 the rest."""
    return canary_world.copied(tmp_path / "world")


@pytest.fixture(scope="session")
def laid_world(tmp_path_factory: pytest.TempPathFactory) -> CommandWorld:
    """The template of `laid`; no test may touch it."""
    return CommandWorld.laid(tmp_path_factory.mktemp("worlds") / "laid").packed()


@pytest.fixture
def laid(laid_world: CommandWorld, tmp_path: Path) -> CommandWorld:
    """A fleet without a journal."""
    return laid_world.copied(tmp_path / "world")


@pytest.fixture
def begun(begun_world: CommandWorld, tmp_path: Path) -> CommandWorld:
    """A fleet whose journal has begun."""
    return begun_world.copied(tmp_path / "world")


@pytest.fixture
def running(running_world: CommandWorld, tmp_path: Path) -> CommandWorld:
    """A fleet that runs the second release of support/triage."""
    return running_world.copied(tmp_path / "world")


@pytest.fixture(scope="session")
def accounts_world(begun_world: CommandWorld, tmp_path_factory: pytest.TempPathFactory) -> CommandWorld:
    """The template of `on_github`; no test may touch it."""
    return with_accounts(begun_world.copied(tmp_path_factory.mktemp("worlds") / "accounts")).packed()


@pytest.fixture
def on_github(accounts_world: CommandWorld, tmp_path: Path) -> Iterator[PullRequestWorld]:
    """A fleet with a journal whose repository stands on a fake GitHub."""
    with PullRequestWorld.on(accounts_world.copied(tmp_path / "world")) as found:
        yield found


@pytest.fixture(scope="session")
def gitlab_world(begun_world: CommandWorld, tmp_path_factory: pytest.TempPathFactory) -> CommandWorld:
    """The template of `on_gitlab`; no test may touch it."""
    return with_accounts(begun_world.copied(tmp_path_factory.mktemp("worlds") / "gitlab"), "gitlab").packed()


@pytest.fixture
def on_gitlab(gitlab_world: CommandWorld, tmp_path: Path) -> Iterator[GitLabFleet]:
    """A fleet with a journal whose repository stands on a fake GitLab."""
    with GitLabFleet.on(gitlab_world.copied(tmp_path / "world")) as found:
        yield found
