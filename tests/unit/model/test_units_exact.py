"""Durations, money and shares are exact, and only what is written as they are is one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentgov.model.units import (
    BUCKETS,
    NANO,
    format_duration,
    format_money,
    format_share,
    parse_duration,
    parse_money,
    parse_share,
)


@pytest.mark.parametrize(
    ("text", "seconds"), [("0s", 0), ("30s", 30), ("5m", 300), ("4h", 14400), ("7d", 604800), ("2w", 1209600)]
)
def test_durations(text: str, seconds: int) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "5", "m", "05m", "-5m", "5 m", "5M", "1.5h", "5m\n", "\u0665m", "1h30m", "9" * 10]
)
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="not a duration"):
        parse_duration(text)


@given(st.integers(0, 10**9))
def test_durations_read_back_the_same(seconds: int) -> None:
    if seconds < 10**9:
        assert parse_duration(format_duration(seconds)) == seconds


@pytest.mark.parametrize(
    ("text", "nano"), [("40.00 USD", 40 * NANO), ("0.02 USD", NANO // 50), ("0 USD", 0), ("1.000000001 USD", NANO + 1)]
)
def test_money(text: str, nano: int) -> None:
    assert parse_money(text) == (nano, "USD")


@pytest.mark.parametrize(
    "text", ["40", "40 usd", "$40", "-1 USD", "1e3 USD", "1.0000000001 USD", "1,5 USD", "1.  USD", "NaN USD"]
)
def test_what_is_no_money(text: str) -> None:
    with pytest.raises(ValueError, match="not money"):
        parse_money(text)


@given(st.integers(0, 10**20))
def test_money_reads_back_the_same(nano: int) -> None:
    assert parse_money(format_money(nano, "USD")) == (nano, "USD")


@given(st.integers(0, BUCKETS))
def test_shares_read_back_the_same(buckets: int) -> None:
    assert parse_share(format_share(buckets)) == buckets


@pytest.mark.parametrize("text", ["101%", "100.001%", "5", "-5%", "05%", "5 %", "0.0001%", "\u0665%", "5%\n"])
def test_what_is_no_share(text: str) -> None:
    with pytest.raises(ValueError, match="not a share"):
        parse_share(text)
