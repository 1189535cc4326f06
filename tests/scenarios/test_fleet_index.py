"""The index of a fleet through its life: it hides nobody who could move, and hides who rests."""

from pathlib import Path

import pytest
from pipelineworld import PipelineWorld
from simulator import PAYROLL, TRIAGE

from agentgov.model.names import AgentId, ReleaseName
from agentgov.release import orders
from agentgov.release.fleet import plan_all
from agentgov.release.index import FleetIndex
from agentgov.release.memory import MemoryStore
from agentgov.release.refs import Seen, observe_refs
from agentgov.release.sightings import see_tags


class Watched:
    """A fleet, and an index that is kept from one look to the next."""

    def __init__(self, fleet: PipelineWorld) -> None:
        self.fleet, self.index, self.seen = fleet, FleetIndex(), Seen()

    def active(self) -> tuple[AgentId, ...]:
        """Who may move now; all that planning has to say of the others is checked on the way."""
        view, now = self.fleet.view(), self.fleet.clock()
        refs = observe_refs(self.fleet.journal, "main", self.seen, self.index.recorded(view))
        assert refs == observe_refs(self.fleet.journal, "main")
        assert see_tags(view, refs, self.index.recorded(view)) == see_tags(view, refs)
        found = self.index.active(view, refs)
        assert found == FleetIndex().active(view, refs)
        memories, _ = MemoryStore(self.fleet.folder / "memory.json").load()
        decisions = plan_all(view, memories, refs, now, integrity=True)
        moving = {agent for agent, one in decisions.items() if one.act or any(wait.rule for wait in one.waits)}
        assert moving <= set(found)
        return found


@pytest.fixture
def watched(fleet: PipelineWorld) -> Watched:
    return Watched(fleet)


def test_every_agent_that_could_move_is_looked_at_all_its_life(watched: Watched) -> None:
    fleet = watched.fleet
    assert watched.active() == ()
    for version in ("1.0.0", "1.1.0"):
        fleet.write(f"Words of {version}.")
        fleet.release("alice", TRIAGE, version)
        for _ in range(15):
            fleet.run()
            found = watched.active()
            at = fleet.at()
            if version == "1.0.0" and at.canary.state == "RAMP" and not at.votes:
                fleet.order("bob", orders.order_promote, TRIAGE, "production")
            if at.production.state == "STABLE" and fleet.running() == version:
                break
            assert found == (TRIAGE,)
        assert watched.active() == ()
    fleet.run()
    assert fleet.last.decisions == {}
    memories, _ = MemoryStore(fleet.folder / "memory.json").load()
    quiet = plan_all(fleet.view(), memories, observe_refs(fleet.journal, "main"), fleet.clock(), integrity=True)
    assert not quiet[TRIAGE].waits  # `status` says the same of it
    fleet.order("alice", orders.order_rollback, TRIAGE, None, reason="Worse.")
    assert watched.active() == (TRIAGE,)  # what it left is newer than what it runs
    fleet.check()


def test_a_moved_tag_wakes_its_agent_and_no_other(shipped: PipelineWorld) -> None:
    watched = Watched(shipped)
    assert watched.active() == ()
    tag = ReleaseName(TRIAGE, "1.0.0")
    shipped.point(tag.ref, "")
    assert watched.active() == (TRIAGE,)
    shipped.run()
    assert shipped.at().hold is not None
    shipped.check()


def test_a_new_release_wakes_its_agent_and_no_other(shipped: PipelineWorld) -> None:
    watched = Watched(shipped)
    assert watched.active() == ()
    shipped.release("alice", PAYROLL, "1.0.0")
    shipped.run()
    assert watched.active() == (PAYROLL,)
    assert list(shipped.last.decisions) == [PAYROLL]


def test_what_rests_costs_no_write_of_the_memory(shipped: PipelineWorld) -> None:
    shipped.run(ticks=2)
    memory: Path = shipped.folder / "memory.json"
    before = memory.stat().st_ino
    shipped.run(ticks=2)
    assert memory.stat().st_ino == before
