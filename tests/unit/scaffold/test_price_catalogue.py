"""One price a model out of whatever the catalogue has: the upper one, and what a price list cannot say is told."""

from datetime import UTC, date, time
from decimal import Decimal

import pytest
from genai_prices.types import (
    ClauseEquals,
    ConditionalPrice,
    ModelInfo,
    ModelPrice,
    PriceVariant,
    StartDateConstraint,
    Tier,
    TieredPrices,
    TimeOfDateConstraint,
)

from agentgov.model.policies import ModelPrice as Pinned
from agentgov.scaffold.price_catalogue import Listed, listed, of_model, source

DAY = date(2026, 11, 29)


def price(entry: str, output: str, **more: str) -> ModelPrice:
    amounts = {"input_mtok": entry, "output_mtok": output, **more}
    return ModelPrice(**{name: Decimal(amount) for name, amount in amounts.items()})


def found(prices: ModelPrice | list[ConditionalPrice], *variants: PriceVariant, name: str = "m") -> Listed:
    info = ModelInfo(id="m", match=ClauseEquals("m"), prices=prices, price_variants=list(variants))
    return of_model(info, name, DAY)


def test_a_plain_price_is_taken_as_it_is() -> None:
    assert found(price("3", "15", cache_read_mtok="0.3")) == Listed(Pinned("3.00", "15.00", "0.30"))
    assert found(price("0.0000000001", "0.0005")) == Listed(Pinned("0.000000001", "0.0005"))


def test_of_tiers_the_upper_price_is_taken() -> None:
    tiers = TieredPrices(Decimal(3), [Tier(200_000, Decimal(6)), Tier(400_000, Decimal(5))])
    told = found(ModelPrice(input_mtok=tiers, output_mtok=Decimal(15)))
    assert told == Listed(Pinned("6.00", "15.00"), ("dearer for long inputs: at its upper price",))


def test_of_times_of_day_the_upper_price_is_taken() -> None:
    night = TimeOfDateConstraint(time(0, tzinfo=UTC), time(6, tzinfo=UTC))
    old = ConditionalPrice(StartDateConstraint(date(2026, 1, 1)), prices=price("9", "9"))
    told = found([old, ConditionalPrice(prices=price("2", "8")), ConditionalPrice(night, prices=price("1", "9"))])
    assert told.price == Pinned("2.00", "9.00")
    assert told.notes == ("another price by the time of day: at its upper price",)


@pytest.mark.parametrize(("starts", "expected"), [(date(2026, 11, 29), "4.00"), (date(2026, 11, 30), "2.00")])
def test_a_price_holds_from_its_day_on_and_a_later_one_is_told(starts: date, expected: str) -> None:
    later = ConditionalPrice(StartDateConstraint(starts), prices=price("4", "8"))
    told = found([ConditionalPrice(prices=price("2", "8")), later])
    assert told.price == Pinned(expected, "8.00")
    assert told.notes == (() if expected == "4.00" else ("another price from 2026-11-30 on",))


def test_a_choice_that_costs_more_is_told_and_not_made() -> None:
    dear = PriceVariant({"tier": "fast"}, price("4", "8"))
    told = found(price("2", "8"), dear, PriceVariant({"processing": "batch"}, price("1", "4")))
    assert told.price == Pinned("2.00", "8.00")
    assert told.notes == ("dearer with tier fast: set its price by hand where agents ask for that",)


def test_what_a_price_list_cannot_say_is_told() -> None:
    told = found(price("2", "8", cache_write_mtok="2.5", cache_write_1h_mtok="4", web_searches_kcount="10"), name="m-1")
    assert told.price == Pinned("2.00", "8.00", cache_write="4.00")
    assert told.notes == (
        "priced as m",
        "dearer where its cache is written for long: at that price",
        "charged apart and not counted: web searches",
    )
    assert found(price("2", "8", output_reasoning_mtok="9")).price == Pinned("2.00", "9.00")


def test_a_price_that_is_missing_is_not_made_up() -> None:
    told = found(ModelPrice(input_mtok=Decimal(1)))
    assert (told.price, told.problem) == (None, "genai-prices has no price of its output")


def test_names_are_those_of_the_fleet() -> None:
    names = ("openai/gpt-4o", "openai/nothing-like-it", "nobody/gpt-4o")
    told = listed(names, DAY)
    assert [told[name].price is not None for name in names] == [True, False, False]
    assert told["nobody/gpt-4o"].problem == "genai-prices does not know gpt-4o of nobody"
    assert source().startswith("genai-prices ")
