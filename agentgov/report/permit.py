"""Permits for people: one as a page with all that a decision rests on, many as a table, and how people decide.

The values are those that a gate answers with.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from agentgov.model.units import rough_duration
from agentgov.report.moments import stamp
from agentgov.report.page import Page, Span, Style

_STYLES: Mapping[str, Style] = {"pending": "warn", "approved": "good", "denied": "bad", "expired": "dim"}
_QUICK = 5  # seconds, as the gate counts them


def permits_page(permits: Sequence[Mapping[str, Any]], now: int) -> Page:
    """Permits as a table; `now` in epoch seconds."""
    header = ("id", "state", "agent", "in", "tool", "asked", "left")
    rows = [
        (
            str(one["id"]),
            _state(one),
            str(one["agent"]),
            str(one["environment"]),
            str(one["tool"]),
            _at(one["asked"]),
            _left(one, now),
        )
        for one in permits
    ]
    return Page().table(header, rows)


def permit_page(permit: Mapping[str, Any], now: int) -> Page:
    """One permit: what is asked for, of whom, and what was said."""
    page = Page().line(Span(f"permit {permit['id']}  ", "bold"), _state(permit))
    agent, environment = permit["agent"], permit["environment"]
    page.line(f"  {agent} in {environment} wants to use ", Span(str(permit["tool"]), "accent"))
    if permit["subject"]:
        page.line(f"  for {permit['subject']}")
    for name, value in (permit["show"] or {}).items():
        page.line(f"  {name}: {json.dumps(value, ensure_ascii=False)}")
    page.line(Span(f"  {permit['release']}, asked {_at(permit['asked'])}{_until(permit, now)}", "dim"))
    if permit["needs"]:
        page.line("  it takes ", " and ".join(_question(one) for one in permit["needs"]["questions"]))
    for voice in permit["voices"]:
        said = f": {voice['reason']}" if voice["reason"] else ""
        style: Style = "good" if voice["decision"] == "approve" else "bad"
        page.line("  ", Span(f"{voice['person']} said {voice['decision']}", style), f" {_at(voice['at'])}{said}")
    for one in permit["missing"]:
        page.line("  still missing: ", _question(one))
    if permit["may"]:
        page.line(f"  you may decide: agentgov action approve|deny {permit['id']}")
    return page


def habits_page(people: Sequence[Mapping[str, Any]], days: int) -> Page:
    """How each person decides."""
    if not people:
        return Page().line(f"nobody decided anything in {days} days")
    header = ("person", "decided", "approved", "median", f"under {_QUICK}s", "without looking")
    rows = [
        (
            str(one["person"]),
            str(one["decisions"]),
            f"{one['shareApproved']:.0%}",
            "" if one["medianSeconds"] is None else f"{one['medianSeconds']:.1f}s",
            Span(f"{one['shareQuick']:.0%}", "warn" if one["shareQuick"] > 0.5 else "plain"),
            str(one["unseen"]),
        )
        for one in people
    ]
    return Page().table(header, rows)


def _state(permit: Mapping[str, Any]) -> Span:
    return Span(str(permit["state"]), _STYLES.get(str(permit["state"]), "plain"))


def _question(question: Mapping[str, Any]) -> str:
    return f"{question['count']} of {', '.join(question['who'])}"


def _at(milliseconds: int) -> str:
    return stamp(milliseconds // 1000)


def _left(permit: Mapping[str, Any], now: int) -> str:
    return rough_duration(permit["expires"] // 1000 - now) if permit["state"] in ("pending", "approved") else ""


def _until(permit: Mapping[str, Any], now: int) -> str:
    left = _left(permit, now)
    return f", {left} left" if left else ""
