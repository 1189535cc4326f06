"""A rollback as people read it before it is done, and as documents carry it. Decides nothing."""

from collections.abc import Iterator
from typing import Any

from agentgov.model.transitions import is_ramping
from agentgov.model.units import format_share
from agentgov.release.returning import Content, Returning
from agentgov.report.moments import age, stamp
from agentgov.report.page import Page, Span


def rollback_page(one: Returning, content: Content) -> Page:
    """What would happen: where to, what goes, what today's rules deny, who has to sign."""
    title = f"{one.agent} in production: {_version(one.leaves.name)} -> {_version(one.target.name)}"
    page = Page().line(Span(title, "bold"))
    if one.changes_nothing:
        return page.line("  production has left that release already: nothing changes")
    for line in _effects(one):
        page.line(f"  {line}")
    page.line("  content: ", content.summary or Span(f"cannot be told: {content.unknown}", "warn"))
    for finding in content.denied:
        page.line(Span("  today's rules deny ", "bad"), finding)
    if one.refusal is not None:
        page.line(Span("  two people " if one.takes_two else "  refused ", "bad"), one.refusal.message)
    return page


def denied_lines(content: Content) -> tuple[str, ...]:
    """What today's rules say against the content that production returned to, for people."""
    if content.unknown:
        return (f"whether today's rules deny something of it cannot be told: {content.unknown}",)
    return tuple(f"today's rules deny {finding}" for finding in content.denied)


def rollback_json(one: Returning, content: Content) -> dict[str, Any]:
    """The same as a document carries it."""
    canary = one.before.canary
    return {
        "agent": str(one.agent),
        "leaves": one.leaves.name,
        "target": one.target.name,
        "lastRan": one.last_ran,
        "marksBad": [each for each in one.after.bad if each not in one.before.bad],
        "canaryGone": {"tag": canary.release, "share": canary.share / 100_000} if _takes_canary(one) else None,
        "setsHold": one.after.hold is not None and one.after.hold != one.before.hold,
        "changesNothing": one.changes_nothing,
        "content": content.summary or None,
        "denied": list(content.denied),
        "unknown": content.unknown or None,
        "people": 2 if one.takes_two else 1,
        "refused": {"code": one.refusal.code, "message": one.refusal.message} if one.refusal is not None else None,
    }


def _effects(one: Returning) -> Iterator[str]:
    ran = one.last_ran
    ago = f"{age(one.time - ran)} ago, until {stamp(ran)}" if ran is not None else "never"
    yield f"{_version(one.target.name)} last ran there: {ago}"
    if one.refusal is not None and not one.takes_two:
        return
    yield f"{_version(one.leaves.name)} is marked bad and never returns by itself"
    if _takes_canary(one):
        yield f"the canary goes, with {format_share(one.before.canary.share)} of the traffic"
    yield f"a hold is set; when it is fixed: agentgov hold {one.agent} --lift"


def _takes_canary(one: Returning) -> bool:
    return is_ramping(one.before)


def _version(name: str) -> str:
    return name.rpartition("/")[2]
