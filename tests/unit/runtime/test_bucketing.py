"""The sticky split: published vectors, members that stay, shares that are met."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from keyshapes import SHAPES, off_by

from agentgov.model.units import BUCKETS
from agentgov.resources import folder
from agentgov.runtime.bucketing import ALGORITHM, bucket, in_canary

VECTORS = json.loads((folder("schemas") / "vectors" / "agv1.json").read_text("utf-8"))
KEYS = st.text(st.characters(codec="utf-8"))
ROLLOUTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"))
SHARES = st.integers(0, BUCKETS)


def test_published_vectors_hold() -> None:
    vectors = VECTORS["vectors"]
    assert (VECTORS["algorithm"], VECTORS["buckets"]) == (ALGORITHM, BUCKETS)
    assert len({(one["rollout"], one["key"]) for one in vectors}) == len(vectors) >= 100
    assert [bucket(one["rollout"], one["key"]) for one in vectors] == [one["bucket"] for one in vectors]
    assert {0, 4999, 5000, BUCKETS - 1} <= {one["bucket"] for one in vectors}


@given(ROLLOUTS, KEYS, SHARES, SHARES)
def test_widening_moves_nobody_back_to_stable(rollout: str, key: str, one: int, other: int) -> None:
    narrow, wide = sorted((one, other))
    assert in_canary(rollout, key, wide) or not in_canary(rollout, key, narrow)


@given(ROLLOUTS, KEYS)
def test_nobody_is_in_a_canary_without_a_share_and_everybody_in_a_whole_one(rollout: str, key: str) -> None:
    assert not in_canary(rollout, key, 0)
    assert in_canary(rollout, key, BUCKETS)


def test_another_rollout_picks_others() -> None:
    keys = [f"customer-{number}" for number in range(20_000)]
    first, second = ({key for key in keys if in_canary(rollout, key, 5000)} for rollout in ("one", "two"))
    both = len(first & second) / len(first)
    assert 0.02 < both < 0.09, "independent picks of 5% share 5% of their members"


def test_where_the_rollout_ends_cannot_be_moved() -> None:
    with pytest.raises(ValueError, match="NUL"):
        bucket("a\0b", "c")
    assert bucket("a", "b\0c") != bucket("ab", "\0c")


def test_text_without_utf8_is_refused() -> None:
    with pytest.raises(ValueError, match="surrogates"):
        bucket("rollout", "\ud800")


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
def test_a_million_keys_of_any_shape_meet_the_share(shape: str) -> None:
    # Percentage points; chance alone makes 0.05 of a million, and 0.016 of the ten million of the benchmark.
    assert max(off_by(shape, "rollout", 1_000_000).values()) < 0.2


def test_a_canary_owns_the_buckets_below_its_share() -> None:
    mine = bucket("r", "key")
    assert not in_canary("r", "key", mine)
    assert in_canary("r", "key", mine + 1)
