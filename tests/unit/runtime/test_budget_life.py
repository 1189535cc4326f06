"""Whatever happens to reservations in whatever order: no bucket is overspent but by overruns, and all of it adds up."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from budgetworld import LIMITS, REFUNDS, TRIAGE, BudgetWorld
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from postgres import Postgres

from agentgov.model.names import AgentId
from agentgov.runtime.accounts import LASTS
from agentgov.store.open import open_store

AGENTS = st.sampled_from([REFUNDS, TRIAGE])
AMOUNTS = st.integers(0, 60)


class BudgetLife(RuleBasedStateMachine):
    """Two agents of one workspace, beside a model of them that is as simple as can be: a list of reservations."""

    held = Bundle("held")
    url = ""

    def __init__(self) -> None:
        super().__init__()
        self._folder = TemporaryDirectory()
        self._path = self.url or f"sqlite:///{Path(self._folder.name) / 'store.db'}"
        self.world = BudgetWorld(open_store(self._path))
        if self.url:
            self.world.store.write(_empty).result()
        self.known: dict[str, dict[str, object]] = {}
        self.keys = 0

    def teardown(self) -> None:
        self.world.store.close()
        self._folder.cleanup()

    @rule(target=held, agent=AGENTS, amount=AMOUNTS, run=st.sampled_from(["", "r1", "r2"]))
    def reserve(self, agent: AgentId, amount: int, run: str) -> str:
        self.keys += 1
        room = self._has_room(agent, amount, run)
        found, verdict = self.world.reserve(f"k{self.keys}", amount, agent, run)
        assert verdict.allowed == room
        if found is None:
            return ""
        day = self.world.now // 86_400_000
        self.known[found.id] = {
            "agent": agent, "run": run, "amount": amount, "state": "open", "actual": 0, "over": 0, "day": day,
            "key": f"k{self.keys}", "expires": found.expires,
        }  # fmt: skip
        return found.id

    @rule(id_=held)
    def again(self, id_: str) -> None:
        if id_ in self.known:
            one = self.known[id_]
            found, verdict = self.world.reserve(str(one["key"]), one["amount"], one["agent"], str(one["run"]))  # type: ignore[arg-type]
            assert verdict.allowed == (one["state"] == "open")
            assert found is None or found.id == id_

    @rule(id_=held, actual=st.integers(0, 80), who=AGENTS)
    def settle(self, id_: str, actual: int, who: AgentId) -> None:
        one = self.known.get(id_)
        verdict = self.world.settle(id_, who, amount=actual)[1]
        may = one is not None and one["agent"] == who and one["state"] in ("open", "unconfirmed")
        same = one is not None and one["agent"] == who and (one["state"], one["actual"]) == ("settled", actual)
        assert verdict.allowed == (may or same)
        if one is not None and may:
            one.update(state="settled", actual=actual, over=max(actual - int(str(one["amount"])), 0))

    @rule(id_=held, who=AGENTS)
    def release(self, id_: str, who: AgentId) -> None:
        one = self.known.get(id_)
        verdict = self.world.release(id_, who)[1]
        assert verdict.allowed == (one is not None and one["agent"] == who and one["state"] in ("open", "released"))
        if one is not None and verdict.allowed:
            one.update(state="released", actual=0)

    @rule(forward=st.sampled_from([1, LASTS // 2, LASTS, 86_400_000, -3_600_000]))
    def time_passes(self, forward: int) -> None:
        self.world.now += forward

    @rule()
    def expire(self) -> None:
        self.world.expire()
        for one in self.known.values():
            if one["state"] == "open" and int(str(one["expires"])) <= self.world.now:
                one.update(state="unconfirmed", actual=one["amount"])

    @rule()
    def restart(self) -> None:
        self.world.store.close()
        self.world.store = open_store(self._path)

    @invariant()
    def adds_up(self) -> None:
        assert self.world.differences() == ()
        for agent in (REFUNDS, TRIAGE):
            for (scope, window), level in self.world.levels(agent).items():
                limit = LIMITS.get((scope, window), 2**62)
                assert level.reserved >= 0
                assert level.spent + level.reserved <= limit + level.overrun
                if window == "day":
                    mine = [one for one in self._today() if scope != "agent" or one["agent"] == agent]
                    assert level.reserved == _sum(mine, "amount", "open")
                    assert level.spent == _sum(mine, "actual", "settled", "unconfirmed")
                    assert level.overrun == _sum(mine, "over", "settled")

    def _today(self) -> list[dict[str, object]]:
        return [one for one in self.known.values() if one["day"] == self.world.now // 86_400_000]

    def _has_room(self, agent: AgentId, amount: int, run: str) -> bool:
        levels = self.world.levels(agent)
        fits = all(
            levels[key].spent + levels[key].reserved + amount <= limit
            for key, limit in LIMITS.items()
            if key != ("run", "run")
        )
        mine = [one for one in self.known.values() if (one["agent"], one["run"]) == (agent, run)]
        used = _sum(mine, "amount", "open") + _sum(mine, "actual", "settled", "unconfirmed")
        return fits and (not run or used + amount <= LIMITS["run", "run"])


def _sum(of: list[dict[str, object]], field: str, *states: str) -> int:
    return sum(int(str(one[field])) for one in of if one["state"] in states)


def _empty(tx: object) -> None:
    for table in ("budgets", "reservations", "records"):
        tx.run(f"DELETE FROM {table}")  # type: ignore[attr-defined]


def test_money_adds_up_whatever_happens_in_a_file() -> None:
    run_state_machine_as_test(BudgetLife, settings=settings(max_examples=40, stateful_step_count=40, deadline=None))


@pytest.mark.slow
def test_money_adds_up_whatever_happens_in_postgresql(postgres: Postgres) -> None:
    place = type("OnPostgres", (BudgetLife,), {"url": postgres.database()})
    run_state_machine_as_test(place, settings=settings(max_examples=15, stateful_step_count=30, deadline=None))
