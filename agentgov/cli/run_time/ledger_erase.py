"""`agentgov ledger erase`: what the ledger keeps of one subject, or beside one record, on the word of administrators.

As many of them sign the order as Access' threshold says; it waits in the store, or at the gate, until they have. Where
one is enough and it is said at a gate, being logged in there is enough.
"""

import secrets
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

import msgspec

from agentgov.cli.context import Context, open_context
from agentgov.cli.gate_client import client_of
from agentgov.cli.options import answer
from agentgov.cli.run_time.store_visit import Visit, visiting
from agentgov.errors import IncompleteError, RefusedError
from agentgov.journal.draft import Actor
from agentgov.journal.view import View
from agentgov.repo import clock
from agentgov.report.moments import stamp
from agentgov.report.page import Page, Span
from agentgov.runtime.erasure import NAMESPACE, Erased, Erasure, order_text
from agentgov.runtime.erasure_orders import Electors, Order, ask, sign, waiting
from agentgov.runtime.fleet import Fleet
from agentgov.runtime.kept_as import note_classes, noted_upto, rules_of, unnoted
from agentgov.runtime.ledger import Receipt
from agentgov.store.port import Transaction

_ERASURES = "/v1/ledger/erasures"
_SHORT = 12  # characters of the id of an order, as it is shown


def erase_records(
    repo: str, store: str | None, gate: str | None, subject: str, place: Receipt | None, reason: str, output: str
) -> int:
    """Erase, or write the order that others sign, and tell what came of it."""
    context = open_context(repo)
    view, now_ms = context.view(), clock.now() * 1000
    threshold = view.governance.access.administrators.threshold
    body: dict[str, Any] = {"subject": subject, "record": _spelled(place), "reason": reason}
    if gate is not None and threshold == 1:
        return _tell(client_of(view, gate).ask("POST", _ERASURES, body), gate, output)
    actor = _administrator(context, view)
    what = Erasure(actor.identity.id, reason, subject, place)
    proof = _signed(actor, order_text(view.state.head.fleet, what, now_ms))
    if gate is not None:
        body |= {"time": now_ms, "signature": proof}
        return _tell(client_of(view, gate).ask("POST", _ERASURES, body), gate, output)
    what, who, fleet = msgspec.structs.replace(what, proof=proof), _electors(view), Fleet(view)
    id_, random = view.state.head.fleet, secrets.token_bytes

    def work(tx: Transaction) -> Erased:
        return ask(tx, id_, what, now_ms, who, rules_of(tx, fleet), now_ms, random)

    with visiting(repo, store) as visit:
        _note(visit, now_ms)
        return _tell(msgspec.to_builtins(visit.write(work)), None, output)


def cosign_erasure(repo: str, store: str | None, gate: str | None, id_: str, output: str) -> int:
    """Sign an order that somebody else wrote, and tell what came of it."""
    context = open_context(repo)
    view, now_ms = context.view(), clock.now() * 1000
    order = _named(_waiting(repo, store, gate, view, now_ms), id_)
    _refuse_other(view, order)
    actor = _administrator(context, view)
    proof = _signed(actor, order.text.encode())
    if gate is not None:
        told = client_of(view, gate).ask("POST", f"{_ERASURES}/{order.id}/signatures", {"signature": proof})
        return _tell(told, gate, output)
    who, fleet, random = _electors(view), Fleet(view), secrets.token_bytes

    def work(tx: Transaction) -> Erased:
        return sign(tx, order.id, proof, who, rules_of(tx, fleet), now_ms, random)

    with visiting(repo, store) as visit:
        _note(visit, now_ms)
        return _tell(msgspec.to_builtins(visit.write(work)), None, output)


def list_erasures(repo: str, store: str | None, gate: str | None, output: str) -> int:
    """Tell the orders that wait for more administrators."""
    view = open_context(repo).view()
    found = _waiting(repo, store, gate, view, clock.now() * 1000)
    page = Page()
    for one in found:
        about = f"the record {one.record}" if one.record else f"everything about {one.subject}"
        page.line(Span(f"{one.id[:_SHORT]}  ", "bold"), f"{about}, asked for by {one.by}: {one.reason}")
        state = f"signed by {', '.join(one.signed) or 'nobody'}, {one.needed} needed; until {stamp(one.ends // 1000)}"
        page.line(Span(f"{'':<{_SHORT}}  {state}", "dim"))
    if not found:
        page.line("no order to erase waits")
    nothing: dict[str, Any] = msgspec.to_builtins(Erased())
    orders = [msgspec.to_builtins(one) for one in found]
    answer(output, page, {"schema": "agentgov.ledger-erase/1", **nothing, "orders": orders})
    return 0


def _waiting(repo: str, store: str | None, gate: str | None, view: View, now_ms: int) -> Sequence[Order]:
    if gate is not None:
        return msgspec.convert(client_of(view, gate).ask("GET", _ERASURES)["orders"], type=tuple[Order, ...])
    needed = view.governance.access.administrators.threshold
    with visiting(repo, store) as visit:
        return visit.read(lambda tx: waiting(tx, needed, now_ms))


def _named(orders: Sequence[Order], id_: str) -> Order:
    found = [one for one in orders if len(id_) >= 8 and one.id.startswith(id_)]
    if len(found) != 1:
        raise RefusedError(f"no order {id_} waits", "agentgov ledger erase --pending")
    return found[0]


def _refuse_other(view: View, order: Order) -> None:
    """What is signed has to be what is shown: nobody signs a text that names another subject or fleet."""
    said = msgspec.json.decode(order.text, type=dict[str, Any])
    digest = sha256(order.subject.encode()).hexdigest() if order.subject else None
    shown = (view.state.head.fleet, order.by, order.reason, order.record or None, digest)
    if (said.get("fleet"), said.get("by"), said.get("reason"), said.get("record"), said.get("subject")) != shown:
        raise IncompleteError(
            "the order says something else than what is shown of it", "sign nothing; ask who wrote it"
        )


def _administrator(context: Context, view: View) -> Actor:
    actor = context.person(view)
    who = actor.identity.id
    if not view.directory.permission(who, "administer", None, None, view.today).allowed:
        raise RefusedError(f"{who} does not administer this fleet, and erasing takes that", "agentgov who administer")
    return actor


def _signed(actor: Actor, text: bytes) -> str:
    return actor.appender.signer.sign(NAMESPACE, text).decode("ascii")


def _electors(view: View) -> Electors:
    return Electors(view.governance.access, view.directory)


def _note(visit: Visit, now_ms: int) -> None:
    classes = unnoted(visit.view, visit.read(noted_upto))
    visit.write(lambda tx: note_classes(tx, classes, now_ms))


def _tell(found: Any, gate: str | None, output: str) -> int:
    page = Page()
    if found.get("pending"):
        signed, short = ", ".join(found["signed"]), str(found["order"])[:_SHORT]
        where = f" --gate {gate}" if gate is not None else ""
        page.line(Span("waits  ", "warn"), f"signed by {signed}, and it takes {found['needed']} administrators")
        page.line(Span(f"       the next one runs: agentgov ledger erase --cosign {short}{where}", "dim"))
    elif found["records"]:
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


def _spelled(place: Receipt | None) -> str:
    return f"{place.tree}/{place.seq}" if place is not None else ""
