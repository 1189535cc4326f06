"""Durations, money and shares as users write them, as exact integers inside.

Durations are whole seconds written `30s 5m 4h 7d 2w 1y` (a year is 365 days). Money is nano-units of one currency
(10^-9), written "40.00 USD". A share of traffic is a count of 1/100,000 (the buckets of `agv1`), written `5%`.
"""

import re
from decimal import Decimal, InvalidOperation

NANO = 1_000_000_000
BUCKETS = 100_000  # 100 % of traffic

_DURATION = re.compile(r"(0|[1-9][0-9]{0,8})([smhdwy])\Z")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800, "y": 31_536_000}
_MONEY = re.compile(r"((?:0|[1-9][0-9]{0,11})(?:\.[0-9]{1,9})?) ([A-Z]{3})\Z")
_SHARE = re.compile(r"((?:0|[1-9][0-9]{0,2})(?:\.[0-9]{1,3})?)%\Z")


def parse_duration(text: str) -> int:
    """Whole seconds of `30s`, `5m`, `4h`, `7d`, `2w` or `1y`; ValueError for anything else."""
    match = _DURATION.match(text)
    if match is None:
        raise ValueError(f"{text!r} is not a duration; write a whole number and one of s m h d w y, for example 30m")
    return int(match[1]) * _SECONDS[match[2]]


def parse_milliseconds(text: str) -> int:
    """Milliseconds of `800ms` or of a duration (`30s`); ValueError for anything else."""
    if text.endswith("ms") and text[:-2].isascii() and text[:-2].isdecimal():
        return int(text[:-2])
    return parse_duration(text) * 1000


def format_duration(seconds: int) -> str:
    """The shortest exact spelling of whole seconds, the inverse of `parse_duration` up to the unit chosen."""
    for unit in "dhm":
        size = _SECONDS[unit]
        if seconds >= size and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def rough_duration(seconds: int) -> str:
    """Whole seconds for people to read, in the two largest units that count: `59m59s`, `1h5m`, `3d`."""
    left, words = max(seconds, 0), []
    for unit in "dhms":
        count, left = divmod(left, _SECONDS[unit])
        if count:
            words.append(f"{count}{unit}")
        elif words:
            break
    return "".join(words[:2]) or "0s"


def parse_money(text: str) -> tuple[int, str]:
    """(nano-units, currency) of "40.00 USD"; ValueError for anything else. Never goes through a float."""
    match = _MONEY.match(text)
    if match is None:
        raise ValueError(f'{text!r} is not money; write an amount and a currency, for example "40.00 USD"')
    try:
        nano = Decimal(match[1]) * NANO
    except InvalidOperation as error:  # pragma: no cover - the grammar admits only decimal digits
        raise ValueError(f"{text!r} is not money") from error
    return int(nano), match[2]


def format_money(nano: int, currency: str) -> str:
    """Money as users write it, with at least two decimals and no digit lost."""
    whole, fraction = divmod(nano, NANO)
    digits = f"{fraction:09d}".rstrip("0").ljust(2, "0")
    return f"{whole}.{digits} {currency}"


def parse_share(text: str) -> int:
    """Buckets (of 100,000) of `5%` or `0.5%`; ValueError for anything else and for more than 100 %."""
    match = _SHARE.match(text)
    buckets = int(Decimal(match[1]) * (BUCKETS // 100)) if match else BUCKETS + 1
    if buckets > BUCKETS:
        raise ValueError(f"{text!r} is not a share; write a percentage up to 100%, for example 5%")
    return buckets


def format_share(buckets: int) -> str:
    """A share as users write it: 5000 is `5%`."""
    whole, rest = divmod(buckets, BUCKETS // 100)
    fraction = f".{rest:03d}".rstrip("0") if rest else ""
    return f"{whole}{fraction}%"
