"""What `agentgov history --diff` adds to an act: how the agent differs by it from what was before.

A release differs from the one below it, a rollback from what it left. Other acts change no content. Loads what compares
agents, which the plain history does without.
"""

from dataclasses import dataclass
from typing import Any

from agentgov.diff.summary import summary_line
from agentgov.errors import IncompleteError
from agentgov.journal.view import View
from agentgov.model.act import Act
from agentgov.model.names import AgentId, release_name
from agentgov.model.state import Release
from agentgov.release.changes import Changes, changes_of, prior_release
from agentgov.release.orders import by_tag
from agentgov.report.diff import CLASS_STYLES
from agentgov.report.page import Page, Span

_MOST = 12  # changes on a terminal


@dataclass(frozen=True, slots=True)
class Changed:
    """What an act changed in an agent, or why that cannot be told."""

    before: str  # the release that it is compared with, "" for the first
    changes: Changes | None
    unknown: str = ""

    def page(self, indent: str) -> Page:
        """As lines of text, riskiest first."""
        page = Page()
        if self.changes is None:
            return page.line(indent, Span(f"what it changed cannot be told: {self.unknown}", "warn"))
        diff = self.changes.diff
        for change in diff.changes[:_MOST]:
            page.line(indent, Span(f"{change.klass:<8}", CLASS_STYLES[change.klass]), f"  {change.sentence}")
        left = len(diff.changes) - _MOST
        return page.line(Span(f"{indent}and {left:,} more", "dim")) if left > 0 else page

    def document(self) -> dict[str, Any]:
        """As a document carries it."""
        diff = self.changes.diff if self.changes is not None else None
        return {
            "since": self.before or None,
            "class": diff.klass if diff is not None else None,
            "summary": summary_line(diff) if diff is not None else None,
            "changes": [
                {"field": one.field, "class": one.klass, "sentence": one.sentence}
                for one in (diff.changes if diff is not None else ())
            ],
            "unknown": self.unknown or None,
        }


def changed_by(view: View, agent: AgentId, act: Act) -> Changed | None:
    """What an act changed in an agent; None for an act that changes no content."""
    if act.kind not in ("release-seen", "rollback"):
        return None
    release, before = _sides(view, agent, act)
    if release is None:
        return Changed("", None, "the journal has no record of the release")
    try:
        return Changed(before.name if before else "", changes_of(view, agent, release.commit, before, ()))
    except IncompleteError as error:
        return Changed(before.name if before else "", None, error.message)


def _sides(view: View, agent: AgentId, act: Act) -> tuple[Release | None, Release | None]:
    """The release that an act brings, and the one that it comes after."""
    name = release_name(act.get("Release").partition(" ")[0])
    release = view.state.release(name) if name is not None else None
    if act.kind == "rollback":
        return release, by_tag(view, agent, act.get("Leaves"))
    return release, prior_release(view, name) if name is not None else None
