"""Scenarios run in a world of their own: configuration and state of this machine are out of reach."""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from evidenceworld import EvidenceWorld
from gateworld import GateWorld
from pipelineworld import PipelineWorld
from sdkworld import payer_world
from simulator import FLEET_YAML, TRIAGE, FleetSimulator

from templates import copied, further, made


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pins and what was last seen are the test's own."""
    monkeypatch.setenv("AGENTGOV_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("AGENTGOV_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("AGENTGOV_KEY_FILE", raising=False)
    monkeypatch.delenv("AGENTGOV_PINS", raising=False)


@pytest.fixture(scope="session")
def once_begun(tmp_path_factory: pytest.TempPathFactory) -> Callable[[bool], FleetSimulator]:
    """The worlds that `world` and `local` copy, made when first asked for; tests leave them alone."""

    @cache
    def make(remote: bool) -> FleetSimulator:
        return made(tmp_path_factory.mktemp("begun"), lambda folder: _begun(folder, remote))

    return make


@pytest.fixture
def world(tmp_path: Path, once_begun: Callable[[bool], FleetSimulator]) -> FleetSimulator:
    """A fleet with a bare remote, whose journal has begun."""
    return copied(once_begun(True), tmp_path)


@pytest.fixture
def gate(world: FleetSimulator, tmp_path: Path) -> Iterator[GateWorld]:
    """A gate that serves `world`, in a process of its own."""
    with GateWorld(world, tmp_path / "gate") as running:
        yield running


@pytest.fixture
def local(tmp_path: Path, once_begun: Callable[[bool], FleetSimulator]) -> FleetSimulator:
    """The same fleet without a remote, where an act costs a fraction."""
    return copied(once_begun(False), tmp_path)


def _begun(folder: Path, remote: bool) -> FleetSimulator:
    found = FleetSimulator(folder, remote=remote)
    found.introduce()
    return found


@pytest.fixture(scope="session")
def once_fleet(tmp_path_factory: pytest.TempPathFactory) -> PipelineWorld:
    """The world that `fleet` copies; tests leave it alone."""
    return made(tmp_path_factory.mktemp("fleet"), PipelineWorld)


@pytest.fixture
def fleet(tmp_path: Path, once_fleet: PipelineWorld) -> PipelineWorld:
    """A fleet with a quick pipeline, whose journal has begun."""
    return copied(once_fleet, tmp_path)


@pytest.fixture(scope="session")
def once_shipped(tmp_path_factory: pytest.TempPathFactory) -> PipelineWorld:
    """The world that `shipped` copies; tests leave it alone."""
    return made(tmp_path_factory.mktemp("shipped"), _shipped)


def _shipped(folder: Path) -> PipelineWorld:
    found = PipelineWorld(folder)
    found.ship("1.0.0")
    return found


@pytest.fixture
def shipped(tmp_path: Path, once_shipped: PipelineWorld) -> PipelineWorld:
    """A fleet with a quick pipeline, whose triage agent runs v1.0.0 in production."""
    return copied(once_shipped, tmp_path)


@pytest.fixture(scope="session")
def once_ramping(tmp_path_factory: pytest.TempPathFactory, once_shipped: PipelineWorld) -> PipelineWorld:
    """The world that `ramping` copies; tests leave it alone."""

    def live(world: PipelineWorld) -> None:
        world.write("Version 1.1.0.")
        world.release("alice", TRIAGE, "1.1.0")
        world.until(lambda at: at.canary.state == "RAMP")

    return further(tmp_path_factory.mktemp("ramping"), once_shipped, live)


@pytest.fixture
def ramping(tmp_path: Path, once_ramping: PipelineWorld) -> PipelineWorld:
    """The same fleet, whose triage agent has v1.1.0 in canary."""
    return copied(once_ramping, tmp_path)


@pytest.fixture(scope="session")
def once_paying(tmp_path_factory: pytest.TempPathFactory) -> PipelineWorld:
    """The fleet of tests of the SDK, with its payer in production; they copy it."""
    return made(tmp_path_factory.mktemp("paying"), payer_world)


@pytest.fixture(scope="session")
def once_asked(tmp_path_factory: pytest.TempPathFactory) -> EvidenceWorld:
    """The world that `asked` copies; tests leave it alone."""
    return made(tmp_path_factory.mktemp("asked"), _asked)


def _asked(folder: Path) -> EvidenceWorld:
    found = EvidenceWorld(folder)
    found.offer("1.0.0")
    found.offer("1.1.0")
    return found


@pytest.fixture
def asked(tmp_path: Path, once_asked: EvidenceWorld) -> EvidenceWorld:
    """A fleet that asks for evaluations, with two releases of its triage agent that have none yet."""
    return copied(once_asked, tmp_path)


@pytest.fixture(scope="session")
def once_rendered(tmp_path_factory: pytest.TempPathFactory) -> PipelineWorld:
    """One agent in production, in a fleet that wants production rendered; tests copy it."""

    def make(folder: Path) -> PipelineWorld:
        files = {"agentgov.yaml": FLEET_YAML + "delivery: {rendered: [production]}\n"}
        found = PipelineWorld(folder, files=files)
        found.ship("1.0.0")
        return found

    return made(tmp_path_factory.mktemp("rendered"), make)
