"""What incidents still owe: reviews that nobody wrote in time, and actions past their day. Both hold high-risk agents.

Derived at every place of the journal from its incidents, from the reviews that stand authorised there, and from journal
time; so every verifier comes to the same answer, and a review or an action that is done on main lets go by itself. A
review that cannot be read holds, too: whether it promises something cannot be told.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from agentgov.journal.released_agent import authorised_agent
from agentgov.journal.view import View
from agentgov.model.incident import Incident, review_path
from agentgov.model.names import AgentId
from agentgov.model.postmortem import IncidentReview, ReviewAction, converted, split
from agentgov.validate.yaml_reader import read

HELD = frozenset({"high", "critical"})  # risks of agents that wait


@dataclass(frozen=True, slots=True)
class Owed:
    """One thing that is owed: after when it is late (journal time; 0 always), in words, and what pays it."""

    incident: Incident
    late: int
    words: str
    command: str
    action: ReviewAction | None = None


def owed(view: View) -> tuple[Owed, ...]:
    """Everything that is owed, late or not, the oldest incident first. Read once for the same incidents and reviews."""
    folder = view.repo.entry(view.tree, "incidents")
    if folder is None:
        return ()
    reviews = view.repo.entry(view.authorised, "incidents")
    key = (folder.oid, reviews.oid if reviews is not None else "")
    known = view.memory.owed  # of another view, where another thread has just asked
    if known is None or known[0] != key:
        incidents = sorted(view.state.incidents().values(), key=lambda one: one.opened.seq)
        known = view.memory.owed = (key, tuple(one for incident in incidents for one in _of(view, incident)))
    return known[1]


def overdue_words(view: View, agent: AgentId, time: int) -> str:
    """Why an agent waits at this journal time, with the command that helps; "" where nothing late holds it."""
    late = next((one for one in owed(view) if str(agent) in one.incident.agents and time > one.late), None)
    return f"{late.words} is overdue: {late.command}" if late is not None and waits(view, agent) else ""


def waits(view: View, agent: AgentId) -> bool:
    """Whether what is late holds an agent: one of high risk, or of a risk that cannot be read."""
    found = authorised_agent(view, agent)
    return found is None or found.spec.risk in HELD


def review_of(view: View, incident: str) -> IncidentReview | None:
    """The authorised review of an incident; None where there is none, or none that can be read."""
    entry = view.repo.entry(view.authorised, review_path(incident))
    if entry is None or not entry.is_file:
        return None
    try:
        parts = split(view.repo.blob(entry.oid).decode("utf-8"))
    except UnicodeDecodeError:
        return None
    document = read(parts[0].encode(), review_path(incident)) if parts is not None else None
    if document is None or any(one.severity == "error" for one in document.findings):
        return None
    return converted(document.value)


def _of(view: View, incident: Incident) -> Iterator[Owed]:
    """What one incident owes."""
    if incident.kind != "real" or incident.state == "cancelled":
        return
    entry = view.repo.entry(view.authorised, review_path(incident.id))
    if entry is None or not entry.is_file:
        if incident.review_due:
            write = f"agentgov incident review {incident.id}"
            yield Owed(incident, incident.review_due, f"the review of {incident.id}", write)
        return
    review, path = review_of(view, incident.id), review_path(incident.id)
    if review is None:
        yield Owed(incident, 0, f"what the review of {incident.id} promises cannot be read, so it", f"mend {path}")
        return
    for action in review.open:
        words = f"the action {action.id} of {incident.id}, owned by {action.owner},"
        yield Owed(incident, _end_of(action.due), words, f"agentgov incident done {incident.id} {action.id}", action)


def _end_of(day: str) -> int:
    """When a day is over, in UTC; at once where it is no day."""
    try:
        after = datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC) + timedelta(days=1)
    except (ValueError, OverflowError):
        return 0
    return int(after.timestamp())
