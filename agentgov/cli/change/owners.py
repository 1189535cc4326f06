"""`agentgov owners`: who owns which path, and by which line; `owners.codeowners` decides. With `--lint`, what is wrong.

Works in any git repository, a fleet or not, and in any folder below a CODEOWNERS file. Paths need not exist.
"""

from typing import TYPE_CHECKING

import click

from agentgov.cli.change.sources import Place, Source, around, read_codeowners
from agentgov.cli.options import answer, repo_option, report_options, show, wants_source
from agentgov.cli.publish import ReportFile
from agentgov.errors import UsageError
from agentgov.owners.codeowners import Codeowners, Dialect, Match, Rule, SectionMatch, match, places
from agentgov.owners.gitlab import DEFAULT_SECTION
from agentgov.report.formats import FORMATS

if TYPE_CHECKING:
    from agentgov.repo.repository import Repository
    from agentgov.report.page import Page, Span


@click.command()
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option(
    "--changed", metavar="BASE...HEAD", help="What changed since HEAD left BASE, judged by BASE's CODEOWNERS."
)
@click.option("--agent", metavar="ID", help="The files of one agent.")
@click.option("--unowned", is_flag=True, help="Only paths that nobody owns.")
@click.option("--at", "rev", metavar="REV", help="Files and CODEOWNERS of this revision (default: the working tree).")
@click.option("--dialect", type=click.Choice(["github", "gitlab"]), help="Overrides what the repository says.")
@click.option("--lint", is_flag=True, help="Check the file itself: lines without effect, or with another than meant.")
@click.option("--select", multiple=True, metavar="CODE", help="With --lint: only findings of this code or family.")
@click.option("--ignore", multiple=True, metavar="CODE", help="With --lint: no findings of this code or family.")
@repo_option
@report_options(*FORMATS)
def owners(
    paths: tuple[str, ...],
    changed: str | None,
    agent: str | None,
    unowned: bool,
    rev: str | None,
    dialect: Dialect | None,
    lint: bool,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    repo: str,
    output: str,
    reports: tuple[ReportFile, ...],
) -> int:
    """Owners of each PATH and the line that names them.

    A folder stands for its files, no PATH for all files of the repository. Paths are relative to --repo, by default to
    the working directory, and need not exist. Exit 0 whether or not the paths are owned; with --lint, 1 when there
    are findings.
    """
    place = around(repo)
    if lint:
        from agentgov.cli.change.findings import tell
        from agentgov.cli.change.owners_lint import linted

        if paths or changed or agent or unowned:
            raise UsageError("--lint looks at the whole file", "leave PATHs, --changed, --agent and --unowned out")
        report = linted(place.source(rev), dialect, select, ignore)
        tell(report, output, reports, source=wants_source(None))
        return 1 if report.findings else 0
    if select or ignore or reports or output not in ("text", "json"):
        raise UsageError("--select, --ignore, --report and other formats than text and json go with --lint")
    source, wanted = _asked(place, paths, changed, agent, rev)
    codeowners = read_codeowners(source, dialect)
    found = {path: match(codeowners, path) for path in wanted}
    if unowned:
        found = {path: result for path, result in found.items() if not result.owners}
    if output == "text":
        show(_remarks(codeowners), err=True)
    answer(output, _page(found, codeowners, unowned), _document(found, codeowners))
    return 0


def _asked(
    place: Place, paths: tuple[str, ...], changed: str | None, agent: str | None, rev: str | None
) -> tuple[Source, list[str]]:
    """Where to read CODEOWNERS, and the paths that are asked about."""
    scope = [place.relative(path) for path in paths] + ([_agent_folder(agent)] if agent else [])
    source = place.source(rev)
    if changed is None:
        return source, [path for part in scope or [""] for path in source.expand(part)]
    base, touched = _changed(place.repository(), changed)
    wanted = [path for path in touched if not scope or any(_inside(path, part) for part in scope)]
    return source if rev else place.source(base), wanted


def _agent_folder(text: str) -> str:
    from agentgov.cli import parameters

    return f"{parameters.agent(text).folder}/"  # a folder also where it does not exist yet


def _changed(repo: "Repository", text: str) -> tuple[str, list[str]]:
    """The commit of BASE, and the paths that differ between where HEAD left it and HEAD, both sides of a move."""
    from agentgov.repo.changes import changed_paths

    base_name, dots, head_name = text.partition("...")
    if not dots or not base_name:
        raise UsageError(f"--changed {text} names no change", "write it as BASE...HEAD, for example main...HEAD")
    base, head = repo.resolve(base_name), repo.resolve(head_name or "HEAD")
    fork = repo.merge_base(base, head)
    if fork is None:
        raise UsageError(f"{base_name} and {head_name or 'HEAD'} have no history in common")
    return base, list(changed_paths(repo, repo.commit(fork).tree, repo.commit(head).tree))


def _inside(path: str, scope: str) -> bool:
    folder = scope.rstrip("/")
    return not folder or path == folder or path.startswith(f"{folder}/")


def _remarks(codeowners: Codeowners) -> "Page":
    """What is wrong with the file, for people: lines that are skipped change who owns what."""
    from agentgov.report.page import Page, Span

    page = Page()
    if not codeowners.file:
        page.line(Span("note: ", "warn"), f"there is no CODEOWNERS file ({', '.join(places(codeowners.dialect))})")
    for finding in codeowners.problems:
        page.line(Span("warning: ", "warn"), f"{finding.where}: {finding.message}")
    return page


def _page(found: dict[str, Match], codeowners: Codeowners, unowned: bool) -> "Page":
    from agentgov.report.page import Page, Span

    if not found:
        return Page().line("every path has an owner" if unowned else "no paths")
    rows = []
    for path, result in found.items():
        owner = " ".join(result.owners) if result.owners else Span("nobody", "bad")
        rows.append((path, owner, Span(_decided_by(codeowners, result), "dim")))
        if len(result.sections) > 1 or any(section.name != DEFAULT_SECTION for section in result.sections):
            rows.extend(_section_row(codeowners, section) for section in result.sections)
    return Page().table(("path", "owners", "decided by"), rows)


def _decided_by(codeowners: Codeowners, result: Match) -> str:
    if len(result.sections) > 1:
        return f"{len(result.sections)} sections"
    return _place_of(codeowners, result.rule) if result.rule is not None else "no line matches"


def _section_row(codeowners: Codeowners, section: SectionMatch) -> tuple[str, "Span | str", "Span"]:
    from agentgov.report.page import Span

    asked = "optional" if section.optional else f"{section.approvals} approval{'s' * (section.approvals != 1)}"
    owner = " ".join(section.owners) if section.owners else Span("nobody", "bad")
    return f"  [{section.name}] {asked}", owner, Span(_place_of(codeowners, section.rule), "dim")


def _place_of(codeowners: Codeowners, rule: Rule) -> str:
    return f"{codeowners.file}:{rule.line}  {rule.pattern}"


def _document(found: dict[str, Match], codeowners: Codeowners) -> dict[str, object]:
    def line(rule: Rule | None) -> dict[str, object] | None:
        return None if rule is None else {"file": codeowners.file, "line": rule.line, "pattern": rule.pattern}

    return {
        "schema": "agentgov.owners/1",
        "dialect": codeowners.dialect,
        "file": codeowners.file or None,
        "paths": [
            {
                "path": path,
                "owners": list(result.owners),
                "rule": line(result.rule),
                "sections": [
                    {
                        "name": section.name,
                        "optional": section.optional,
                        "approvals": section.approvals,
                        "owners": list(section.owners),
                        "rule": line(section.rule),
                    }
                    for section in result.sections
                ],
            }
            for path, result in found.items()
        ],
        "problems": [
            {
                "code": finding.code,
                "severity": str(finding.severity),
                "line": finding.where.line,
                "column": finding.where.column,
                "message": finding.message,
                "fix": finding.fix,
            }
            for finding in codeowners.problems
        ],
    }
