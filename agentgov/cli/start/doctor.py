"""`agentgov doctor`: is this machine and this fleet set up right, and what to do about it."""

import textwrap
from collections.abc import Iterable, Mapping
from typing import Any

import click

from agentgov.cli.options import answer, format_option, repo_option, store_option
from agentgov.cli.start.doctor_check import Check, State
from agentgov.cli.start.doctor_groups import GROUPS, Asked, Group, examine
from agentgov.report.page import Page, Span, Style

_LOOKS: dict[State, Style] = {"good": "good", "warn": "warn", "bad": "bad", "skipped": "dim"}
_WORST: tuple[State, ...] = ("bad", "warn", "good", "skipped")
_WIDTH = 100
_MARGIN = 19  # before a text: its state, and its group
_SHOWN = 3  # checks of one rule that are told one by one

Grouped = Mapping[Group, list[Check]]


@click.command()
@click.option("--fetch/--no-fetch", default=True, help="Ask the remote and the gate too (default).")
@click.option(
    "--only", "groups", multiple=True, type=click.Choice(GROUPS), metavar="GROUP", help="Only this group; repeatable."
)
@store_option
@repo_option
@format_option()
def doctor(fetch: bool, groups: tuple[str, ...], store: str | None, repo: str, output: str) -> int:
    """Look at everything that must be right: this machine and its key, journal, people, clocks, gate, store, alert
    routes, playbooks, drills, retention, and what was begun and not ended.

    Every problem comes with the command that mends it. Exit 1 if there is one. Groups: machine, signing, journal,
    people, owners, clocks, gate, store, routes, leases, playbooks, drills, retention, open (docs/doctor.md).
    """
    found = grouped(examine(repo, Asked(groups, fetch, store)))
    bad = any(check.state == "bad" for checks in found.values() for check in checks)
    answer(output, page_of(found), _document(found, healthy=not bad))
    return 1 if bad else 0


def page_of(found: Grouped) -> Page:
    """What people read: group by group, and a last line with how it is on the whole."""
    page, checks = Page(), [check for group in found.values() for check in group]
    for group, those in found.items():
        _tell(page, group, those)
    bad, warned = (sum(check.state == state for check in checks) for state in ("bad", "warn"))
    looked = any(check.state != "skipped" for check in checks)
    return page.line(_summary(bad, warned) if looked else "nothing was looked at")


def grouped(found: Iterable[tuple[Group, Check]]) -> dict[Group, list[Check]]:
    """The checks by group, in the order of the groups; without groups of which nothing is said."""
    all_: dict[Group, list[Check]] = {group: [] for group in GROUPS}
    for group, check in found:
        all_[group].append(check)
    return {group: checks for group, checks in all_.items() if checks}


def _tell(page: Page, group: Group, checks: list[Check]) -> None:
    """What is fine in one line, then each problem with what mends it; of many alike, the first few."""
    name: str = group
    for state in ("good", "skipped"):
        words = "; ".join(one.message for one in checks if one.state == state)
        if words:
            _row(page, state, name, words)
            name = ""
        for one in checks if state == "skipped" else ():
            if one.state == state and one.fix:
                _mend(page, one)
    told: dict[str, int] = {}
    for one in sorted((one for one in checks if one.state in ("warn", "bad")), key=lambda one: one.state != "bad"):
        told[one.rule] = told.get(one.rule, 0) + 1
        if told[one.rule] <= _SHOWN:
            _row(page, one.state, name, one.message)
            _mend(page, one)
            name = ""
    more = sum(max(0, many - _SHOWN) for many in told.values())
    if more:
        page.line(" " * _MARGIN, Span(f"and {more} more of the kind: agentgov doctor --only {group} --json", "dim"))


def _row(page: Page, state: State, name: str, text: str) -> None:
    first, *rest = textwrap.wrap(text, _WIDTH - _MARGIN, break_long_words=False, break_on_hyphens=False) or [""]
    page.line(Span(f"{state:<8}", _LOOKS[state]), Span(f"{name:<11}", "bold"), first)
    for line in rest:
        page.line(" " * _MARGIN, line)


def _mend(page: Page, check: Check) -> None:
    """The fix stands on a line of its own, to be copied whole."""
    page.line(" " * _MARGIN, Span(f"fix: {check.fix}", "accent"))
    for line in textwrap.wrap(check.note, _WIDTH - _MARGIN - 5):
        page.line(" " * (_MARGIN + 5), Span(line, "dim"))


def _summary(bad: int, warned: int) -> str:
    if not bad and not warned:
        return "everything is in order"
    problems = f"{bad} problem{'s' if bad != 1 else ''}" if bad else "no problem"
    return f"{problems}, {warned} thing{'s' if warned != 1 else ''} to think about" if warned else problems


def _document(found: Grouped, *, healthy: bool) -> dict[str, Any]:
    return {
        "schema": "agentgov.doctor/1",
        "healthy": healthy,
        "groups": [{"group": group, "state": _worst(checks)} for group, checks in found.items()],
        "checks": [
            {
                "group": group,
                "rule": one.rule,
                "state": one.state,
                "message": one.message,
                "fix": one.fix,
                "note": one.note,
            }
            for group, checks in found.items()
            for one in checks
        ],
    }


def _worst(checks: list[Check]) -> State:
    return min((one.state for one in checks), key=_WORST.index)
