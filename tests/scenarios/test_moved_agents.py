"""An agent that moved takes its past along: bad marks, hold and pauses; and nobody takes a past that is not theirs."""

from dataclasses import replace
from pathlib import Path

import hostile
import pytest
from evidenceworld import EvidenceWorld, results
from pipelineworld import PipelineWorld
from simulator import PAYROLL, TRIAGE, agent_file

from agentgov.errors import RefusedError
from agentgov.journal.draft import Draft
from agentgov.journal.pausing import pause_of
from agentgov.model.names import AgentId
from agentgov.model.transitions import release_trailer
from agentgov.release import orders
from agentgov.runtime.fleet import Fleet

DESK, FRONT = AgentId("support", "desk"), AgentId("support", "front")


def moved(fleet: PipelineWorld, old: AgentId = TRIAGE, new: AgentId = DESK) -> str:
    """The agent stands under another id and names the old one, whose folder is gone."""
    name = f"{{name: {new.name}}}"
    text = agent_file(new, team="support").replace(name, f"{{name: {new.name}, formerly: {old}}}")
    prompt = (fleet.work / old.folder / "prompts/system.md").read_text("utf-8")
    files: dict[str, str | bytes | None] = {new.file: text, f"{new.folder}/prompts/system.md": prompt}
    files |= {one.relative_to(fleet.work).as_posix(): None for one in (fleet.work / old.folder).rglob("*.*")}
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
    served = Fleet(view)
    assert served.deployed(DESK, "staging").formerly == (TRIAGE,)  # whose use of quotas counts for it
    assert served.deployed(TRIAGE, "staging").formerly == ()
    shipped.check()


def claimed(fleet: PipelineWorld, agent: AgentId, version: str, said: str) -> Draft:
    """The act by which a dishonest reconciler gives an agent a past, or with "" takes it away."""
    found = fleet.release("alice", agent, version).release
    fields = [
        ("Agent", str(agent)),
        ("Release", release_trailer(found)),
        ("Authorised-At", str(found.authorised_at)),
        *([("Formerly", said)] if said else []),
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


def test_a_journal_of_version_0_1_says_nothing_of_a_past_and_still_holds(shipped: PipelineWorld) -> None:
    shipped.order("erin", orders.order_hold, TRIAGE, lift=False, reason="wait")
    moved(shipped)
    shipped.append(claimed(shipped, DESK, "1.0.0", ""), by="reconciler")
    assert (shipped.at(DESK).formerly, shipped.at(DESK).hold) == ("", None)
    shipped.check()


def test_once_an_agent_took_over_a_past_no_other_is_left_out(shipped: PipelineWorld) -> None:
    moved(shipped)
    shipped.release("alice", DESK, "1.0.0")
    shipped.until(lambda at: at.formerly != "", DESK)
    moved(shipped, DESK, FRONT)
    with pytest.raises(RefusedError, match=r"leaves it out \(release\.formerly\)"):
        shipped.append(claimed(shipped, FRONT, "1.0.0", ""), by="reconciler")
    shipped.run()
    assert shipped.at(FRONT).formerly == str(DESK)
    shipped.check()


def test_the_past_of_a_retired_agent_is_never_left_out(shipped: PipelineWorld) -> None:
    shipped.order("bob", orders.order_retire, TRIAGE, reason="replaced by the desk")
    moved(shipped)
    with pytest.raises(RefusedError, match=r"leaves it out \(release\.formerly\)"):
        shipped.append(claimed(shipped, DESK, "1.0.0", ""), by="reconciler")


def test_where_the_journal_holds_a_result_no_past_is_left_out(tmp_path: Path) -> None:
    fleet = EvidenceWorld(tmp_path / "world")
    fleet.offer("1.0.0")
    fleet.add("erin", "1.0.0", results(98, 2))
    moved(fleet)
    with pytest.raises(RefusedError, match=r"leaves it out \(release\.formerly\)"):
        fleet.append(claimed(fleet, DESK, "1.0.0", ""), by="reconciler")


def test_an_agent_without_a_past_takes_none_and_needs_none(shipped: PipelineWorld) -> None:
    moved(shipped)
    shipped.release("alice", DESK, "1.0.0")
    shipped.until(lambda at: at.formerly != "", DESK)
    shipped.append(claimed(shipped, PAYROLL, "1.0.0", ""), by="reconciler")
    assert shipped.at(PAYROLL).formerly == ""
    shipped.check()
