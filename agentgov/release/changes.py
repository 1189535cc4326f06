"""What a release brings since the one before: the semantic diff, who reviewed it, and what passed without reviews.

Reads git and the journal for the changelog of an agent; decides nothing and writes nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from agentgov.diff.compare import AgentDiff, compare
from agentgov.diff.version import AgentVersion, version_of
from agentgov.errors import IncompleteError
from agentgov.journal.overriding import overrides_of
from agentgov.journal.parts import Overlay, agent_part
from agentgov.journal.query import reviews_after
from agentgov.journal.view import View
from agentgov.model.act import Act
from agentgov.model.names import AgentId, ReleaseName
from agentgov.model.state import Release
from agentgov.trust.identity import Forge
from agentgov.validate.load import load_agent


@dataclass(frozen=True, slots=True)
class Changes:
    """How the content of a commit differs from the release before it.

    `prior` is None where there is none. `reviewers` approved contents of the agent since then and did not take it
    back; `passed` are sentences about what had no reviews.
    """

    prior: ReleaseName | None
    commit: str
    diff: AgentDiff
    reviewers: tuple[str, ...] = ()
    passed: tuple[str, ...] = ()


def changes_of(
    view: View, agent: AgentId, commit: str, prior: Release | None, reviews: Iterable[tuple[int, Act]] | None = None
) -> Changes:
    """How an agent at a commit differs from a recorded release. IncompleteError where one side cannot be read.

    `reviews` are all of the journal by number, where somebody has read them already.
    """
    before = agent_at(view, agent, prior.commit) if prior is not None else None
    diff = compare(before, agent_at(view, agent, commit))
    floor = prior.authorised_at if prior is not None else 0
    passed = (one.words for one in overrides_of(view, agent) if one.record.used and one.record.seq > floor)
    named = prior.release_name if prior is not None else None
    given = reviews if reviews is not None else reviews_after(view, floor)
    mine = [act for number, act in given if number > floor]
    return Changes(named, commit, diff, _reviewers(view, agent, mine), tuple(passed))


def prior_release(view: View, name: ReleaseName) -> Release | None:
    """The highest recorded release of the agent below a version; None for the first."""
    below = [one for one in view.state.releases(name.agent) if one.release_name.precedence < name.precedence]
    return below[-1] if below else None


def agent_at(view: View, agent: AgentId, commit: str) -> AgentVersion:
    """An agent and its files at a commit; IncompleteError where it cannot be read."""
    repo = view.repo
    if not repo.has(commit):
        raise IncompleteError(f"commit {commit[:12]} is not in this clone", "fetch it: git fetch origin --tags")
    part = agent_part(Overlay(repo), repo.commit(commit).tree, agent, f"commit {commit[:9]}")
    document, findings = load_agent(part, agent)
    if document is None:
        why = f"{findings[0].where}: {findings[0].message}" if findings else f"there is no {agent.file}"
        hint = f"run: agentgov validate {agent.folder} --rev {commit[:9]}"
        raise IncompleteError(f"{agent} cannot be read at commit {commit[:9]}: {why}", hint)
    return version_of(agent, document, part)


def _reviewers(view: View, agent: AgentId, reviews: Iterable[Act]) -> tuple[str, ...]:
    """Whoever approved contents of the agent, unless their last word was another."""
    last: dict[str, tuple[str, str]] = {}  # person -> verdict, and the review of a forge that it came from
    mine = f"{agent} "
    for act in reviews:
        who, verdict, source = _person(view, act), act.get("Verdict"), act.get("Review-Id")
        if any(value.startswith(mine) for value in act.all("Closure")):
            last[who] = (verdict, source)
        elif verdict == "withdraw" and source and last.get(who, ("", ""))[1] == source:
            del last[who]  # a dismissal names the review alone
    return tuple(sorted(who for who, (verdict, _) in last.items() if verdict == "approve"))


def _person(view: View, act: Act) -> str:
    """Who reviewed: the person, by the number of the account where a forge said so; else the account's login."""
    if not act.get("Account"):
        return act.actor_id
    forge: Forge = "gitlab" if act.get("Forge") == "gitlab" else "github"
    found = view.directory.by_account(forge, int(act.get("Account")))
    return found if found is not None else act.get("Reviewer")
