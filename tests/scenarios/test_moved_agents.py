"""An agent that moved takes its past along: bad marks, hold and pauses; and nobody takes a past that is not theirs."""

from dataclasses import replace

import hostile
import pytest
from pipelineworld import PipelineWorld
from simulator import PAYROLL, TRIAGE, agent_file

from agentgov.errors import RefusedError
from agentgov.journal.draft import Draft
from agentgov.journal.pausing import pause_of
from agentgov.model.names import AgentId
from agentgov.model.transitions import release_trailer
from agentgov.release import orders

DESK = AgentId("support", "desk")


def moved(fleet: PipelineWorld) -> str:
    """The agent stands under another id and names the old one, whose folder is gone."""
    text = agent_file(DESK, team="support").replace("{name: desk}", f"{{name: desk, formerly: {TRIAGE}}}")
    prompt = (fleet.work / TRIAGE.folder / "prompts/system.md").read_text("utf-8")
    files: dict[str, str | bytes | None] = {DESK.file: text, f"{DESK.folder}/prompts/system.md": prompt}
    files |= {TRIAGE.file: None, f"{TRIAGE.folder}/prompts/system.md": None}
    commit = fleet.change("alice", files)
    for reviewer in ("bob", "erin"):  # the owners, and security for its tools
        fleet.review(reviewer, commit)
    assert not fleet.advance(commit).state.pending
    return commit


def test_a_moved_agent_takes_over_bad_marks_hold_and_pauses(shipped: PipelineWorld) -> None:
    shipped.ship("1.1.0")
    shipped.order("erin", orders.order_rollback, TRIAGE, None, reason="wrong answers")
    old = shipped.at()
    assert old.bad
    assert old.hold is not None
    shipped.append(hostile.pause(shipped, "alice"), by="alice")
    moved(shipped)
    shipped.release("alice", DESK, "1.0.0")
    shipped.until(lambda at: at.staging.release != "", DESK)
    at = shipped.at(DESK)
    assert (at.formerly, at.bad, at.hold) == (str(TRIAGE), old.bad, old.hold)
    assert shipped.at() == old
    view = shipped.view()
    found = pause_of(view, DESK, shipped.clock())
    assert found is not None
    assert found.selector == str(TRIAGE)
    assert pause_of(view, AgentId("support", "other"), shipped.clock()) is None
    shipped.check()


def claimed(fleet: PipelineWorld, agent: AgentId, version: str, said: str) -> Draft:
    """The act by which a dishonest reconciler gives an agent a past."""
    found = fleet.release("alice", agent, version).release
    fields = [
        ("Agent", str(agent)),
        ("Release", release_trailer(found)),
        ("Authorised-At", str(found.authorised_at)),
        ("Formerly", said),
    ]
    draft = hostile.write(fleet, "reconciler", "release-seen", fields)
    return replace(draft, files={f"releases/{found.name}.tag": fleet.repo.read(found.tag, "tag")})


@pytest.mark.parametrize("said", ["support/triage", "support/nobody", "x"])
def test_no_past_is_taken_that_the_released_agent_does_not_name(shipped: PipelineWorld, said: str) -> None:
    shipped.write("Newer words.")
    with pytest.raises(RefusedError, match=r"release\.formerly"):
        shipped.append(claimed(shipped, TRIAGE, "1.1.0", said), by="reconciler")


def test_an_agent_that_is_still_there_hands_nothing_down(shipped: PipelineWorld) -> None:
    text = agent_file(DESK, team="support").replace("{name: desk}", f"{{name: desk, formerly: {PAYROLL}}}")
    commit = shipped.change("alice", {DESK.file: text, f"{DESK.folder}/prompts/system.md": "Sort.\n"})
    for reviewer in ("bob", "erin"):  # the owners, and security for its tools
        shipped.review(reviewer, commit)
    shipped.advance(commit)
    with pytest.raises(RefusedError, match=r"release\.formerly"):
        shipped.append(claimed(shipped, DESK, "1.0.0", str(PAYROLL)), by="reconciler")
