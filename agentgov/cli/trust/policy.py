"""`agentgov policy`: try rules on what has been, before they decide what will be."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from agentgov.cli.options import answer, format_option, repo_option
from agentgov.errors import IncompleteError

if TYPE_CHECKING:
    from agentgov.journal.rejudge import Differing, Rejudged
    from agentgov.report.page import Page, Style

_MOST_PATHS = 10  # shown of one change; JSON lists all


@click.group()
def policy() -> None:
    """The rules of the fleet: what another set of them would have decided."""


@policy.command()
@click.option("-n", "--last", type=click.IntRange(1), default=20, show_default=True, help="How many changes of main.")
@click.option("--rev", metavar="REV", help="Rules as they stand at a revision (default: in the working tree).")
@repo_option
@format_option()
def replay(last: int, rev: str | None, repo: str, output: str) -> int:
    """Judge the last changes of main again, by the governance that lies here.

    Each is judged as it was when the journal took it over or left it pending: the same contents, the same reviews, the
    same day. Only the rules, owners and people are those of the working tree, or of REV. Exit 0 where every verdict is
    the same, 1 where some differ, 3 where some could not be judged.
    """
    from agentgov.cli.context import open_context
    from agentgov.cli.governance import read_governance
    from agentgov.journal.rejudge import past_changes, rejudged
    from agentgov.trust.identity import Directory

    context = open_context(repo)
    source, view = read_governance(repo, rev), context.view()
    directory = Directory(source.governance.access)
    found = [rejudged(change, source.governance, directory) for change in past_changes(view, last)]
    answer(output, _page(found, source.snapshot.name), _document(found, source.snapshot.name))
    if any(one.differing for one in found):
        return 1
    return IncompleteError.exit_code if any(one.problem for one in found) else 0


def _page(found: "Sequence[Rejudged]", name: str) -> "Page":
    from agentgov.report.moments import stamp
    from agentgov.report.page import Page, Span

    page = Page()
    for one in found:
        if not one.differing and not one.problem:
            continue
        change = one.change
        page.line(Span(f"act {change.seq}", "bold"), f"  main {change.main[:9]}, {stamp(change.time)}")
        if one.problem:
            page.line("  ", Span("cannot be judged ", "warn"), one.problem)
        for path in one.differing[:_MOST_PATHS]:
            page.line(*_told(path))
        if len(one.differing) > _MOST_PATHS:
            page.line(Span(f"  and {len(one.differing) - _MOST_PATHS} more paths: --json lists them all", "dim"))
    count, differing, unjudged = _summary(found).values()
    changes = f"{count} change{'s' if count != 1 else ''} of main judged again by the governance of {name}"
    more = f", {unjudged} could not be judged" if unjudged else ""
    return page.line(f"{changes}: {differing or 'none'} would have gone otherwise{more}")


def _told(path: "Differing") -> tuple[Any, ...]:
    from agentgov.report.page import Span

    style: Style = "good" if path.now.state == "pass" else "bad"
    reason = f": {path.now.message}" if path.now.state != "pass" else ""
    states = f" {path.then.state} then, "
    return f"  {path.now.change.path}", Span(states, "dim"), Span(f"{path.now.state} now", style), reason


def _summary(found: "Sequence[Rejudged]") -> dict[str, int]:
    return {
        "changes": len(found),
        "differing": sum(bool(one.differing) for one in found),
        "unjudged": sum(bool(one.problem) for one in found),
    }


def _document(found: "Sequence[Rejudged]", name: str) -> dict[str, Any]:
    return {
        "schema": "agentgov.policy-replay/1",
        "governance": name,
        "changes": [
            {
                "seq": one.change.seq,
                "commit": one.change.commit,
                "main": one.change.main,
                "time": one.change.time,
                "problem": one.problem or None,
                "paths": [
                    {
                        "path": path.now.change.path,
                        "then": path.then.state,
                        "now": path.now.state,
                        "message": path.now.message,
                    }
                    for path in one.differing
                ],
            }
            for one in found
        ],
        "summary": _summary(found),
    }
