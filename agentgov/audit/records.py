"""Evidence out of the ledger: signed records of the period, of trees that hold, each with a proof.

A proof is checked before it is shown, by the keys that the authorised Access names. Decisions about actions are shown
with the time since the question; of a permit that takes several people, which voice each was, and whether it did.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from agentgov.audit.collecting import Collector
from agentgov.audit.exported import Exported, of_record
from agentgov.audit.pack import Item, TreeCheck
from agentgov.runtime.ledger import Receipt, Record
from agentgov.runtime.ledger_pages import Wanted, page_of
from agentgov.runtime.ledger_proving import proof_of
from agentgov.runtime.notes import VerifierKey
from agentgov.runtime.tlog_proof import SUFFIX, Proof, verify_proof
from agentgov.store.port import Transaction

Read = Callable[[Callable[[Transaction], Sequence[Record]]], Sequence[Record]]
_QUESTION, _YES, _DECISIONS = "action.ask", "permit.approve", ("permit.approve", "permit.deny", "permit.expire")


@dataclass(slots=True)
class _Permit:
    """What was read of one: when people were asked (epoch milliseconds), and who said yes."""

    asked: int = 0
    voices: list[str] = field(default_factory=list)


def collect_records(
    read: Read,
    checks: Sequence[TreeCheck],
    collector: Collector[str],
    wanted: Wanted,
    withheld: Callable[[str], bool],
) -> Iterator[tuple[str, int, int]]:
    """Offer every signed record of the period, unless it is of an agent whose records are withheld; of each tree how
    many were withheld, and how many of the period are not signed yet."""
    permits: dict[str, _Permit] = {}
    for one in checks:
        if not one.holds:
            continue
        left_out = 0
        for record in _records(read, one.tree, 0, one.signed, wanted):
            if withheld(record.agent):
                left_out += 1
                continue
            found = of_record(record)
            collector.offer(found, _told(permits, found))
        yield one.tree, left_out, sum(1 for _ in _records(read, one.tree, one.signed, 1 << 62, wanted))


def proven(tx: Transaction, place: str, keys: Sequence[VerifierKey], origin: str) -> Proof:
    """The proof of a record, checked. RefusedError or ProofError where it does not hold."""
    tree, _, seq = place.rpartition("/")
    proof = proof_of(tx, Receipt(tree, int(seq)))
    verify_proof(proof, proof.extra, keys, origin)
    return proof


def record_item(anchored: Mapping[str, int], found: Exported, told: str) -> Item:
    """A record as it is shown."""
    tree, _, seq = found.place.rpartition("/")
    refs = ", ".join(f"{name} {value}" for name, value in sorted(found.refs.items()))
    return Item(
        found.place,
        found.time,
        found.type,
        found.actor,
        refs,
        found.agent,
        hash=found.hash,
        proof=proof_name(found.place),
        anchored=int(seq) < anchored.get(tree, 0),
        details=tuple(told.splitlines()),
    )


def proof_name(place: str) -> str:
    """The file of a proof in a pack."""
    return f"proofs/{place.replace('/', '-')}{SUFFIX}"


def _records(read: Read, tree: str, first: int, end: int, wanted: Wanted) -> Iterator[Record]:
    while page := read(_page(tree, first, end, wanted)):
        yield from page
        first = page[-1].seq + 1


def _page(tree: str, first: int, end: int, wanted: Wanted) -> Callable[[Transaction], Sequence[Record]]:
    return lambda tx: page_of(tx, tree, first, end, wanted)


def _told(permits: dict[str, _Permit], found: Exported) -> str:
    """What a decision about a permit is, by what was recorded of it before; a line for each thing."""
    if found.type not in (_QUESTION, *_DECISIONS):
        return ""
    known = permits.setdefault(found.refs.get("permit", ""), _Permit())
    if found.type == _QUESTION:
        known.asked = found.time
        return ""
    lines = [f"{(found.time - known.asked) / 1000:,.1f} s after the question"] if known.asked else []
    if found.type == _YES:
        known.voices.append(found.actor)
        lines += _voice(known.voices, found.refs.get("lacking", ""))
    return "\n".join(lines)


def _voice(voices: Sequence[str], lacking: str) -> Iterator[str]:
    """Which voice of how many it was. Records of before that was recorded say nothing, and nothing is said of them."""
    if not lacking.isdecimal() or (len(voices) == 1 and lacking == "0"):
        return
    count = len(voices) + int(lacking)
    yield f"voice {len(voices)} of {count}: " + (
        f"approved by {', '.join(voices)} together" if lacking == "0" else "not approved by this alone"
    )
