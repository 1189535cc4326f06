"""Disposes of whole months of payloads, where the database keeps each month in a partition of its own.

A month is looked through page by page, without anybody waiting for it; where every payload of it is old enough by its
class and held by nobody, one transaction records what goes, as for single payloads, and drops the partition. It is
dropped only while it still holds exactly what was looked at: an erasure or a late record in between puts it off. What
cannot go as a whole goes page by page, as everywhere else (`pruning`).
"""

from collections.abc import Mapping

import msgspec

from agentgov.runtime.pruning import PAGE, Found, Random, of_payloads, tell_payloads
from agentgov.runtime.retention import Kept, Rules
from agentgov.store.partitions import Partition, drop, partitions
from agentgov.store.port import Transaction

Groups = Mapping[tuple[str, str, Kept], tuple[int, int, int]]  # tree, agent, class: how many, first and last place


class Month(msgspec.Struct, frozen=True):
    """A month of payloads, as far as it was looked through: up to `after`."""

    part: Partition
    groups: Groups = {}
    after: tuple[str, int] = ("", -1)
    rows: int = 0
    places: int = 0  # the sum of their places
    goes: bool = True  # whether all that was seen may go
    done: bool = False

    @property
    def goes_on(self) -> bool:
        """Whether there is more to look at."""
        return self.goes and not self.done


def old_months(tx: Transaction, rules: Rules, now_ms: int) -> tuple[Month, ...]:
    """The months of which all may be old enough: none in a file of SQLite."""
    shortest = rules.shortest
    if shortest is None:
        return ()
    months = (one for one in partitions(tx, "payloads") if not one.is_other and not one.is_before)
    return tuple(Month(one) for one in months if one.until <= now_ms - shortest)


def looked_on(tx: Transaction, month: Month, rules: Rules, now_ms: int) -> Month:
    """The same with one page more of it."""
    rows = tx.all(
        f"SELECT p.tree, p.seq, r.agent, r.type, r.time, r.tool, r.subject FROM {month.part.name} p "  # noqa: S608 - of the catalogue
        "JOIN records r ON r.tree = p.tree AND r.seq = p.seq WHERE (p.tree, p.seq) > (?, ?) "
        "ORDER BY p.tree, p.seq LIMIT ?",
        *month.after,
        PAGE,
    )
    groups = dict(month.groups)
    for tree, seq, agent, kind, time, tool, subject in rows:
        kept = rules.of(agent, kind, time, tool, subject)
        if time >= kept.payload_until(now_ms):
            return msgspec.structs.replace(month, goes=False)
        count, first, _ = groups.get((tree, agent, kept), (0, seq, seq))
        groups[tree, agent, kept] = count + 1, first, seq
    return Month(
        month.part,
        groups,
        (str(rows[-1][0]), int(rows[-1][1])) if rows else month.after,
        month.rows + len(rows),
        month.places + sum(row[1] for row in rows),
        done=len(rows) < PAGE,
    )


def drop_month(tx: Transaction, month: Month, who: str, now_ms: int, random: Random) -> Found:
    """Dispose of a month that was looked through; of nothing where it is not what it was then."""
    assert month.done, "all of it was looked at"
    assert month.goes, "every payload of it is old enough"
    if month.part.name not in {one.name for one in partitions(tx, "payloads")}:
        return Found()  # another gate was first
    held = tx.one(f"SELECT count(*), coalesce(sum(seq), 0) FROM {month.part.name}")  # noqa: S608 - of the catalogue
    if held != (month.rows, month.places):
        return Found()
    gone = tuple(of_payloads(tree, agent, kept, found, now_ms) for (tree, agent, kept), found in month.groups.items())
    tell_payloads(tx, gone, who, now_ms, random)
    drop(tx, month.part)
    return Found(gone)
