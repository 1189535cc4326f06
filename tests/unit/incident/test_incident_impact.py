"""What an incident did, in numbers, beside what is normal."""

from collections.abc import Iterator

import pytest

from agentgov.incident.impact import impact_lines, impact_of
from agentgov.model.names import AgentId
from agentgov.runtime.ledger import Entry, append
from agentgov.runtime.telemetry import rollups
from agentgov.runtime.telemetry.rollups import MINUTE, Sums
from agentgov.store.open import open_store
from agentgov.store.port import Store, Transaction

REFUNDS = AgentId("support", "refunds")
NOW = 1_764_000_000_000 - 1_764_000_000_000 % MINUTE
HOUR = 60 * MINUTE


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    store = open_store(store_url)
    yield store
    store.close()


def used(tx: Transaction, at: int, calls: int, errors: int, cents: int) -> None:
    key = (str(REFUNDS), "production", at, "model", "gpt", "c", "", "USD")
    rollups.add(tx, {key: Sums(calls=calls, errors=errors, cost=cents * 10**7)})


def lines(store: Store, since: int, until: int) -> list[str]:
    return list(impact_lines(store.read(lambda tx: impact_of(tx, REFUNDS, since, until)).result()))


def test_numbers_stand_beside_what_is_normal_in_as_long_a_time(store: Store) -> None:
    def work(tx: Transaction) -> None:
        used(tx, NOW - 10 * HOUR, 100, 1, 500)
        used(tx, NOW - 9 * 24 * HOUR, 10**6, 1, 500)  # longer ago than what is looked at
        used(tx, NOW + MINUTE, 40, 10, 900)
        used(tx, NOW + HOUR, 7, 7, 7)  # after its end
        for number, kind in enumerate(("action.deny", "budget.deny", "pause")):
            append(tx, Entry(kind, str(REFUNDS), "agent"), NOW + number, bytes(16))

    store.write(work).result()
    assert lines(store, NOW, NOW + HOUR) == [
        "support/refunds: 40 calls (normal: 10)",
        "support/refunds: 10 errors (normal: 0)",
        "support/refunds: 2 denials (normal: 0)",
        "support/refunds: 9.00 USD spent (normal: 0.50 USD)",
        "support/refunds: 25.0 % of its calls failed",
    ]


def test_without_a_past_it_says_so_and_without_anything_it_says_nothing(store: Store) -> None:
    assert lines(store, NOW, NOW + HOUR) == []
    store.write(lambda tx: used(tx, NOW, 3, 0, 100)).result()
    assert lines(store, NOW, NOW + HOUR) == [
        "support/refunds: 3 calls (nothing was counted before)",
        "support/refunds: 1.00 USD spent (nothing was counted before)",
    ]
