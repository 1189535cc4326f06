"""What a rollback would do, told before it is done: where production returns to, what goes with it, who has to sign.

The act itself is asked of the law as every verifier asks it; what the content means today is compared and judged as far
as it can be read. Nothing here stops a rollback, and nothing is written.
"""

from dataclasses import dataclass

from agentgov.errors import AgentgovError
from agentgov.journal.draft import Actor, Draft
from agentgov.journal.judge import judge
from agentgov.journal.view import View
from agentgov.model.names import AgentId
from agentgov.model.state import Deployment, Release, deployment_path
from agentgov.model.transitions import Refusal
from agentgov.release.orders import TAKES_TWO, by_tag

_MOST = 8  # findings that are told


@dataclass(frozen=True, slots=True)
class Content:
    """What the way back means: the changes in one line, and what today's rules say against the content. `unknown` says
    why that cannot be told."""

    summary: str = ""
    denied: tuple[str, ...] = ()
    unknown: str = ""


@dataclass(frozen=True, slots=True)
class Returning:
    """A rollback before it is done: the deployment now and after it, or why the law refuses the act of one person."""

    agent: AgentId
    leaves: Release
    target: Release
    before: Deployment
    after: Deployment
    time: int  # journal time
    refusal: Refusal | None = None

    @property
    def takes_two(self) -> bool:
        """Whether a second person has to sign."""
        return self.refusal is not None and self.refusal.code in TAKES_TWO

    @property
    def changes_nothing(self) -> bool:
        """Whether production has left that release already."""
        return self.refusal is None and self.before == self.after

    @property
    def last_ran(self) -> int | None:
        """Until when production ran the target, None where it never did."""
        return next((one.until for one in self.before.prior if one.release == self.target.tag), None)


def returning(view: View, actor: Actor, agent: AgentId, order: Draft, now: int) -> Returning:
    """What the order of a rollback would do on this view, by the law."""
    act, before = order.act, view.state.deployment(agent)
    leaves, target = by_tag(view, agent, act.get("Leaves")), by_tag(view, agent, act.get("Release").split(" ")[1])
    assert leaves is not None, "the order was written on this view"
    assert target is not None, "the order was written on this view"
    found = judge(view, act, frozenset({actor.identity}), now, order.files.__getitem__)
    if isinstance(found, Refusal):
        return Returning(agent, leaves, target, before, before, view.state.head.time, found)
    after = found.changes.get(deployment_path(agent), before)
    assert isinstance(after, Deployment)
    return Returning(agent, leaves, target, before, after, view.state.head.time)


def content_of(view: View, agent: AgentId, leaves: Release, target: Release) -> Content:
    """The semantic diff of the way back, and the errors of the target's content under the governance of today."""
    from agentgov.diff.compare import compare  # heavy, and of no weight where nobody asks
    from agentgov.diff.summary import summary_line
    from agentgov.journal.parts import Overlay, Part, shared_folder
    from agentgov.model.finding import Severity
    from agentgov.release.changes import agent_at
    from agentgov.validate.run import findings_of_agent

    commit = target.commit
    try:
        diff = compare(agent_at(view, agent, leaves.commit), agent_at(view, agent, commit))
        places = (agent.folder, shared_folder(agent), "playbooks")  # all that findings about one agent ask for
        part = Part(Overlay(view.repo), view.repo.commit(commit).tree, f"commit {commit[:9]}", places)
        found = findings_of_agent(part, view.governance, agent)
    except AgentgovError as error:
        return Content(unknown=error.message)
    except Exception as error:  # whatever is odd about a content, nobody may be kept from leaving it
        return Content(unknown=f"{type(error).__name__}: {error}")
    errors = [f"{each.where}: {each.message} ({each.code})" for each in found if each.severity is Severity.ERROR]
    more = [f"and {len(errors) - _MOST} more: agentgov validate --rev {commit[:9]}"] if len(errors) > _MOST else []
    return Content(summary_line(diff), (*errors[:_MOST], *more))
