"""Finds out that a store is a copy from earlier, and ends what nobody can know to be open still.

A restored backup has permits as they were then: one that was used since would be there to be used again, and what was
spent since would be set aside still. And checkpoints that were signed since say records that it will fill with others.
So, before anything else is answered from it:

- every open permit and reservation is over: people are asked again, and money counts as spent;
- people log in again, since a logout or a token of theirs that was revoked may be forgotten;
- where records are missing, or where nobody can tell, nothing of the ledger is signed until a person says how it goes
  on (`ledger renew`, or `store restored --complete`), and that is a record.

That it is a copy is found by what is known outside of it: the place where it lies, the mark of a copy, what this gate
saw of the ledger last, and what the journal anchored. That nothing is missing in a copy is known only where this gate
alone wrote, and saw all that it wrote: it was stopped in order, and looked once more after its last answer.
"""

from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import NamedTuple

import msgspec

from agentgov.runtime import tokens
from agentgov.runtime.control import changed
from agentgov.runtime.ledger import Entry, append
from agentgov.runtime.sequencing import Anchor, Standing, log_id, standings
from agentgov.store.port import Transaction

COPIED, PLACE, HELD, GAP = "copied", "place", "held", "gap"
WRITER, SEVERAL = "writer", "several"  # the mark that says which gate writes records, or that it is not alone
BACKED_UP = "backed-up"  # the mark of a store of which a copy was made: when, in epoch milliseconds
HINT = (
    "`agentgov ledger renew --reason TEXT` where records are lost for good, "
    "`agentgov store restored --complete --reason TEXT` where none are; see docs/store.md"
)
_MARK = "INSERT INTO marks (name, said) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET said = excluded.said"


class Known(msgspec.Struct, frozen=True):
    """What was seen of the ledger: its name, and how many records each tree had."""

    log: str = ""
    trees: Mapping[str, int] = {}

    @classmethod
    def of(cls, log: str, found: tuple[Standing, ...]) -> "Known":
        """What there is now."""
        return cls(log, {one.tree: max(one.leaves, one.size) for one in found})


class Seen(Known, frozen=True):
    """What one gate knows of a store outside of it: as it saw it last, which mark is its own, and whether it was
    stopped in order after that."""

    writer: str = ""
    closed: bool = False


class Examined(NamedTuple):
    """What a store says of itself."""

    now: Known
    logs: frozenset[str]  # every name that its ledger had
    marks: Mapping[str, str]

    @property
    def held(self) -> str:
        """Why nothing is signed, "" where it is."""
        return self.marks.get(HELD, "")


class Restored(msgspec.Struct, frozen=True):
    """That a store is a copy from earlier: how that is known, and whether records are missing, as far as anybody can
    tell. `gap` names what is missing, so that it is dealt with once."""

    why: tuple[str, ...]
    lost: bool
    gap: str = ""


class Ended(msgspec.Struct, frozen=True):
    """How much was open, and is over."""

    permits: int
    reservations: int
    logins: int


def examine(tx: Transaction) -> Examined:
    """Look at a store."""
    logs = frozenset(str(one) for (one,) in tx.all("SELECT id FROM logs"))
    marks = {str(name): str(said) for name, said in tx.all("SELECT name, said FROM marks")}
    return Examined(Known.of(log_id(tx), standings(tx)), logs, marks)


def judge(found: Examined, place: str, seen: Seen, anchors: Mapping[str, Anchor]) -> Restored | None:
    """Whether a store is a copy from earlier. `place` is where it lies, `seen` what this gate knows of it (empty where
    it knows nothing), `anchors` those of its ledger in the journal."""
    why = list(_moved(found, place))
    unknown = list(_unknown(found, seen)) if why else []
    lacking = list(_lacking(found, seen, anchors))
    gap = sha256(repr(sorted({(tree, most) for tree, most, _ in lacking})).encode()).hexdigest() if lacking else ""
    if gap == found.marks.get(GAP):  # that was dealt with
        lacking = []
    other = bool(seen.log and found.logs and seen.log not in found.logs)
    if other:
        why.append(f"the ledger was called {seen.log} here, and this one never was")
    lost = bool(lacking or unknown) or other
    why += [said for *_, said in lacking] or unknown
    return Restored(tuple(why), lost, gap) if why else None


def backed_up(tx: Transaction, now_ms: int) -> None:
    """Keep when a copy was made. It is written after that, so the copy itself tells of the one before."""
    tx.run(_MARK, BACKED_UP, str(now_ms))


def last_backup(tx: Transaction) -> int | None:
    """When a copy was last made by this program, in epoch milliseconds; None where none was."""
    row = tx.one("SELECT said FROM marks WHERE name = ?", BACKED_UP)
    return int(str(row[0])) if row is not None else None


def accept(
    tx: Transaction, restored: Restored, place: str, who: str, now_ms: int, salt: bytes, *, ends: bool = True
) -> Ended:
    """End what was open, and write down why; where something is lost, the ledger is signed no further from now on."""
    ended = end_open(tx, now_ms) if ends else Ended(0, 0, 0)
    tx.run("DELETE FROM marks WHERE name IN ('copied', 'held', 'gap')")
    marks = {PLACE: place, GAP: restored.gap, HELD: "; ".join(restored.why) if restored.lost else ""}
    for name, said in marks.items():
        if said:
            tx.run(_MARK, name, said)
    body = msgspec.json.encode({"why": restored.why, "lost": restored.lost, "ended": ended}, order="sorted")
    append(tx, Entry("store.restored", "", who, payload=body), now_ms, salt)
    return ended


def end_open(tx: Transaction, now_ms: int) -> Ended:
    """Let every permit and reservation be over that is open, and every login: whoever looks after them writes each down
    within a second, and none can be used meanwhile."""
    permits, reservations = (
        tx.run(f"UPDATE {table} SET expires = ? WHERE state IN ({states}) AND expires > ?", now_ms, now_ms)  # noqa: S608
        for table, states in (("permits", "'pending', 'approved'"), ("reservations", "'open'"))
    )
    logins = tx.run(
        "UPDATE tokens SET revoked = ? WHERE kind IN ('login', 'oidc') AND revoked = 0 AND expires > ?", now_ms, now_ms
    )
    changed(tx, tokens.TOPIC)
    return Ended(permits, reservations, logins)


def own(tx: Transaction, writer: str) -> str:
    """Say that a gate writes here; the mark of who does. Nobody else serves a file, so whoever did is gone for good; of
    a database nobody can tell."""
    row = tx.one("SELECT said FROM marks WHERE name = ?", WRITER)
    mark = str(row[0]) if row is not None else writer
    if mark not in (writer, SEVERAL):
        mark = writer if tx.dialect == "sqlite" else SEVERAL
    tx.run(_MARK, WRITER, mark)
    return mark


def share(tx: Transaction) -> None:
    """Say that others than one gate write here, of whose last word it cannot know."""
    tx.run(_MARK, WRITER, SEVERAL)


def settle(tx: Transaction, place: str) -> None:
    """Remember where a store lies that is no copy."""
    tx.run(_MARK, PLACE, place)


def release(tx: Transaction) -> bool:
    """Let the ledger be signed again; whether it was held."""
    return tx.run("DELETE FROM marks WHERE name = 'held'") > 0


def _moved(found: Examined, place: str) -> Iterator[str]:
    if COPIED in found.marks:
        yield "it is a backup that was made by agentgov"
    elif place and found.marks.get(PLACE, place) != place:
        yield "it lies in another place than before"


def _unknown(found: Examined, seen: Seen) -> Iterator[str]:
    """Why nobody can tell whether a copy has all that there was."""
    if not seen.log or seen.log != found.now.log:
        yield "what it had is not known here"
    elif found.marks.get(WRITER) != seen.writer:
        yield "this gate was not the only one that wrote to it, and what others wrote last is not known here"
    elif not seen.closed:
        yield "the gate was not stopped in order, so what it wrote last is not known"


def _lacking(found: Examined, seen: Seen, anchors: Mapping[str, Anchor]) -> Iterator[tuple[str, int, str]]:
    """The trees that had more records than there are: how many, and who says so."""
    here = found.now
    for tree, most in seen.trees.items() if seen.log == here.log else ():
        if here.trees.get(tree, 0) < most:
            yield tree, most, f"this gate saw {most:,} records of {tree}, and there are {here.trees.get(tree, 0):,}"
    for tree, anchor in anchors.items():
        if here.trees.get(tree, 0) < anchor.size:
            said = f"the journal says {anchor.size:,} records of {tree}, and there are {here.trees.get(tree, 0):,}"
            yield tree, anchor.size, said
