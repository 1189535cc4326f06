"""The review of an incident as a Markdown file: what is known is written by us, what was learnt by people. Pure.

Generated parts stand between marks and are written anew each time; nothing else of a file that is there is touched, nor
a part whose marks somebody took out. Front matter is written once: from then on it is people's.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from agentgov.incident.timeline import Moment
from agentgov.incident.times import Times
from agentgov.model.incident import Incident
from agentgov.report.incidents import span
from agentgov.report.moments import stamp

_MARKED = re.compile(r"(<!-- agentgov: ([a-z]+) -->\n)(.*?)(<!-- /agentgov -->\n)", re.DOTALL)
_CELL = str.maketrans({"|": "\\|", "\n": " ", "<": "&lt;", "\r": " "})
_MOST_MOMENTS = 500

_BODY = """
# {title}

{facts}
## What happened

_Three sentences that somebody understands who was not there: what users met with, since when, and what ended it._

## Impact

{impact}
_What the numbers do not say: who was harmed, what was promised, who has to be told._

## Timeline

{timeline}
## Contributing factors

_Not one root cause, and no names: what made it possible, what let it through, what made it last._

- **What changed** (release, model, tool, data, traffic):
- **Why review, evaluation and canary let it through**:
- **Why it was noticed when it was, and not before**:
- **What slowed people down**:

## What went well

_What worked, so that nobody takes it away by mistake._

## Actions

Actions stand in the front matter above, where `agentgov incident actions` reads them: each with an owner and a day. One
that is done says the day: `done: 2026-12-01`.
"""


@dataclass(frozen=True, slots=True)
class Findings:
    """What is known of an incident when its review is written. `impact` are lines of numbers."""

    incident: Incident
    times: Times
    moments: Sequence[Moment]
    impact: Sequence[str]
    without: Sequence[str] = ()


def write_review(found: Findings, existing: str | None) -> str:
    """The whole file; of one that is there only the generated parts change."""
    parts = {"facts": _facts(found), "impact": _impact(found), "timeline": _timeline(found)}
    if existing is not None:
        return _MARKED.sub(lambda one: f"{one[1]}{parts.get(one[2], one[3])}{one[4]}", existing)
    marked = {name: f"<!-- agentgov: {name} -->\n{text}<!-- /agentgov -->\n" for name, text in parts.items()}
    title = found.incident.title.translate(_CELL)
    return _front_matter(found.incident) + _BODY.format(title=title, **marked)


def _front_matter(incident: Incident) -> str:
    agents = "".join(f"  - {agent}\n" for agent in incident.agents)
    lead = f"lead: {incident.lead}\n" if incident.lead else ""
    return (
        f"---\nincident: {incident.id}\nseverity: {incident.severity}\nagents:\n{agents}{lead}"
        "# Each with an owner (a person or team:ID) and a day:\n"
        "#   - id: evaluate-refunds\n#     title: An evaluation that would have noticed\n"
        "#     owner: alice\n#     due: 2026-12-31\nactions: []\n---\n"
    )


def _facts(found: Findings) -> str:
    incident, times = found.incident, found.times
    rows = [
        ("incident", f"{incident.id}, severity {incident.severity}, {incident.state}"),
        ("agents", ", ".join(incident.agents)),
        ("lead", incident.lead or "nobody"),
        ("opened", f"{stamp(incident.opened.said_at // 1000)} by {incident.opened.by}"),
        ("time to detect", span(times.detect)),
        ("time to acknowledge", span(times.acknowledge)),
        ("time to mitigate", span(times.mitigate)),
        ("last instance heard", _heard(times)),
        ("time to resolve", span(times.resolve)),
    ]
    return _table(("", ""), rows)


def _heard(times: Times) -> str:
    """Until when an instance was seen on what is contained."""
    return f"not yet: {', '.join(times.waiting)}" if times.waiting else span(times.obeyed)


def _impact(found: Findings) -> str:
    lines = [f"- {line.translate(_CELL)}\n" for line in found.impact]
    lines += [f"- not known: {line.translate(_CELL)}\n" for line in found.without]
    return "".join(lines) or "- nothing was counted\n"


def _timeline(found: Findings) -> str:
    rows = [(stamp(one.at // 1000), one.who, _said(one), one.place) for one in found.moments[:_MOST_MOMENTS]]
    return _table(("UTC", "who", "what", "source"), rows)


def _said(moment: Moment) -> str:
    return f"{moment.what}: {moment.said}" if moment.said and len(moment.said) <= 300 else moment.what


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    cells = [head, ["---"] * len(head), *([cell.translate(_CELL) for cell in row] for row in rows)]
    return "".join(f"| {' | '.join(row)} |\n" for row in cells)
