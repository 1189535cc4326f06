"""The review of an incident as a type: the front matter of incidents/<year>/<id>/review.md, which programs read."""

import re

import msgspec

from agentgov.model.document import Document
from agentgov.model.incident import INCIDENT_ID

_PATH = re.compile(r"incidents/([0-9]{4})/([^/]+)/review\.md\Z")
_FENCE = "---\n"


class ReviewAction(Document, frozen=True):
    """Something that was promised: by whom, until which day, and the day that it was done."""

    id: str
    title: str
    owner: str
    due: str
    done: str = ""


class IncidentReview(Document, frozen=True):
    """What the front matter says. `incident` is the id, that of its folder."""

    incident: str
    actions: tuple[ReviewAction, ...] = ()
    severity: int = 0
    agents: tuple[str, ...] = ()
    lead: str = ""

    @property
    def open(self) -> tuple[ReviewAction, ...]:
        """Actions that are not done."""
        return tuple(one for one in self.actions if not one.done)


def incident_of_path(path: str) -> str | None:
    """The incident whose review stands at a path; "" where the path is one of a review and no id, None for others."""
    match = _PATH.match(path)
    if match is None:
        return None
    return match[2] if INCIDENT_ID.match(match[2]) and match[1] == match[2][:4] else ""


def split(text: str) -> tuple[str, str] | None:
    """Front matter and what follows; None where a text has none."""
    text = text.replace("\r\n", "\n")
    if not text.startswith(_FENCE):
        return None
    front, fence, body = text[len(_FENCE) :].partition(f"\n{_FENCE}")
    return (f"{front}\n", body) if fence else None


def converted(value: object) -> IncidentReview | None:
    """The front matter as a value; None where it does not say what it has to."""
    try:
        return msgspec.convert(value, IncidentReview, strict=True)
    except msgspec.ValidationError:
        return None
