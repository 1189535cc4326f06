"""What `genai-prices` knows of the prices of models, in the terms of a price list. The only module that imports it.

A price list has one price for a model. Where the catalogue has several, the upper one is taken (tiers by length, times
of day), or the standard one with a word about what costs more (service tiers); what a price list cannot say is told,
and where a price is missing, none is made up. Only the data that the installed version brings, nothing from the net.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_UP, Decimal
from importlib.metadata import version
from typing import TYPE_CHECKING

from agentgov.errors import UsageError
from agentgov.model.policies import ModelPrice

if TYPE_CHECKING:
    from genai_prices import types

NAME, CURRENCY = "genai-prices", "USD"
_EXACT = Decimal("1e-9")
_INPUT, _OUTPUT, _CACHED = "input_mtok", "output_mtok", "cache_read_mtok"
_REASONING = "output_reasoning_mtok"
_WRITES = ("cache_write_mtok", "cache_write_1h_mtok")
_COUNTED = frozenset((_INPUT, _OUTPUT, _CACHED, _REASONING, *_WRITES))


@dataclass(frozen=True, slots=True)
class Listed:
    """What the catalogue says of one model: a price per million tokens, or why there is none; and what else to know."""

    price: ModelPrice | None
    notes: tuple[str, ...] = ()
    problem: str = ""


def source() -> str:
    """The catalogue and its version. UsageError where it is not installed."""
    try:
        import genai_prices  # noqa: F401 - whether it is there
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "genai_prices":
            raise
        hint = "install it: pip install 'agentgov[prices]'; or write governance/prices.yaml by hand"
        raise UsageError(f"prices come from {NAME}, which is not installed", hint) from None
    return f"{NAME} {version(NAME)}"


def listed(models: Iterable[str], day: date) -> Mapping[str, Listed]:
    """What the catalogue says of each model on a day, by the name that the fleet gives to it: `provider/model`."""
    from genai_prices.data_snapshot import get_snapshot

    snapshot = get_snapshot()
    found: dict[str, Listed] = {}
    for name in models:
        provider, _, model = name.partition("/")
        try:
            _, info = snapshot.find_provider_model(model, None, provider, None)
        except LookupError:
            found[name] = Listed(None, problem=f"{NAME} does not know {model} of {provider}")
            continue
        found[name] = of_model(info, model, day)
    return found


def of_model(info: "types.ModelInfo", model: str, day: date) -> Listed:
    """The one price of a model that the catalogue has found by this name."""
    standard, notes = _standard(info, day)
    amounts = {key: value for key, prices in _prices(standard) if (value := _upper(prices)) is not None}
    if info.id != model:
        notes.insert(0, f"priced as {info.id}")
    if any(_is_tiered(value) for one in standard for value in vars(one).values()):
        notes.append("dearer for long inputs: at its upper price")
    notes += [*_dearer(info, amounts, day), *_uncounted(amounts)]
    missing = [word for key, word in ((_INPUT, "input"), (_OUTPUT, "output")) if key not in amounts]
    if missing:
        return Listed(None, tuple(notes), f"{NAME} has no price of its {' and '.join(missing)}")
    output = max(amounts[_OUTPUT], amounts.get(_REASONING, amounts[_OUTPUT]))
    cached = _text(amounts[_CACHED]) if _CACHED in amounts else ""
    writes = [amounts[key] for key in _WRITES if key in amounts]
    written = _text(max(writes)) if writes else ""
    return Listed(ModelPrice(_text(amounts[_INPUT]), _text(output), cached, cache_write=written), tuple(notes))


def _standard(info: "types.ModelInfo", day: date) -> tuple[list["types.ModelPrice"], list[str]]:
    """Every price that may hold at some time of a day, and what is known of later days."""
    from genai_prices.types import ModelPrice as Standard
    from genai_prices.types import StartDateConstraint, TimeOfDateConstraint

    if isinstance(info.prices, Standard):
        return [info.prices], []
    found, notes = [], []
    for one in reversed(info.prices):  # later ones come before earlier ones
        rule = one.constraint
        if isinstance(rule, StartDateConstraint) and rule.start_date > day:
            notes.append(f"another price from {rule.start_date} on")
            continue
        found.append(one.prices)
        if not isinstance(rule, TimeOfDateConstraint):
            break
    if len(found) > 1:
        notes.append("another price by the time of day: at its upper price")
    return found or [info.prices[0].prices], notes


def _prices(standard: Iterable["types.ModelPrice"]) -> Iterator[tuple[str, list[object]]]:
    keys = dict.fromkeys(key for one in standard for key in vars(one))
    for key in keys:
        yield key, [vars(one).get(key) for one in standard]


def _upper(prices: Iterable[object]) -> Decimal | None:
    """The highest of some prices and of their tiers."""
    found: list[Decimal] = []
    for price in prices:
        if isinstance(price, Decimal):
            found.append(price)
        elif _is_tiered(price):
            found += [price.base, *(tier.price for tier in price.tiers)]  # type: ignore[attr-defined]
    return max(found, default=None)


def _is_tiered(price: object) -> bool:
    from genai_prices.types import TieredPrices

    return isinstance(price, TieredPrices) and bool(price.tiers)


def _dearer(info: "types.ModelInfo", standard: Mapping[str, Decimal], day: date) -> Iterator[str]:
    """The choices of a request that cost more than the standard one."""
    for variant in info.price_variants or ():
        if variant.constraint is not None and not variant.constraint.active(datetime(day.year, day.month, day.day)):  # noqa: DTZ001 - it takes days of UTC
            continue
        amounts = {key: _upper([value]) for key, value in vars(variant.prices).items()}
        if any((amounts.get(key) or 0) > standard.get(key, 0) for key in (_INPUT, _OUTPUT)):
            said = ", ".join(f"{key} {value}" for key, value in variant.when.items())
            yield f"dearer with {said}: set its price by hand where agents ask for that"


def _uncounted(amounts: Mapping[str, Decimal]) -> Iterator[str]:
    """What is charged, and no part of a price list."""
    if len({amounts[key] for key in _WRITES if key in amounts}) > 1:
        yield "dearer where its cache is written for long: at that price"
    more = sorted(
        key.rpartition("_")[0].replace("_", " ") for key, value in amounts.items() if key not in _COUNTED and value
    )
    if more:
        yield f"charged apart and not counted: {', '.join(more)}"


def _text(amount: Decimal) -> str:
    """An amount as a price list writes it: at least two decimals, at most nine, rounded up."""
    digits = f"{amount.quantize(_EXACT, ROUND_UP):f}".rstrip("0")
    whole, _, fraction = digits.partition(".")
    return f"{whole}.{fraction.ljust(2, '0')}"
