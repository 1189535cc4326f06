"""Disposes of what the ledger need not keep any longer: payloads first, later the leaves, each with a record of it.

Payloads go one by one, as soon as their class says so. Leaves go from the beginning of their tree in whole tiles, as
far as every one of them is old enough, is under a signed checkpoint, and is held by nobody; their hashes stay in the
tiles, so that every proof of what is kept holds, and so does every checkpoint. The newest leaf always stays. What is
disposed of and the record of it are one transaction: a crash leaves both, or neither.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence

import msgspec

from agentgov.runtime.ledger import SALT, Entry, append_all
from agentgov.runtime.retention import PRUNED, Kept, Rules
from agentgov.runtime.tiles import WIDTH
from agentgov.store.port import Transaction

PAGE = 10_240  # records of one transaction: whole tiles
_OLDEST = (
    "SELECT p.seq, r.agent, r.type, r.time, r.tool, r.subject FROM payloads p "
    "JOIN records r ON r.tree = p.tree AND r.seq = p.seq "
    "WHERE p.tree = ? AND p.seq >= ? ORDER BY p.seq LIMIT ?"
)
_RECORDS = "SELECT seq, agent, type, time, tool, subject FROM records WHERE tree = ? AND seq >= ? ORDER BY seq LIMIT ?"
_BOUNDS = (
    "SELECT (SELECT min(seq) FROM records WHERE tree = ?), (SELECT max(seq) FROM records WHERE tree = ?), "
    "(SELECT size FROM checkpoints WHERE tree = ?)"
)
Random = Callable[[int], bytes]


class Disposal(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is disposed of: payloads of one agent, or leaves of a tree; by which class and rule."""

    tree: str
    what: str  # payloads, leaves
    name: str  # the class
    rule: str  # as governance writes it
    count: int
    first: int
    last: int
    agent: str = ""
    since: int = 0
    until: int = 0


class Stays(msgspec.Struct, frozen=True):
    """Why the leaves of a tree go no further: the first that stays, and what keeps it."""

    tree: str
    seq: int
    name: str  # the class, "" for none
    hold: str
    until: int  # epoch milliseconds from when on it need not be kept; 0 where nobody says
    why: str


class Found(msgspec.Struct, frozen=True):
    """What one step finds, or did; `after` is where the next one begins, -1 where there is nothing more."""

    disposals: tuple[Disposal, ...] = ()
    held: Mapping[str, int] = {}  # payloads that are old enough, by the hold that keeps them
    after: int = -1
    stays: Stays | None = None


def old_payloads(tx: Transaction, tree: str, first: int, rules: Rules, now_ms: int) -> tuple[Found, list[int]]:
    """The payloads of one page that are old enough, and their places."""
    shortest = rules.shortest
    if shortest is None:
        return Found(), []
    rows = tx.all(_OLDEST, tree, first, PAGE)
    groups: dict[tuple[str, Kept], list[int]] = defaultdict(list)
    held: Counter[str] = Counter()
    for seq, agent, kind, time, tool, subject in rows:
        kept = rules.of(agent, kind, time, tool, subject)
        if kept.hold:
            held[kept.hold] += kept.payload is not None and time < now_ms - kept.payload
        elif time < kept.payload_until(now_ms):
            groups[agent, kept].append(seq)
    found = tuple(
        of_payloads(tree, agent, kept, (len(seqs), seqs[0], seqs[-1]), now_ms) for (agent, kept), seqs in groups.items()
    )
    more = len(rows) == PAGE and rows[-1][3] < now_ms - shortest
    gone = [seq for seqs in groups.values() for seq in seqs]
    return Found(found, {hold: count for hold, count in held.items() if count}, rows[-1][0] + 1 if more else -1), gone


def prune_payloads(
    tx: Transaction, tree: str, first: int, rules: Rules, who: str, now_ms: int, random: Random
) -> Found:
    """Dispose of the payloads of one page."""
    found, gone = old_payloads(tx, tree, first, rules, now_ms)
    tx.many("DELETE FROM payloads WHERE tree = ? AND seq = ?", [(tree, seq) for seq in gone])
    tell_payloads(tx, found.disposals, who, now_ms, random)
    return found


def tell_payloads(tx: Transaction, gone: Sequence[Disposal], who: str, now_ms: int, random: Random) -> None:
    """Record which payloads were disposed of."""
    _tell(tx, [_of_payloads(one, who) for one in gone], now_ms, random)


def old_leaves(tx: Transaction, tree: str, first: int, rules: Rules, now_ms: int) -> Found:
    """The leaves of one page, from `first` on or from where the tree begins, that are old enough."""
    begin, newest, signed = tx.one(_BOUNDS, tree, tree, tree) or (None, None, None)
    if begin is None or newest is None:
        return Found()
    first, end = max(first, begin), min(signed or 0, newest)
    counts: Counter[Kept] = Counter()
    at: dict[Kept, list[int]] = {}
    tile: list[tuple[int, Kept]] = []
    done = first
    for seq, agent, kind, time, tool, subject in tx.all(_RECORDS, tree, first, PAGE):
        kept = rules.of(agent, kind, time, tool, subject)
        if seq >= end or time >= kept.leaf_until(now_ms):
            return Found(_of_leaves(tree, counts, at), {}, -1, _stays(tree, seq, kept, time, seq >= end))
        tile.append((seq, kept))
        if seq % WIDTH == WIDTH - 1:
            for place, one in tile:
                counts[one] += 1
                at.setdefault(one, [place, place])[1] = place
            tile, done = [], seq + 1
    return Found(_of_leaves(tree, counts, at), {}, done if done - first == PAGE else -1)


def prune_leaves(tx: Transaction, tree: str, rules: Rules, who: str, now_ms: int, random: Random) -> Found:
    """Dispose of the leaves of one page."""
    found = old_leaves(tx, tree, 0, rules, now_ms)
    if found.disposals:
        end = max(one.last for one in found.disposals) + 1
        for table in ("payloads", "records"):
            tx.run(f"DELETE FROM {table} WHERE tree = ? AND seq < ?", tree, end)  # noqa: S608 - our own words
        classes = "; ".join(f"{one.name} {one.count} {one.rule}" for one in found.disposals)
        refs = {"classes": classes[:400], "from": str(min(one.first for one in found.disposals)), "leaves": str(end)}
        _tell(tx, [Entry(PRUNED, "", who, refs=refs, tree=tree)], now_ms, random)
    return found


def trees_of(tx: Transaction) -> tuple[str, ...]:
    """Every tree that has records, by name."""
    found: list[str] = []
    row = tx.one("SELECT min(tree) FROM records")
    while row is not None and row[0] is not None:
        found.append(str(row[0]))
        row = tx.one("SELECT min(tree) FROM records WHERE tree > ?", found[-1])
    return tuple(found)


def of_payloads(tree: str, agent: str, kept: Kept, found: tuple[int, int, int], now_ms: int) -> Disposal:
    """Payloads of one agent that are old enough: how many, and the first and last place of them."""
    until = kept.payload_until(now_ms)
    return Disposal(tree, "payloads", kept.name, kept.said[0], *found, agent, kept.begin, until)


def _of_payloads(one: Disposal, who: str) -> Entry:
    refs = {"payloads": one.name, "rule": one.rule, "since": str(one.since), "until": str(one.until)}
    refs |= {"count": str(one.count), "first": str(one.first), "last": str(one.last)}
    return Entry(PRUNED, one.agent, who, refs=refs, tree=one.tree)


def _of_leaves(tree: str, counts: Mapping[Kept, int], at: Mapping[Kept, Sequence[int]]) -> tuple[Disposal, ...]:
    return tuple(
        Disposal(tree, "leaves", one.name, one.said[1], count, at[one][0], at[one][1]) for one, count in counts.items()
    )


def _stays(tree: str, seq: int, kept: Kept, time: int, newest: bool) -> Stays:
    until = time + kept.leaf + 1 if kept.leaf is not None and not kept.hold else 0
    if kept.hold:
        why = f"the hold {kept.hold} keeps it"
    elif kept.leaf is None:
        why = f"governance has no class {kept.name}" if kept.name else "it has no class"
    elif newest:
        why = "it is the newest, or under no checkpoint yet"
    else:
        why = f"{kept.name} keeps records for {kept.said[1]}"
    return Stays(tree, seq, kept.name, kept.hold, until, why)


def _tell(tx: Transaction, entries: Sequence[Entry], now_ms: int, random: Random) -> None:
    append_all(tx, entries, now_ms, random(SALT * len(entries)))
