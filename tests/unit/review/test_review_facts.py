"""Reading a facts file: one clear sentence with a JSON pointer for everything that is wrong with it."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from patience import ends

from agentgov.errors import ConfigurationError
from agentgov.review.facts import read_facts
from agentgov.review.pull_request import decide_pull_request

GOOD: dict[str, Any] = {
    "codeowners": "* @ana\n",
    "teams": {"@o/t": ["ana"]},
    "roles": {"ana": "operator"},
    "pr": {
        "author": "dev",
        "commits": [{"sha": "c1", "author": "dev", "files": ["a"]}],
        "files": [{"path": "a", "status": "modified"}],
        "reviews": [{"user": "ana", "state": "APPROVED", "commit": "c1"}],
    },
}


def changed(pointer: str, value: object = None) -> bytes:
    """The good file with one value replaced, or without it where `value` is ... ."""
    facts = json.loads(json.dumps(GOOD))
    *path, last = pointer.removeprefix("/").split("/")
    target = facts
    for step in path:
        target = target[int(step)] if isinstance(target, list) else target.setdefault(step, {})
    if value is ...:
        del target[last]
    else:
        target[last] = value
    return json.dumps(facts).encode()


def complaint(data: bytes) -> str:
    with pytest.raises(ConfigurationError) as caught:
        read_facts(data, "facts.json")
    assert caught.value.exit_code == 2
    assert caught.value.message.startswith("facts.json")
    assert "\n" not in caught.value.message
    return caught.value.message.removeprefix("facts.json")


@pytest.mark.parametrize(
    "pointer",
    [
        *("/codeowners", "/teams", "/roles", "/pr", "/pr/author", "/pr/commits", "/pr/files", "/pr/reviews"),
        *("/pr/commits/0/sha", "/pr/commits/0/author", "/pr/files/0/path", "/pr/reviews/0/user", "/pr/reviews/0/state"),
    ],
)
def test_a_missing_key_is_named_by_its_pointer(pointer: str) -> None:
    assert complaint(changed(pointer, ...)) == f": {pointer} is missing"


@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        ("/pr", []),
        ("/pr/author", None),
        ("/pr/commits/0/files", ["a", 1]),
        ("/pr/commits/0/update_merge", "yes"),
        ("/pr/reviews/0/state", "approved"),
        ("/policy/approvals", 0),
        ("/policy/approvals", 1.5),
        ("/policy/mode", True),
        ("/policy/mode", "most"),
        ("/policy/stale", "sometimes"),
        ("/policy/distinct_owners", False),
        ("/policy/min_role", "owner"),
        ("/policy/extra", [{"owners": ["@a"]}]),
        ("/roles", ["ana"]),
        ("/bots", "x[bot]"),
    ],
)
def test_a_wrong_value_is_named_by_its_pointer(pointer: str, value: object) -> None:
    assert complaint(changed(pointer, value)).startswith(f": {pointer}")


def test_a_policy_key_that_does_not_exist_is_refused() -> None:
    assert "`stael`" in complaint(changed("/policy/stael", "never"))
    assert "`reason`" in complaint(changed("/policy/break_glass", {"enabled": True, "reason": "x"}))


def test_a_misspelt_key_is_refused_and_other_keys_are_left_alone() -> None:
    assert "'scopes' was meant" in complaint(changed("/scope", {"ana": []}))
    assert "'break_glass' was meant" in complaint(changed("/pr/breakglass", {}))
    read_facts(changed("/forge", "github"), "x")
    read_facts(changed("/pr/number", 7), "x")
    read_facts(changed("/pr/reviews/0/submitted_at", "2026-01-01"), "x")


def test_a_rename_without_its_source_is_refused() -> None:
    assert "/pr/files/0/previous" in complaint(changed("/pr/files/0/status", "renamed"))


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"null", b"[]", b"\xff\xfe", b'{"a": NaN}', b"[" * 200_000, b'{"a":' * 200_000, b'"\\ud800"'],
    ids=range(9),
)
def test_what_is_no_facts_file_is_one_sentence(data: bytes) -> None:
    complaint(data)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
POINTERS = st.sampled_from(
    [
        *("/codeowners", "/codeowners_head", "/teams/x", "/roles/ana", "/scopes", "/policy", "/policy/mode"),
        *("/policy/exempt", "/pr/commits", "/pr/commits/0/author", "/pr/files/0/path", "/pr/reviews/0/commit"),
        "/pr/break_glass",
    ]
)


@settings(max_examples=150)
@given(POINTERS, JSON)
def test_any_value_anywhere_is_judged_or_refused(pointer: str, value: object) -> None:
    try:
        facts = read_facts(changed(pointer, value), "facts.json")
    except ConfigurationError:
        return
    decide_pull_request(facts).verdict()


def test_a_large_pull_request_is_judged_in_a_moment() -> None:
    paths = [f"agents/w/a{number % 300}/f{number}" for number in range(3000)]
    facts = json.loads(json.dumps(GOOD))
    facts["teams"] = {f"@o/t{n}": [f"p{n}-{m}" for m in range(20)] for n in range(300)}
    facts["roles"] = {person: "operator" for team in facts["teams"].values() for person in team}
    facts["codeowners"] = "".join(f"/agents/w/a{n}/ @o/t{n}\n" for n in range(300))
    facts["pr"]["files"] = [{"path": path} for path in paths]
    facts["pr"]["commits"] = [{"sha": f"c{n}", "author": "dev", "files": paths[n * 30 :][:30]} for n in range(100)]
    facts["pr"]["reviews"] = [{"user": f"p{n}-0", "state": "APPROVED", "commit": f"c{n % 2 * 99}"} for n in range(50)]
    with ends():
        verdict = decide_pull_request(read_facts(json.dumps(facts).encode(), "x"))
    assert len(verdict.missing_paths) == 3000 - 25 * 10  # who looked at the first commit is stale for what came later
