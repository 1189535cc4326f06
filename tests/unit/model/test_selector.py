"""Whom an order means, from the text of its selector alone and from what is known of an agent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentgov.model.names import AgentId
from agentgov.model.selector import Selector, Traits, by_name, parse_selector

DESK = AgentId("support", "desk")
TRAITS = Traits(frozenset({("tier", "gold"), ("zone", "eu=1")}), frozenset({"refund.create"}), frozenset({"acme/big"}))


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("support/desk", Selector("agent", "support/desk")),
        ("support/*", Selector("workspace", "support")),
        ("tier=gold", Selector("label", "tier", "gold")),
        ("zone=eu=1", Selector("label", "zone", "eu=1")),
        ("acme.example/tier=very gold", Selector("label", "acme.example/tier", "very gold")),
        ("tool:refund.create", Selector("tool", "refund.create")),
        ("model:acme/big", Selector("model", "acme/big")),
        ("model:a=b", Selector("model", "a=b")),
    ],
)
def test_the_five_spellings(text: str, parsed: Selector) -> None:
    assert parse_selector(text) == parsed


@pytest.mark.parametrize(
    "text",
    [
        *("", "*", "*/*", "support", "support/", "support/d*", "Support/*", "support/*/x", "support/shared"),
        *("=gold", "tier=", "-tier=gold", "tier=go\nld", "tier=" + "x" * 101, "t ier=gold", "tier=\x7f"),
        *("tool:", "model:", "tool:a b", "tool:a\n", "model:ä", "tool:" + "x" * 201, "team:support", "support/desk\n"),
    ],
)
def test_anything_else_is_no_selector(text: str) -> None:
    assert parse_selector(text) is None
    assert not by_name(text, DESK)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        *(("support/desk", True), ("support/*", True), ("support/other", False), ("finance/*", False)),
        *(("tier=gold", True), ("zone=eu=1", True), ("tier=silver", False), ("gold=tier", False)),
        *(("tool:refund.create", True), ("tool:refund", False), ("tool:acme/big", False)),
        *(("model:acme/big", True), ("model:acme/*", False), ("model:refund.create", False)),
    ],
)
def test_who_is_meant(text: str, meant: bool) -> None:
    parsed = parse_selector(text)
    assert parsed is not None
    assert parsed.means(DESK, TRAITS) is meant
    assert parsed.means(DESK) is (meant and not parsed.needs_traits)


@pytest.mark.parametrize("text", ["tier=gold", "tool:x", "model:y"])
def test_an_agent_that_cannot_be_read_may_have_anything(text: str) -> None:
    parsed = parse_selector(text)
    assert parsed is not None
    assert parsed.means(DESK, TRAITS | Traits(known=False))


@given(st.text(max_size=20) | st.from_regex(r"(tool:|model:|[a-z]+=|[a-z]+/)[ -~]*", fullmatch=True))
def test_what_is_parsed_is_spelled_by_one_line(text: str) -> None:
    parsed = parse_selector(text)
    if parsed is not None:
        assert text.isprintable()
        assert text == text.strip() or parsed.kind == "label"
