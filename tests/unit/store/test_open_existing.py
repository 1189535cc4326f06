from pathlib import Path

import pytest

from agentgov.cli.run_time.budget_check import check_budgets
from agentgov.cli.run_time.ledger_verify import store_source
from agentgov.errors import ConfigurationError
from agentgov.store.open import open_existing, open_store


def test_a_store_that_is_not_there_is_not_made_to_say_that_it_holds(tmp_path: Path) -> None:
    missing = tmp_path / "mistyped.db"
    for ask in (
        lambda: open_existing(str(missing)),
        lambda: store_source(str(missing)).log(),
        lambda: check_budgets(".", f"sqlite:///{missing}", "json"),
    ):
        with pytest.raises(ConfigurationError, match="there is no store") as caught:
            ask()
        assert "--store" in caught.value.hint
    assert list(tmp_path.iterdir()) == []


def test_one_that_is_there_is_opened(tmp_path: Path) -> None:
    url = str(tmp_path / "gate.db")
    open_store(url).close()
    open_existing(url).close()
