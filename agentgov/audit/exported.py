"""One record of the ledger or one act of the journal as exports carry it, whatever the format.

`text` is what the proof is about: the leaf of a record, whose RFC 6962 hash is `hash`; of an act the text that was
signed, and `hash` is the commit of the journal that holds it.
"""

from collections import Counter
from typing import Literal

import msgspec

from agentgov.journal.query import Logged
from agentgov.model.act import Act, render
from agentgov.runtime.ledger import Record
from agentgov.runtime.merkle import leaf_hash

JOURNAL = "journal"


class Exported(msgspec.Struct, frozen=True):
    """One of them; what it has not is empty."""

    source: Literal["ledger", "journal"]
    place: str  # support/12, journal/12
    time: int  # epoch milliseconds
    type: str
    actor: str
    agent: str
    environment: str
    release: str  # SHA-256 of the closure
    purpose: str  # what it was for
    refs: dict[str, str]
    commitment: str
    hash: str
    text: str
    payload: str | None = None  # None where there is none, where it was erased, or where it was not asked for


def of_record(record: Record) -> Exported:
    """A record of the ledger."""
    leaf = record.content
    return Exported(
        "ledger",
        f"{record.tree}/{record.seq}",
        record.time,
        record.type,
        record.actor,
        record.agent,
        leaf.get("environment", ""),
        leaf.get("release", ""),
        leaf.get("purpose", ""),
        leaf.get("refs", {}),
        leaf.get("payload", ""),
        leaf_hash(record.leaf).hex(),
        record.leaf.decode("utf-8", "replace"),
        record.payload.decode("utf-8", "replace") if record.payload is not None else None,
    )


def of_act(logged: Logged) -> Exported:
    """An act of the journal; its time is journal time."""
    act = logged.act
    times = Counter(name for name, _ in act.fields)
    return Exported(
        "journal",
        f"{JOURNAL}/{logged.head.seq}",
        logged.head.time * 1000,
        act.kind,
        act.actor,
        act.get("Agent"),
        "",
        closure_of(act),
        "",
        {name: value for name, value in act.fields if times[name] == 1},
        "",
        logged.commit,
        render(act).decode(),
    )


def closure_of(act: Act) -> str:
    """The SHA-256 of the closure that an act names in its release, "" where it names none."""
    words = act.get("Release").split(" ")
    return words[3] if len(words) == 4 else ""
