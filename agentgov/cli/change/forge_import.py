"""`agentgov forge import-reviews`: the reviews of pull requests, as they stand on the forge, into the journal."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import msgspec

from agentgov.cli.change.check_contents import trusted_context
from agentgov.cli.change.forge_access import connect, forge_options
from agentgov.cli.change.import_reviews import PullRequestImport, add_lines, brought_json, import_pull_request
from agentgov.cli.context import Context, journal_json
from agentgov.cli.options import answer, format_option, repo_option
from agentgov.cli.parameters import ago
from agentgov.cli.publish import ReportFile, write_reports
from agentgov.errors import AgentgovError
from agentgov.forge.port import ForgePort
from agentgov.forge.where import ForgeOptions
from agentgov.journal.view import View
from agentgov.report.page import Page, Span

OVERLAP = 3600  # seconds before --since that are looked at as well: clocks differ, and forges list late
DEADLINE = 600.0  # seconds for all requests to the forge together
_BY_GRAVITY = (2, 3, 1, 0)  # of several exit codes the first one here is the command's


@dataclass(frozen=True, slots=True)
class Failed:
    """A pull request of which nothing was imported, for this time."""

    number: int
    error: AgentgovError

    @property
    def exit_code(self) -> int:
        return self.error.exit_code


Outcome = PullRequestImport | Failed


@click.command("import-reviews")
@click.option("--pr", "numbers", type=click.IntRange(1), multiple=True, metavar="N", help="This one; may be repeated.")
@click.option("--since", callback=ago, metavar="TIME|DURATION", help="Those that were updated since: 2h, or a time.")
@click.option("--dry-run", is_flag=True, help="Say what would be imported, and write nothing; takes no key.")
@click.option(
    "--write-facts",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write what the forge said of the one --pr, as `review import --facts` takes it.",
)
@forge_options
@repo_option
@format_option()
def command(
    numbers: tuple[int, ...],
    since: int | None,
    dry_run: bool,
    write_facts: Path | None,
    forge: ForgeOptions,
    repo: str,
    output: str,
) -> int:
    """Bring the reviews of pull requests into the journal, with the importer's key (AGENTGOV_KEY_FILE).

    A review lands once, by its id and the number of its account, so running it again changes nothing; one that was
    dismissed is taken back. Exit 1: opinions are kept back, and somebody has to do something; 3: the forge, the remote
    or a reviewed commit could not be read whole. Everything else is imported all the same.
    """
    if bool(numbers) == (since is not None):
        raise click.UsageError("Say which pull requests: either --pr N, or --since 2h.")
    if write_facts is not None and len(numbers) != 1:
        raise click.UsageError("--write-facts goes with exactly one --pr.")
    context = trusted_context(repo)
    view = context.view(fetch=True)
    if not dry_run:
        context.bot(view, "importer")  # before anything is asked
    port = connect(context.repo, forge, DEADLINE)
    wanted = list(dict.fromkeys(numbers)) if since is None else _updated(port, since)
    outcomes = list(_import(context, port, wanted, view, dry_run=dry_run))
    _write(write_facts, outcomes)
    view = context.view()
    answer(output, _page(port, outcomes, dry_run), _document(port, outcomes, view, dry_run))
    return next(code for code in _BY_GRAVITY if code in {0, *(one.exit_code for one in outcomes)})


def _updated(port: ForgePort, since: int) -> list[int]:
    return [one.number for one in port.pull_requests(since=max(since - OVERLAP, 0))]


def _import(
    context: Context, port: ForgePort, numbers: Sequence[int], view: View, *, dry_run: bool
) -> Iterator[Outcome]:
    """One after another; what goes wrong with one keeps no other from being looked at."""
    for number in numbers:
        try:
            done = import_pull_request(context, port, number, dry_run=dry_run, view=view)
        except AgentgovError as error:
            yield Failed(number, error)
        else:
            view = done.brought.view
            yield done


def _write(file: Path | None, outcomes: Sequence[Outcome]) -> None:
    told = [one.told for one in outcomes if isinstance(one, PullRequestImport)]
    if file is not None and told:
        text = msgspec.json.format(msgspec.json.encode(told[0]), indent=2).decode() + "\n"
        write_reports((ReportFile("json", file),), {"json": lambda: text})


def _page(port: ForgePort, outcomes: Sequence[Outcome], dry_run: bool) -> Page:
    page = Page()
    for one in outcomes:
        if isinstance(one, Failed):
            rule = f" ({one.error.rule})" if one.error.rule else ""
            hint = f"; {one.error.hint}" if one.error.hint else ""
            page.line(Span(f"pull request {one.number} ", "bold"), Span(f"{one.error.message}{rule}{hint}", "bad"))
            continue
        page.line(Span(f"pull request {one.pull_request.number} ", "bold"), f"{one.pull_request.state}, {_count(one)}")
        add_lines(page, one.brought, would=dry_run)
        if one.problem is not None:
            page.line(Span("problem  ", "bad"), f"{one.problem.message} ({one.problem.rule})")
    if not outcomes:
        page.line(f"no pull request of {port.project.name} was updated since then")
    if any(isinstance(one, PullRequestImport) and one.brought.acts for one in outcomes) and not dry_run:
        page.line("whether they count: agentgov check")
    return page


def _count(one: PullRequestImport) -> str:
    count = len(one.told.reviews)
    return f"{count} review{'s' if count != 1 else ''}"


def _document(port: ForgePort, outcomes: Sequence[Outcome], view: View, dry_run: bool) -> dict[str, Any]:
    return {
        "schema": "agentgov.forge-import-reviews/1",
        "project": port.project.name,
        "dryRun": dry_run,
        "pullRequests": [_entry(one) for one in outcomes],
        "journal": journal_json(view),
    }


def _entry(one: Outcome) -> dict[str, Any]:
    if isinstance(one, Failed):
        problem = {"code": one.error.rule or None, "message": one.error.message}
        return {"number": one.number, "exitCode": one.exit_code, "problem": problem}
    found: dict[str, Any] = {
        "number": one.pull_request.number,
        "exitCode": one.exit_code,
        "url": one.pull_request.url,
        "state": one.pull_request.state,
        **brought_json(one.brought),
    }
    if one.problem is not None:
        found["problem"] = {"code": one.problem.rule, "message": one.problem.message}
    return found
