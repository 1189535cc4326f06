"""A whole night, from a bad release to the next good one, by what people type and by nothing else.

A release goes bad in canary; the gate's own rules find it in what agents tell; people are told and called; one command
contains it; stakeholders are told; it is resolved, reviewed, closed; what was promised holds the next release until it
is done; and all of it can be told from a mirror of the repository.
"""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import gitworld
import pytest
from incidentworld import Night, night
from patience import until
from simulator import PAYROLL, TRIAGE

pytestmark = pytest.mark.slow
AGENT = str(PAYROLL)
ACTION = "{{id: evaluate, title: An evaluation that would have noticed, owner: alice, due: {due}{done}}}"


@pytest.fixture
def at(tmp_path: Path) -> Iterator[Night]:
    with night(tmp_path) as running:
        yield running


def test_a_bad_release_is_found_contained_told_reviewed_and_learnt_from(at: Night, tmp_path: Path) -> None:
    at.types("bob", "login")
    at.releases("1.1.0", "Answer in rhyme.")
    incident = _goes_bad(at)
    _is_contained_by_one_command(at, incident)
    _stakeholders_are_told(at, incident)
    review = _is_reviewed(at, incident)
    _holds_the_next_release_until_it_is_done(at, incident, review)
    _goes_to_production(at, "1.2.0")
    _is_told_from_a_mirror(at, incident, tmp_path / "mirror.git")
    assert at.world.verify().offence is None


def _goes_bad(at: Night) -> str:
    """The canary fails: that is decided, told, and opens an incident, and the first of the chain is called."""
    at.ticks(lambda now: now.canary.state == "RAMP")
    at.types("reconciler", "reconcile")
    at.later(minutes=1)
    at.runs(canary=30, stable=70, bad=28)
    until(lambda: at.told.alerts("incident-unacknowledged"), "that somebody is called")
    until(lambda: at.told.letters("incident-unacknowledged"), "that a letter says so")
    alert, call = at.told.alerts("errors")[0], at.told.alerts("incident-unacknowledged")[0]
    assert alert["summary"] == f"{AGENT} in production: 28 of 30 runs failed in 1 h, of v1.1.0 at 50% in canary."
    assert (round(alert["observed"], 2), alert["count"], alert["release"]) == (0.93, 30, f"{AGENT}/v1.1.0")
    assert (call["labels"]["to"], call["labels"]["agent"]) == ("team:finance", AGENT)
    incident = str(call["labels"]["incident"])
    assert "finance-on-call@sim.example, alice@sim.example, bob@sim.example" in at.told.letters("errors")[0]["To"]
    letter = at.told.letters("errors")[0].get_body(("plain",)).get_content()
    assert alert["summary"] in letter
    assert f"  stop it: agentgov incident mitigate {AGENT} --abort" in letter.splitlines()
    for command in (alert["next"], f"agentgov alert show {alert['fingerprint']}", f"agentgov incident show {incident}"):
        at.types("bob", *command.split()[1:])  # what one reads in the message can be typed as it stands
    assert {act.get("Step") for act in at.acts("incident")} == {"open", "escalate"}
    return incident


def _is_contained_by_one_command(at: Night, incident: str) -> None:
    """Stopped, and rid of the canary; nobody else is. How long it took is written down by the product."""
    started = time.monotonic()
    said = at.types("bob", "incident", "mitigate", AGENT, "--pause", "--abort", "-m", "Answers in rhyme")
    took = time.monotonic() - started
    assert f"agentgov resume {AGENT}" in said
    assert (at.lease(AGENT), at.lease(str(TRIAGE))) == (403, 200)
    at.types("reconciler", "reconcile")  # and it does not bring it back
    now = at.at()
    assert (now.canary.state, at.world.named(now.production.release)) == ("ABORTED", f"{AGENT}/v1.0.0")
    found = at.asks("bob", "incident", "show", incident)["incident"]
    assert (found["state"], found["lead"], found["acknowledged"]["by"]) == ("mitigated", "bob", "bob")

    def stand() -> list[str]:
        return [one["labels"]["alertname"] for one in at.asks("bob", "alert", "list", code=1)["alerts"]]

    until(lambda: "incident-unacknowledged" not in stand(), "that nobody is called any more")
    assert "errors" in stand()
    print(f"one command contained it in {took:.2f} s, {found['mitigated']['at']} after {found['opened']['at']}")


def _stakeholders_are_told(at: Night, incident: str) -> None:
    """What the playbook says, when it is due, and what somebody writes; each once, and each an act."""
    at.later(minutes=16)
    until(lambda: at.told.alerts("incident-message"), "what the playbook says is sent")
    at.types("bob", "incident", "message", incident, "People answer payslips until {now}", "--to", "team:support")
    until(lambda: len({one["fingerprint"] for one in at.told.alerts("incident-message")}) == 2, "the second one")
    told = {one["labels"]["to"]: one["summary"] for one in at.told.alerts("incident-message")}
    assert told["team:finance"].startswith(f"{AGENT} is paused since ")
    assert told["team:support"].startswith("People answer payslips until 20")
    assert len([act for act in at.acts("incident") if act.get("Step") == "message"]) == 2


def _is_reviewed(at: Night, incident: str) -> Path:
    """It is over, what was learnt is written, read by somebody else, and on main; then it closes."""
    at.types("bob", "resume", AGENT)
    at.types("bob", "incident", "resolve", incident, "-m", "The release before answers again")
    at.types("bob", "incident", "close", incident, code=1)
    assert at.said[-1].printed.count(f"agentgov incident review {incident}") == 1
    at.types("bob", "incident", "review", incident)
    review = at.world.work / f"incidents/{incident[:4]}/{incident}/review.md"
    text = review.read_text("utf-8")
    for known in ("28 of 30 runs failed", "| time to mitigate |", f"{AGENT}/v1.1.0 brought"):
        assert known in text
    _promise(at, review, "actions: []", f"actions:\n  - {ACTION.format(due=_day(at, 6), done='')}")
    at.types("bob", "incident", "close", incident)
    assert at.asks("bob", "incident", "actions")["actions"][0]["owner"] == "alice"
    return review


def _holds_the_next_release_until_it_is_done(at: Night, incident: str, review: Path) -> None:
    """Eight days later the action is late: the next release waits in staging, and goes on when main says it is done."""
    due = _day(at, 6)
    at.later(days=8)
    at.types("bob", "login")
    at.types("bob", "incident", "actions", code=1)
    at.releases("1.2.0", "Answer briefly.")
    at.ticks(lambda now: now.staging.state == "PASSED")
    at.types("reconciler", "reconcile")
    assert at.at().canary.state != "RAMP"
    held = at.types("bob", "status", AGENT)
    assert f"the action evaluate of {incident}, owned by alice, is overdue" in held
    _promise(at, review, f"due: {due}", f"due: {due}, done: {due}")
    assert "no incident owes anything" in at.types("bob", "incident", "actions")
    at.ticks(lambda now: now.canary.state == "RAMP", most=3)


def _goes_to_production(at: Night, version: str) -> None:
    """Healthy traffic, until the release is what production runs."""
    for _ in range(20):
        at.later(minutes=1)
        at.runs(canary=200, stable=200)
        at.types("reconciler", "reconcile")
        if at.world.named(at.at().production.release) == f"{AGENT}/v{version}":
            return
    raise AssertionError(at.said[-1])


def _is_told_from_a_mirror(at: Night, incident: str, mirror: Path) -> None:
    """Whoever has nothing but a mirror reads who did what, when and why, and whether anybody changed it since."""
    at.gate.stop()
    gitworld.git(mirror.parent, "clone", "-q", "--mirror", str(at.world.remote), str(mirror))
    at.types("erin", "verify", cwd=mirror)
    timeline = at.types("erin", "incident", "timeline", incident, "--no-gate", cwd=mirror)
    for told in (
        f"start the canary of {AGENT} v1.1.0 at 50%",
        f"{AGENT}/v1.1.0 brought (loosens, reviewed by bob, dave)",
        "28 of 30 runs failed in 1 h",
        f"call team:finance for {incident}",
        f"pause and mitigate {incident}: Answers in rhyme",
        f"abort {AGENT} v1.1.0: Answers in rhyme",
        "is paused since",
        "The release before answers again",
        f"close {incident}",
    ):
        assert told in timeline, told
    shown = json.loads(at.types("erin", "incident", "show", incident, "--json", cwd=mirror))["incident"]
    assert (shown["state"], shown["lead"], shown["opened"]["by"]) == ("closed", "bob", "gate")


def _promise(at: Night, review: Path, old: str, new: str) -> None:
    """A change of the review, read by somebody else."""
    text = review.read_text("utf-8")
    assert old in text
    at.brings({str(review.relative_to(at.world.work)): text.replace(old, new, 1)}, "carol", by="bob")


def _day(at: Night, days: int) -> str:
    return str((datetime.fromtimestamp(at.now, UTC) + timedelta(days=days)).date())
