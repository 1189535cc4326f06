"""Who is told nothing, and why: silences, worse alerts of the same cause, pauses; never a drill by what is real."""

from dataclasses import replace

import pytest
from alertworld import HOUR, NOW, an_alert
from hypothesis import given
from hypothesis import strategies as st

from agentgov.alerts.muting import Circumstances, mutes
from agentgov.alerts.silence import Matcher, Silence, next_change, parse_matcher
from agentgov.alerts.standing import Standing
from agentgov.model.policies import Inhibition, RouteMatch


def standing(number: int, rule: str, severity: str, agent: str = "support/triage", **labels: str) -> Standing:
    return Standing(number, an_alert(rule, severity, agent, labels=labels), NOW, NOW)


def silence(*matchers: str, since: int = NOW, until: int = NOW + HOUR, lifted: int = 0) -> Silence:
    found = tuple(one for text in matchers if (one := parse_matcher(text)) is not None)
    assert len(found) == len(matchers)
    return Silence("s", found, since, until, "ann", "planned", NOW, lifted)


@pytest.mark.parametrize(
    ("matcher", "meets"),
    [
        ("agent=support/triage", True),
        ("agent=support/*", True),
        ("agent=*", True),
        ("agent=Support/*", False),
        ("agent=support", False),
        ("agent!=finance/*", True),
        ("tool=", True),
        ("tool!=", False),
        ("alertname=cost?burn", False),
        ("alertname=[c]ost-burn", False),
    ],
)
def test_matchers_mean_whole_values_and_a_star_any_text(matcher: str, meets: bool) -> None:
    found = parse_matcher(matcher)
    assert found is not None
    assert str(found) == matcher
    assert found.meets(dict(an_alert().labels)) is meets


@pytest.mark.parametrize("text", ["", "agent", "=x", "Agent=x", "agent~x", "agent=a\0b", f"agent={'x' * 257}"])
def test_what_is_no_matcher_is_none(text: str) -> None:
    assert parse_matcher(text) is None


@given(st.text(st.characters(codec="utf-8", exclude_characters="*\0\n\r"), max_size=40))
def test_a_value_without_a_star_means_itself(value: str) -> None:
    assert Matcher("agent", True, value).meets({"agent": value})
    assert not Matcher("agent", True, value).meets({"agent": f"{value}x"})


def test_many_stars_take_no_longer() -> None:
    assert not Matcher("agent", True, "*a" * 100 + "b").meets({"agent": "a" * 250})
    assert Matcher("agent", True, "*" * 250).meets({"agent": "a" * 250})


def test_a_silence_mutes_from_its_beginning_to_its_end_or_until_it_is_lifted() -> None:
    one = silence("agent=support/*", since=NOW + 10, until=NOW + 20)
    labels = dict(an_alert().labels)
    assert [one.mutes(labels, NOW + at) for at in (9, 10, 19, 20)] == [False, True, True, False]
    assert [one.state(NOW + at) for at in (9, 10, 20)] == ["pending", "active", "expired"]
    lifted = silence("agent=support/*", since=NOW + 10, until=NOW + 20, lifted=NOW + 15)
    assert [lifted.mutes(labels, NOW + at) for at in (14, 15)] == [True, False]
    assert next_change([one, lifted], NOW + 5) == NOW + 10
    assert next_change([one, lifted], NOW + 10) == NOW + 20
    assert next_change([lifted], NOW) is None


def test_a_page_mutes_the_tickets_of_the_same_cause_of_its_agent() -> None:
    page, ticket = standing(1, "errors", "page"), standing(2, "errors-slowly", "ticket")
    elsewhere, other = standing(3, "errors-slowly", "ticket", "support/b"), standing(4, "cost", "ticket")
    around = Circumstances(signals={"errors": "errors", "errors-slowly": "errors"})
    found = mutes([page, ticket, elsewhere, other], around, NOW)
    assert {number: (mute.how, mute.by) for number, mute in found.items()} == {2: ("inhibition", "errors")}


def test_a_drill_mutes_nothing_that_is_real() -> None:
    drill, real = standing(1, "errors", "page", drill="true"), standing(2, "errors", "ticket")
    assert mutes([drill, real], Circumstances(), NOW) == {}


def test_a_paused_agent_is_not_reported_as_silent() -> None:
    silent, loud = standing(1, "silence", "ticket"), standing(2, "cost", "ticket")
    found = mutes([silent, loud], Circumstances(paused=lambda agent: "act" if agent == "support/triage" else ""), NOW)
    assert {number: mute.how for number, mute in found.items()} == {1: "pause"}


def test_what_is_of_both_sides_of_an_inhibition_mutes_nothing_of_both_sides() -> None:
    rule = Inhibition(source=RouteMatch(agents=("support/*",)), target=RouteMatch(severity=("page",)), equal=())
    pages = [standing(1, "a", "page"), standing(2, "b", "page"), standing(3, "c", "page", "finance/pay")]
    assert mutes(pages, Circumstances(inhibitions=(rule,)), NOW).keys() == {3}


def test_the_first_reason_is_told() -> None:
    found = mutes(
        [standing(1, "errors", "page"), standing(2, "errors", "ticket")],
        Circumstances((silence("agent=support/triage"),), signals={}),
        NOW,
    )
    assert {number: mute.how for number, mute in found.items()} == {1: "silence", 2: "silence"}


def test_who_is_only_on_the_muting_side_mutes_also_what_is_on_both() -> None:
    rule = Inhibition(source=RouteMatch(agents=("support/*",)), target=RouteMatch(severity=("page",)), equal=())
    found = mutes([standing(1, "a", "ticket"), standing(2, "b", "page")], Circumstances(inhibitions=(rule,)), NOW)
    assert {number: mute.by for number, mute in found.items()} == {2: "a"}


def test_what_is_over_neither_mutes_nor_is_muted() -> None:
    page, ticket = standing(1, "errors", "page"), standing(2, "errors", "ticket")
    over = replace(page, resolved=NOW - 1)
    assert mutes([page, ticket], Circumstances(), NOW).keys() == {2}
    assert mutes([over, ticket], Circumstances(), NOW) == {}
    assert mutes([page, replace(ticket, resolved=NOW - 1)], Circumstances(), NOW) == {}


def test_a_silence_mutes_what_meets_all_its_matchers_and_nothing_else() -> None:
    alerts = [standing(1, "errors", "page"), standing(2, "cost", "page"), standing(3, "errors", "page", "finance/pay")]
    other, one = silence("agent=legal/*"), silence("alertname=errors", "agent=support/*")
    assert mutes(alerts, Circumstances((other, one)), NOW).keys() == {1}
    assert mutes(alerts, Circumstances((silence("agent=support/*", until=NOW),)), NOW) == {}
