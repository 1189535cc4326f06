"""A change of governed contents with everything its verdict rests on, read from the repository into a facts file."""

from collections.abc import Mapping

from agentgov.diff.version import AgentVersion
from agentgov.journal.parts import Overlay, Part, agent_part, governance_part
from agentgov.journal.view import View
from agentgov.model.closure import closure_paths
from agentgov.model.imported import Imported
from agentgov.model.state import OpenReview
from agentgov.review.recorded import SCHEMA, Files, JournalPoint, RecordedAgent, RecordedAuthors, RecordedChange
from agentgov.review.recorded import recorded_file as kept
from agentgov.review.verdict import Change, TouchedAgent


def recorded(
    view: View,
    change: Change,
    reviews: Mapping[str, OpenReview] | None = None,
    imported: Mapping[str, Imported] | None = None,
) -> RecordedChange:
    """The facts of a change that was observed in this view, with other open reviews than the view's where they are
    given. Reads the governance and the agents it touches."""
    trees, head = Overlay(view.repo), view.state.head
    return RecordedChange(
        schema=SCHEMA,
        journal=JournalPoint(view.tip, head.seq, head.time),
        head=change.head,
        governance=_files(governance_part(trees, view.authorised, "governance")),
        paths=change.paths,
        agents=tuple(_agent(view, trees, change, one) for one in change.agents),
        authors={
            path: RecordedAuthors(tuple(sorted(authors.people)), authors.doubt, authors.unsigned)
            for path, authors in change.authors.items()
        },
        reviews=dict(view.state.reviews() if reviews is None else reviews),
        overrides={key: one for key, one in view.state.overrides().items() if one.left},
        imported=dict(view.state.imported() if imported is None else imported),
        governance_problem=change.governance_problem,
        incoming=change.incoming,
        handovers=change.handovers,
    )


def _agent(view: View, trees: Overlay, change: Change, touched: TouchedAgent) -> RecordedAgent:
    """One agent with the files of its closure on each side that could be read."""

    def side(version: AgentVersion | None, tree: str) -> Files | None:
        if version is None:
            return None
        part = agent_part(trees, tree, touched.agent, "a side")
        closure = closure_paths(touched.agent, version.agent, part.entries())
        return {path: file for path, file in _files(part).items() if path in closure}

    before, after = side(touched.before, view.authorised), side(touched.after, change.tree)
    paths = tuple(sorted(touched.paths))
    return RecordedAgent(str(touched.agent), paths, before, after, touched.broken, touched.opaque)


def _files(part: Part) -> Files:
    entries = part.entries()
    return {path: kept(entry, part.read(path) if entry.is_file else None) for path, entry in entries.items()}
