"""`agentgov audit`: what auditors take away, in formats of other programs and as packs of evidence."""

from pathlib import Path

import click

from agentgov.cli import parameters
from agentgov.cli.options import repo_option
from agentgov.cli.token import store_option
from agentgov.errors import UsageError
from agentgov.model.names import AgentId

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.group()
def audit() -> None:
    """What happened, to take away: records and acts for other programs, packs of evidence for auditors."""


@audit.command()
@click.option(
    "--format",
    "form",
    type=click.Choice(("jsonl", "csv", "ocsf", "otlp")),
    default="jsonl",
    show_default=True,
    help="JSON Lines, CSV, OCSF API Activity, or OpenTelemetry logs.",
)
@click.option(
    "--of",
    "sources",
    type=click.Choice(("all", "ledger", "journal")),
    default="all",
    show_default=True,
    help="Records of the ledger, acts of the journal, or both.",
)
@click.option("--agent", type=parameters.agent, metavar="AGENT", help="Only what concerns this agent.")
@click.option("--type", "kinds", multiple=True, metavar="TYPE", help="Only of this type (lease, rollback); repeatable.")
@click.option("--tree", default="", metavar="TREE", help="Only records of this tree: a workspace, or _fleet.")
@click.option("--from", "since", metavar="TIME", help="Only since then (2026-11-23T08:00Z).")
@click.option("--to", "until", metavar="TIME", help="Only before then.")
@click.option("--payloads", is_flag=True, help="What records commit to as well, where it is kept.")
@click.option("--cursor-file", "cursor", type=_FILE, metavar="FILE", help="Go on where FILE says, and move it on.")
@click.option("--out", type=_FILE, metavar="FILE", help="Write a new file (default: standard output).")
@store_option
@repo_option
def export(
    form: str,
    sources: str,
    agent: AgentId | None,
    kinds: tuple[str, ...],
    tree: str,
    since: str | None,
    until: str | None,
    payloads: bool,
    cursor: Path | None,
    out: Path | None,
    store: str | None,
    repo: str,
) -> int:
    """Records and acts for other programs, oldest first: acts of the journal, then tree by tree of the ledger.

    Each has its hash, so that it can be held against a checkpoint or the journal later. The export is recorded.
    """
    from agentgov.cli.audit_export import Asked, export_all
    from agentgov.runtime.ledger_pages import Wanted

    if sources == "journal" and (tree or payloads or store):
        raise UsageError("--tree, --payloads and --store are about the ledger", "leave --of journal out")
    floor, end = (parameters.instant(text) * 1000 if text else 0 for text in (since, until))
    wanted = Wanted(str(agent or ""), kinds, floor, end)
    return export_all(repo, store, Asked(form, sources, tree, wanted, payloads), cursor, out)
