"""A store that no gate looks after is kept small by those who use it."""

from pathlib import Path

from budgetworld import REFUNDS, BudgetWorld

from agentgov.model.names import AgentId
from agentgov.runtime import budget_marks
from agentgov.runtime.accounts import LASTS
from agentgov.runtime.budget_marks import KEPT, LIMIT, Mark
from agentgov.runtime.known_terms import KnownTerms
from agentgov.sdk.till import Till
from agentgov.store.open import open_store

NOW = 1_780_000_000_000


def test_what_nobody_was_told_of_is_not_kept_for_ever(tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "store.db"))
    for at in (NOW - KEPT - 1, NOW):
        mark = Mark(f"agent day a {at} USD", LIMIT, "support/a", "production", "the day", 5, 5, "USD", at)
        store.write(lambda tx, mark=mark: budget_marks.take(tx, mark, bytes(16))).result()  # type: ignore[misc]
    Till(store, AgentId("support", "a"), "production", KnownTerms()).sweep(NOW)
    for sql in ("SELECT at FROM budget_marks", "SELECT created FROM deliveries"):
        assert store.read(lambda tx, sql=sql: tx.all(sql)).result() == [(NOW,)]  # type: ignore[misc]
    store.close()


def test_what_is_over_is_ended_also_after_a_clock_was_set_back(tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "store.db"))
    till, money = Till(store, REFUNDS, "production", KnownTerms()), BudgetWorld(store, {})
    till.sweep(money.now + 86_400_000)
    money.reserve("a", 10)
    till.sweep(money.now + LASTS)
    assert money.levels()["agent", "day"].spent == 10
    store.close()
