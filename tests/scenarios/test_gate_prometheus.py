"""Debian's Prometheus scrapes a gate that really runs, holds docs/prometheus-rules.yml against it, and tells Debian's
Alertmanager what is wrong and when it is over."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest
from alertmanagerworld import alertmanager, known
from gateworld import GateWorld
from patience import PATIENCE, until
from prometheusworld import prometheus
from simulator import FleetSimulator

RULES = Path(__file__).parents[2] / "docs/prometheus-rules.yml"


@dataclass(frozen=True, slots=True)
class Watched:
    """A gate, and whom the alerts about it reach."""

    gate: GateWorld
    told: str

    def firing(self) -> set[str]:
        """The alerts that the Alertmanager takes for firing."""
        return {one["labels"]["alertname"] for one in known(self.told)}

    def hears(self, *names: str) -> None:
        """Wait until those fire, and nothing else."""
        until(lambda: self.firing() == set(names), f"that {names or 'nothing'} fires")


@pytest.fixture
def watched(world: FleetSimulator, tmp_path: Path) -> Iterator[Watched]:
    """The rules as they are shipped, but for how long something has to last: a second."""
    rules = tmp_path / "rules.yml"
    rules.write_text(re.sub(r"for: \d+m", "for: 1s", RULES.read_text("utf-8")))
    with (
        GateWorld(world, tmp_path / "gate") as gate,
        alertmanager(tmp_path / "am") as told,
        prometheus(tmp_path / "prometheus", gate.port, "agentgov-gate", rules, told) as url,
    ):
        until(lambda: _recorded(url), "that the rules were asked")
        yield Watched(gate, told)


def _recorded(url: str) -> bool:
    query = urlencode({"query": "agentgov:gate_journal_behind:acts == 0"})
    with urlopen(f"{url}/api/v1/query?{query}", timeout=PATIENCE) as answer:
        return bool(json.load(answer)["data"]["result"])


@pytest.mark.slow
def test_whoever_watches_the_gate_hears_what_it_cannot_tell_itself(watched: Watched) -> None:
    gate, remote = watched.gate, watched.gate.world.remote
    away = remote.with_name("away.git")
    watched.hears()  # all is well once it has looked at everything

    remote.rename(away)
    watched.hears("AgentgovGateBehind")
    (one,) = known(watched.told)
    assert (one["labels"]["severity"], one["labels"]["job"]) == ("page", "agentgov-gate")
    assert one["annotations"]["next"].startswith("Ask /readyz")
    away.rename(remote)
    watched.hears()

    gate.kill()
    watched.hears("AgentgovGateDown")
    gate.start()
    watched.hears()
