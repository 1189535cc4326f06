"""The whole story: a bad release, an incident, back to the release before, the review, its action, the next release."""

from pathlib import Path

import pytest
from pipelineworld import PipelineWorld
from simulator import TRIAGE, agent_file

from agentgov.errors import RefusedError
from agentgov.incident.containing import contain
from agentgov.incident.orders import Opening, incident_of, take_step
from agentgov.journal.view import View
from agentgov.model.incident import Incident, review_path
from agentgov.release import orders

DAY = 86_400
HIGH = agent_file(TRIAGE, team="support", risk="high")


class Story(PipelineWorld):
    """An agent of high risk: erin writes, alice and bob review."""

    def bring(self, version: str) -> None:
        self.write(f"Version {version}.", by="erin", reviewers=("alice", "bob"))
        self.release("alice", TRIAGE, version)

    def step(self, incident: str, name: str, *fields: tuple[str, str]) -> View:
        at = incident_of(self.view(), incident)
        return self.order("alice", lambda view, actor, now: take_step(view, actor, at, name, name, fields, now=now))

    def learnt(self, incident: str, actions: str) -> None:
        commit = self.change("erin", {review_path(incident): f"---\nincident: {incident}\nactions: [{actions}]\n---\n"})
        for who in ("carol", "dave"):
            self.review(who, commit)
        assert not self.advance(commit).state.pending

    def waiting(self) -> str:
        """What the agent waits for after one more tick."""
        return self.waits(self.run())


def contained(story: Story) -> Incident:
    """One command: opened, back on the release before, and said to be contained."""
    view, actor = story.view(), story.actor("bob")
    what = Opening((TRIAGE,), "it promises refunds", 1)
    drafts = contain(view, actor, what, mode="", rollback=True, now=story.clock(), reason="Complaints")
    after = story.append(*drafts, by="bob")
    (found,) = after.state.incidents().values()
    return found


@pytest.mark.slow
def test_what_was_promised_is_kept_before_the_next_release(tmp_path: Path) -> None:
    story = Story(tmp_path, files={TRIAGE.file: HIGH})
    story.bring("1.0.0")
    story.until(lambda at: at.canary.state == "RAMP")
    story.order("bob", orders.order_promote, TRIAGE, "production")
    story.until(lambda at: at.production.state == "STABLE")
    story.bring("1.1.0")
    story.until(lambda at: at.production.state == "STABLE" and story.named(at.production.release).endswith("v1.1.0"))

    one = contained(story)
    assert (one.state, one.lead) == ("mitigated", "bob")
    assert story.named(story.at(TRIAGE).production.release) == f"{TRIAGE}/v1.0.0"
    story.step(one.id, "resolve")
    story.order("bob", orders.order_hold, TRIAGE, lift=True)
    with pytest.raises(RefusedError, match=r"incident\.review"):
        story.step(one.id, "close")

    story.clock.pass_(6 * DAY)
    story.bring("1.2.0")
    story.run(4)
    assert f"the review of {one.id} is overdue" in story.waiting()
    assert story.at(TRIAGE).canary.state != "RAMP"
    story.learnt(one.id, "{id: evaluate, title: Notice it, owner: alice, due: 2023-11-15}")
    story.step(one.id, "close")
    assert f"the action evaluate of {one.id}" in story.waiting()
    story.learnt(one.id, "{id: evaluate, title: Notice it, owner: alice, due: 2023-11-15, done: 2023-11-20}")
    story.until(lambda at: story.named(at.production.release).endswith("v1.2.0"))
    assert story.verify().offence is None
