"""Incidents and drills as the journal keeps them: what is going on, with whom, since when, and who leads.

Values only. Which step may follow which is `incident_steps`'; who may say it is the journal's. `Mark.time` is journal
time, which only bots' acts move; how many seconds somebody took is told by the ids of the acts, by the clock of whoever
wrote them.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Literal

import msgspec

from agentgov.model.act import made_at
from agentgov.model.document import Document

IncidentState = Literal["open", "acknowledged", "mitigated", "resolved", "closed", "cancelled"]
IncidentKind = Literal["real", "drill"]
STANDING: tuple[IncidentState, ...] = ("open", "acknowledged", "mitigated")  # somebody works on it
LEAD = "lead"
NOBODY = "none"  # what `Leaves` says where nobody had a role
_DAY = 86_400
# By when a review is owed, by severity, in seconds of journal time after the end; the mildest owe none.
REVIEW_WITHIN: Mapping[int, int] = MappingProxyType({1: 5 * _DAY, 2: 7 * _DAY, 3: 14 * _DAY})
INCIDENT_ID = re.compile(r"([0-9]{4})-[0-9]{4}-[0-9a-hjkmnp-tv-z]{4}\Z")


class Mark(Document, frozen=True):
    """When a state began, and by whose act."""

    by: str
    act: str
    seq: int
    time: int

    @property
    def said_at(self) -> int:
        """When it was, in epoch milliseconds, by the clock of whoever wrote the act."""
        return made_at(self.act)


class Incident(Document, frozen=True):
    """incidents/<id>.yaml: one incident, or one of a drill, as its acts have left it."""

    id: str
    title: str
    kind: IncidentKind
    state: IncidentState
    severity: int
    agents: tuple[str, ...]
    opened: Mark
    acknowledged: Mark | None = None
    mitigated: Mark | None = None
    resolved: Mark | None = None
    ended: Mark | None = None  # closed or cancelled
    roles: dict[str, str] = msgspec.field(default_factory=dict)  # role to the id of a person; `lead` is one
    alerts: tuple[str, ...] = ()  # fingerprints
    playbook: str = ""  # path
    drill: str = ""  # name of the drill that made it
    escalated: int = 0  # how many steps of the chain were called
    sent: tuple[str, ...] = ()  # messages that were due by themselves and are sent

    @property
    def lead(self) -> str:
        """The id of whoever leads, "" for nobody."""
        return self.roles.get(LEAD, "")

    @property
    def is_standing(self) -> bool:
        """Whether somebody still has to contain it."""
        return self.state in STANDING

    @property
    def review_due(self) -> int:
        """Journal time by which its review is owed; 0 where none is: it goes on, or owes none."""
        within = REVIEW_WITHIN.get(self.severity)
        owes = self.kind == "real" and self.state == "resolved" and self.resolved is not None
        return self.resolved.time + within if owes and within and self.resolved is not None else 0

    @property
    def needs_review(self) -> bool:
        """Whether it closes only with a review that stands authorised."""
        return self.kind == "real" and self.severity in REVIEW_WITHIN


class Objective(Document, frozen=True):
    """How one objective of a drill came out; `observed` is the number with its unit, or "-" where there was none."""

    id: str
    met: bool
    observed: str


class DrillRun(Document, frozen=True):
    """drills/<name>.yaml: the last time that a drill was done."""

    name: str
    type: Literal["tabletop", "live", "recovery"]
    agents: tuple[str, ...]
    by: str
    act: str
    seq: int
    time: int  # journal time of the act
    started: int  # epoch seconds, by whoever ran it
    ended: int
    score: int  # of 100
    gaps: int
    objectives: tuple[Objective, ...] = ()
    incident: str = ""
    report: str = ""  # SHA-256 of the report in Markdown


def incident_id(act_id: str) -> str:
    """The id of the incident that an act opens: `YYYY-MMDD-xxxx`, the day (UTC) and the last letters of its own id."""
    day = datetime.fromtimestamp(made_at(act_id) / 1000, UTC)
    return f"{day:%Y-%m%d}-{act_id[-4:].lower()}"


def is_incident_id(text: str) -> bool:
    """Whether a text is spelled as ids of incidents are."""
    return INCIDENT_ID.match(text) is not None


def incident_path(incident: str) -> str:
    """Where the record of an incident lies in the journal's tree."""
    return f"incidents/{incident}.yaml"


def pause_key(act_id: str, number: int) -> str:
    """What the pause of the so-manieth agent of a step is called, from 1: the first as any pause, by its act."""
    return act_id if number == 1 else f"{act_id}-{number}"


def drill_path(name: str) -> str:
    """Where the last run of a drill lies in the journal's tree."""
    return f"drills/{name}.yaml"


def review_path(incident: str) -> str:
    """Where the review of an incident lies on main."""
    return f"incidents/{incident[:4]}/{incident}/review.md"
