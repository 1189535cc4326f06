"""Scenarios run in a world of their own: configuration and state of this machine are out of reach."""

from pathlib import Path

import pytest
from simulator import FleetSimulator


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pins and what was last seen are the test's own."""
    monkeypatch.setenv("AGENTGOV_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("AGENTGOV_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("AGENTGOV_KEY_FILE", raising=False)
    monkeypatch.delenv("AGENTGOV_PINS", raising=False)


@pytest.fixture
def world(tmp_path: Path) -> FleetSimulator:
    """A fleet whose journal has begun."""
    simulator = FleetSimulator(tmp_path / "world")
    simulator.introduce()
    return simulator
