"""What tokens of a model cost, by the price list of the fleet: whole nano-units, rounded up and never through a float.

What has no price cannot be paid for. A price is pinned when money is reserved, and settled at, whatever the list says
by then. Values only.
"""

from decimal import Decimal

import msgspec

from agentgov.model.agent import Tool
from agentgov.model.policies import PriceList
from agentgov.model.units import NANO, parse_money
from agentgov.model.verdict import Reason, deny

_PER = {"1K": 1_000, "1M": 1_000_000}


class Price(msgspec.Struct, frozen=True):
    """Nano-units for every `per` tokens. Tokens that are read from a cache, or written to one, are part of the input
    and have prices of their own; `written` is None where that is the input's."""

    input: int
    cached: int
    output: int
    per: int
    written: int | None = None

    def estimate(self, input_tokens: int, output_tokens: int) -> int:
        """The most that so many tokens can cost, wherever they come from."""
        dearest = max(self.input, self.cached, self.written or 0)
        return _up(input_tokens * dearest + output_tokens * self.output, self.per)

    def cost(self, input_tokens: int, cached: int, output_tokens: int, written: int = 0) -> int:
        """What they cost; `cached` are those of the input that came from a cache, `written` those that went to one."""
        assert min(cached, written) >= 0, "no number of tokens is below 0"
        assert cached + written <= input_tokens, "both are part of the input"
        fresh = (input_tokens - cached - written) * self.input
        stored = written * (self.input if self.written is None else self.written)
        return _up(fresh + cached * self.cached + stored + output_tokens * self.output, self.per)


def price_of(prices: PriceList | None, model: str) -> Price | Reason:
    """The price of a model today, or why it has none."""
    found = prices.models.get(model) if prices is not None else None
    if found is None:
        return deny("budget.unpriced", "the fleet's price list has no such model", model[:128])
    fresh = _nano(found.input)
    cached = _nano(found.cached_input) if found.cached_input else fresh
    written = _nano(found.cache_write) if found.cache_write else None
    return Price(fresh, cached, _nano(found.output), _PER[found.per], written)


def tool_price(prices: PriceList | None, tool: Tool) -> tuple[int, str] | None:
    """What one call of a tool costs (nano-units, currency): its own `cost`, or else by the list; None for nothing."""
    if tool.cost:
        amount, currency = parse_money(tool.cost)
        return (amount, currency) if amount else None
    listed = prices.tools.get(tool.name) if prices is not None else None
    if prices is None or listed is None or not _nano(listed.call):
        return None
    return _nano(listed.call), prices.currency


def _nano(text: str) -> int:
    return int(Decimal(text) * NANO)


def _up(amount: int, per: int) -> int:
    return -(-amount // per)
