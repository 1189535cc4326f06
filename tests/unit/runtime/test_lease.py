"""Which config an agent runs on, or why none: decided from values."""

import json
from dataclasses import replace
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator
from leases import AGENT, ALONE, CANARY, GROUNDS, SPLIT, STABLE, Paused, release

from agentgov.model.verdict import Verdict, allow, deny, note, unknown
from agentgov.resources import folder
from agentgov.runtime.bucketing import in_canary
from agentgov.runtime.deployed import Deployed, VariantName
from agentgov.runtime.lease import Lease, decide_lease, decide_terms, lifetimes

SCHEMA = json.loads((folder("schemas") / "runtime/lease.schema.json").read_text("utf-8"))
VALID = Draft7Validator(SCHEMA, format_checker=Draft7Validator.FORMAT_CHECKER)
INSIDE = next(key for key in map(str, range(1000)) if in_canary(SPLIT.rollout, key, SPLIT.share))
OUTSIDE = next(key for key in map(str, range(1000)) if not in_canary(SPLIT.rollout, key, SPLIT.share))


def leased(deployed: Deployed = ALONE, paused: Paused | None = None, key: str = "", pinned: str = "") -> dict[str, Any]:
    """The document of a lease that must be given."""
    found = decide_lease(deployed, paused, key, GROUNDS, pinned)
    assert isinstance(found, Lease), found
    document: dict[str, Any] = json.loads(found.body)
    VALID.validate(document)
    assert rfc8785.dumps(document) == found.body
    assert (found.ttl, found.hard_expiry) == (document["ttl"], document["hardExpiry"])
    return document


def refused(
    deployed: Deployed = ALONE, paused: Paused | None = None, key: str = "", pinned: str = ""
) -> tuple[str, ...]:
    """The rules that stand against a lease that must not be given."""
    found = decide_lease(deployed, paused, key, GROUNDS, pinned)
    assert isinstance(found, Verdict), found
    assert not found.allowed
    return tuple(one.rule for one in found.reasons)


def test_the_schema_has_an_example_that_is_valid() -> None:
    Draft7Validator.check_schema(SCHEMA)
    for example in SCHEMA["examples"]:
        VALID.validate(example)


def test_a_lease_says_which_release_runs_and_under_which_governance() -> None:
    found = leased()
    assert found["release"] == {"name": STABLE.name, "tag": STABLE.tag, "commit": STABLE.commit}
    assert (found["fleet"], found["governance"]) == (GROUNDS.fleet, GROUNDS.governance)
    assert (found["closure"], found["variant"], found["mode"]) == (STABLE.closure, "stable", "run")
    assert (found["config"], found["files"]) == (STABLE.config, STABLE.files)
    assert "paused" not in found


@pytest.mark.parametrize(("key", "variant"), [(INSIDE, "canary"), (OUTSIDE, "stable")])
def test_the_sticky_key_decides_while_a_canary_runs(key: str, variant: VariantName) -> None:
    expected = CANARY if variant == "canary" else STABLE
    found = decide_terms(SPLIT, None, key)
    assert not isinstance(found, Verdict)
    assert (found.variant, found.release, found.split) == (variant, expected, True)
    assert leased(SPLIT, key=key)["variant"] == variant


def test_without_a_sticky_key_a_canary_is_not_split() -> None:
    assert refused(SPLIT) == ("runtime.key",)
    assert refused(SPLIT, key="\ud800") == ("runtime.key",)
    assert leased(ALONE)["variant"] == "stable"


@given(st.text(st.characters(codec="utf-8"), min_size=1), st.integers(0, 100_000), st.integers(0, 100_000))
def test_widening_takes_nobody_out_of_the_canary(key: str, one: int, other: int) -> None:
    narrow, wide = sorted((one, other))
    before, after = (decide_terms(replace(SPLIT, share=share), None, key) for share in (narrow, wide))
    assert not isinstance(before, Verdict)
    assert not isinstance(after, Verdict)
    assert not (before.variant == "canary" and after.variant == "stable")


def test_a_first_release_in_canary_runs_for_its_share_only() -> None:
    first = replace(SPLIT, stable=None)
    assert leased(first, key=INSIDE)["variant"] == "canary"
    assert refused(first, key=OUTSIDE) == ("runtime.never-released",)


def test_a_canary_that_may_not_run_gets_no_traffic() -> None:
    barred = replace(SPLIT, canary=release("1.1.0", deny("runtime.limit-model", "no model left")))
    assert leased(barred, key=INSIDE)["variant"] == leased(barred)["variant"] == "stable"
    assert refused(replace(barred, stable=None), key=INSIDE) == ("runtime.limit-model",)


@pytest.mark.parametrize("reason", [deny("runtime.limit-data", "too much"), unknown("runtime.limit-budget", "?")])
def test_what_the_limits_forbid_gets_no_lease(reason: Any) -> None:
    assert refused(replace(ALONE, stable=release("1.0.0", reason))) == (reason.rule,)


def test_what_the_limits_took_away_is_told() -> None:
    found = leased(replace(ALONE, stable=release("1.0.0", note("runtime.limit-tool", "no shell"))))
    assert found["limits"] == [{"rule": "runtime.limit-tool", "message": "no shell"}]


def test_what_may_not_run_at_all_gets_no_lease_whatever_is_asked_for() -> None:
    gone = Deployed(AGENT, "production", refused=(deny("runtime.retired", "it is retired"),))
    assert refused(gone) == refused(gone, Paused("read-only")) == refused(gone, pinned="x") == ("runtime.retired",)


def test_a_paused_agent_gets_no_lease_and_hears_who_stopped_it_and_why() -> None:
    found = decide_lease(ALONE, Paused(until=1_800_000_000), "", GROUNDS)
    assert isinstance(found, Verdict)
    assert [one.rule for one in found.reasons] == ["runtime.paused"]
    assert "paused by alice until 2027-01-15 08:00:00 UTC: refunds look wrong" in found.reasons[0].message
    assert found.facts["paused"] == {
        "id": Paused().id,
        "mode": "stop",
        "by": "alice",
        "reason": "refunds look wrong",
        "since": Paused().since // 1000,
        "until": 1_800_000_000,
    }
    assert refused(SPLIT, Paused(), INSIDE) == refused(SPLIT, Paused(), pinned=CANARY.name) == ("runtime.paused",)


def test_read_only_leaves_the_tools_that_read() -> None:
    found = leased(ALONE, Paused("read-only"))
    assert found["mode"] == "read-only"
    assert [tool["name"] for tool in found["config"]["spec"]["tools"]] == ["orders.read"]
    assert found["paused"]["by"] == "alice"
    assert set(found["paused"]) == {"id", "by", "reason", "until"}, "what every replica tells alike"
    assert len(STABLE.config["spec"]["tools"]) == 3, "what was given is not changed"


@pytest.mark.parametrize("pinned", [STABLE.name, STABLE.tag, CANARY.name, CANARY.tag])
def test_a_run_keeps_the_release_that_it_began_on(pinned: str) -> None:
    found = leased(SPLIT, key=INSIDE, pinned=pinned)
    assert found["variant"] == "pinned"
    assert pinned in found["release"].values()


@pytest.mark.parametrize("pinned", ["support/helper/v0.9.0", "0" * 40, CANARY.name, "v1.0.0", "nonsense"])
def test_a_release_that_runs_no_more_is_not_kept(pinned: str) -> None:
    assert refused(ALONE, pinned=pinned) == ("runtime.pinned",)


@pytest.mark.parametrize(
    ("risk", "own", "expected"),
    [
        ("low", {}, (900, 86_400)),
        ("medium", {}, (300, 3600)),
        ("high", {}, (60, 600)),
        ("critical", {}, (20, 120)),
        ("high", {"ttl": "30s", "hardExpiry": "2m"}, (30, 120)),
        ("high", {"ttl": "30s"}, (30, 600)),
        ("high", {"hardExpiry": "30s"}, (30, 30)),
        ("critical", {"ttl": "5m"}, (120, 120)),
    ],
)
def test_how_long_a_lease_holds(risk: str, own: dict[str, str], expected: tuple[int, int]) -> None:
    found = release("1.0.0", risk=risk, lease=own)
    assert lifetimes(found.agent) == expected
    document = leased(replace(ALONE, stable=found))
    assert (document["ttl"], document["hardExpiry"]) == expected


def test_the_same_terms_are_the_same_bytes_and_others_are_not() -> None:
    asked = [
        (ALONE, None, "", ""),
        (replace(ALONE, environment="staging"), None, "", ""),
        (SPLIT, None, INSIDE, ""),
        (SPLIT, None, INSIDE, CANARY.name),
        (ALONE, Paused("read-only"), "", ""),
        (ALONE, Paused("read-only", reason="something else"), "", ""),
    ]
    found = [decide_lease(deployed, paused, key, GROUNDS, pinned) for deployed, paused, key, pinned in asked]
    other = decide_lease(ALONE, None, "", replace(GROUNDS, governance="cd" * 32))
    again = decide_lease(SPLIT, None, OUTSIDE, GROUNDS)
    assert len({one.etag for one in (*found, other) if isinstance(one, Lease)}) == len(asked) + 1
    assert isinstance(again, Lease)
    assert isinstance(found[0], Lease)
    assert (again.body, again.etag) == (found[0].body, found[0].etag), "a split changes nothing for who stays on stable"


def test_a_value_that_readers_of_json_see_differently_gets_no_lease() -> None:
    assert refused(replace(ALONE, stable=release("1.0.0", runtime={"seed": 2**60}))) == ("runtime.unreadable",)


def test_a_limit_that_allows_refuses_nothing() -> None:
    fine = replace(ALONE, stable=release("1.0.0", allow("runtime.limit-data", "fine")))
    assert leased(fine)["mode"] == "run"
