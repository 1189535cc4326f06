"""What a live drill plays: every kind of failure is found by the rule that is to find it, and not before."""

from collections.abc import Iterator

import msgspec
import pytest

from agentgov.alerts.alert import DRILL, NAME, REHEARSAL, Alert
from agentgov.alerts.defaults import effective
from agentgov.alerts.evaluating import Known
from agentgov.alerts.slots import MINUTE
from agentgov.cli.on_call import drill_played
from agentgov.gate import otlp
from agentgov.gate.errors import RefusalError
from agentgov.gate.rehearsal import Played, Rehearsal
from agentgov.model.names import AgentId
from agentgov.model.playbook import SIGNALS, Fault
from agentgov.model.policies import ModelPrice, PriceList
from agentgov.model.told import EventTell
from agentgov.runtime.deployed import Deployed
from agentgov.runtime.telemetry.attributing import Attributing, kept_of, scope_of
from agentgov.runtime.telemetry.events import taken_down
from agentgov.runtime.telemetry.keeping import Batch
from agentgov.runtime.telemetry.spans import Use, understood

AGENT = AgentId("support", "drill-agent")
MODEL = "acme/small"
BEGAN = 1_790_000_012_345
SCOPE = scope_of(str(AGENT), "production")
PRICES = PriceList("USD", "2026-11-01", {MODEL: ModelPrice("1", "2")})
_FAST: tuple[Fault, ...] = ("errors", "loop", "silence")
_BESIDE = {"cost": ("cost",)}  # who spends too much also spends too much a run


class World:
    """A drill that is held, and the drill agent at it."""

    def __init__(self) -> None:
        played = Played("fire", AGENT, "production", "A fire", "carol", BEGAN, BEGAN + 900_000)
        self.held, self.deployed = Rehearsal(played, "acme", 300_000), Deployed(AGENT, "production")

    def take(self, body: object, now_ms: int = BEGAN) -> None:
        """Spans, as the gate takes them."""
        found = [understood(one, now_ms) for one in otlp.spans(msgspec.json.encode(body), otlp.JSON)]
        uses = [one for one in found if isinstance(one, Use)]
        assert len(uses) == len(found)
        spans = Attributing(SCOPE, self.deployed, PRICES, b"s" * 16, now_ms).spans(uses)
        self.held.keep(Batch(str(AGENT), "production", "agent", spans, now_ms, b"s" * 16))

    def play(self, fault: Fault) -> None:
        """A good week, and the failure."""
        self.take(drill_played.normal(AGENT, MODEL, fault, BEGAN))
        sessions = drill_played.sessions(fault, "x")
        if sessions:
            self.take(drill_played.failing(AGENT, MODEL, fault, BEGAN, "x"))
            told = msgspec.convert(drill_played.endings(sessions)["events"], list[EventTell])
            ran = kept_of(self.deployed, "", PRICES)
            self.held.tell(SCOPE, "agent", [taken_down(one, ran, b"s" * 16) for one in told], BEGAN)
        for call in drill_played.refused("x") if fault == "denials" else ():
            self.held.noticing.call((str(AGENT), "production"), call["tool"], call["args"], "", True, BEGAN)

    def look(self, after: int) -> list[Alert]:
        """What the rules that hold without any file say, so many milliseconds later."""
        return self.held.look(effective(None), Known("c", "1.0.0", {}), BEGAN + after)


@pytest.fixture
def world() -> Iterator[World]:
    found = World()
    yield found
    found.held.close()
    assert not found.held.folder.exists()


@pytest.mark.parametrize("fault", [one for one in SIGNALS if one])
def test_every_fault_is_found_by_its_rule_as_fast_as_that_of_a_real_agent(world: World, fault: Fault) -> None:
    signals = {one.name: one.rule.signal for one in effective(None)}
    world.play(fault)
    soon = {signals[one.label(NAME)] for one in world.look(15_000)}
    assert (SIGNALS[fault] in soon) == (fault in _FAST), "what is counted by the minute is found once minutes settle"
    found = world.look(3 * MINUTE + 15_000)
    assert {signals[one.label(NAME)] for one in found} <= {SIGNALS[fault], *_BESIDE.get(fault, ())}
    assert SIGNALS[fault] in {signals[one.label(NAME)] for one in found}
    for one in found:
        assert (one.label(DRILL), one.label(REHEARSAL), one.label("agent")) == ("true", "fire", str(AGENT))
        assert one.summary.startswith("A fire. ")
        assert one.summary.endswith(" This is a drill, held by carol.")
        assert set(one.do) <= {"alert", "incident"}


def test_a_good_week_raises_nothing(world: World) -> None:
    assert world.look(0) == []
    world.take(drill_played.normal(AGENT, MODEL, "errors", BEGAN))
    assert world.look(15_000) == []
    assert world.look(4 * MINUTE) == []


def test_runs_that_nobody_ends_are_over_after_a_while_as_those_of_real_agents_are(world: World) -> None:
    world.take(drill_played.normal(AGENT, MODEL, "errors", BEGAN))
    world.take(drill_played.failing(AGENT, MODEL, "errors", BEGAN, "x"))
    assert world.look(15_000) == []
    assert world.look(301_000)


def test_a_drill_tells_only_so_much(world: World) -> None:
    body = drill_played.normal(AGENT, MODEL, "errors", BEGAN)
    for _ in range(20):
        world.take(body)
    with pytest.raises(RefusalError, match="at most 20000 spans"):
        world.take(body)
