"""`agentgov ledger`: what the gate decided, did and was asked; that it is all there; and proofs of it for others."""

import sys
from pathlib import Path
from typing import Literal

import click

from agentgov.cli import parameters
from agentgov.cli.options import format_option, kept_options, repo_option, store_option
from agentgov.errors import UsageError
from agentgov.model.names import AgentId
from agentgov.runtime.ledger import PAGE, Receipt
from agentgov.runtime.ledger_shown import place_of

_FILE = click.Path(path_type=Path, dir_okay=False)


def _place(text: str) -> Receipt:
    try:
        return place_of(text)
    except ValueError as error:
        raise click.BadParameter(f"{error}.") from None


@click.group()
def ledger() -> None:
    """The ledger of the gate: leases, decisions, permits and reads by people; a tree for each workspace."""


@ledger.command()
@click.option("--agent", type=parameters.agent, metavar="AGENT", help="Only records of this agent.")
@click.option("--type", "kind", default="", metavar="TYPE", help="Only records of this type (lease, read...).")
@click.option("--actor", default="", metavar="ID", help="Only what this person, agent or token did.")
@click.option("--tool", default="", metavar="NAME", help="Only records about this tool.")
@click.option("--subject", default="", metavar="TEXT", help="Only records about this patient, customer or matter.")
@click.option("--purpose", default="", metavar="NAME", help="Only what was done for this purpose.")
@click.option("--tree", default="", metavar="TREE", help="Only records of this tree: a workspace, or _fleet.")
@click.option("--from", "--since", "since", metavar="TIME", help="Only records since then (2026-11-23T08:00Z).")
@click.option("--to", "until", metavar="TIME", help="Only records before then.")
@click.option("--before", type=_place, metavar="PLACE", help="Only records before this one: the next page.")
@click.option("-n", "--last", type=click.IntRange(1, PAGE), default=50, show_default=True, help="How many records.")
@click.option("--payloads", is_flag=True, help="What the records commit to, where it is kept.")
@kept_options
@repo_option
@format_option()
def log(
    agent: AgentId | None,
    kind: str,
    actor: str,
    tool: str,
    subject: str,
    purpose: str,
    tree: str,
    since: str | None,
    until: str | None,
    before: Receipt | None,
    last: int,
    payloads: bool,
    store: str | None,
    gate: str | None,
    repo: str,
    output: str,
) -> int:
    """Records, newest first. The query is recorded, too."""
    from agentgov.cli.run_time.ledger_log import Asked, log_records

    floor, end = (parameters.instant(text) * 1000 if text else 0 for text in (since, until))
    asked = Asked(tree, "", kind, actor, tool, subject, floor, end, last, payloads, purpose=purpose)
    return log_records(repo, store, gate, asked, agent, before, output)


@ledger.command()
@click.option("--tree", default="", metavar="TREE", help="Only this tree: a workspace, or _fleet.")
@click.option("--folder", metavar="DIR|s3://...", help="What `ledger export` wrote, in place of the store.")
@click.option("--no-payloads", is_flag=True, help="With --folder: payloads were left out, so none is missing.")
@kept_options
@repo_option
@format_option()
def verify(
    tree: str, folder: str | None, no_payloads: bool, store: str | None, gate: str | None, repo: str, output: str
) -> int:
    """Is everything there, and what it was: signatures, anchors of the journal, every record and payload.

    Also whether governance allowed what was disposed of. Names the first record that is wrong. Exit code 1 where
    something does not hold, 3 where that cannot be told.
    """
    from agentgov.cli.run_time.ledger_verify import verify_ledger

    if sum(one is not None for one in (folder, store, gate)) > 1:
        raise UsageError("the ledger lies in a store, in a folder or at a gate", "give --store, --folder or --gate")
    if no_payloads and folder is None:
        raise UsageError("--no-payloads is about a folder that was exported", "give --folder, or leave it out")
    if gate is not None:
        from agentgov.cli.run_time.ledger_download import verify_at_gate

        return verify_at_gate(repo, gate, tree, output)
    return verify_ledger(repo, store, folder, tree, output, payloads=not no_payloads)


@ledger.command()
@click.argument("place", type=_place, metavar="[PLACE]", required=False)
@click.option("--out", type=_FILE, metavar="FILE", help="Where the proof goes (default: TREE-SEQ.tlog-proof).")
@click.option("--verify", "file", type=_FILE, metavar="FILE", help="Check a proof, without any ledger.")
@kept_options
@repo_option
@format_option()
def prove(
    place: Receipt | None,
    out: Path | None,
    file: Path | None,
    store: str | None,
    gate: str | None,
    repo: str,
    output: str,
) -> int:
    """Write the proof of a record (PLACE: support/12), or check one.

    A proof is a file that anybody can check offline, by the key of the gate (c2sp.org/tlog-proof).
    """
    from agentgov.cli.run_time.ledger_prove import check_proof, prove_record

    if (place is None) == (file is None):
        raise UsageError("name a record to prove, or a proof to check", "agentgov ledger prove support/12")
    if file is not None:
        return check_proof(repo, file, output)
    assert place is not None, "one of the two is there"
    return prove_record(repo, store, gate, place, out, output)


@ledger.command()
@click.argument("where", metavar="DIR|s3://BUCKET/PREFIX")
@click.option("--tree", default="", metavar="TREE", help="Only this tree: a workspace, or _fleet.")
@click.option(
    "--payloads/--no-payloads", default=True, show_default=True, help="Payloads and salts as well; a gate gives none."
)
@click.option(
    "--lock", "days", type=click.IntRange(1, 36_500), metavar="DAYS", help="Lock it in a bucket for so long at least."
)
@click.option(
    "--lock-mode",
    type=click.Choice(["governance", "compliance"]),
    default="governance",
    show_default=True,
    help="Whether somebody with a right of its own may end a lock early, or nobody.",
)
@click.option("--legal-hold", "hold", is_flag=True, help="Put all that is written to a bucket under legal hold.")
@click.option("--no-lock", is_flag=True, help="Lock nothing by the retention classes and legal holds.")
@click.option("--relock", is_flag=True, help="Lock longer what was written before, where classes keep it longer now.")
@kept_options
@repo_option
@format_option()
def export(
    where: str,
    tree: str,
    payloads: bool,
    days: int | None,
    lock_mode: Literal["governance", "compliance"],
    hold: bool,
    no_lock: bool,
    relock: bool,
    store: str | None,
    gate: str | None,
    repo: str,
    output: str,
) -> int:
    """Write the ledger into a folder or bucket, as files that other programs read (c2sp.org/tlog-tiles).

    Run again, it writes what is new. Where a bucket has object lock, files are locked until their retention classes let
    them go. Credentials of a bucket come from the environment (AWS_ACCESS_KEY_ID...).
    """
    from agentgov.cli.run_time.ledger_export import Export, export_ledger

    if no_lock and (days or hold or relock):
        raise UsageError("--no-lock leaves everything unlocked", "leave it out, or --lock, --legal-hold and --relock")
    asked = Export(where, tree, payloads, days or 0, lock_mode, hold, relock, by_class=not no_lock)
    if gate is not None:
        from agentgov.cli.run_time.ledger_download import export_from_gate

        return export_from_gate(repo, gate, asked, output)
    return export_ledger(repo, store, asked, output)


@ledger.command()
@click.option("--reason", required=True, metavar="TEXT", help="Why records are lost for good.")
@store_option
@repo_option
@format_option()
def renew(reason: str, store: str | None, repo: str, output: str) -> int:
    """Go on under a new name after records were lost for good, as with an old backup.

    What the journal anchored of the old name stays there, and `ledger verify` tells it for ever.
    """
    from agentgov.cli.run_time.ledger_renew import renew_ledger

    return renew_ledger(repo, store, reason, output)


@ledger.command()
@click.option("--dry-run", is_flag=True, help="Only say what would go, what stays, and why.")
@click.option("--tree", default="", metavar="TREE", help="Only this tree: a workspace, or _fleet.")
@store_option
@repo_option
@format_option()
def prune(dry_run: bool, tree: str, store: str | None, repo: str, output: str) -> int:
    """Dispose of what is older than its retention class says: payloads, then records from the oldest on.

    By the governance that is authorised; legal holds stop it. Each disposal is recorded, and every proof still holds.
    """
    from agentgov.cli.run_time.ledger_prune import prune_ledger

    return prune_ledger(repo, store, tree, output, dry_run=dry_run)


@ledger.command()
@click.option(
    "--subject", default="", metavar="TEXT", help="Of this patient, customer or matter; - reads standard input."
)
@click.option("--record", "place", type=_place, metavar="PLACE", help="Beside this one record (support/12).")
@click.option("--reason", default="", metavar="TEXT", help="Why; it is recorded, so name nobody in it.")
@click.option("--cosign", "order", default="", metavar="ID", help="Sign an order that another administrator wrote.")
@click.option("--pending", is_flag=True, help="The orders that wait for more administrators, and what they say.")
@kept_options
@repo_option
@format_option()
def erase(
    subject: str,
    place: Receipt | None,
    reason: str,
    order: str,
    pending: bool,
    store: str | None,
    gate: str | None,
    repo: str,
    output: str,
) -> int:
    """Erase payloads and salts, and destroy the keys of a subject. The records stay, and hold.

    Takes as many administrators as the threshold of Access says: the first writes the order, which waits for seven days
    until enough others have signed it with --cosign. A legal hold on any of it stops all of it.
    """
    from agentgov.cli.run_time.ledger_erase import cosign_erasure, erase_records, list_erasures

    if order or pending:
        if (order and pending) or subject or reason or place is not None:
            raise UsageError(
                "--cosign and --pending are about orders that are written already", "give one of them alone"
            )
        if order:
            return cosign_erasure(repo, store, gate, order, output)
        return list_erasures(repo, store, gate, output)
    if not reason:
        raise UsageError("an order to erase says why", "add --reason TEXT")
    if (place is None) == (not subject):
        raise UsageError("name a subject or a record to erase", "give --subject or --record")
    text = sys.stdin.readline().rstrip("\n") if subject == "-" else subject
    if place is None and not text:
        raise UsageError("standard input names no subject", "write its name in one line")
    return erase_records(repo, store, gate, text, place, reason, output)
