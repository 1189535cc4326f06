"""Tags by the thousand wait for one another and for nobody else: what takes risk away is written between them."""

from pathlib import Path

import pytest
from pipelineworld import PipelineWorld
from scenarios.test_faults_scale import acts_by_agent, one_merge, release_all
from simulator import PAYROLL, TRIAGE

from agentgov.release.reconcile import Reconciler
from agentgov.release.tick_report import Report


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tick has time for one tag."""
    monkeypatch.setattr("agentgov.release.taking_over.LOOKING", 0.0)


def process(fleet: PipelineWorld, bad: float = 0.0) -> Reconciler:
    """A reconciler that stays, with one tick of traffic."""
    fleet.clock.pass_(300)
    return fleet.reconciler(fleet.actor("reconciler"), fleet.traffic(bad))


def ticks(reconciler: Reconciler, fleet: PipelineWorld, most: int) -> list[Report]:
    """Ticks until nothing is left, at most so many."""
    found = [reconciler.tick()]
    while found[-1].left:
        assert len(found) < most, found[-1].notes
        fleet.clock.pass_(60)
        found.append(reconciler.tick())
    return found


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("count", [6, pytest.param(60, marks=pytest.mark.slow)])
def test_a_canary_that_fails_is_taken_back_while_the_tags_of_a_merge_still_wait(tmp_path: Path, count: int) -> None:
    fleet = PipelineWorld(tmp_path / "world", agents=count)
    fleet.ship("1.0.0")
    fleet.write("Words of v1.1.0.")
    fleet.release("alice", TRIAGE, "1.1.0")
    fleet.until(lambda at: at.canary.state == "RAMP")
    broken, others = one_merge(fleet)
    reconciler = process(fleet, bad=0.3)
    first = reconciler.tick()
    assert (fleet.at().canary.state, first.kinds["fail"]) == ("FAILED", 1)
    assert first.left >= count - 1
    assert "reconcile.unfinished" in {one.rule for one in first.notes}
    assert first.busy  # a watch goes on at once
    *_, last = ticks(reconciler, fleet, 2 * count)
    assert acts_by_agent(fleet, "release-seen", "stage") == {str(one): ["release-seen", "stage"] for one in others}
    assert [reason.subject for reason in last.refused] == [f"{broken}/v1.0.0"]
    seen = [act.get("Agent") for act in fleet.acts() if act.kind == "release-seen"][2:]
    assert seen != sorted(seen)  # no name is always first
    fleet.check()


@pytest.mark.usefixtures("hurried")
def test_tags_that_are_no_releases_starve_nobody_and_keep_no_watch_awake(tmp_path: Path) -> None:
    """Somebody pushes many, of one agent and of others that do not exist, and more at every tick."""
    fleet = PipelineWorld(tmp_path / "world", agents=4)
    for number in range(8):
        fleet.point(f"refs/tags/{PAYROLL}/v0.0.{number}", fleet.head())
        fleet.point(f"refs/tags/nobody/agent-{number}/v1.0.0", fleet.head())
    release_all(fleet, fleet.agents, "1.0.0")
    reconciler, waited = process(fleet), 0
    while len(acts_by_agent(fleet, "release-seen")) < len(fleet.agents):
        fleet.point(f"refs/tags/nobody/more-{waited}/v1.0.0", fleet.head())
        reconciler.tick()
        waited += 1
        assert waited <= 8 + 8 + 4  # whoever comes later is later
    last = ticks(reconciler, fleet, 60)[-1]
    assert len(last.refused) == 8 + 8 + waited  # told as long as they are there, whenever they were looked at
    assert not last.busy


@pytest.mark.usefixtures("hurried")
def test_the_lowest_release_of_an_agent_is_first_also_where_a_look_was_cut_short(tmp_path: Path) -> None:
    fleet = PipelineWorld(tmp_path / "world")
    fleet.point(f"refs/tags/{TRIAGE}/v0.1.0", fleet.head())
    for version in ("1.0.0", "1.1.0"):
        fleet.write(f"Words of v{version}.")
        fleet.tag("alice", TRIAGE, version)
    fleet.point(f"refs/tags/{TRIAGE}/v1.2.0", fleet.head())
    ticks(process(fleet), fleet, 10)
    assert [act.get("Release").split()[0] for act in fleet.acts() if act.kind == "release-seen"] == [
        f"{TRIAGE}/v1.0.0",
        f"{TRIAGE}/v1.1.0",
    ]


@pytest.mark.usefixtures("hurried")
def test_what_became_a_release_after_its_turn_is_looked_at_once_more(tmp_path: Path) -> None:
    """Its review comes while the others are looked at: the watch does not rest before it was seen."""
    fleet = PipelineWorld(tmp_path / "world", agents=3)
    commit = fleet.write("Be kind.", fleet.agents[0], reviewers=())
    fleet.tag("alice", fleet.agents[0], "1.0.0", commit)
    reconciler = process(fleet)
    (refused,) = ticks(reconciler, fleet, 3)[-1].refused
    assert refused.rule == "tag.closure"
    for agent in fleet.agents[1:]:
        fleet.point(f"refs/tags/{agent}/v1.0.0", fleet.head())
    for _ in range(2):  # a round begins, of which one turn is that of the first
        reconciler.tick()
    fleet.review("bob", commit)
    while (report := reconciler.tick()).left:
        fleet.clock.pass_(60)
    assert report.restless
    ticks(reconciler, fleet, 10)
    assert fleet.known().state.released() == (fleet.agents[0],)
