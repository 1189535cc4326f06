"""Whether a tick can bring anything: did the remote move, and is there an agent that moves with time alone?

A watch that looks every few seconds must cost next to nothing while nothing happens: one question to the remote. What
is not known to stand still is taken to move.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from agentgov.journal.branch import Journal
from agentgov.release.refs import KEPT, TAGS
from agentgov.release.tick_report import Report
from agentgov.release.view import Decision

HEARTBEAT = 3600  # seconds of journal time after which a checkpoint says that somebody is still there
_STANDING = frozenset({"promoters", "hold", "evidence", "people", "eligible"})  # what opens by an act or a change alone


@dataclass(slots=True)
class Attention:
    """What the last tick of a watch saw on the remote, and until when nothing happens by itself."""

    main: str = ""  # the branch of contents, known once a tick told it
    seen: Mapping[str, str] = field(default_factory=dict)
    until: int = 0  # epoch seconds

    def look(self, journal: Journal) -> Mapping[str, str] | None:
        """The refs of the remote that matter, None before the first tick. IncompleteError where it cannot be told."""
        if not self.main:
            return None
        if journal.remote is not None:
            return journal.remote.ls(journal.ref, self.main, KEPT, f"{TAGS}*")
        refs = {name: journal.repo.ref(name) or "" for name in (journal.ref, self.main, KEPT)}
        return {**refs, **journal.repo.refs(TAGS)}

    def is_quiet(self, seen: Mapping[str, str], now: int) -> bool:
        """Whether a tick would find what the last one found."""
        return seen == self.seen and now < self.until

    def keep(self, seen: Mapping[str, str] | None, report: Report, queued: bool, now: int) -> None:
        """Remember a tick that began after this was seen. One that wrote something is followed by another."""
        self.main = f"refs/heads/{report.view.governance.fleet.main}"
        self.seen = seen if seen is not None else {}
        moves = any(_moves(decision) for decision in report.decisions.values())
        restless = moves or queued or report.restless or report.busy or bool(report.acts) or report.view.is_stale(now)
        self.until = 0 if restless else report.view.state.head.time + HEARTBEAT


def _moves(decision: Decision) -> bool:
    """Whether an agent has something due, or waits for something that time alone can bring."""
    return decision.act is not None or any(
        not (wait.gate in _STANDING or (wait.gate == "pause" and wait.eta is None)) for wait in decision.waits
    )
