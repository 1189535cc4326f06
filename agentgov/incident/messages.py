"""What people are told of an incident: templates of playbooks with facts filled in. Pure.

`{name}` is filled in from the incident, `{{name}}` stands for `{name}` itself. A name that nobody knows is left as it
stands in what is due by itself, where everybody sees it; what a person types is refused for it (`unknown_names`).
"""

import re
from collections.abc import Mapping

from agentgov.model import guess
from agentgov.model.incident import Incident
from agentgov.model.playbook import MESSAGE_NAMES
from agentgov.report.moments import stamp

_WORD = "[a-zA-Z][a-zA-Z0-9_-]{0,31}"
_NAME = re.compile(rf"\{{(\{{{_WORD}\}})\}}|\{{({_WORD})\}}")  # what is doubled, else a name


def facts_of(incident: Incident, *, now: int, reason: str = "", release: str = "") -> dict[str, str]:
    """What the names mean now (epoch seconds)."""
    since = stamp(incident.opened.said_at // 1000)
    contained = incident.mitigated
    return {
        "id": incident.id,
        "title": incident.title,
        "time": stamp(contained.said_at // 1000) if contained is not None else since,
        "since": since,
        "agent": incident.agents[0],
        "agents": ", ".join(incident.agents),
        "status": incident.state,
        "state": incident.state,
        "severity": str(incident.severity),
        "lead": incident.lead or "nobody yet",
        "reason": reason or incident.title,
        "release": release or "none",
        "now": stamp(now),
    }


def fill(template: str, facts: Mapping[str, str]) -> str:
    """A template with its facts; drills are marked, so that nobody takes one for real."""
    return _NAME.sub(lambda match: match[1] or facts.get(match[2], match[0]), template)


def marked(incident: Incident, text: str) -> str:
    """The text as it goes out: that of a drill says so first."""
    return f"[DRILL] {text}" if incident.kind == "drill" else text


def unknown_names(template: str) -> tuple[str, ...]:
    """The names in a template that nothing is called, in braces."""
    names = (name for _, name in _NAME.findall(template) if name and name not in MESSAGE_NAMES)
    return tuple(dict.fromkeys(f"{{{name}}}" for name in names))


def refuse_unknown(template: str) -> tuple[str, str] | None:
    """Why a text that a person typed is not sent, and what to do: what was sent cannot be taken back."""
    unknown = unknown_names(template)
    if not unknown:
        return None
    near = guess.closest(unknown[0][1:-1], MESSAGE_NAMES)
    meant = f"did you mean {{{near}}}?" if near else f"known are {', '.join(MESSAGE_NAMES)};"
    how = f"{meant} to send the braces as they are, double them: {{{unknown[0]}}}"
    return f"nothing fills in {', '.join(unknown)}", how
