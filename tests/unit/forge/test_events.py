"""What an event asks for: numbers and commits, wherever the forge puts them."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentgov.errors import ConfigurationError
from agentgov.forge.events import Asked, read_event

HEAD, BASE = "a" * 40, "b" * 40
QUEUED = f"refs/heads/gh-readonly-queue/main/pr-12-{BASE}"
GROUP = {"head_sha": HEAD, "base_sha": BASE, "head_ref": QUEUED}
KEYS = ("pull_request", "number", "merge_group", "head_sha", "workflow_run", "after", "iid")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS) | st.text(), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("event", "asked"),
    [
        ({"pull_request": {"number": 7, "head": {"sha": HEAD}}}, Asked("pull_request", 7, HEAD)),
        ({"merge_group": GROUP}, Asked("merge_group", 12, HEAD, BASE)),
        ({"merge_group": {**GROUP, "head_ref": "main"}}, Asked("merge_group", 0, HEAD, BASE)),
        ({"workflow_run": {"head_sha": HEAD, "pull_requests": [{"number": 3}]}}, Asked("pull_request", 3, HEAD)),
        ({"workflow_run": {"head_sha": HEAD, "pull_requests": [1, 2]}}, Asked("pull_request", 0, HEAD)),
        ({"object_kind": "merge_request", "object_attributes": {"iid": 5}}, Asked("pull_request", 5)),
        ({"object_kind": "note", "merge_request": {"iid": 6}}, Asked("pull_request", 6)),
        ({"before": BASE, "after": HEAD, "ref": "refs/heads/main"}, Asked("commit", 0, HEAD, BASE)),
        ({"before": "0" * 40, "after": HEAD}, Asked("commit", 0, HEAD)),
    ],
)
def test_an_event_names_what_is_judged(event: Any, asked: Asked) -> None:
    assert read_event(json.dumps(event).encode()) == asked


@pytest.mark.parametrize("event", [{"before": BASE, "after": "0" * 40}, {"pull_request": {"number": -1}}, {}])
def test_an_event_that_names_nothing_is_refused(event: Any) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read_event(json.dumps(event).encode())
    assert caught.value.rule == "forge.event"


@settings(max_examples=150)
@given(JSON)
def test_whatever_an_event_holds_only_numbers_and_commits_come_of_it(event: Any) -> None:
    try:
        found = read_event(json.dumps(event).encode())
    except ConfigurationError:
        return
    assert 0 <= found.number < 10**10
    assert all(len(one) in (0, 40, 64) for one in (found.head, found.base))
