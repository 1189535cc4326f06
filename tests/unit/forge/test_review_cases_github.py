"""Every case of reviews.json as GitHub tells it, over HTTP and through the adapter, is judged as the same facts are."""

import json
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import gitworld
import msgspec
import pytest
from caseworld import CaseWorld, sha_of
from githubfake import GitHubFake
from unit.review.test_review_cases import SHARED, TOLD, agrees, facts_of

from agentgov.forge.gathering import gather_facts
from agentgov.forge.opening import open_client, open_forge
from agentgov.forge.port import ForgePort
from agentgov.forge.where import Where
from agentgov.net.tokens import Token
from agentgov.review.facts import BrokenGlass, Facts, Policy, read_facts
from agentgov.review.pull_request import decide_pull_request

NO_WORD = {"scopes", "emails"}  # what a forge cannot say of people
OTHERWISE = {
    "S17": "GitHub always says what a commit touched",
    "S34": "GitHub dismisses a review in place, and tells both as dismissed",
    "S36": "a review that was never submitted is seen by nobody else",
    "S37": "a review that was never submitted is seen by nobody else",
}
HERE = [case for case in TOLD["cases"] if not NO_WORD & set(case["input"]) and case["id"] not in OTHERWISE]


class Told:
    """One fake and one adapter, which turn from case to case."""

    def __init__(self, remote: Path, case: dict[str, Any]) -> None:
        self.remote, self.fake = remote, GitHubFake(CaseWorld(case, remote))

    def gather(self, case: dict[str, Any], policy: Policy, glass: BrokenGlass | None) -> Facts:
        """The facts of a case as they come from the forge."""
        self.fake.turn_to(CaseWorld(case, self.remote))
        merges = [sha_of(commit["sha"]) for commit in case["pr"]["commits"] if commit.get("update_merge")]
        return gather_facts(self.forge, 1, policy, break_glass=glass, updates_of=lambda *_: merges)

    @cached_property
    def forge(self) -> ForgePort:
        where = Where("github", self.fake.url, "org/fleet", Token(self.fake.token("checker")))
        return open_forge(where, open_client(where, clock=lambda: 0.0, sleep=lambda seconds: None))


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    remote = gitworld.make_repository(tmp_path_factory.mktemp("cases") / "forge.git", bare=True)
    told = Told(remote, facts_of(HERE[0]))
    with told.fake.serve():
        yield told


def judge(case: dict[str, Any], told: Told) -> dict[str, Any]:
    """What comes out where a forge tells the case."""
    asked, glass = case["pr"].get("break_glass"), None
    if asked:
        commit = sha_of(asked["commit"]) if asked.get("commit") else None
        glass = BrokenGlass(asked["by"], asked.get("reason"), commit)
    facts = told.gather(case, msgspec.convert(case.get("policy", {}), Policy), glass)
    assert read_facts(msgspec.json.encode(facts), "written") == facts, "what is written down is what was judged"
    verdict = decide_pull_request(facts)
    ignored = [[counted.vote.person, str(counted.why)] for counted in verdict.votes if counted.why is not None]
    if verdict.override is not None and verdict.override.void is not None:
        ignored.append([verdict.override.by, str(verdict.override.void)])
    return {"verdict": str(verdict.outcome), "missing_paths": list(verdict.missing_paths), "ignored": ignored}


@pytest.mark.skipif(not SHARED.exists(), reason="the shared cases are not beside this checkout")
def test_every_shared_case_is_judged_as_it_must_be(told: Told) -> None:
    """Those that stand among the cases here are judged below, and not twice."""
    cases = json.loads(SHARED.read_text("utf-8"))["cases"]
    known = [(facts_of(case), case["expected"]) for case in HERE]
    others = [case for case in cases if (case["input"], case["expected"]) not in known]
    answers = {case["id"]: (judge(case["input"], told), case["expected"]) for case in others}
    assert {name: pair for name, pair in answers.items() if not agrees(*pair)} == {}


@pytest.mark.parametrize("case", HERE, ids=lambda case: f"{case['id']} {case['title']}")
def test_the_case_is_judged_as_it_must_be(case: dict[str, Any], told: Told) -> None:
    answer = judge(facts_of(case), told)
    assert agrees(answer, case["expected"]), answer
