"""The timeline of an incident: built from what was recorded, never written by hand. Pure.

Each entry says where it was taken from: an act of the journal, a record of the ledger, an alert. Moments are epoch
milliseconds: of acts what their ids say, by the clock of whoever wrote them; of records and alerts the gate's.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from agentgov.model.act import Act, made_at
from agentgov.model.incident import Incident

Source = Literal["act", "ledger", "alert", "diff"]
_BEFORE = 3_600_000  # milliseconds before an incident that belong to its story
_AFTER = 600_000  # and after its end


@dataclass(frozen=True, slots=True)
class Moment:
    """One entry. `source` and `place` tell where it is from: `act 12`, `ledger support/41`, `alert 9f2c...`."""

    at: int
    source: Source
    place: str
    who: str
    what: str
    said: str = ""


def window(incident: Incident) -> tuple[int, int]:
    """From when to when its story goes (epoch milliseconds); the end is 0 while it goes on."""
    ends = [one.said_at for one in (incident.resolved, incident.ended) if one is not None]
    return incident.opened.said_at - _BEFORE, max(ends) + _AFTER if ends else 0


def of_acts(incident: Incident, acts: Iterable[tuple[int, Act]]) -> Iterator[Moment]:
    """What the journal tells, of acts (number, act) on its agents: its own steps, and all others in its window."""
    start, end = window(incident)
    for seq, act in acts:
        at = made_at(act.id)
        own = act.kind == "incident" and act.get("Incident") == incident.id
        if act.kind == "incident" and not own:
            continue
        if own or (at >= start and (not end or at <= end)):
            yield Moment(at, "act", f"act {seq}", act.get("For") or act.actor_id, act.subject, act.reason)


def ordered(moments: Iterable[Moment]) -> tuple[Moment, ...]:
    """In the order of time; what is of the same moment, in the order of the places."""
    return tuple(sorted(set(moments), key=lambda one: (one.at, one.source, one.place)))
