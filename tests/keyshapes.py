"""Sticky keys as callers make them, and how far the split is from the share that was asked for."""

import uuid
from collections.abc import Callable, Mapping
from hashlib import blake2b
from types import MappingProxyType

from agentgov.model.units import BUCKETS
from agentgov.runtime.bucketing import bucket

SHARES = (500, 1000, 5000, 25_000, 50_000)  # 0.5% 1% 5% 25% 50%


def _digest(number: int) -> bytes:
    return blake2b(number.to_bytes(8, "big"), digest_size=16).digest()


SHAPES: Mapping[str, Callable[[int], str]] = MappingProxyType(
    {
        "number": str,
        "padded": lambda number: f"customer-{number:012d}",
        "uuid": lambda number: str(uuid.UUID(bytes=_digest(number))),
        "mail": lambda number: f"user.{number % 977}.{number}@acme.example",
        "text": lambda number: _digest(number).hex(),
    }
)


def off_by(shape: str, rollout: str, count: int) -> dict[int, float]:
    """By share: how many percentage points the canary of so many keys is larger or smaller than its share."""
    make, held = SHAPES[shape], dict.fromkeys(SHARES, 0)
    for number in range(count):
        found = bucket(rollout, make(number))
        if found < SHARES[-1]:
            for share in SHARES:
                held[share] += found < share
    return {share: abs(hits / count - share / BUCKETS) * 100 for share, hits in held.items()}
