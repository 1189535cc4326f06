"""Budgets for people: how full each bucket is, how fast it goes, and when it is gone; what agents of a label cost.

The values are those that a gate answers with.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from agentgov.model.units import format_money
from agentgov.report.page import Page, Span, Style

_WIDTH = 20  # characters of a bar
_NEARLY = 80  # percent
_CENT = 10_000_000
_PLAIN: Style = "plain"
_HEADER = ("of", "in", "window", "", "spent", "set aside", "limit", "an hour", "")


def budgets_page(budgets: Sequence[Mapping[str, Any]], *, alone: bool) -> Page:
    """Every budget with a limit, or money in it; workspaces and the fleet once. `alone`: of one agent, all of it."""
    rows: list[tuple[str | Span, ...]] = []
    for name, environment, currency, bar in _once(budgets):
        if alone or bar["limit"] is not None or bar["spent"] or bar["reserved"]:
            rows.append(
                (name, environment, bar["window"], _filled(bar), *_amounts(bar, currency), _outlook(bar, currency))
            )
    page = Page()
    for one in budgets:
        if one["refused"]:
            page.line(Span(f"{one['agent']} in {one['environment']} gets nothing: ", "bad"), one["refused"])
    if not rows:
        return page.line("no agent has a budget, or spent anything")
    return page.table(_HEADER, rows)


def labels_page(budgets: Sequence[Mapping[str, Any]], label: str) -> Page:
    """What agents with each value of a label have spent and set aside, today and this month."""
    sums: dict[tuple[str, str], dict[str, int]] = {}
    for one in budgets:
        value = one["labels"].get(label, "")
        for bar in one["bars"]:
            if bar["scope"] == "agent" and bar["window"] in ("day", "month"):
                into = sums.setdefault((value, one["currency"]), {"day": 0, "month": 0})
                into[bar["window"]] += bar["spent"] + bar["reserved"]
    rows: list[tuple[str | Span, ...]] = []
    for value, currency in sorted(sums):
        amounts = (_money(sums[value, currency][window], currency) for window in ("day", "month"))
        rows.append((Span(value or "none", "plain" if value else "dim"), *amounts))
    return Page().table((label, "today", "this month"), rows) if rows else Page()


def spent_page(spending: Sequence[Mapping[str, Any]], said: str) -> Page:
    """What was spent for each purpose, or about a subject, by each agent."""
    if not spending:
        return Page().line(f"nothing was booked {said}")
    rows: list[tuple[str | Span, ...]] = []
    for one in spending:
        amounts = (_money(one[window], one["currency"]) for window in ("today", "month", "total"))
        rows.append((one["purpose"], one["agent"], one["environment"], *amounts, f"{one['reservations']:,}"))
    header: tuple[str, ...] = ("purpose", "agent", "in", "today", "this month", "in 430 days", "reservations")
    if not any(one["purpose"] for one in spending):
        header, rows = header[1:], [row[1:] for row in rows]
    return Page().table(header, rows)


def _once(budgets: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str, str, Mapping[str, Any]]]:
    """Each bucket once, under the name of what it belongs to; agents before what they belong to."""
    seen: set[str] = set()
    for wide in (False, True):
        for one in budgets:
            for bar in one["bars"]:
                if (bar["scope"] != "agent") == wide and bar["bucket"] not in seen:
                    seen.add(bar["bucket"])
                    yield *_named(one, bar), one["currency"], bar


def _named(one: Mapping[str, Any], bar: Mapping[str, Any]) -> tuple[str, str]:
    if bar["scope"] == "agent":
        return str(one["agent"]), str(one["environment"])
    return (str(one["agent"]).partition("/")[0] if bar["scope"] == "workspace" else "the fleet"), "all"


def _amounts(bar: Mapping[str, Any], currency: str) -> tuple[str | Span, ...]:
    limit = _money(bar["limit"], currency) if bar["limit"] is not None else "none"
    told = limit if bar["enforced"] or bar["limit"] is None else Span(f"{limit} (told)", "warn")
    rate = _money(-(-bar["per_hour"] // _CENT) * _CENT, currency) if bar["per_hour"] else ""
    return _money(bar["spent"], currency), _money(bar["reserved"], currency), told, rate


def _outlook(bar: Mapping[str, Any], currency: str) -> Span:
    """What there is to say of a budget beside its numbers."""
    said, style = list[str](), _PLAIN
    if bar["limit"] is not None and bar["runs_out"] is not None:
        gone = bar["spent"] + bar["reserved"] >= bar["limit"]
        most = f"comes to {bar['comes_to'] * 100 / bar['limit']:.3g}%, and ends" if bar.get("comes_to") else "ends"
        said.append("nothing left" if gone else f"at this rate it {most} {_moment(bar)}")
        style = "bad" if gone else "warn"
    if bar["overrun"]:
        said.append(f"overrun {_money(bar['overrun'], currency)}")
    return Span("; ".join(said), style)


def _moment(bar: Mapping[str, Any]) -> str:
    """When it runs out, on the wall of its zone."""
    try:
        zone: ZoneInfo | Any = ZoneInfo(bar["zone"])
    except (ZoneInfoNotFoundError, ValueError, OSError):
        zone = UTC
    at = datetime.fromtimestamp(bar["runs_out"] / 1000, UTC).astimezone(zone)
    form = "at %H:%M" if bar["window"] == "day" else "on %Y-%m-%d at %H:%M"
    return f"{at.strftime(form)} {bar['zone']}"


def _money(nano: int, currency: str) -> str:
    return format_money(nano, currency).strip()


def _filled(bar: Mapping[str, Any]) -> Span:
    limit = bar["limit"]
    if limit is None:
        return Span("")
    used = bar["spent"] + bar["reserved"]
    percent = min(used * 100 // limit, 999) if limit else 100
    style: Style = "bad" if percent >= 100 else "warn" if percent >= _NEARLY else "good"
    full = min(percent * _WIDTH // 100, _WIDTH)
    return Span(f"{'#' * full}{'.' * (_WIDTH - full)} {percent}%", style)
