"""The index of a fleet through its life: it hides nobody who could move, and hides who rests."""

from pathlib import Path

import pytest
from pipelineworld import PipelineWorld
from simulator import PAYROLL, TRIAGE

from agentgov.journal.verdict_cache import VerdictCache
from agentgov.journal.view import View
from agentgov.model.names import AgentId, ReleaseName
from agentgov.release import index, orders
from agentgov.release.fleet import plan_all
from agentgov.release.index import FleetIndex
from agentgov.release.memory import MemoryStore
from agentgov.release.refs import Seen, observe_refs
from agentgov.release.sightings import see_tags


class Watched:
    """A fleet, and an index that is kept from one look to the next."""

    def __init__(self, fleet: PipelineWorld) -> None:
        self.fleet, self.seen = fleet, Seen()
        self.index = self.begun(fleet.view())

    def begun(self, view: View) -> FleetIndex:
        """The index as another process of this machine begins with it."""
        found = FleetIndex()
        found.kept_in(VerdictCache(view.state.head.fleet, self.fleet.journal.pins(view)))
        return found

    def active(self) -> tuple[AgentId, ...]:
        """Who may move now; all that planning has to say of the others is checked on the way."""
        view, now = self.fleet.view(), self.fleet.clock()
        refs = observe_refs(self.fleet.journal, "main", self.seen, self.index.recorded(view))
        assert refs == observe_refs(self.fleet.journal, "main")
        assert see_tags(view, refs, self.index.recorded(view)) == see_tags(view, refs)
        found = self.index.active(view, refs)
        assert self.begun(view).active(view, refs) == found
        assert found == FleetIndex().active(view, refs)
        memories, _ = MemoryStore(self.fleet.folder / "memory.json").load()
        decisions = plan_all(view, memories, refs, now, integrity=True)
        moving = {agent for agent, one in decisions.items() if one.act or any(wait.rule for wait in one.waits)}
        assert moving <= set(found)
        return found


@pytest.fixture(autouse=True)
def _kept_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agentgov.release.index.WORTH_KEEPING", 1)


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


def test_another_process_looks_only_at_what_changed_since(
    shipped: PipelineWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = Watched(shipped)
    assert watched.active() == ()
    shipped.release("alice", PAYROLL, "1.0.0")
    shipped.run()
    looked: list[AgentId] = []
    place = index._place

    def noted(view: View, agent: AgentId, objects: tuple[str, str]) -> index._Place:
        looked.append(agent)
        return place(view, agent, objects)

    monkeypatch.setattr(index, "_place", noted)
    view = shipped.view()
    refs = observe_refs(shipped.journal, "main")
    assert watched.begun(view).active(view, refs) == (PAYROLL,)
    assert set(looked) <= {PAYROLL}


@pytest.mark.parametrize("kept", [b"", b"\x93", b"\x92\x00\x80", b"\x92\x01\x80"])
def test_what_was_kept_by_nobody_we_know_is_nothing(shipped: PipelineWorld, kept: bytes) -> None:
    view = shipped.view()
    cache = VerdictCache(view.state.head.fleet, shipped.journal.pins(view))
    cache.put("index", view.tip, kept)
    assert Watched(shipped).active() == ()
    shipped.point(ReleaseName(TRIAGE, "1.0.0").ref, "")
    assert Watched(shipped).active() == (TRIAGE,)
