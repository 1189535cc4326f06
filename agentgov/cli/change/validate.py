"""`agentgov validate`: everything that is wrong with a fleet, at once. Asks and prints; `validate.judge` decides."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agentgov.cli.options import repo_option, report_options, show, wants_source
from agentgov.cli.publish import ReportFile
from agentgov.cli.target import Place, Target, selected
from agentgov.errors import UsageError
from agentgov.model import guess
from agentgov.model.finding import Severity
from agentgov.model.partition import Whole
from agentgov.report.formats import FORMATS
from agentgov.report.page import Page, Span
from agentgov.validate.selection import is_reading

if TYPE_CHECKING:
    from agentgov.cli.change.answers import Answer
    from agentgov.report.findings import Report


@click.command()
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--rev", metavar="REV", help="Validate this revision (default: the working tree).")
@click.option("--staged", is_flag=True, help="Validate what is staged: the index, not the files.")
@click.option(
    "--changed",
    metavar="BASE...HEAD",
    help="Validate HEAD: what changed in it since it left BASE, and who is affected.",
)
@click.option("--fail-on", type=click.Choice(["error", "warning"]), default="error", help="What makes the exit code 1.")
@click.option("--select", multiple=True, metavar="CODE", help="Only findings of this code, or family such as schema.")
@click.option("--ignore", multiple=True, metavar="CODE", help="No findings of this code or family.")
@click.option("--show-suppressed", is_flag=True, help="Also list what marks in the files suppress, with the reasons.")
@click.option("--show-source/--no-show-source", default=None, help="Show the lines (default: on a terminal).")
@repo_option
@report_options(*FORMATS)
def validate(
    paths: tuple[str, ...],
    rev: str | None,
    staged: bool,
    changed: str | None,
    fail_on: str,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    show_suppressed: bool,
    show_source: bool | None,
    repo: str,
    output: str,
    reports: tuple[ReportFile, ...],
) -> int:
    """Check a fleet: schema, layout, references, limits, ownership, secrets.

    All findings come at once. With PATHs only those files, and the agents they belong to. `agentgov explain
    CODE` tells what a finding means. Exit 0: in order, 1: findings.
    """
    from agentgov.cli.change.findings import tell

    _known_codes((*select, *ignore))
    place = Place.around(Path(repo))
    target, found = _judged(place, paths, rev, staged, changed, is_reading(select))
    failing = frozenset(Severity) if fail_on == "warning" else frozenset({Severity.ERROR})
    forge = "github" in (output, *(one.format for one in reports))
    report = _report(place, target, found, lambda code: _wanted(code, select, ignore), failing, forge=forge)
    _note_ignored(target)
    tell(report, output, reports, source=wants_source(show_source), suppressed=show_suppressed)
    return 1 if report.failed else 0


def _judged(
    place: Place, paths: tuple[str, ...], rev: str | None, staged: bool, changed: str | None, reading: bool
) -> "tuple[Target, Answer]":
    """What was asked for, and everything that is wrong with it."""
    from agentgov.cli.change.judging import Judging, judged

    if changed is not None and rev is not None:
        raise UsageError("--changed names the revision to validate; leave --rev out")
    if staged and (rev is not None or changed is not None):
        raise UsageError("--staged looks at the index, --rev and --changed at commits; choose one")
    judging = Judging(lambda target: selected(place, target, paths), reading=reading)
    if rev is None and changed is None:
        return judged(judging, place, staged=staged)
    target = place.change(changed) if changed is not None else place.commit(str(rev))
    return target, judging.of(target)


def _report(
    place: Place,
    target: Target,
    found: "Answer",
    wanted: Callable[[str], bool],
    failing: frozenset[Severity],
    *,
    forge: bool,
) -> "Report":
    """What was found, of the codes that are wanted, as every format tells it; `forge`: GitHub asks what changed."""
    from agentgov.cli.change.findings import lines_between, read_from
    from agentgov.report.findings import Checked, Report

    whole = Whole(target.partition)
    changed, change = None, target if target.before is not None else _change_of_event(place) if forge else None
    if change is not None and change.before is not None and change.touched is not None:
        changed = lines_between(Whole(change.before), whole, change.touched)
    return Report(
        command="validate",
        findings=tuple(one for one in found.findings if wanted(one.code)),
        checked=Checked(found.agents, found.files, whole.name, whole.entries),
        suppressed=tuple(one for one in found.suppressed if wanted(one.finding.code)),
        failing=failing,
        inside=place.inside,
        changed=changed,
        read=read_from(whole),
    )


def _change_of_event(place: Place) -> Target | None:
    """The change that GitHub Actions runs for; None where there is none, or where this clone cannot tell."""
    from agentgov.cli.change.github_event import base_of_event
    from agentgov.errors import AgentgovError

    base = base_of_event()
    try:
        return place.change(f"{base}...HEAD") if base is not None else None
    except AgentgovError:
        return None


def _known_codes(codes: tuple[str, ...]) -> None:
    from agentgov.validate.codes import CODES

    families = {code.partition(".")[0] for code in CODES}
    for code in codes:
        if code not in CODES and code not in families:
            hint = guess.question(code, (*CODES, *families)) or "all of them: docs/findings/"
            raise UsageError(f"there is no finding {code}", hint)


def _wanted(code: str, select: tuple[str, ...], ignore: tuple[str, ...]) -> bool:
    names = {code, code.partition(".")[0]}
    return names.isdisjoint(ignore) and (not select or not names.isdisjoint(select))


def _note_ignored(target: Target) -> None:
    """Say which files git ignores that look as if they belonged to the fleet."""
    paths = [path for path in target.ignored if path.endswith((".yaml", ".yml", ".json", ".md", ".txt"))]
    if paths:
        more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
        text = f"git ignores {paths[0]}{more}, so nobody would get what is in there; git check-ignore -v tells why"
        show(Page().line(Span("note ", "warn"), text), err=True)
