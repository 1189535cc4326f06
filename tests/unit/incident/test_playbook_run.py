"""A playbook leads from step to step as it says, ends, and never turns a value into a command."""

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentgov.incident.playbook_command import lines
from agentgov.incident.playbook_run import MOST_VISITS, NOTHING, Outcome, Run, Taken, after, begin, filled
from agentgov.model.playbook import Playbook, PlaybookStep
from agentgov.validate.command_lines import grammar


def step(name: str, on_fail: str = "stop", **choices: str) -> PlaybookStep:
    kind = "decision" if choices else "manual"
    return PlaybookStep(id=name, title=name, type=kind, on_fail=on_fail, choices=choices)  # type: ignore[arg-type]


PLAYBOOK = Playbook(
    name="p",
    title="P",
    responders=("alice",),
    steps=(
        step("look", "continue"),
        step("cause", back="back", world="mend", none="stop"),
        step("back", "mend"),
        step("mend"),
    ),
)


def follow(*outcomes: tuple[Outcome, str]) -> Run:
    run = begin("playbooks/p.yaml", PLAYBOOK, "t", {}, 0)
    for outcome, words in outcomes:
        run = after(PLAYBOOK, run, Taken(run.step, outcome, 1, 1, words))
    return run


@pytest.mark.parametrize(
    ("outcomes", "step", "why"),
    [
        ((), "look", ""),
        ((("done", ""),), "cause", ""),
        ((("failed", ""),), "cause", ""),
        ((("done", ""), ("chosen", "world")), "mend", ""),
        ((("done", ""), ("chosen", "none")), "", "cause ended it: none"),
        ((("done", ""), ("chosen", "back"), ("failed", "it refused")), "mend", ""),
        ((("done", ""), ("skipped", ""), ("done", ""), ("failed", "nobody there")), "", "mend ended it: nobody there"),
        ((("done", ""), ("skipped", ""), ("done", ""), ("done", "")), "", NOTHING),
    ],
)
def test_what_follows_is_decided_by_how_it_came_out(
    outcomes: tuple[tuple[Outcome, str], ...], step: str, why: str
) -> None:
    run = follow(*outcomes)
    assert (run.step, run.why) == (step, why)


def test_two_steps_that_send_people_to_each_other_end() -> None:
    playbook = Playbook(name="p", title="P", responders=("a",), steps=(step("one", "two"), step("two", "one")))
    run = begin("playbooks/p.yaml", playbook, "t", {}, 0)
    for _ in range(2 * MOST_VISITS):
        run = run if run.is_over else after(playbook, run, Taken(run.step, "failed", 1))
    assert run.is_over
    assert "came round" in run.why


@given(st.lists(st.sampled_from(["done", "failed", "skipped"]), max_size=60))
def test_every_run_ends(outcomes: list[Outcome]) -> None:
    run = begin("playbooks/p.yaml", PLAYBOOK, "t", {}, 0)
    done: list[Outcome] = ["done"] * 60
    for outcome in (*outcomes, *done):
        run = run if run.is_over else after(PLAYBOOK, run, Taken(run.step, outcome, 1))
    assert run.is_over


@given(st.text(min_size=1, alphabet=st.characters(exclude_categories=["Cs", "Cc"])).filter(str.strip))
def test_a_value_stays_one_word_whatever_it_holds(reason: str) -> None:
    values = {"agent": "support/refunds", "reason": reason}
    (line,) = lines("agentgov pause {agent} --reason={reason}", values, grammar())
    assert line.argv == ("pause", "support/refunds", f"--reason={reason}")
    assert shlex.split(line.text)[1:] == list(line.argv)


def test_a_value_never_becomes_an_option() -> None:
    (line,) = lines("agentgov resume {agent}", {"agent": "--repo=/elsewhere"}, grammar())
    assert line.argv is None
    assert "read as an option" in line.why


def test_what_is_not_ours_or_not_known_is_for_people() -> None:
    found = lines(
        "rm -rf {agent}\nagentgov pause {agent} --reason {reason}\nagentgov puase x", {"agent": "a/b"}, grammar()
    )
    assert [line.argv for line in found] == [None, None, None]
    assert found[0].text == "rm -rf a/b"
    assert found[1].why == "nobody said what {reason} is"


def test_a_command_that_would_ask_is_told_that_it_was_asked() -> None:
    (line,) = lines("agentgov rollback {agent} --reason {reason}", {"agent": "a/b", "reason": "x y"}, grammar())
    assert line.argv == ("rollback", "a/b", "--reason", "x y", "--yes")


def test_a_value_is_not_filled_in_twice() -> None:
    assert filled("{reason} of {agent}", {"reason": "{agent}", "agent": "a/b"}) == "{agent} of a/b"
