"""`agentgov ledger`: what the gate decided, did and was asked, from its store on this machine."""

from typing import Any

import click

from agentgov.cli import parameters
from agentgov.cli.options import answer, format_option, repo_option
from agentgov.cli.store_visit import visiting
from agentgov.cli.token import store_option
from agentgov.model.names import AgentId
from agentgov.report.moments import stamp
from agentgov.report.page import Page, Span
from agentgov.runtime.ledger import PAGE, Receipt, Record, read


def _place(text: str) -> Receipt:
    """The place of a record, as `ledger log` shows it: `<tree>/<seq>`."""
    tree, slash, seq = text.rpartition("/")
    if not slash or not tree or not seq.isascii() or not seq.isdecimal():
        raise click.BadParameter(f"{text!r} is no place in the ledger; write it as support/12.")
    return Receipt(tree, int(seq))


@click.group()
def ledger() -> None:
    """The ledger of the gate: leases, decisions, permits and reads by people; a tree for each workspace."""


@ledger.command()
@click.option("--agent", type=parameters.agent, metavar="AGENT", help="Only records of this agent.")
@click.option("--type", "kind", default="", metavar="TYPE", help="Only records of this type (action, lease, read...).")
@click.option("--actor", default="", metavar="ID", help="Only what this person or token did.")
@click.option("--since", metavar="TIME", help="Only records since then (2026-11-23T08:00Z).")
@click.option("--before", type=_place, metavar="PLACE", help="Only records before this one: the next page.")
@click.option("-n", "--last", type=click.IntRange(1, PAGE), default=50, show_default=True, help="How many records.")
@click.option("--payloads", is_flag=True, help="What the records commit to, where it is kept.")
@store_option
@repo_option
@format_option()
def log(
    agent: AgentId | None,
    kind: str,
    actor: str,
    since: str | None,
    before: Receipt | None,
    last: int,
    payloads: bool,
    store: str | None,
    repo: str,
    output: str,
) -> int:
    """Records, newest first."""
    floor = parameters.instant(since) * 1000 if since else 0
    with visiting(repo, store) as visit:
        found = visit.read(
            lambda tx: read(
                tx,
                agent=str(agent or ""),
                kind=kind,
                actor=actor,
                since=floor,
                before=before,
                limit=last,
                payloads=payloads,
            )
        )[::-1]
    page = Page()
    for record in found:
        _tell(page, record)
    if not found:
        page.line("there is no such record")
    elif len(found) == last:
        page.line(Span(f"older ones: --before {found[-1].tree}/{found[-1].seq}", "dim"))
    records = [_json(record, payloads) for record in found]
    answer(output, page, {"schema": "agentgov.ledger-log/1", "records": records})
    return 0


def _tell(page: Page, record: Record) -> None:
    refs = "".join(f"  {name} {value}" for name, value in record.content.get("refs", {}).items())
    page.line(
        Span(f"{stamp(record.time // 1000)}  {record.tree}/{record.seq}  ", "dim"),
        f"{record.type:<18} {record.agent or '-'}  {record.actor}",
        Span(refs, "dim"),
    )
    if record.payload is not None:
        page.line(Span(f"{'':<32}{record.payload.decode('utf-8', 'replace')}", "dim"))


def _json(record: Record, payloads: bool) -> dict[str, Any]:
    leaf = record.content
    shown = {"payload": record.payload.decode("utf-8", "replace") if record.payload is not None else None}
    return {
        "tree": record.tree,
        "seq": record.seq,
        "time": record.time // 1000,
        "type": record.type,
        "agent": record.agent or None,
        "actor": record.actor,
        "environment": leaf.get("environment"),
        "release": leaf.get("release"),
        "refs": leaf.get("refs", {}),
        "commitment": leaf.get("payload"),
        **(shown if payloads else {}),
    }
