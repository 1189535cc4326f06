"""Alerts for people: those that stand as a table, one with all that is known of it and who was told, routes, silences.

The values are those that a gate answers with; its moments are epoch milliseconds.
"""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from agentgov.model.units import format_duration
from agentgov.report.moments import age, stamp
from agentgov.report.page import Page, Part, Span, Style

_STATES: Mapping[str, Style] = {
    "delivered": "good",
    "queued": "warn",
    "active": "good",
    "pending": "warn",
    "refused": "bad",
    "dead": "bad",
    "expired": "dim",
    "lifted": "dim",
}
Values = Mapping[str, Any]
_WIDTH = 80
_IN = " " * 7  # behind the column of the severity


def alerts_page(alerts: Sequence[Values], now: int) -> Page:
    """Alerts, each in three parts: what stands where, in its own words, and the fingerprint by which commands name it,
    which is too long for a column; `now` in epoch seconds."""
    page = Page()
    for one in alerts:
        _standing(page, one, now)
    return page if alerts else page.line("no alert stands")


def alert_page(found: Values, now: int) -> Page:
    """One alert: what is the matter, who takes care of it, what was done, who was told on which route."""
    one, page = found["alert"], Page()
    if one is None:
        page.line("no alert of this rule about this agent ever began")
        if not found["now"]:
            page.line(Span("  nothing that this rule looks at was heard of it: docs/telemetry.md", "dim"))
        return _now(page, found["now"])
    page.line(Span(f"{one['labels']['alertname']}  ", "bold"), _state(one), f"  {one['fingerprint']}")
    page.line(f"  {one['summary']}")
    for name, text in _facts(one, now):
        page.line(Span(f"  {name}: ", "dim"), text)
    for act in found["acts"]:
        page.line(f"  {act['act']}: ", Span(str(act["state"]), "good" if act["state"] == "done" else "warn"))
        see = f": agentgov incident show {act['ref']}" if act["act"] == "incident" and act["ref"] else ""
        page.line(Span(f"    {act['said'] or 'it is to be done'}{see}", "dim"))
    if one["muted"]:
        page.line(Span("  nobody is told: ", "warn"), str(one["muted"]))
    if not found["routes"]:
        page.line(Span("  there is no route, so nobody is told: governance/alerts.yaml", "warn"))
    for route in found["routes"]:
        _route(page, route, now)
    return _now(page, found.get("now", ()))


def _now(page: Page, seen: Sequence[Values]) -> Page:
    """What the rule of an alert sees now, and what holds it back."""
    for one in seen:
        page.line(Span(f"  now in {one['environment']}: ", "dim"), f"{one['state']}, {one['says']}")
        if one["heldBy"]:
            page.line(Span(f"    held back: {one['heldBy']}", "dim"))
    return page


def routes_page(routes: Sequence[Values], now: int) -> Page:
    """The ways to people, and whether they work."""
    if not routes:
        return Page().line("there is no route: nobody is told of anything (governance/alerts.yaml)")
    header = ("route", "to", "by", "wait", "interval", "repeat", "delivered", "tested", "state")
    return Page().table(header, [_way(one, now) for one in routes])


def silences_page(silences: Sequence[Values]) -> Page:
    """Silences, newest first."""
    if not silences:
        return Page().line("there is no silence")
    rows = [
        (
            str(one["id"]),
            Span(str(one["state"]), _STATES[one["state"]]),
            " ".join(one["matchers"]),
            _at(one["until"]),
            str(one["by"]),
            str(one["reason"]),
        )
        for one in silences
    ]
    return Page().table(("id", "state", "matchers", "until", "by", "why"), rows)


def delivery_page(route: str, delivery: Values) -> Page:
    """How a test went."""
    state = str(delivery["state"])
    page = Page().line(Span(f"{state} ", _STATES.get(state, "plain")), f"test on route {route}")
    for one in delivery["attempts"]:
        page.line(Span(f"  attempt {one['attempt']} {_at(one['at'])}: {_answer(one)}", "dim"))
    return page


def _standing(page: Page, one: Values, now: int) -> None:
    labels, severity = one["labels"], str(one["severity"])
    agent, since = labels.get("agent"), age(now - one["starts"] // 1000)
    page.line(
        Span(f"{severity:<7}", "bad" if severity == "page" else "warn"),
        Span(str(labels["alertname"]), "bold"),
        f"  {f'{agent}  ' if agent else ''}{since}  ",
        _state(one),
    )
    lines = textwrap.wrap(str(one["summary"]), _WIDTH - len(_IN), break_long_words=False, break_on_hyphens=False)
    for line in lines:
        page.line(f"{_IN}{line}")
    page.line(Span(f"{_IN}{one['fingerprint']}", "dim"))


def _state(one: Values) -> Span:
    if one["state"] == "resolved":
        return Span("over", "dim")
    if one["acknowledged"]:
        return Span(f"acknowledged by {one['acknowledgedBy']}", "good")
    return Span("quiet", "dim") if one["muted"] else Span("firing", "bad")


def _facts(one: Values, now: int) -> list[tuple[str, str]]:
    labels = {name: text for name, text in one["labels"].items() if name not in ("alertname", "fleet", "severity")}
    known = (
        ("severity", one["severity"]),
        *labels.items(),
        ("observed", one["observed"]),
        ("baseline", one["baseline"]),
        ("events", one["count"] or None),
        ("release", one["release"]),
        ("since", f"{_at(one['starts'])} ({age(now - one['starts'] // 1000)})"),
        ("over since", _at(one["resolved"]) if one["resolved"] else None),
        ("ended by", one["resolvedBy"]),
        ("acknowledged", f"{_at(one['acknowledged'])} by {one['acknowledgedBy']}" if one["acknowledged"] else None),
        ("rule", one["rule"]),
        ("next", one["next"]),
    )
    return [
        (name, f"{text:g}" if isinstance(text, float) else str(text)) for name, text in known if text not in (None, "")
    ]


def _route(page: Page, route: Values, now: int) -> None:
    next_ = f"; next message in {format_duration(max(route['next'] // 1000 - now, 0))}" if route["next"] else ""
    page.line(f"  route {route['route']}: ", Span(route["said"] + next_, "plain" if route["takes"] else "dim"))
    for one in route["deliveries"]:
        state = str(one["state"])
        page.line(f"    {one['kind']} {_at(one['created'])} ", Span(state, _STATES.get(state, "plain")))
        for attempt in one["attempts"]:
            page.line(Span(f"      attempt {attempt['attempt']} {_at(attempt['at'])}: {_answer(attempt)}", "dim"))


def _way(one: Values, now: int) -> tuple[Part, ...]:
    state = Span(f"dead since {_at(one['dead'])}: {one['said']}", "bad") if one["dead"] else Span("", "plain")
    times = [format_duration(one[name]) for name in ("wait", "interval")]
    return (
        str(one["name"]),
        str(one["to"]),
        " ".join(one["groupBy"]) or "-",
        *times,
        format_duration(one["repeat"]) if one["repeat"] else "never",
        _ago(one["delivered"], now),
        _ago(one["tested"], now),
        state if one["dead"] or one["tested"] else Span("never tested", "warn"),
    )


def _answer(attempt: Values) -> str:
    return str(attempt["said"]) or f"taken ({attempt['status']}, {attempt['took']} ms)"


def _ago(ms: int, now: int) -> str:
    return f"{age(now - ms // 1000)} ago" if ms else "never"


def _at(ms: int) -> str:
    return stamp(ms // 1000)
