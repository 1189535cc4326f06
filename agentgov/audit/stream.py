"""Reads what is to be exported, a page at a time and the oldest first: the acts of the journal, then tree by tree.

Holds one page in memory, however much there is. The cursor that is left says what would be read next, also where
records in between were not wanted.
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import islice

import msgspec

from agentgov.audit.cursor import SCHEMA, Cursor
from agentgov.audit.exported import Exported, of_act, of_record
from agentgov.journal.query import Logged, acts_from, concerns_agent
from agentgov.journal.view import View
from agentgov.model.names import agent_id
from agentgov.runtime.ledger import Record
from agentgov.runtime.ledger_pages import Wanted, page_of
from agentgov.store.port import Transaction

Page = tuple[Record, ...]
Read = Callable[[Callable[[Transaction], Page]], Page]
_ACTS = 500  # in a page


class Span(msgspec.Struct, frozen=True):
    """What is exported: acts up to the tip of a journal, of each tree what was there when it was asked."""

    acts: bool
    ends: Mapping[str, int]  # of the trees that are exported
    ledger: str = ""
    payloads: bool = False
    withheld: Callable[[str], bool] = lambda _: False  # whether the records of an agent are left out
    opened: Callable[[Transaction, Record], Record] = lambda _, one: one  # decrypts a payload, for who may read it


def pages(view: View, span: Span, wanted: Wanted, cursor: Cursor, read: Read) -> Iterator[list[Exported]]:
    """What is wanted and comes after the cursor."""
    if span.acts:
        acts = (one for one in acts_from(view, cursor.act) if is_wanted(view, one, wanted))
        while page := [of_act(one) for one in islice(acts, _ACTS)]:
            yield page
    for tree, end in sorted(span.ends.items()):
        first = cursor.trees.get(tree, 0)
        while found := read(_reading(span, tree, first, end, wanted)):
            yield [of_record(one) for one in found if not span.withheld(one.agent)]
            first = found[-1].seq + 1


def after(view: View, span: Span, cursor: Cursor) -> Cursor:
    """The cursor behind what a span holds; what the span leaves out stays where it was."""
    return Cursor(
        SCHEMA,
        view.state.head.fleet,
        span.ledger or cursor.ledger,
        {**cursor.trees, **span.ends},
        view.state.head.seq + 1 if span.acts else cursor.act,
    )


def is_wanted(view: View, logged: Logged, wanted: Wanted) -> bool:
    """Whether an act is among those that are asked for."""
    if wanted.types and logged.act.kind not in wanted.types:
        return False
    if wanted.since or wanted.until:
        time = logged.head.time * 1000
        if time < wanted.since or (wanted.until and time >= wanted.until):
            return False
    agent = agent_id(wanted.agent) if wanted.agent else None
    return agent is None or concerns_agent(view.repo, logged, agent)


def _reading(span: Span, tree: str, first: int, end: int, wanted: Wanted) -> Callable[[Transaction], Page]:
    def work(tx: Transaction) -> Page:
        found = page_of(tx, tree, first, end, wanted, payloads=span.payloads)
        return tuple(span.opened(tx, one) for one in found) if span.payloads else found

    return work
