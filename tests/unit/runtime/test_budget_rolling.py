"""Whatever agents set aside, settle and give back, and whatever clocks do: no stretch holds more than its limit."""

import secrets
from dataclasses import dataclass
from random import Random
from zoneinfo import ZoneInfo

from actionworld import NOW
from budgetworld import REFUNDS
from hypothesis import given, settings
from hypothesis import strategies as st

from agentgov.runtime.accounts import Accounts
from agentgov.runtime.buckets import Limits
from agentgov.runtime.reservations import Expire, Release, Request, Reserve, Settle, Spending, Wanted
from agentgov.runtime.windows import Scope, day_begins, day_ends, windows_at

HOUR = 3_600_000
LENGTH = 6 * HOUR
PARIS = ZoneInfo("Europe/Paris")
LIMITS: Limits = {("agent", "6h"): 50, ("workspace", "day"): 80}
ZONES: dict[Scope, ZoneInfo] = {"workspace": PARIS}
CALLER = (str(REFUNDS), "production")


@dataclass
class Held:
    """What a reservation counts for, at the moment at which it was made."""

    id: str
    at: int
    amount: int


Step = tuple[str, int, int]  # what is done, an amount, minutes that pass before it
STEPS = st.tuples(
    st.sampled_from(["reserve", "reserve", "reserve", "settle", "release", "expire"]),
    st.integers(0, 30),
    st.one_of(st.integers(0, 90), st.integers(-600, 600)),
)


def wanted(key: str, amount: int, now_ms: int) -> Wanted:
    windows = str(windows_at(now_ms, ZONES, {"agent": (LENGTH // 1000,)}))
    return Wanted(
        id=secrets.token_hex(8), key=key, agent=REFUNDS, environment="production", closure="", request="", run="",
        day=windows, currency="USD", amount=amount, price=None, limits=LIMITS, details={},
    )  # fmt: skip


@settings(max_examples=150)
@given(st.lists(STEPS, max_size=60), st.randoms(use_true_random=False))
def test_no_stretch_and_no_day_holds_more_than_its_limit(steps: list[Step], chance: Random) -> None:
    accounts, held, open_, now_ms = Accounts((), (), {}), list[Held](), list[Held](), NOW
    for number, (what, amount, minutes) in enumerate(steps):
        now_ms += minutes * 60_000
        if what == "reserve":
            asked = wanted(f"k{number}", amount, now_ms)
            if accounts.decide(Reserve(asked, lambda _: None, now_ms))[1].allowed:
                one = Held(asked.id, now_ms, amount)
                held.append(one)
                open_.append(one)
        elif open_:
            one = open_.pop(chance.randrange(len(open_)))
            request: Request = Release(one.id, CALLER, now_ms)
            one.amount = {"release": 0, "settle": min(amount, one.amount)}.get(what, one.amount)
            if what == "settle":
                request = Settle(one.id, CALLER, Spending(amount=one.amount, currency="USD"), now_ms)
            elif what == "expire":
                request = Expire(one.id, now_ms + 10**9)
            assert accounts.decide(request)[1].allowed
    for begin in (one.at for one in held):
        assert sum(one.amount for one in held if begin <= one.at < begin + LENGTH) <= 50
        day = windows_at(begin, ZONES, {}).days[1]
        span = range(day_begins(day, PARIS), day_ends(day, PARIS))
        assert sum(one.amount for one in held if one.at in span) <= 80
