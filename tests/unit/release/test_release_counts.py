"""The file of counts: strict, and what is malformed for one agent harms no other."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentgov.release.counts import Arm, Cumulative, Reading, parse_counts

AGENT, OTHER = "support/refund-assistant", "finance/invoices"
GOOD: dict[str, object] = {
    "release": f"{AGENT}/v1.4.0",
    "canary": {"units": 412, "error": 5},
    "stable": {"units": 8021, "error": 51},
}


def read(**agents: object) -> Reading:
    """A file of two agents, the second always good."""
    other = {**GOOD, "release": f"{OTHER}/v2.0.0"}
    return parse_counts(json.dumps({"agents": {AGENT: agents.get("agent", GOOD), OTHER: other}}).encode())


def test_counts_are_read_as_they_stand() -> None:
    found = read()
    assert found.of(AGENT) == Cumulative(f"{AGENT}/v1.4.0", Arm(412, {"error": 5}), Arm(8021, {"error": 51}))
    assert found.why_not(AGENT) == ""
    assert found.of("support/unknown") is None
    assert "support/unknown" in found.why_not("support/unknown")


def test_a_first_release_has_no_stable_side() -> None:
    found = read(agent={key: value for key, value in GOOD.items() if key != "stable"}).of(AGENT)
    assert found is not None
    assert found.stable == Arm(0, {})


@pytest.mark.parametrize(
    "broken",
    [
        None,
        [],
        {},
        {**GOOD, "release": "v1.4.0"},
        {**GOOD, "release": f"{OTHER}/v1.4.0"},
        {**GOOD, "release": f"{AGENT}/v1.4.0\n"},
        {**GOOD, "release": 14},
        {**GOOD, "extra": 1},
        {**GOOD, "canary": {"error": 5}},
        {**GOOD, "canary": [412, 5]},
        {**GOOD, "canary": {"units": 412, "error": 413}},
        {**GOOD, "canary": {"units": 412, "error": -1}},
        {**GOOD, "canary": {"units": -1}},
        {**GOOD, "canary": {"units": 412.0}},
        {**GOOD, "canary": {"units": True}},
        {**GOOD, "canary": {"units": "412"}},
        {**GOOD, "canary": {"units": 10**18}},
        {**GOOD, "canary": {"units": 412, "error rate": 5}},
        {**GOOD, "canary": {"units": 412, "": 5}},
        {**GOOD, "stable": None},
        {"release": GOOD["release"]},
    ],
)
def test_what_is_malformed_is_no_data_for_that_agent_only(broken: object) -> None:
    found = read(agent=broken)
    assert found.of(AGENT) is None
    assert found.why_not(AGENT)
    assert found.of(OTHER) is not None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"[]",
        b"{}",
        b'{"agents": []}',
        b'{"agents": {}, "more": 1}',
        b'{"agents": {"a/b": 1, "a/b": 2}}',
        b'{"agents": {"a/b": NaN}}',
        b'{"agents": {"a/b": Infinity}}',
        b'{"agents": {}} x',
        b"[" * 100_000,
        b'{"agents":' * 50_000,
    ],
)
def test_a_file_that_is_malformed_is_no_data_for_anybody(data: bytes) -> None:
    found = parse_counts(data)
    assert found.problem
    assert found.of(AGENT) is None
    assert found.why_not(AGENT) == found.problem


def test_what_is_no_agent_is_named() -> None:
    found = parse_counts(json.dumps({"agents": {"../../etc": GOOD}}).encode())
    assert found.of("../../etc") is None
    assert "no agent" in found.why_not("../../etc")


def test_a_file_without_bounds_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agentgov.release.counts.MAX_BYTES", 10)
    assert "large" in read().problem


@given(st.binary(max_size=60) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["agents", AGENT, "release", "canary", "units", "error"]), inner, max_size=3),
    max_leaves=8,
).map(lambda value: json.dumps(value).encode()))  # fmt: skip
@settings(max_examples=150)
def test_no_bytes_raise(data: bytes) -> None:
    for agent, counts in parse_counts(data).counts.items():
        assert counts.release.startswith(f"{agent}/v")
        assert all(0 <= bad <= counts.canary.units for bad in counts.canary.bad.values())
