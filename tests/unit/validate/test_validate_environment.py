"""Environments: RFC 7396 by its own test cases, and where in an agent the parts go."""

import copy
from typing import Any

import pytest

from agentgov.model.merge import merge_patch
from agentgov.validate.environment import origin, resolve_environment

DOCUMENT: dict[str, Any] = {
    "metadata": {"name": "a", "labels": {"tier": "x", "old": "y"}},
    "spec": {
        "budget": {"day": "4.00 USD", "run": "1.00 USD"},
        "quotas": [1, 2],
        "environments": {
            "staging": {"budget": {"day": "1.00 USD", "run": None}, "quotas": [3], "labels": {"old": None, "new": "z"}}
        },
    },
}


@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [  # RFC 7396, appendix A
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, None, None),
        ({"a": "foo"}, "bar", "bar"),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_merge_patch_does_what_the_rfc_says(target: object, patch: object, result: object) -> None:
    before = copy.deepcopy((target, patch))
    assert merge_patch(target, patch) == result
    assert (target, patch) == before


def test_an_environment_is_the_document_with_its_patch() -> None:
    before = copy.deepcopy(DOCUMENT)
    assert resolve_environment(DOCUMENT, "staging") == {
        "metadata": {"name": "a", "labels": {"tier": "x", "new": "z"}},
        "spec": {"budget": {"day": "1.00 USD"}, "quotas": [3]},
    }
    assert resolve_environment(DOCUMENT, "production") == {
        "metadata": DOCUMENT["metadata"],
        "spec": {"budget": {"day": "4.00 USD", "run": "1.00 USD"}, "quotas": [1, 2]},
    }
    assert before == DOCUMENT


@pytest.mark.parametrize(
    ("pointer", "place"),
    [
        ("/spec/budget/day", "/spec/environments/staging/budget/day"),
        ("/spec/budget", "/spec/environments/staging/budget"),
        ("/spec/budget/month", "/spec/environments/staging/budget"),
        ("/spec/risk", "/spec/risk"),
        ("/metadata/labels/new", "/spec/environments/staging/labels/new"),
        ("/metadata/name", "/metadata/name"),
        ("/spec", "/spec"),
    ],
)
def test_a_value_is_traced_to_where_the_file_says_it(pointer: str, place: str) -> None:
    assert origin(DOCUMENT, "staging", pointer) == place
