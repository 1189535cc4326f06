"""Privileged records, such as a lawyer's: they come up only where their agent is asked for by name.

Decides what of a page of records is told; who may ask for it by name, the gate decides.
"""

from collections.abc import Callable, Sequence

from agentgov.runtime.ledger import Receipt, Record

Reads = Callable[[Receipt | None], Sequence[Record]]


def told(reads: Reads, withheld: Callable[[str], bool], before: Receipt | None, limit: int) -> tuple[Record, ...]:
    """The last records that `reads` answers before a place (a page, newest last), without those of agents that are
    withheld; more pages are read until there are so many, or none is left."""
    found: list[Record] = []
    while len(found) < limit:
        page = reads(before)
        found = [one for one in page if not withheld(one.agent)] + found
        if len(page) < limit:
            break
        before = Receipt(page[0].tree, page[0].seq)
    return tuple(found[-limit:])
