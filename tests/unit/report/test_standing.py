"""What an agent waits for, and why it stands still, in words."""

import pytest

from agentgov.model.names import AgentId
from agentgov.model.state import Deployment, Hold
from agentgov.release.view import Wait
from agentgov.report.page import Page
from agentgov.report.standing import Standing, in_words

TAG, OTHER = "a" * 40, "b" * 40


@pytest.mark.parametrize(
    ("wait", "words"),
    [
        (Wait("P8", "soak 20m of 1h", "40m", "soak", 2400), "soak 20m of 1h (40m to go)"),
        (Wait("P8", "120 of 200 units", "80 units", "units", 660), "120 of 200 units (80 units to go, in about 11m)"),
        (Wait("P8", "120 of 200 units", "80 units", "units"), "120 of 200 units (80 units to go)"),
        (Wait("P9", "the judge", gate="judge", eta=90), "the judge, opens in about 1m30s"),
        (Wait("P8", "the next tick", eta=0), "the next tick, now"),
        (Wait("P9", "1 of 2 promoters", gate="promoters"), "1 of 2 promoters"),
    ],
)
def test_a_wait_says_how_much_is_left_and_about_when_it_ends_each_once(wait: Wait, words: str) -> None:
    assert in_words(wait) == words


def test_a_tag_that_moved_is_told_as_long_as_the_agent_is_held() -> None:
    alarms = (f"{TAG} {OTHER}", f"{OTHER} none")
    assert told(Deployment("support/a", alarms=alarms, hold=Hold("reconciler", 1, "Look"))) == [
        "held support/a by reconciler: Look",
        "alarm support/a: the tag of aaaaaaaaa points at bbbbbbbbb",
        "alarm support/a: the tag of bbbbbbbbb is gone",
    ]
    lifted = Deployment("support/a", alarms=alarms)
    assert told(lifted) == []
    assert len(Standing(AgentId("support", "a"), lifted, {}).document()["alarms"]) == 2


def told(at: Deployment) -> list[str]:
    page = Page()
    Standing(AgentId("support", "a"), at, {}).tell_why(page)
    return page.text().splitlines()


def test_what_calls_for_people_at_once_is_an_alarm_and_no_wait() -> None:
    waits = (Wait("P4", "production is above its ceiling: error; pause it", gate="people"), Wait("P7", "frozen: xmas"))
    failing = Standing(AgentId("support", "a"), Deployment("support/a"), {}, waits=waits)
    page = Page()
    failing.tell_waits(page)
    assert page.text().splitlines() == [
        "alarm support/a: production is above its ceiling: error; pause it (release.bake-failed)",
        "waits support/a: frozen: xmas",
    ]
    assert failing.mark().text == "FAILING"


def test_evidence_that_a_wait_names_already_is_not_told_twice() -> None:
    waits = (Wait("P11", "evidence: eval a", gate="evidence"),)
    lacking = Standing(
        AgentId("support", "a"),
        Deployment("support/a"),
        {},
        waits=waits,
        missing={"canary": ("eval a",), "production": ("eval a", "eval b")},
    )
    assert lacking.lacks() == ["eval a, eval b before production"]
    assert not lacking.is_quiet
