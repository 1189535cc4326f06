"""What agents say about money, at a gate or in their own process: the most that a call can cost, and what it did.

The shapes of the two requests, and what they mean. Nothing is decided here.
"""

from typing import Annotated

import msgspec

from agentgov.model.told import Purpose, Subject
from agentgov.model.units import parse_money
from agentgov.runtime.ask_fields import Attempt, Key, Named
from agentgov.runtime.budgeting import Estimate
from agentgov.runtime.reservations import Spending, Wanted

MOST_TOKENS = 10**9
Tokens = Annotated[int, msgspec.Meta(ge=0, le=MOST_TOKENS)]
Money = Annotated[
    str, msgspec.Meta(pattern="^((0|[1-9][0-9]{0,11})(\\.[0-9]{1,9})? [A-Z]{3})?$", description="0.02 USD")
]
Model = Annotated[
    str, msgspec.Meta(pattern="^[^\\x00-\\x1f\\x7f]{0,200}$", description="As governance/prices.yaml calls it.")
]
Run = Annotated[str, msgspec.Meta(pattern="^[!-~]{0,64}$", description="Of which run it is part.")]


class ReservationAsk(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The most that a call can cost: a model, its input tokens and its most output tokens, or an amount. `release`:
    which one runs, "" for the stable one; `subject`, `purpose`: whom it is about and what it is for, as of actions."""

    key: Key
    model: Model = ""
    input_tokens: Tokens = 0
    max_output_tokens: Tokens | None = None
    amount: Money = ""
    run: Run = ""
    release: Named = ""
    attempt: Attempt = ""
    subject: Subject = ""
    purpose: Purpose = ""

    @property
    def estimate(self) -> Estimate:
        """The same as it is decided about. ValueError for what is neither, or both."""
        if bool(self.model) == bool(self.amount):
            raise ValueError("name a model and its tokens, or an amount")
        tokens = self.input_tokens, self.max_output_tokens
        return Estimate(self.key, self.model, *tokens, self.amount, self.run, self.release)

    def about(self, wanted: Wanted) -> Wanted:
        """What is to be set aside, with whom it is about and what it is for."""
        return msgspec.structs.replace(wanted, subject=self.subject, purpose=self.purpose)


class SettleTell(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was really used. `cached` are those of the input tokens that came from a cache, `cache_written` those that
    were written to one."""

    input_tokens: Tokens | None = None
    cached: Tokens = 0
    output_tokens: Tokens | None = None
    amount: Money = ""
    cache_written: Tokens = 0

    @property
    def spending(self) -> Spending:
        """The same as it is booked. ValueError for what does not fit together."""
        if self.amount:
            if self.input_tokens is not None or self.output_tokens is not None or self.cached or self.cache_written:
                raise ValueError("tell tokens, or an amount")
            amount, currency = parse_money(self.amount)
            return Spending(amount=amount, currency=currency)
        if self.input_tokens is None or self.output_tokens is None:
            raise ValueError("tell input_tokens and output_tokens, or an amount")
        if self.cached + self.cache_written > self.input_tokens:
            raise ValueError("what is read from a cache, or written to one, is part of the input")
        return Spending(self.input_tokens, self.cached, self.output_tokens, written=self.cache_written)
