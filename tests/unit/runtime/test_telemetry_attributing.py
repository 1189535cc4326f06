"""Of which release and session spans are, and what of their contents is kept."""

from typing import Any

import pytest
from leases import AGENT, STABLE, release

from agentgov.model.policies import ModelPrice, PriceList
from agentgov.runtime.deployed import Deployed
from agentgov.runtime.telemetry.attributing import Attributing, scope_of
from agentgov.runtime.telemetry.counting import Span
from agentgov.runtime.telemetry.spans import Use
from agentgov.runtime.vault import Vault

NOW = 1_800_000_000_000
CANARY = release("2.0.0")
BOTH = Deployed(AGENT, "production", STABLE, CANARY, 5000, "rollout")
ALONE = Deployed(AGENT, "production", STABLE)


def _use(number: int, trace: str = "t", **more: Any) -> Use:
    id_ = trace.encode().ljust(16) + bytes([number]) * 8
    return Use(
        id_, b"", "model", True, NOW - 5, NOW, False, **({"asked": "m", "contents": [("input.value", "hi")]} | more)
    )


def _spans(deployed: Deployed, *uses: Use, salt: bytes = b"s" * 16) -> tuple[list[Span], Attributing]:
    by = Attributing(scope_of(str(AGENT), "production"), deployed, None, salt, NOW)
    return by.spans(uses), by


def test_a_span_is_of_the_release_that_it_names_where_that_runs() -> None:
    uses = [
        _use(1, "a", release=CANARY.name),
        _use(2, "b", release=STABLE.closure),
        _use(3, "c", release="support/x/v9.9.9"),
    ]
    found, _ = _spans(BOTH, *uses)
    assert [(one.closure, one.variant) for one in found] == [
        (CANARY.closure, "canary"),
        (STABLE.closure, "stable"),
        ("", ""),
    ]


def test_tokens_that_are_written_to_a_cache_have_a_price_of_their_own() -> None:
    prices = PriceList("USD", "2026-11-01", {"a/m": ModelPrice("3", "15", "0.3", cache_write="6")})
    by = Attributing(scope_of(str(AGENT), "production"), ALONE, prices, b"s" * 16, NOW)
    use = _use(1, provider="a", input=100, cached=20, written=30, output=1)
    more = _use(2, "u", provider="a", input=100, cached=80, written=90, output=1)
    costs = [one.cost for one in by.spans([use, more])]
    assert costs == [50 * 3000 + 20 * 300 + 30 * 6000 + 15_000, 80 * 300 + 20 * 6000 + 15_000]


def test_without_a_word_it_is_the_stable_one_and_beside_a_canary_nobodys() -> None:
    assert [one.variant for one in _spans(ALONE, _use(1))[0]] == ["stable"]
    assert [one.variant for one in _spans(BOTH, _use(1))[0]] == [""]


def test_what_one_span_says_holds_for_its_trace() -> None:
    found, _ = _spans(BOTH, _use(1), _use(2, release=CANARY.name, session="s"), _use(3, "other"))
    assert [one.variant for one in found] == ["canary", "canary", ""]
    assert found[0].session == found[1].session != found[2].session


def test_a_release_that_runs_no_more_keeps_its_name_and_counts_for_neither() -> None:
    (found,), _ = _spans(BOTH, _use(1, release="f" * 64))
    assert (found.closure, found.variant) == ("f" * 64, "other")


@pytest.mark.parametrize(
    ("payloads", "digests", "kept"), [("none", 0, 0), ("hashed", 1, 0), ("full", 1, 1), ("encrypted", 1, 0)]
)
def test_contents_are_kept_as_the_release_says(payloads: str, digests: int, kept: int) -> None:
    deployed = Deployed(AGENT, "production", release(audit={"payloads": payloads}))
    (found,), by = _spans(deployed, _use(1))
    assert (bool(found.digest), len(by.contents)) == (bool(digests), kept)
    assert (b"hi" in b"".join(one.said for one in by.contents)) is bool(kept)


def test_contents_that_are_to_be_encrypted_are_kept_under_their_class_where_there_is_a_key() -> None:
    deployed = Deployed(AGENT, "production", release(audit={"payloads": "encrypted", "retention": "patients"}))
    by = Attributing(scope_of(str(AGENT), "production"), deployed, None, bytes(16), NOW, Vault([bytes(32)]))
    by.spans([_use(1, subject="ada")])
    (kept,) = by.contents
    assert kept.seal is not None
    assert (kept.subject, kept.seal.name) == ("ada", "patients")


def test_the_same_words_have_another_digest_elsewhere() -> None:
    (one, other), _ = _spans(ALONE, _use(1), _use(2))
    (again,), _ = _spans(ALONE, _use(1), salt=b"t" * 16)
    assert len({one.digest, other.digest, again.digest}) == 3


def test_where_nobody_knows_the_release_the_strictest_decides() -> None:
    deployed = Deployed(AGENT, "production", release(audit={"payloads": "full"}), CANARY, 5000, "r")
    assert _spans(deployed, _use(1))[1].contents == []


def test_an_agent_that_invents_names_fills_no_table() -> None:
    found, by = _spans(ALONE, *[_use(number % 250 + 1, f"t{number}", asked=f"m{number}") for number in range(300)])
    assert len({one.name for one in found}) == 101
    assert by.aside["unpriced", "(other)"] == 200
