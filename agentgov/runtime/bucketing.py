"""Which keys belong to a canary: the sticky split `agv1`, fixed for ever (docs/agv1.md; vectors in schemas/vectors).

The first 8 bytes of SHA-256(rollout id, 0x00, sticky key) are a number in big-endian order; times 100,000, divided by
2^64, it is a bucket. The canary owns the lowest buckets, so a wider share keeps everybody who was in it, and another
rollout picks others. Another algorithm would get another name; this one never changes.
"""

from hashlib import sha256

from agentgov.model.units import BUCKETS

ALGORITHM = "agv1"


def bucket(rollout: str, key: str) -> int:
    """The bucket of a sticky key, from 0 to 99,999. ValueError for a rollout id with a NUL in it, and for text that has
    no UTF-8."""
    if "\0" in rollout:
        raise ValueError("a rollout id holds no NUL: it ends where the sticky key begins")
    digest = sha256(f"{rollout}\0{key}".encode()).digest()
    return (int.from_bytes(digest[:8], "big") * BUCKETS) >> 64


def in_canary(rollout: str, key: str, share: int) -> bool:
    """Whether a key belongs to the canary that holds so many of the 100,000 buckets; ValueError as `bucket`."""
    return bucket(rollout, key) < share
