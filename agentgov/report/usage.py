"""What agents used, for people: one line for each agent, or for each model, tool and release of one."""

from collections.abc import Mapping, Sequence
from typing import Any

from agentgov.model.units import format_money
from agentgov.report.moments import stamp
from agentgov.report.page import Page, Span

_WHY = {
    "unregistered": "is no agent of this fleet: what it sends is refused",
    "unpriced": "has no price in governance/prices.yaml: what it costs is not known",
    "undeclared-model": "is no model that the release names",
}


def usage_page(found: Mapping[str, Any], *, alone: bool) -> Page:
    """The sums of a period, and what was counted aside in it."""
    page = Page().line(Span(f"{stamp(found['since'] // 1000)} to {stamp(found['until'] // 1000)}", "dim"))
    rows = [row for one in found["usage"] for row in (_lines(one) if alone else [_agent(one)])]
    if rows:
        page.table(_HEAD_ALONE if alone else _HEAD, rows)
    else:
        page.line("no agent told of its work: agent.trace() does, or any exporter of traces (docs/telemetry.md)")
        page.line(Span("what was booked, whoever told of it: agentgov budget show", "dim"))
    if alone:
        for one in found["usage"]:
            page.line(f"{one['environment']}: {_sessions(one)}")
    for one in found["quarantine"]:
        subject = one["subject"] or one["agent"]
        text = f"{subject} {_WHY.get(one['reason'], one['reason'])}"
        page.line(Span("aside  ", "warn"), f"{one['agent']} in {one['environment']}: {text} ({one['spans']:,} spans)")
    if any(_least(line) for one in found["usage"] for line in one["totals"]):
        page.line(Span("+ at least so much: some calls told no tokens, have no price, or stand for others", "dim"))
    return page


_HEAD = ("agent", "in", "sessions", "calls", "errors", "tools", "in tokens", "out tokens", "cost")
_HEAD_ALONE = ("what", "in", "release", "calls", "errors", "in tokens", "cached", "out tokens", "cost", "p50", "p95")


def _agent(one: Mapping[str, Any]) -> tuple[str | Span, ...]:
    models = [line for line in one["totals"] if line["kind"] == "model"]
    tools = sum(line["calls"] for line in one["totals"] if line["kind"] == "tool")
    calls, errors, tokens, out = (sum(line[name] for line in models) for name in ("calls", "errors", "input", "output"))
    return (
        *(one["agent"], one["environment"], f"{one['sessions']:,}", f"{calls:,}"),
        *(_errors(errors), f"{tools:,}", f"{tokens:,}", f"{out:,}", _cost(models)),
    )


def _lines(one: Mapping[str, Any]) -> list[tuple[str | Span, ...]]:
    return [
        (
            *(f"{line['kind']} {line['name']}", one["environment"], _release(line), f"{line['calls']:,}"),
            *(_errors(line["errors"]), f"{line['input']:,}", f"{line['cached']:,}", f"{line['output']:,}"),
            *(_cost([line]) if line["kind"] == "model" else "", _ms(line["p50"]), _ms(line["p95"])),
        )
        for line in one["lines"]
    ]


def _release(line: Mapping[str, Any]) -> str:
    return f"{line['variant'] or 'some'} {line['closure'][:12]}" if line["closure"] else "not said"


def _sessions(one: Mapping[str, Any]) -> str:
    bad = ", ".join(f"{number:,} bad by {metric}" for metric, number in sorted(one["bad"].items()) if number)
    return f"{one['sessions']:,} sessions" + (f", {bad}" if bad else "")


def _errors(number: int) -> str | Span:
    return Span(f"{number:,}", "bad") if number else "0"


def _cost(lines: Sequence[Mapping[str, Any]]) -> str:
    """Money by currency; a plus where it is the least that it can be."""
    money = [format_money(line["cost"], line["currency"]) for line in lines if line["currency"]]
    least = any(_least(line) for line in lines)
    return " and ".join(money or ["unknown" if least else ""]) + ("+" if least and money else "")


def _least(line: Mapping[str, Any]) -> bool:
    return bool(line["unmeasured"] or line["unpriced"] or line["sampled"])


def _ms(number: int | None) -> str:
    return "" if number is None else f"{number / 1000:g} s" if number >= 1000 else f"{number} ms"
