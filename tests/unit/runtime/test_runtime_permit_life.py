"""Whatever happens to a permit in whatever order: it is used at most once, never after it ended, and quotas add up."""

from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace

from actionworld import refund, rulebook
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule
from permitworld import LEADS, PermitWorld

from agentgov.runtime.action_requests import REPEATED
from agentgov.runtime.permit_ends import Outcome
from agentgov.runtime.rules import Rulebook
from agentgov.store.open import open_store

LIMIT, WITHIN = 40_000, 1_800_000
AMOUNTS = st.sampled_from([1000, 4200, 6000, 12_000])
PEOPLE = (*sorted(LEADS), "mallory")
KEYS = st.integers(0, 11).map(str)


class PermitLife(RuleBasedStateMachine):
    """One agent whose rules allow up to 5000 and ask two people above, with a quota that calls run into."""

    permits = Bundle("permits")

    def __init__(self) -> None:
        super().__init__()
        self._folder = TemporaryDirectory()
        self._path = str(Path(self._folder.name) / "store.db")
        self.world = PermitWorld(open_store(self._path), self._book())
        self.known: dict[str, tuple[str, int, bool]] = {}  # key -> permit, amount, whether people are asked
        self.yes: dict[str, set[str]] = {}
        self.no: set[str] = set()
        self.born: dict[str, int] = {}
        self.used: set[str] = set()
        self.undone: set[str] = set()
        self.told: dict[str, str] = {}

    @staticmethod
    def _book() -> Rulebook:
        ask = {"who": ["team:payments-leads"], "count": 2, "within": "30m"}
        tool = {"match": {"tools": ["refund.create"]}}
        return rulebook(
            {
                "actions": [
                    {**tool, "when": "args.amount_minor <= 5000", "then": "allow"},
                    {**tool, "then": {"ask": ask}},
                ],
                "quotas": [{"tool": "refund.create", "sum": "args.amount_minor", "per": "365d", "max": LIMIT}],
            }
        )

    def teardown(self) -> None:
        self.world.store.close()
        self._folder.cleanup()

    def _over(self, id_: str) -> bool:
        return self.world.now >= self.born[id_] + WITHIN

    def _taken(self) -> int:
        """What the quota has to hold, by what a reader of the rules would say."""
        return sum(
            amount
            for id_, amount, asks in self.known.values()
            if id_ not in self.undone and (id_ in self.used or (asks and id_ not in self.no and not self._over(id_)))
        )

    @rule(target=permits, key=KEYS, amount=AMOUNTS)
    def ask(self, key: str, amount: int) -> str:
        self.world.expire()
        room = self._taken() + amount <= LIMIT
        answer = self.world.ask(key, refund(amount_minor=amount))
        if key in self.known:
            id_, before, asks = self.known[key]
            over = asks and (id_ in self.used or id_ in self.no or self._over(id_))
            same = before == amount
            late = not asks and (id_ in self.told or self.world.now >= self.born[id_] + REPEATED)
            again = same and not over and not late and not self._stopped
            expected = ("ask" if asks else "allow") if again else "deny"
            assert answer.decision == expected
            return id_
        if self._stopped or not room:
            assert (answer.decision, answer.permit) == ("deny", None)
            return ""
        assert answer.permit is not None
        id_, asks = answer.permit.id, amount > 5000
        assert answer.decision == ("ask" if asks else "allow")
        self.known[key], self.yes[id_], self.born[id_] = (id_, amount, asks), set(), self.world.now
        if not asks:
            self.used.add(id_)
        return id_

    @property
    def _stopped(self) -> bool:
        return self.world.paused is not None

    def _of(self, id_: str) -> tuple[int, bool]:
        return next((amount, asks) for one, amount, asks in self.known.values() if one == id_)

    @rule(
        id_=permits, person=st.sampled_from([*sorted(LEADS), "mallory"]), decision=st.sampled_from(["approve", "deny"])
    )
    def vote(self, id_: str, person: str, decision: str) -> None:
        if not id_:
            return
        _, asks = self._of(id_)
        is_open = asks and id_ not in self.used and id_ not in self.no and not self._over(id_)
        self.world.vote(id_, person, decision)
        if not is_open or person not in LEADS:
            return
        if decision == "deny":
            self.no.add(id_)
        elif len(self.yes[id_]) < 2:
            self.yes[id_].add(person)

    @rule(id_=permits, other=st.booleans())
    def consume(self, id_: str, other: bool) -> None:
        if not id_:
            return
        amount, asks = self._of(id_)
        ready = asks and len(self.yes[id_]) == 2 and id_ not in self.used | self.no and not self._over(id_)
        arguments = refund(amount_minor=amount, line=2 if other else 1)
        answer = self.world.consume(id_, arguments)
        assert (answer.decision == "allow") == (ready and not other and not self._stopped)
        if answer.decision == "allow":
            self.used.add(id_)

    @rule(id_=permits, outcome=st.sampled_from(["done", "failed", "not-done"]))
    def outcome(self, id_: str, outcome: Outcome) -> None:
        if not id_:
            return
        taken = self.world.outcome(id_, outcome).allowed
        assert taken == (id_ in self.used and self.told.setdefault(id_, outcome) == outcome)
        if taken and outcome == "not-done":
            self.undone.add(id_)

    @rule(minutes=st.integers(1, 40))
    def wait(self, minutes: int) -> None:
        self.world.now += minutes * 60_000

    @rule(stop=st.booleans())
    def pause(self, stop: bool) -> None:
        self.world.paused = SimpleNamespace(mode="stop", by="carol", reason="why not") if stop else None

    @rule()
    def restart(self) -> None:
        self.world.store.close()
        self.world.store = open_store(self._path)

    @invariant()
    def the_quota_holds_what_it_should(self) -> None:
        self.world.expire()
        assert self.world.used() == self._taken() <= LIMIT

    @invariant()
    def every_permit_is_where_it_should_be(self) -> None:
        for id_, _, asks in self.known.values():
            state = self.world.permit(id_).at(self.world.now)
            if id_ in self.used:
                assert state == "consumed"
            elif id_ in self.no:
                assert state == "denied"
            elif self._over(id_):
                assert state == "expired"
            else:
                assert state == ("approved" if asks and len(self.yes[id_]) == 2 else "pending")

    @invariant()
    def each_use_has_one_record(self) -> None:
        records = self.world.records()
        assert records.count("permit.consume") + records.count("action.allow") == len(self.used)


PermitLife.TestCase.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)
TestPermitLife = PermitLife.TestCase
