"""The verdict on pull requests, case by case: what must come out, what is missing, and which reviews do not count."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from agentgov.review.facts import read_facts
from agentgov.review.pull_request import decide_pull_request

TOLD: dict[str, Any] = json.loads((Path(__file__).parent / "cases.json").read_text("utf-8"))
SHARED = Path(__file__).parents[4] / "shared" / "cases" / "reviews.json"


def facts_of(case: dict[str, Any]) -> dict[str, Any]:
    """The base with what the case says otherwise; teams and roles are added one by one."""
    facts: dict[str, Any] = copy.deepcopy(TOLD["base"])
    for key, value in case["input"].items():
        if isinstance(value, dict) and key in facts:
            facts[key].update(value)
        else:
            facts[key] = value
    return facts


def judge(facts: dict[str, Any]) -> dict[str, Any]:
    verdict = decide_pull_request(read_facts(json.dumps(facts).encode(), "facts.json"))
    ignored = [[counted.vote.person, str(counted.why)] for counted in verdict.votes if counted.why is not None]
    if verdict.override is not None and verdict.override.void is not None:
        ignored.append([verdict.override.by, str(verdict.override.void)])
    assert verdict.verdict().allowed is (verdict.outcome == "pass")
    return {"verdict": str(verdict.outcome), "missing_paths": list(verdict.missing_paths), "ignored": ignored}


def agrees(answer: dict[str, Any], expected: dict[str, Any]) -> bool:
    return (
        answer["verdict"] == expected["verdict"]
        and answer["missing_paths"] == expected.get("missing_paths", [])
        and all(pair in answer["ignored"] for pair in expected.get("ignored", []))
    )


@pytest.mark.parametrize("case", TOLD["cases"], ids=lambda case: f"{case['id']} {case['title']}")
def test_the_case_is_judged_as_it_must_be(case: dict[str, Any]) -> None:
    answer = judge(facts_of(case))
    assert agrees(answer, case["expected"]), answer


@pytest.mark.skipif(not SHARED.exists(), reason="the shared cases are not beside this checkout")
def test_every_shared_case_is_judged_as_it_must_be() -> None:
    cases = json.loads(SHARED.read_text("utf-8"))["cases"]
    assert cases
    assert [case["id"] for case in cases if not agrees(judge(case["input"]), case["expected"])] == []


@pytest.mark.skipif(not SHARED.exists(), reason="the shared cases are not beside this checkout")
def test_the_defaults_of_a_policy_are_the_promised_ones() -> None:
    shared = json.loads(SHARED.read_text("utf-8"))
    plain = shared["cases"][0]["input"]
    assert (
        read_facts(json.dumps({**plain, "policy": shared["defaults"]}).encode(), "x").policy
        == read_facts(json.dumps({**plain, "policy": {}}).encode(), "x").policy
    )
