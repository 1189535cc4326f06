"""`agentgov render`: what may run in an environment, as files in a folder."""

from pathlib import Path

import click

from agentgov.cli.context import journal_line, open_context
from agentgov.cli.judged import journal_of
from agentgov.cli.options import answer, format_option, repo_option
from agentgov.errors import IncompleteError
from agentgov.journal.clock import stale_words
from agentgov.model.document import ENVIRONMENTS, Environment
from agentgov.repo import clock
from agentgov.report.page import Page, Span


@click.command()
@click.option("--environment", type=click.Choice(ENVIRONMENTS), metavar="ENVIRONMENT", required=True, help="Which one.")
@click.option("--to", "folder", type=click.Path(path_type=Path), metavar="DIR", required=True, help="Where to.")
@repo_option
@format_option()
def render(environment: Environment, folder: Path, repo: str, output: str) -> int:
    """Write what may run in an environment into DIR: the files of agentgov/rendered/ENVIRONMENT (docs/delivery.md).

    From the verified journal as this clone knows it; takes no key. Exit 3 where that is older than journal.maxAge.
    """
    from agentgov.delivery.document import Documents
    from agentgov.delivery.folder import write_folder
    from agentgov.delivery.render import whole

    view = open_context(repo).view()
    files = whole(view, Documents(environment))
    done = write_folder(folder, environment, files)
    agents = sum(path.startswith("config/") for path in files)
    now = clock.now()
    page = Page().line(Span("rendered ", "good"), f"{environment} into {folder}: {agents} agents")
    page.line(f"  {done.written} files written, {done.removed} removed")
    stale = view.is_stale(now)
    if stale:
        page.line(Span("stale ", "warn"), stale_words(view), Span(" (journal.stale)", "dim"))
    document = {
        "schema": "agentgov.render/1",
        "environment": environment,
        "folder": str(folder),
        "agents": agents,
        "written": done.written,
        "removed": done.removed,
        "journal": journal_of(view, now),
    }
    answer(output, page.line(journal_line(view)), document)
    return IncompleteError.exit_code if stale else 0
