"""How long an incident took: to be seen, acknowledged, contained, resolved. Pure.

Moments are those that the ids of the acts say, by the clocks of whoever wrote them, in epoch milliseconds: journal time
moves by the hour. Ids are written with whole seconds, so a span that runs backwards by less is nothing; one that runs
backwards by more, by clocks that differ, is none.
"""

from dataclasses import dataclass

from agentgov.model.incident import Incident, Mark

_SECOND = 1000


@dataclass(frozen=True, slots=True)
class Times:
    """Spans in milliseconds, None for what is not over or not known."""

    detect: int | None  # from the first alert to the incident
    acknowledge: int | None  # from the incident on, as all below
    mitigate: int | None
    resolve: int | None
    obeyed: int | None = None  # until the last instance was seen on what is contained
    waiting: tuple[str, ...] = ()  # instances that have not heard yet


def times_of(incident: Incident, *, began: int = 0, last_seen: int = 0, waiting: tuple[str, ...] = ()) -> Times:
    """The times of an incident. `began` is when its first alert started, `last_seen` when an agent last ran on what was
    contained, in epoch milliseconds, 0 where nobody knows. While some are `waiting`, nothing is obeyed yet."""
    opened = incident.opened.said_at
    return Times(
        detect=_span(began, opened) if began else None,
        acknowledge=_until(opened, incident.acknowledged),
        mitigate=_until(opened, incident.mitigated),
        resolve=_until(opened, incident.resolved),
        obeyed=_span(opened, last_seen) if not waiting and incident.mitigated is not None else None,
        waiting=waiting,
    )


def _until(opened: int, mark: Mark | None) -> int | None:
    return _span(opened, mark.said_at) if mark is not None else None


def _span(start: int, end: int) -> int | None:
    return max(end - start, 0) if end > start - _SECOND else None
