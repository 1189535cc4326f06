"""Worlds that take long to make are made once, in homes of their own, and copied for each test together with those.

    @pytest.fixture(scope="module")
    def once(tmp_path_factory): return made(tmp_path_factory.mktemp("once"), lambda folder: PipelineWorld(folder))

    @pytest.fixture
    def world(once, tmp_path): return copied(once, tmp_path)

What a test does to its copy is seen by no other; nobody touches what was made.
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import gitworld
import pytest
from simulator import FleetSimulator

World = TypeVar("World", bound=FleetSimulator)
HOMES = ("config", "state")


def made(folder: Path, make: Callable[[Path], World]) -> World:
    """A world in a folder beside the pins, and what was seen last, of those who made it."""
    for home in HOMES:
        (folder / home).mkdir()
    with at_home(folder):
        return _packed(make(folder / "world"))


def further(folder: Path, template: World, live: Callable[[World], object]) -> World:
    """A template that goes on from another one: a copy of it in which something happened."""
    with at_home(folder):
        world = copied(template, folder)
        live(world)
        return _packed(world)


def homes(folder: Path) -> dict[str, str]:
    """Where a machine keeps what it has seen, whose homes are in a folder."""
    return {f"AGENTGOV_{home.upper()}_HOME": str(folder / home) for home in HOMES}


@contextmanager
def at_home(folder: Path) -> Iterator[None]:
    """Be on that machine for a while: each test is on one of its own (`tmp_path`), what lasts longer is on none."""
    with pytest.MonkeyPatch.context() as patch:
        for name, place in homes(folder).items():
            patch.setenv(name, place)
        patch.delenv("AGENTGOV_PINS", raising=False)
        yield


def _packed(world: World) -> World:
    for repository in (world.work, world.remote):
        if repository.exists():
            gitworld.pack(repository)
    return world


def copied(template: World, folder: Path) -> World:
    """The same world in the folder of a test, whose homes are `config` and `state` in that folder."""
    for home in HOMES:
        shutil.copytree(template.folder.parent / home, folder / home)
    return template.twin(folder / "world")
