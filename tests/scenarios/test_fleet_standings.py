"""Where all agents stand, looked at again and again: what is kept from look to look says what a first look says."""

import hostile
import pytest
from pipelineworld import PipelineWorld
from simulator import PAYROLL, TRIAGE, agent_file

from agentgov.journal.view import View
from agentgov.model.names import AgentId
from agentgov.release import orders
from agentgov.report.page import Page
from agentgov.report.standing import Standing, standing_of
from agentgov.report.standings import Standings

NEW = AgentId("support", "new")


class Looked:
    """A fleet, and what was seen of it."""

    def __init__(self, fleet: PipelineWorld) -> None:
        self.fleet, self.standings = fleet, Standings()

    def rows(self) -> dict[AgentId, Standing]:
        """All agents now; each is compared with what is told of it where nothing was kept, and alone."""
        view, now = self.fleet.view(), self.fleet.clock()
        found = look(self.standings, view, now)
        assert told(found) == told(look(Standings(), view, now))
        alone = {agent: standing_of(view, agent, now) for agent in sorted({*view.agents(), *view.state.released()})}
        assert told(found) == told(alone)
        return found


def look(standings: Standings, view: View, now: int) -> dict[AgentId, Standing]:
    standings.look(view)
    return {row.agent: row for row in standings.rows(max(now, view.state.head.time), {})}


def told(rows: dict[AgentId, Standing]) -> list[tuple[object, ...]]:
    return [(agent, row.document(), row.cells(), row.lacks(), row.is_quiet, why(row)) for agent, row in rows.items()]


def why(row: Standing) -> str:
    page = Page()
    row.tell_why(page)
    return page.text()


@pytest.fixture
def looked(fleet: PipelineWorld) -> Looked:
    return Looked(fleet)


def test_every_step_of_a_release_is_seen_and_the_rows_of_others_stay(looked: Looked) -> None:
    fleet = looked.fleet
    before = looked.rows()
    states = set()
    for version in ("1.0.0", "1.1.0"):
        fleet.write(f"Words of {version}.")
        fleet.release("alice", TRIAGE, version)
        for _ in range(15):
            fleet.run()
            now = looked.rows()
            assert now[PAYROLL] is before[PAYROLL]
            at = now[TRIAGE].at
            states.add((at.staging.state, at.canary.state, at.production.state))
            if at.canary.state == "RAMP" and version == "1.0.0" and not at.votes:
                fleet.order("bob", orders.order_promote, TRIAGE, "production")
            if at.production.state == "STABLE" and fleet.running() == version:
                break
        assert fleet.running() == version
    assert len(states) > 4
    fleet.order("alice", orders.order_rollback, TRIAGE, None, reason="Worse.")
    assert looked.rows()[TRIAGE].production() == "v1.0.0 rolled back"
    assert looked.rows()[TRIAGE] is looked.rows()[TRIAGE]


def test_only_agents_that_can_move_are_asked_what_they_wait_for(looked: Looked) -> None:
    fleet = looked.fleet
    fleet.ship("1.0.0")
    looked.rows()
    assert not looked.standings.moving()
    fleet.write("Other words.")
    fleet.release("alice", TRIAGE, "1.1.0")
    fleet.run()
    row = looked.rows()[TRIAGE]
    assert looked.standings.moving() == {TRIAGE: row.at}
    assert [one.release_name.version for one in row.releases.values()] == ["1.0.0", "1.1.0"]


def test_of_many_releases_only_those_are_read_that_a_row_speaks_of(looked: Looked) -> None:
    for number in range(2):
        looked.fleet.ship(f"1.{number}.0")
    assert [one.release_name.version for one in looked.rows()[TRIAGE].releases.values()] == ["1.1.0"]


def test_agents_that_come_move_and_go_are_seen(looked: Looked) -> None:
    fleet = looked.fleet
    assert NEW not in looked.rows()
    files: dict[str, str | bytes | None] = {
        NEW.file: agent_file(NEW, team="support"),
        f"{NEW.folder}/prompts/system.md": "Hi.\n",
    }
    for step in (files, dict.fromkeys(files)):
        commit = fleet.change("alice", step)
        for reviewer in ("bob", "erin"):
            fleet.review(reviewer, commit)
        assert not fleet.advance(commit).state.pending
        assert (NEW in looked.rows()) is (step is files)


def test_pauses_hold_from_look_to_look_and_end_by_the_clock(looked: Looked) -> None:
    fleet = looked.fleet
    fleet.append(hostile.pause(fleet, "alice"), by="alice")
    found = looked.rows()
    assert found[TRIAGE].pause is not None
    assert found[PAYROLL].pause is None
    assert looked.rows()[TRIAGE] is found[TRIAGE]
    fields = [("Selector", str(PAYROLL)), ("Mode", "stop"), ("Until", str(fleet.clock() + 60))]
    fleet.append(hostile.write(fleet, "alice", "pause", fields), by="alice")
    for passed, paused in ((0, True), (59, True), (1, False)):
        fleet.clock.pass_(passed)
        found = looked.rows()
        assert (found[PAYROLL].pause is not None, found[TRIAGE].pause is not None) == (paused, True)


def test_a_change_of_governance_is_seen_in_what_a_release_lacks(looked: Looked) -> None:
    fleet = looked.fleet
    fleet.write("Words.")
    fleet.release("alice", TRIAGE, "1.0.0")
    fleet.run()
    assert looked.rows()[TRIAGE].missing == {}
    asked = fleet.edit("governance/pipeline.yaml", "environment: staging,", "environment: staging, evidence: [eval],")
    fleet.govern(asked)
    assert looked.rows()[TRIAGE].missing == {"pass": ("eval",)}
