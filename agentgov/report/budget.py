"""Budgets for people: a table of how full each bucket is. The values are those that a gate answers with."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from agentgov.model.units import format_money
from agentgov.report.page import Page, Span, Style

_WIDTH = 20  # characters of a bar
_NEARLY = 80  # percent


def budgets_page(budgets: Sequence[Mapping[str, Any]], *, alone: bool) -> Page:
    """Every budget with a limit, or money in it; workspaces and the fleet once. `alone`: of one agent, all of it."""
    rows: list[tuple[str | Span, ...]] = []
    for name, environment, currency, bar in _once(budgets):
        if alone or bar["limit"] is not None or bar["spent"] or bar["reserved"]:
            rows.append((name, environment, bar["window"], _filled(bar), *_amounts(bar, currency)))
    if not rows:
        return Page().line("no agent has a budget, or spent anything")
    return Page().table(("of", "in", "window", "", "spent", "set aside", "limit", "overrun"), rows)


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


def _amounts(bar: Mapping[str, Any], currency: str) -> tuple[str, ...]:
    def money(nano: int) -> str:
        return format_money(nano, currency).strip()

    limit = money(bar["limit"]) if bar["limit"] is not None else "none"
    return money(bar["spent"]), money(bar["reserved"]), limit, money(bar["overrun"]) if bar["overrun"] else ""


def _filled(bar: Mapping[str, Any]) -> Span:
    limit = bar["limit"]
    if limit is None:
        return Span("")
    used = bar["spent"] + bar["reserved"]
    percent = min(used * 100 // limit, 999) if limit else 100
    style: Style = "bad" if percent >= 100 else "warn" if percent >= _NEARLY else "good"
    full = min(percent * _WIDTH // 100, _WIDTH)
    return Span(f"{'#' * full}{'.' * (_WIDTH - full)} {percent}%", style)
