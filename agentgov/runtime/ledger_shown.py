"""A record as it is shown to people and programs: by `agentgov ledger log` and by the gate."""

from dataclasses import replace
from typing import Any

import msgspec

from agentgov.runtime.ledger import Receipt, Record
from agentgov.runtime.vault import Vault, envelope_of
from agentgov.store.port import Transaction


class Shown(msgspec.Struct, frozen=True, omit_defaults=True):
    """One record; `commitment` is what the leaf says of its payload, `payload` is there where it was asked for."""

    tree: str
    seq: int
    time: int  # epoch seconds
    type: str
    agent: str | None
    actor: str
    environment: str | None
    release: str | None
    refs: dict[str, str]
    commitment: str | None
    payload: str | msgspec.UnsetType | None = msgspec.UNSET
    purpose: str | None = None


def shown(record: Record, payloads: bool) -> Shown:
    """A record as it is shown."""
    leaf: dict[str, Any] = record.content
    payload: str | msgspec.UnsetType | None = msgspec.UNSET
    if payloads:
        payload = record.payload.decode("utf-8", "replace") if record.payload is not None else None
    return Shown(
        record.tree,
        record.seq,
        record.time // 1000,
        record.type,
        record.agent or None,
        record.actor,
        leaf.get("environment"),
        leaf.get("release"),
        leaf.get("refs", {}),
        leaf.get("payload"),
        payload,
        leaf.get("purpose"),
    )


def open_payload(tx: Transaction, record: Record, vault: Vault | None, readable: frozenset[str] | None) -> Record:
    """A record with its payload decrypted, where that is one of a class that may be read (None: of any), and the key is
    there; else with the envelope."""
    envelope = envelope_of(record.payload) if record.payload is not None else None
    if envelope is None or vault is None or not (readable is None or envelope.name in readable):
        return record
    payload = vault.open(tx, envelope)
    return record if payload is None else replace(record, payload=payload)


def place_of(text: str) -> Receipt:
    """The place that a text spells, `<tree>/<seq>`. ValueError for any other text."""
    tree, slash, seq = text.rpartition("/")
    if not slash or not tree or not seq.isascii() or not seq.isdecimal() or len(seq) > 18:
        raise ValueError(f"{text[:100]!r} is no place in the ledger; write it as support/12")
    return Receipt(tree, int(seq))
