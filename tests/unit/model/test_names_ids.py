"""Names are refused, never repaired; versions have the order of SemVer 2.0."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from semver import Version

from agentgov.model.names import AgentId, ReleaseName, agent_id, agent_of_path, is_label, release_name

TRIAGE = AgentId("support", "triage")


@pytest.mark.parametrize("text", ["a", "a1", "refund-assistant", "a" * 63, "0"])
def test_labels(text: str) -> None:
    assert is_label(text)
    assert agent_id(f"{text}/x") == AgentId(text, "x")


@pytest.mark.parametrize(
    "text",
    ["", "-a", "a-", "A", "ä", "a" * 64, "a b", "a.b", "a_b", "a\n", "a\0", "..", "*", "\uff41", "a\u0301", "\u0661"],
)
def test_what_is_no_label_is_no_name(text: str) -> None:
    assert not is_label(text)
    assert agent_id(f"{text}/x") is None
    assert agent_id(f"x/{text}") is None


@pytest.mark.parametrize("text", ["support", "support/", "/triage", "support/triage/x", "support/shared", "a//b", ""])
def test_what_is_no_agent_id(text: str) -> None:
    assert agent_id(text) is None


@given(st.text(max_size=20))
@settings(max_examples=200)
def test_ids_and_releases_read_back_the_same(text: str) -> None:
    found = agent_id(text)
    assert found is None or str(found) == text
    release = release_name(f"support/triage/v{text}")
    assert release is None or str(release) == f"support/triage/v{text}"


@pytest.mark.parametrize(
    ("path", "agent"),
    [
        ("agents/support/triage/agent.yaml", TRIAGE),
        ("agents/support/triage/a/b/c", TRIAGE),
        ("agents/support/shared/tone.md", None),
        ("agents/support/triage", None),
        ("agents/Support/triage/agent.yaml", None),
        ("agents/support/../governance/x", None),
        ("Agents/support/triage/agent.yaml", None),
        ("x/agents/support/triage/agent.yaml", None),
        ("agents//triage/agent.yaml", None),
    ],
)
def test_agent_of_a_path(path: str, agent: AgentId | None) -> None:
    assert agent_of_path(path) == agent


@pytest.mark.parametrize(
    "version",
    ["1.0", "01.0.0", "1.0.0-01", "v1.0.0", "1.0.0 ", "1.0.0\n", "", "1.0.0-", "1.0.0+", "1.0.0-\u0661", "1\u0661.0.0"],
)
def test_what_is_no_version(version: str) -> None:
    assert release_name(f"support/triage/v{version}") is None


def test_long_versions_are_refused() -> None:
    assert release_name(f"support/triage/v1.0.{'1' * 124}") is not None
    assert release_name(f"support/triage/v1.0.{'1' * 125}") is None


def test_order_of_versions() -> None:
    names = ["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-rc.2", "1.0.0-rc.10", "1.0.0", "1.9.0", "1.10.0", "2.0.0"]
    found = [name for version in names if (name := release_name(f"support/triage/v{version}")) is not None]
    assert len(found) == len(names)
    assert all(lower.precedence < higher.precedence for lower, higher in pairwise(found))
    assert [name.is_prerelease for name in found] == [True] * 4 + [False] * 4


def test_build_metadata_does_not_count_for_order() -> None:
    one, two = release_name("a/b/v1.0.0+1"), release_name("a/b/v1.0.0+2")
    assert one is not None
    assert two is not None
    assert one != two
    assert not one.precedence < two.precedence
    assert not two.precedence < one.precedence


def test_refs_of_a_release() -> None:
    name = release_name("support/triage/v1.4.0-rc.1")
    assert name is not None
    assert name.ref == "refs/tags/support/triage/v1.4.0-rc.1"
    assert (name.agent, name.version) == (TRIAGE, "1.4.0-rc.1")


_PARTS = st.sampled_from(["0", "1", "9", "10", "a", "B", "a-1", "-", "rc", "1a"])
_VERSIONS = st.builds(
    lambda numbers, parts: ".".join(map(str, numbers)) + (f"-{'.'.join(parts)}" if parts else ""),
    st.tuples(*[st.integers(0, 2)] * 3),
    st.lists(_PARTS, max_size=3),
)


@given(_VERSIONS, _VERSIONS)
def test_precedence_is_that_of_the_reference_library(one: str, other: str) -> None:
    ours = [ReleaseName(TRIAGE, text).precedence for text in (one, other)]
    theirs = [Version.parse(text) for text in (one, other)]
    assert (ours[0] < ours[1], ours[0] == ours[1]) == (theirs[0] < theirs[1], theirs[0] == theirs[1])
