"""Calls that are decided together, and outcomes that are told together, are taken as if each had come alone, in the
same order. On both databases."""

from collections.abc import Iterator, Sequence
from typing import get_args

import pytest
from actionworld import NOW, REFUNDS, refund, rulebook
from hypothesis import given, settings
from hypothesis import strategies as st
from patience import PATIENCE
from postgres import Postgres

from agentgov.model.verdict import deny
from agentgov.runtime.action_requests import Asked, Refusal, Request, decide
from agentgov.runtime.actions import decide_action
from agentgov.runtime.calls import Call
from agentgov.runtime.pause import Order
from agentgov.runtime.permit_ends import Outcome, Told, tell_outcomes
from agentgov.store.open import open_store
from agentgov.store.port import Store, Transaction

PAUSED = Order("p", "payments/refunds", "alice", "stop", "odd", 0, NOW)
BOOK = rulebook(
    {
        "quotas": [
            {"tool": "refund.create", "sum": "args.amount_minor", "per": "24h", "max": 20_000},
            {"tool": "refund.create", "sum": "args.amount_minor", "per": "1h", "max": 11_000},
        ]
    }
)
TABLES = ("permits", "meter_slices", "deliveries", "records", "payloads")
Step = tuple[str, int, int, int]
Word = tuple[int, Outcome]
Turn = tuple[Sequence[Step], Sequence[Word]]

# what, under which key, what it takes, and how much later than the one before
steps = st.tuples(
    st.sampled_from(["ask", "ask", "ask", "paused", "refused", "unlisted"]),
    st.integers(0, 5),
    st.sampled_from([0, 100, 4200, 6000, 11_000]),
    st.sampled_from([0, 0, 1, 60_000, 700_000, 3_600_000]),
)
# what came of which of all calls so far
words: st.SearchStrategy[Word] = st.tuples(st.integers(0, 30), st.sampled_from(get_args(Outcome)))
turns = st.tuples(st.lists(steps, min_size=1, max_size=10), st.lists(words, max_size=8))
histories = st.lists(turns, min_size=1, max_size=3)


def batches(history: Sequence[Turn]) -> list[tuple[list[Request | Refusal], list[Told]]]:
    """All of a history as requests and outcomes; what is decided together has one time."""
    now, number, found = NOW, 0, []
    for batch, said in history:
        now += max(step[-1] for step in batch)
        asked = [_request(step, number + at, now) for at, step in enumerate(batch)]
        number += len(batch)
        found.append((asked, [_told(word, at, number, now) for at, word in enumerate(said)]))
    return found


def _told(word: Word, number: int, calls: int, now: int) -> Told:
    call, outcome = word
    note = "odd" if call % 3 == 0 else ""
    return Told(f"{call % calls:032x}", (str(REFUNDS), "production"), outcome, note, now, number.to_bytes(16, "big"))


def _request(step: Step, number: int, now: int) -> Request | Refusal:
    what, key, amount, _ = step
    salt = number.to_bytes(16, "big")
    if what == "refused":
        return Refusal(str(REFUNDS), "production", "refund.create", deny("action.release", "nothing runs"), now, salt)
    call = Call("refund.create" if what != "unlisted" else "other", refund(amount_minor=amount))
    verdict = decide_action(BOOK, call, paused=None, now_ms=now)
    asked = Asked(f"{number:032x}", f"k{key}", BOOK, call, verdict)
    return Request(asked, lambda _: PAUSED if what == "paused" else None, now, salt)


def agree(stores: tuple[Store, Store], history: Sequence[Turn]) -> None:
    """Whatever a store that decides together answers, and holds afterwards, another one does that decides one by
    one."""
    together, alone = stores
    for store in stores:
        store.write(_emptied).result(PATIENCE)
    for batch, said in batches(history):
        for work, items in ((decide, batch), (tell_outcomes, said)):
            one = together.write(lambda tx, w=work, i=items: w(tx, i)).result(PATIENCE)  # type: ignore[misc]
            other = [alone.write(lambda tx, w=work, i=each: w(tx, [i])[0]).result(PATIENCE) for each in items]  # type: ignore[misc]
            assert list(one) == other
        held, other_held = (store.read(_held).result(PATIENCE) for store in stores)
        assert held == other_held


def _emptied(tx: Transaction) -> None:
    for table in TABLES:
        tx.run(f"DELETE FROM {table}")


def _held(tx: Transaction) -> dict[str, list[tuple[object, ...]]]:
    found = {table: sorted(tx.all(f"SELECT * FROM {table}")) for table in TABLES}
    return found | {"meter_slices": [row for row in found["meter_slices"] if row[-1]]}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, Store]]:
    folder = tmp_path_factory.mktemp("pair")
    yield from _opened(f"sqlite:///{folder}/a.db", f"sqlite:///{folder}/b.db")


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory, postgres: Postgres) -> Iterator[tuple[Store, Store]]:
    yield from _opened(postgres.database(), f"sqlite:///{tmp_path_factory.mktemp('pair')}/b.db")


def _opened(first: str, second: str) -> Iterator[tuple[Store, Store]]:
    stores = open_store(first), open_store(second)
    yield stores
    for store in stores:
        store.close()


@given(history=histories)
@settings(max_examples=50, deadline=None)
def test_a_batch_answers_and_leaves_what_one_after_the_other_does(
    files: tuple[Store, Store], history: list[Turn]
) -> None:
    agree(files, history)


@pytest.mark.slow
@given(history=histories)
@settings(max_examples=100, deadline=None)
def test_a_batch_in_postgresql_leaves_what_one_after_the_other_does(
    servers: tuple[Store, Store], history: list[Turn]
) -> None:
    agree(servers, history)
