"""`agentgov ledger erase`: what the ledger keeps of one subject, or beside one record, on the word of an administrator.

At a gate the person is who is logged in; at the store it is whose key signs the order, and the signature is kept with
the record of it.
"""

import secrets
from typing import Any

import msgspec

from agentgov.cli.context import open_context
from agentgov.cli.gate_client import client_of
from agentgov.cli.options import answer
from agentgov.cli.store_visit import visiting
from agentgov.errors import RefusedError
from agentgov.journal.draft import Actor
from agentgov.journal.view import View
from agentgov.repo import clock
from agentgov.report.page import Page, Span
from agentgov.runtime.erasure import NAMESPACE, Erasure, erase, order_text
from agentgov.runtime.fleet import Fleet
from agentgov.runtime.kept_as import classes_of, note_classes, rules_of
from agentgov.runtime.ledger import Receipt
from agentgov.store.port import Transaction


def erase_records(
    repo: str, store: str | None, gate: str | None, subject: str, place: Receipt | None, reason: str, output: str
) -> int:
    """Erase, and tell what is gone."""
    if gate is not None:
        body = {"subject": subject, "record": _spelled(place), "reason": reason}
        found = client_of(open_context(repo).view(), gate).ask("POST", "/v1/ledger/erasures", body)
    else:
        found = _at_store(repo, store, subject, place, reason)
    page = Page()
    if found["records"]:
        keys = f", {found['keys']:,} keys destroyed" if found["keys"] else ""
        page.line(Span("erased ", "good"), f"{found['payloads']:,} payloads and their salts{keys}")
        page.line(Span(f"       recorded at {', '.join(found['records'])}", "dim"))
    else:
        page.line("nothing is left to erase")
    if found["waiting"]:
        page.line(
            Span("later  ", "warn"), f"{found['waiting']:,} permits wait for people: erase again when they are over"
        )
    answer(output, page, {"schema": "agentgov.ledger-erase/1", **found})
    return 0


def _at_store(repo: str, store: str | None, subject: str, place: Receipt | None, reason: str) -> Any:
    context = open_context(repo)
    view, now_ms = context.view(), clock.now() * 1000
    actor = context.person(view)
    _refuse_stranger(view, actor)
    what = Erasure(actor.identity.id, reason, subject, place)
    signature = actor.appender.signer.sign(NAMESPACE, order_text(view.state.head.fleet, what, now_ms))
    what = msgspec.structs.replace(what, proof=signature.decode("ascii"))
    fleet = Fleet(view)
    classes = classes_of(fleet)

    def work(tx: Transaction) -> object:
        note_classes(tx, classes, now_ms)
        return erase(tx, what, rules_of(tx, fleet), now_ms, secrets.token_bytes)

    with visiting(repo, store) as visit:
        return msgspec.to_builtins(visit.write(work))


def _refuse_stranger(view: View, actor: Actor) -> None:
    who = actor.identity.id
    if not view.directory.permission(who, "administer", None, None, view.today).allowed:
        raise RefusedError(f"{who} does not administer this fleet, and erasing takes that", "agentgov who administer")


def _spelled(place: Receipt | None) -> str:
    return f"{place.tree}/{place.seq}" if place is not None else ""
