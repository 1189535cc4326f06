"""Queries with placeholders: what is put into them never ends a string, and what forgets its subject is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentgov.model.promql import MOST, promql, promql_problem

GOOD = 'sum(increase(sessions_total{agent="$agent",arm="$arm"}[$window]))'
VALUES = {
    "agent": "support/triage",
    "workspace": "support",
    "release": "support/triage/v1.4.0",
    "version": "1.4.0",
    "arm": "canary",
    "window": "90s",
}


@pytest.mark.parametrize(
    "query",
    [
        GOOD,
        "sum(increase(a{release='$release'}[ $window ])) or vector(0)",
        'sum(increase(a{agent=~"$agent|x$",version="$version"}[$window])) # of $agent, says `it',
        'sum(increase(a{agent="$agent",arm="$arm",path=~`\\d+$`}[$window]))',
        'sum(increase(a{name="$workspace-$agent \\"$arm\\""}[$window]))',
    ],
)
def test_a_query_that_says_whose_which_side_and_since_when_is_good(query: str) -> None:
    assert promql_problem(query) == ""


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("", "it is empty"),
        (" \n", "it is empty"),
        (GOOD + " " * MOST, "more than 2000 characters"),
        (GOOD.replace("[$window]", "[5m]"), r"count over \[\$window\]"),
        (GOOD.replace("$agent", "x"), r'agent="\$agent"'),
        (GOOD.replace("$arm", "x"), r'arm="\$arm"'),
        (GOOD.replace('"$arm"', "$arm"), r"\$arm stands outside of quotes"),
        (GOOD.replace("[$window]", '["$window"]'), r"\$window stands in brackets"),
        (GOOD.replace("[$window]", "[$window:1m]"), r"\$window stands outside of quotes"),
        (GOOD.replace("$agent", "$agnet"), r"\$agnet is no placeholder; there are \$agent"),
        (GOOD.replace('"$arm"', "`$arm`"), "stands in backquotes"),
        (GOOD.replace('"$arm"', '"$arm'), 'begins with " does not end'),
        (GOOD + " $x", r"\$x is no placeholder"),
        (GOOD.replace('"$arm"', "'$arm"), "does not end"),
        ('a{agent="$agent", arm="$arm"} # [$window]', "since when"),
    ],
)
def test_a_query_that_would_count_something_else_is_refused(query: str, why: str) -> None:
    import re

    assert re.search(why, promql_problem(query)), promql_problem(query)


def test_placeholders_are_filled_in() -> None:
    assert promql(GOOD, VALUES) == 'sum(increase(sessions_total{agent="support/triage",arm="canary"}[90s]))'
    assert promql("a{b='$version $agent'}[$window] # $agent", VALUES) == "a{b='1.4.0 support/triage'}[90s] # $agent"


@given(st.text(max_size=20), st.sampled_from("\"'"))
def test_what_is_put_in_never_ends_its_string(value: str, quote: str) -> None:
    filled = promql(f"a{{b={quote}$agent{quote}}}", VALUES | {"agent": value})
    inside = filled[len("a{b=") + 1 : -2]
    plain = inside.replace("\\\\", "").replace(f"\\{quote}", "")
    assert quote not in plain
    assert "\n" not in inside
    assert not plain.endswith("\\")


@given(st.text(alphabet="a{}[]\"'`\\$#agentwidow\n =", max_size=60))
def test_any_text_is_judged_and_what_is_good_can_be_filled(text: str) -> None:
    if promql_problem(text) == "":
        assert "$agent" not in promql(text.partition("#")[0], VALUES)
