"""What is asked about money, and what is known of it: values, and the row that a reservation is."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Literal

import msgspec

from agentgov.model.document import Environment
from agentgov.model.names import AgentId
from agentgov.model.verdict import Reason, Verdict, deny
from agentgov.runtime.buckets import NO_LIMITS, Bucket, Limits, chain
from agentgov.runtime.pause_orders import Standing
from agentgov.runtime.prices import Price

State = Literal["open", "settled", "released", "unconfirmed"]
RANDOM = 10  # bytes of an id
PERMIT = "permit "  # what the key of the money of a permit begins with: no key of an agent has a blank in it
MOST = 10**15  # nano-units of one reservation, or one settlement: a million
COLUMNS = (
    "id, agent, environment, reservation_key, state, request, run, day, currency, price, amount, actual, closure, "
    "asked, expires, ended, record, subject, purpose"
)


@lru_cache(maxsize=512)
def _priced(text: str) -> Price:
    return msgspec.json.decode(text, type=Price)


def fresh_id(now_ms: int, random: bytes) -> str:
    """The id of a new reservation out of RANDOM bytes; it begins with its moment, as a UUID of version 7 does, so that
    the newest ones are neighbours in an index."""
    assert len(random) >= RANDOM, "nobody may guess it"
    return now_ms.to_bytes(6, "big").hex() + random[:RANDOM].hex()


class Wanted(msgspec.Struct, frozen=True):
    """What an agent wants to set aside. `key` is its own, `id` is fresh; `request` is what exactly was asked for, so
    that a key is not used for two things; without a `price`, an amount was named. `day` are its windows (`windows`).
    `soft` limits are told of and not enforced; `former` are the ids that the agent had before; `lasts` is by how much
    longer than others it stays open (milliseconds). `subject` and `purpose` are for the ledger alone: whom it is about,
    and what for; they decide nothing."""

    id: str
    key: str
    agent: AgentId
    environment: Environment
    closure: str
    request: str
    run: str
    day: str
    currency: str
    amount: int
    price: Price | None
    limits: Limits
    details: dict[str, str]  # for the ledger
    soft: Limits = NO_LIMITS
    former: tuple[str, ...] = ()
    lasts: int = 0
    subject: str = ""
    purpose: str = ""

    @property
    def chain(self) -> tuple[Bucket, ...]:
        """Every bucket that it comes out of."""
        return chain(str(self.agent), self.environment, self.run, self.day, self.currency, self.former)

    @property
    def fixed(self) -> int:
        """The amount where governance or the release says it, as of a tool, and not whoever asks; else 0."""
        return self.amount if "tool" in self.details else 0

    @property
    def counted(self) -> Iterator[str]:
        """The names of its buckets, and of what counts together with those that a limit stands on."""
        for one in self.chain:
            yield one.name
            if (one.scope, one.window) in self.limits or (one.scope, one.window) in self.soft:
                yield from one.beside


class Reservation(msgspec.Struct, frozen=True):
    """Money that is set aside, or was: a row of COLUMNS. `actual` is what is booked; it and `ended` are 0 while it is
    open. Times are epoch milliseconds; `record` is the ledger's of the request; `subject` is whom it is
    about, forgotten once it is settled or released."""

    id: str
    agent: str
    environment: Environment
    key: str
    state: State
    request: str
    run: str
    day: str
    currency: str
    price: str
    amount: int
    actual: int
    closure: str
    asked: int
    expires: int
    ended: int
    record: int
    subject: str = ""
    purpose: str = ""

    @property
    def is_of_permit(self) -> bool:
        """Whether it is the money of a permit, which is ended by what becomes of that."""
        return self.key.startswith(PERMIT)

    @property
    def priced(self) -> Price | None:
        """The price that was pinned, None where an amount was named."""
        return _priced(self.price) if self.price else None

    @property
    def held(self) -> int:
        """How much its buckets hold of it, set aside or spent."""
        return self.amount if self.state == "open" else self.actual

    @property
    def chain(self) -> tuple[Bucket, ...]:
        """Every bucket that it came out of."""
        return chain(self.agent, self.environment, self.run, self.day, self.currency)


class Spending(msgspec.Struct, frozen=True):
    """What was really used: tokens, or an amount in nano-units of a currency. `cached` and `written` as in Price."""

    input_tokens: int = 0
    cached: int = 0
    output_tokens: int = 0
    amount: int | None = None
    currency: str = ""
    written: int = 0

    def of(self, reservation: Reservation) -> int | Reason:
        """What it costs at the price of a reservation."""
        price = reservation.priced
        if self.amount is not None:
            if self.currency != reservation.currency:
                return deny("budget.currency", f"it was set aside in {reservation.currency}")
            cost = self.amount
        elif price is None:
            return deny("budget.unpriced", "an amount was set aside, so tell the amount")
        else:
            cost = price.cost(self.input_tokens, self.cached, self.output_tokens, self.written)
        return cost if cost <= MOST else deny("budget.amount", "nothing costs that much")


class Reserve(msgspec.Struct, frozen=True):
    """Set money aside, unless what stands in the store pauses the agent."""

    wanted: Wanted
    standing: Standing
    now_ms: int


class Refuse(msgspec.Struct, frozen=True):
    """Record that nothing is set aside, for a reason that needs no look at the store."""

    wanted: Wanted
    reason: Reason
    now_ms: int


class Settle(msgspec.Struct, frozen=True):
    """Book what was really spent; late, it corrects what was booked unconfirmed. `caller` is agent and environment;
    `former` as in Wanted; `permit`: it is the money of one, and of nothing else."""

    id: str
    caller: tuple[str, str]
    spending: Spending
    now_ms: int
    former: tuple[str, ...] = ()
    permit: bool = False

    def exceeds(self, found: Reservation) -> bool:
        """Whether more would be booked than its buckets hold of it."""
        actual = self.spending.of(found)
        return not isinstance(actual, Reason) and actual > found.held


class Release(msgspec.Struct, frozen=True):
    """Give back what nothing was spent of: the model was never asked. `permit` as of Settle."""

    id: str
    caller: tuple[str, str]
    now_ms: int
    former: tuple[str, ...] = ()
    permit: bool = False


class Expire(msgspec.Struct, frozen=True):
    """Book as spent what nobody said anything about in time."""

    id: str
    now_ms: int


Request = Reserve | Refuse | Settle | Release | Expire
Found = tuple[Reservation | None, Verdict]
