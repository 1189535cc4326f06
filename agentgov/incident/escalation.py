"""Who is called next for an incident, what people are told by when, and whom to remind. Pure.

The chain is that of the agent (`oncall.escalate`), else the responders of its playbook. The first of it is called at
once; whoever does not acknowledge within `ackWithin` is followed by the next. Once somebody has, they are reminded
until it is contained. Moments are epoch milliseconds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from agentgov.model.incident import Incident
from agentgov.model.playbook import Message
from agentgov.model.units import parse_duration

# How often whoever acknowledged is reminded, in seconds, by severity.
REMIND: Mapping[int, int] = MappingProxyType({1: 1_800, 2: 3_600, 3: 4 * 3_600, 4: 86_400})


@dataclass(frozen=True, slots=True)
class Chain:
    """Who answers, in their order, and how long each may take (seconds)."""

    who: tuple[str, ...]
    within: int


@dataclass(frozen=True, slots=True)
class Call:
    """Somebody of the chain is to be called: the so-manieth, from 1."""

    level: int
    who: str
    due: int


@dataclass(frozen=True, slots=True)
class Telling:
    """A message of the playbook is to be sent; `key` names it within its incident."""

    key: str
    to: str
    template: str
    due: int


def next_call(incident: Incident, chain: Chain, now_ms: int) -> Call | None:
    """Who is to be called now; None while somebody still has time, or nobody is left."""
    level = incident.escalated + 1
    if incident.state != "open" or level > len(chain.who):
        return None
    due = incident.opened.said_at + (level - 1) * chain.within * 1000
    return Call(level, chain.who[level - 1], due) if due <= now_ms else None


def next_message(incident: Incident, comms: Sequence[Message], now_ms: int) -> Telling | None:
    """The first message of a playbook that is due and not sent; none of an incident that is over."""
    if incident.state not in ("open", "acknowledged", "mitigated"):
        return None
    for number, one in enumerate(comms, 1):
        key, due = f"comms-{number}", incident.opened.said_at + parse_duration(one.at) * 1000
        if key not in incident.sent and due <= now_ms:
            return Telling(key, one.to, one.template, due)
    return None


def reminders(incident: Incident, now_ms: int) -> int:
    """How many times whoever acknowledged is to have been reminded by now that it is not contained."""
    if incident.state != "acknowledged" or incident.acknowledged is None:
        return 0
    return max(now_ms - incident.acknowledged.said_at, 0) // (REMIND[incident.severity] * 1000)
