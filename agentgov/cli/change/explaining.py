"""What `agentgov explain` gathers about a path, an agent or a change; `review` says what is asked and why.

The authorised governance judges, as everywhere; in a fleet without a journal that of the working tree, and it says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING

from agentgov.cli.context import Context, open_context
from agentgov.errors import UsageError
from agentgov.model.closure import closure_paths
from agentgov.model.document import Risk
from agentgov.model.governed import is_governed
from agentgov.model.names import SHARED, AgentId, agent_of_path
from agentgov.trust.identity import Directory

if TYPE_CHECKING:
    from agentgov.journal.view import View
    from agentgov.model.agent import Agent
    from agentgov.model.fleet import Governance
    from agentgov.model.snapshot import Snapshot
    from agentgov.review.explained import ChangeExplained, PathExplained


@dataclass(frozen=True)  # no slots: the directory is made when it is asked for
class Judge:
    """The governance that judges, the agents' files it is asked about, and the journal's view where there is one."""

    governance: "Governance"
    snapshot: "Snapshot"
    name: str
    today: date
    view: "View | None"

    @classmethod
    def around(cls, start: str, places: tuple[str, ...]) -> "Judge":
        """Who judges around a folder; `places` are the folders of agents and texts that are looked at."""
        from agentgov.journal.parts import Overlay, Part

        context = open_context(start)
        if context.journal.known_tip() is None:
            return cls._without_journal(start, context)
        view = context.view()
        part = Part(Overlay(view.repo), view.authorised, "authorised contents", places)
        return cls(view.governance, part, "the authorised governance", view.today, view)

    @classmethod
    def _without_journal(cls, start: str, context: Context) -> "Judge":
        from agentgov.cli.governance import read_governance, today
        from agentgov.repo.snapshot import WorkTreeSnapshot

        governance = read_governance(start, None).governance
        assert context.repo.root is not None  # or there would be no governance of a working tree
        name = "the governance of the working tree; this fleet has no journal yet"
        return cls(governance, WorkTreeSnapshot(context.repo.root), name, today(), None)

    @cached_property
    def directory(self) -> Directory:
        """The people of the governance that judges."""
        return Directory(self.governance.access)

    def agents(self, workspace: str, only: AgentId | None = None) -> "dict[AgentId, Agent]":
        """The agents of a workspace that can be read, or one of them."""
        from agentgov.validate.load import agent_ids, load_agent

        found = {}
        for agent in agent_ids(self.snapshot.entries()):
            wanted = agent.workspace == workspace and only in (None, agent)
            if wanted and (document := load_agent(self.snapshot, agent)[0]) is not None:
                found[agent] = document
        return found

    def path(self, path: str, holders: Mapping[AgentId, Risk]) -> "PathExplained":
        """What is asked of any change of a path."""
        from agentgov.review.explained import explain_path

        return explain_path(path, holders, self.governance, self.directory, self.today)


def path_explained(start: str, path: str) -> "tuple[PathExplained, Judge] | None":
    """A governed path, there or not; None where the subject is none."""
    if not is_governed(path) or path.endswith("/"):
        return None
    own, parts = agent_of_path(path), path.split("/")
    shared = parts[0] == "agents" and parts[2:3] == [SHARED] and len(parts) > 3
    folder = f"agents/{parts[1]}" if shared else own.folder if own is not None else ""
    judge = Judge.around(start, (folder,) if folder else ())
    agents = judge.agents(parts[1], own) if folder else {}
    holders = {agent: one.spec.risk for agent, one in agents.items() if closure_paths(agent, one, (path,))}
    return judge.path(path, holders), judge


def agent_explained(start: str, agent: AgentId) -> "tuple[Agent, list[PathExplained], Judge]":
    """An agent with every file of its closure. UsageError where there is no such agent."""
    judge = Judge.around(start, (agent.folder, f"agents/{agent.workspace}/{SHARED}"))
    document = judge.agents(agent.workspace, agent).get(agent)
    if document is None:
        raise UsageError(f"there is no agent {agent} that can be read by {judge.name}", "see: agentgov validate")
    files = sorted(closure_paths(agent, document, judge.snapshot.entries()))
    return document, [judge.path(file, {agent: document.spec.risk}) for file in files], judge


def change_explained(start: str, text: str, person: str) -> "tuple[ChangeExplained, str, View]":
    """A change, as a revision or BASE...HEAD, and its commit. ConfigurationError without a journal, which judges it."""
    from agentgov.journal.reviewing import reviewable, with_approvals
    from agentgov.review.explained import explain_change

    context = open_context(start)
    view = context.view()
    if person and view.directory.person(person) is None:
        raise UsageError(f"there is nobody called {person!r} in the authorised Access", "see: agentgov who review")
    base, dots, head = text.partition("...")
    commit = context.repo.resolve((head or "HEAD") if dots else text)
    since = context.repo.resolve(base or "HEAD") if dots else None
    found = reviewable(view, commit, since=since)

    told = explain_change(
        found.change, found.verdict, view.governance, lambda people: with_approvals(view, found, people), person
    )
    return told, commit, view
