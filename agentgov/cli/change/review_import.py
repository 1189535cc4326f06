"""`agentgov review import`: the reviews of a pull request, from a file, into the journal by the importer's key.

Drafts what is not there yet and takes back what was dismissed; what a forge says is not asked here.
"""

from pathlib import Path
from typing import Any

import click

from agentgov.cli.change.import_reviews import Brought, add_lines, bring, brought_json
from agentgov.cli.context import journal_json, open_context
from agentgov.cli.options import answer, format_option, repo_option
from agentgov.errors import ConfigurationError
from agentgov.journal.import_plan import plan_imports
from agentgov.report.page import Page
from agentgov.review.forge_reviews import MOST, ForgeReviews, read_forge_reviews


@click.command("import")
@click.option(
    "--facts",
    required=True,
    metavar="FILE",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="The reviews of one pull request, as JSON (docs/reviews.md).",
)
@repo_option
@format_option()
def command(facts: Path, repo: str, output: str) -> int:
    """Bring the reviews of a pull request into the journal, with the importer's key (AGENTGOV_KEY_FILE).

    A review lands once, by its id, so running it again changes nothing; one that was dismissed is taken back. Exit 3: a
    reviewed commit is not in this clone, and the others were imported.
    """
    told = _read(facts)
    context = open_context(repo)
    view = context.view(fetch=True)
    actor = context.bot(view, "importer")
    brought = bring(context, actor, lambda present: plan_imports(present, told), view)
    answer(output, _page(brought), _document(brought))
    return 3 if brought.missing else 0


def _read(file: Path) -> ForgeReviews:
    try:
        with file.open("rb") as stream:
            data = stream.read(MOST + 1)
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be read: {error.strerror}") from error
    if len(data) > MOST:
        raise ConfigurationError(f"{file} is larger than {MOST // 2**20} MiB")
    return read_forge_reviews(data, str(file))


def _page(brought: Brought) -> Page:
    page = Page()
    add_lines(page, brought)
    if brought.acts:
        return page.line("whether they count: agentgov check")
    return page if brought.skipped or brought.missing else page.line("there are no reviews to import")


def _document(brought: Brought) -> dict[str, Any]:
    return {"schema": "agentgov.review-import/1", **brought_json(brought), "journal": journal_json(brought.view)}
