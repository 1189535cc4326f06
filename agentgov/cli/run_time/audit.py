"""`agentgov audit`: what auditors take away, in formats of other programs and as packs of evidence."""

from pathlib import Path

import click

from agentgov.cli import parameters
from agentgov.cli.options import format_option, kept_options, repo_option
from agentgov.errors import UsageError
from agentgov.model.names import AgentId

_FILE = click.Path(path_type=Path, dir_okay=False)
_FOLDER = click.Path(path_type=Path, file_okay=False)
NAMES = ("soc2", "hipaa", "sr26-2", "ai-act", "iso42001", "sec17a4")  # the files of audit/frameworks


@click.group()
def audit() -> None:
    """What happened, to take away: records and acts for other programs, packs of evidence for auditors."""


@audit.command()
@click.option(
    "--format",
    "form",
    type=click.Choice(("jsonl", "csv", "ocsf", "otlp", "otlp-protobuf")),
    default="jsonl",
    show_default=True,
    help="JSON Lines, CSV, OCSF API Activity, or OpenTelemetry logs as lines of JSON or in protobuf.",
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
@kept_options
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
    gate: str | None,
    repo: str,
) -> int:
    """Records and acts for other programs, oldest first: acts of the journal, then tree by tree of the ledger.

    Each has its hash, so that it can be held against a checkpoint or the journal later. The export is recorded. With
    --gate the trees are brought here and verified first, as by `ledger verify --gate`.
    """
    from agentgov.cli.run_time.audit_export import Asked, export_all
    from agentgov.runtime.ledger_pages import Wanted

    if sources == "journal" and (tree or payloads or store or gate):
        raise UsageError("--tree, --payloads, --store and --gate are about the ledger", "leave --of journal out")
    if payloads and gate is not None:
        raise UsageError("payloads stay at the gate", "leave --payloads out, or name the store")
    floor, end = (parameters.instant(text) * 1000 if text else 0 for text in (since, until))
    wanted = Wanted(str(agent or ""), kinds, floor, end)
    return export_all(repo, store, gate, Asked(form, sources, tree, wanted, payloads), cursor, out)


@audit.command()
@click.option("--framework", required=True, type=click.Choice(NAMES), help="Whose controls the evidence is for.")
@click.option("--from", "since", required=True, metavar="TIME", help="The period's beginning (2026-07-01T00:00Z).")
@click.option("--to", "until", required=True, metavar="TIME", help="The period's end, not included.")
@click.option(
    "--sample", type=click.IntRange(0), default=25, show_default=True, help="Members of each kind that are shown."
)
@click.option("--seed", default="", metavar="TEXT", help="What samples are drawn by (default: framework and period).")
@click.option("--tree", default="", metavar="TREE", help="Only this workspace; _fleet: that tree of the ledger.")
@click.option("--now", metavar="TIME", help="When it was made, as it says (default: now).")
@click.option("-o", "--out", type=_FOLDER, metavar="DIR", help="A new folder (default: named after the period).")
@kept_options
@repo_option
@format_option()
def report(
    framework: str,
    since: str,
    until: str,
    sample: int,
    seed: str,
    tree: str,
    now: str | None,
    out: Path | None,
    store: str | None,
    gate: str | None,
    repo: str,
    output: str,
) -> int:
    """A pack of evidence: what journal and ledger say to a framework's controls, with proofs, and what they do not.

    Everything is verified first, and nothing is taken from what does not hold: exit code 1. Every population is counted
    and listed whole in a file; samples can be drawn again by anybody. With --gate the ledger is what the gate serves to
    whoever is logged in, brought here and verified; who may audit one workspace asks for its --tree, and the pack says
    what it does not have.
    """
    from agentgov.cli.run_time.audit_report import Asked, report_evidence
    from agentgov.repo import clock

    begin, end = parameters.instant(since), parameters.instant(until)
    if begin >= end:
        raise UsageError("the period ends before it begins", "--from is the earlier time")
    made = parameters.instant(now) if now else clock.now()
    return report_evidence(repo, store, gate, Asked(framework, begin, end, made, sample, seed, tree), out, output)
