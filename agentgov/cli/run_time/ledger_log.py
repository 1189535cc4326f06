"""`agentgov ledger log`: records by who, what and when, from the store on this machine or from a gate.

The query is a record of its own, whoever asks: by writing to the store it is the keeper's.
"""

import os
import secrets
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

import msgspec

from agentgov.cli.context import open_context
from agentgov.cli.gate_client import client_of
from agentgov.cli.options import answer
from agentgov.cli.run_time.store_visit import visiting
from agentgov.model.names import AgentId
from agentgov.repo import clock
from agentgov.report.ledger import records_page
from agentgov.runtime.fleet import Fleet
from agentgov.runtime.kept_as import rules_of
from agentgov.runtime.ledger import SALT, Entry, Receipt, Record, append, read
from agentgov.runtime.ledger_shown import open_payload, shown
from agentgov.runtime.payload_key import vault_from
from agentgov.runtime.privilege import told
from agentgov.store.port import Transaction

_KEEPER = "keeper"


class Asked(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which records; moments are epoch milliseconds."""

    tree: str = ""
    agent: str = ""
    type: str = ""
    actor: str = ""
    tool: str = ""
    subject: str = ""
    since: int = 0
    until: int = 0
    limit: int = 50
    payloads: bool = False
    before: str = ""
    purpose: str = ""


def log_records(
    repo: str,
    store: str | None,
    gate: str | None,
    asked: Asked,
    agent: AgentId | None,
    before: Receipt | None,
    output: str,
) -> int:
    """Tell the records that match, newest first."""
    asked = msgspec.structs.replace(
        asked, agent=str(agent or ""), before=f"{before.tree}/{before.seq}" if before is not None else ""
    )
    found = _from_gate(repo, gate, asked) if gate is not None else _from_store(repo, store, asked, before)
    answer(output, records_page(found, asked.limit), {"schema": "agentgov.ledger-log/1", "records": found})
    return 0


def _from_gate(repo: str, gate: str, asked: Asked) -> Sequence[Any]:
    words = {name: "true" if value is True else value for name, value in msgspec.to_builtins(asked).items()}
    found: Sequence[Any] = client_of(open_context(repo).view(), gate).ask(
        "GET", f"/v1/ledger/records?{urlencode(words | {'limit': asked.limit})}"
    )["records"]
    return found


def _from_store(repo: str, store: str | None, asked: Asked, before: Receipt | None) -> Sequence[Any]:
    now_ms, salt = clock.now() * 1000, secrets.token_bytes(SALT)
    query = {**msgspec.to_builtins(asked), **({"subject": "(named)"} if asked.subject else {})}
    payload = msgspec.json.encode({"read": "ledger", "query": query}, order="sorted")
    entry = Entry("read", asked.agent, _KEEPER, payload=payload, subject=asked.subject)

    vault = vault_from(os.environ)

    def work(tx: Transaction) -> Sequence[Any]:
        def page(before: Receipt | None) -> tuple[Record, ...]:
            return read(
                tx,
                tree=asked.tree,
                agent=asked.agent,
                kind=asked.type,
                actor=asked.actor,
                tool=asked.tool,
                subject=asked.subject,
                purpose=asked.purpose,
                since=asked.since,
                until=asked.until,
                before=before,
                limit=asked.limit,
                payloads=asked.payloads,
            )

        withheld = rules_of(tx, fleet).ever_privileged if not asked.agent else (lambda _: False)
        records = told(page, withheld, before, asked.limit)
        append(tx, entry, now_ms, salt)
        opened = [open_payload(tx, one, vault, None) for one in records]
        return [msgspec.to_builtins(shown(one, asked.payloads)) for one in reversed(opened)]

    with visiting(repo, store) as visit:
        fleet = Fleet(visit.view)
        return visit.write(work)
