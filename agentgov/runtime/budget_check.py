"""Do budgets add up, by what stands in the store: a page of buckets at a time, so that a gate at work can look.

In each bucket the open reservations are what is reserved, nothing is below zero, and overruns are a part of what was
spent. Whether it is what the ledger says is `budget_replay`'s to tell. A limit may be lowered below what is spent, so
no limit is looked at here: it is kept where money is set aside (`accounts`).
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from agentgov.runtime.buckets import Level, chain, levels
from agentgov.store.port import Transaction

PAGE = 500  # buckets of one look


class Checked(NamedTuple):
    """What a look found: how many buckets it saw, how many reservations are open, and what does not add up. `last` is
    the bucket to go on behind, "" at the end of all; windows that began before `since` are not compared with leaves."""

    buckets: int
    open: int
    faults: tuple[str, ...]
    last: str = ""
    since: int = 0


def check_page(tx: Transaction, after: str = "") -> Checked:
    """Look at the next buckets; at the beginning, also for buckets of open reservations that are not there."""
    sql = "SELECT bucket, spent, reserved, overrun FROM budgets WHERE bucket > ? ORDER BY bucket LIMIT ?"
    page = {str(name): Level(*level) for name, *level in tx.all(sql, after, PAGE)}
    sums, number = open_sums(tx)
    held = {name for name, amount in sums.items() if amount}  # what costs nothing makes no bucket
    missing = held - levels(tx, held).keys() if not after else ()
    faults = (*_faults(page, sums), *(f"{name}: there is no such bucket" for name in sorted(missing)))
    return Checked(len(page), number, faults, list(page)[-1] if len(page) == PAGE else "")


def open_sums(tx: Transaction) -> tuple[Mapping[str, int], int]:
    """What the open reservations set aside in each bucket, and how many those are."""
    sums: dict[str, int] = defaultdict(int)
    sql = "SELECT agent, environment, run, day, currency, amount FROM reservations WHERE state = 'open'"
    rows = tx.all(sql)
    for agent, environment, run, day, currency, amount in rows:
        for bucket in chain(agent, environment, run, day, currency):
            sums[bucket.name] += amount
    return sums, len(rows)


def _faults(page: Mapping[str, Level], sums: Mapping[str, int]) -> Iterator[str]:
    for name, level in page.items():
        held = sums.get(name, 0)
        if level.reserved != held:
            yield f"{name}: {level.reserved} are reserved, and the open reservations are {held}"
        if level.spent < 0 or not 0 <= level.overrun <= level.spent:
            yield f"{name}: {level.spent} are spent, {level.overrun} of them overrun"
