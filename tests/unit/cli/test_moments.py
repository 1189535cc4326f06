"""`can` and `who` about a moment: what was authorised at an act or a time, and what stood in a revision."""

from datetime import UTC, datetime
from typing import Any

import pytest
from unit.cli.command_world import ACCESS, PROMPT, CommandWorld

DEPARTED = '  - {role: viewer, who: [frank], agents: ["**"]}\n'


@pytest.fixture
def changed(begun: CommandWorld) -> CommandWorld:
    """Frank might look at everything until act 5; his binding is gone from main before that, and from the files."""
    access = begun.edit(ACCESS, DEPARTED, "")
    begun.change("carol", {ACCESS: access}, "Frank left")
    begun.must("carol", "review", "approve")
    begun.must("dave", "review", "approve")
    begun.tick()
    return begun


def allowed(world: CommandWorld, moment: str, code: int) -> dict[str, Any]:
    return world.asked("alice", "can", "frank", "view", "support/triage", "--at", moment, code=code)


def log(world: CommandWorld) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = world.must("alice", "journal", "log", "--json").document["acts"]
    return found


def test_an_act_answers_by_number_by_id_and_by_commit_of_the_journal(changed: CommandWorld) -> None:
    acts = log(changed)
    advance = next(one for one in acts if one["kind"] == "advance")
    before = next(one for one in acts if one["seq"] == advance["seq"] - 1)
    for name in ("seq", "id", "commit"):
        assert allowed(changed, str(before[name]), 0)["act"]["id"] == before["id"]
        assert allowed(changed, str(advance[name]), 1)["act"]["commit"] == advance["commit"]
    assert allowed(changed, "agentgov/journal", 1)["act"]["seq"] == acts[0]["seq"]


def test_the_answer_names_the_act_and_the_digest_of_its_governance(changed: CommandWorld) -> None:
    first, last = allowed(changed, "0", 0)["act"], allowed(changed, str(log(changed)[0]["seq"]), 1)["act"]
    assert first["governance"] != last["governance"]
    assert last["time"] > 0
    told = changed.must("alice", "can", "frank", "view", "--at", "0").out
    assert "by the governance of the journal at act 0 (" in told
    assert f"{ACCESS}:" in told


def test_pending_governance_has_no_say_about_a_moment(begun: CommandWorld) -> None:
    begun.change("carol", {ACCESS: begun.edit(ACCESS, DEPARTED, "")}, "Frank left")
    assert allowed(begun, "0", 0)["act"]["seq"] == 0
    assert allowed(begun, "HEAD", 1)["act"] is None, "a revision answers as it was committed"
    assert begun.asked("alice", "can", "frank", "view", code=1)["act"] is None


def test_a_time_means_the_last_act_by_then_in_any_zone(changed: CommandWorld) -> None:
    advance = next(one for one in log(changed) if one["kind"] == "advance")
    when = _rfc(advance["time"])
    assert allowed(changed, when, 1)["act"]["seq"] >= advance["seq"]
    assert allowed(changed, _rfc(advance["time"] - 1), 0)["act"]["seq"] < advance["seq"]
    east = _rfc(advance["time"] + 7200).replace("Z", "+02:00")
    assert allowed(changed, east, 1)["act"]["seq"] == allowed(changed, when, 1)["act"]["seq"]


def test_a_binding_counts_until_the_day_of_that_moment(begun: CommandWorld) -> None:
    day = _rfc(begun.time)[:10]
    access = begun.edit(ACCESS, DEPARTED, DEPARTED.replace("}", f", until: {day}}}"))
    begun.change("carol", {ACCESS: access}, "Frank leaves today")
    begun.must("carol", "review", "approve")
    begun.must("dave", "review", "approve")
    begun.tick()
    then = str(log(begun)[0]["seq"])
    begun.time += 2 * 86_400
    assert allowed(begun, then, 0)["allowed"]


@pytest.mark.parametrize(
    ("moment", "word"),
    [
        ("1999-01-01T00:00Z", "the journal began after"),
        ("2999-01-01T00:00Z", "has not come yet"),
        ("2026-11-23", "lacks its zone"),
        ("2026-99-23T00:00Z", "no time"),
        ("4711", "is no act of the journal and no revision"),
        ("01J9ZZZZZZZZZZZZZZZZZZZZZZ", "is no act of the journal and no revision"),
        ("nonsense", "is no act of the journal and no revision"),
    ],
)
def test_what_is_no_moment_is_told_with_what_is(begun: CommandWorld, moment: str, word: str) -> None:
    for question in (["can", "frank", "view"], ["who", "view"]):
        found = begun.run("alice", *question, "--at", moment)
        assert (found.code, found.out) == (2, "")
        assert word in found.err


def test_who_answers_about_a_moment_too(changed: CommandWorld) -> None:
    def people(*at: str) -> set[str]:
        return {one["person"] for one in changed.asked("alice", "who", "view", *at)["grants"]}

    assert "frank" in people("--at", "0")
    assert "frank" not in people("--at", str(log(changed)[0]["seq"]))
    assert people("--at", "HEAD") == people()


def test_without_a_journal_files_and_revisions_still_answer(laid: CommandWorld) -> None:
    short = laid.git("rev-parse", "--short=7", "HEAD")
    assert allowed(laid, short, 0)["act"] is None
    assert laid.run("alice", "can", "frank", "view", "--at", "3").code == 2


def test_what_does_not_hold_is_no_moment_and_hides_none(changed: CommandWorld) -> None:
    last, journal = log(changed)[0], "refs/heads/agentgov/journal"
    garbage = changed.git("commit-tree", f"{last['commit']}^{{tree}}", "-p", last["commit"], "-m", "not an act")
    changed.git("push", "-q", "origin", f"{garbage}:{journal}")
    changed.git("fetch", "-q", "origin", f"{journal}:{journal}")
    assert allowed(changed, "0", 0)["act"]["seq"] == 0
    assert changed.run("alice", "can", "frank", "view", "--at", garbage).code == 1
    changed.must("carol", "waive", garbage, "-m", "Somebody pushed by mistake")
    for number in (0, last["seq"], last["seq"] + 1):
        assert allowed(changed, str(number), 0 if number == 0 else 1)["act"]["seq"] == number
    report = changed.asked("alice", "access", "report")
    assert report["act"]["seq"] == last["seq"] + 1
    assert next(one for one in report["holders"] if one["id"] == "carol")["lastAct"]["kind"] == "waive"


def test_acts_are_found_by_time_as_if_every_one_was_looked_at(running: CommandWorld) -> None:
    running.time += 240
    running.authorise({PROMPT: "Sort tickets by age.\n"})
    running.time -= 200
    running.must("carol", "waive", "--set-time", "-m", "The clock of the bot ran ahead")
    running.must("erin", "pause", "support/triage", "--reason", "Looking")
    acts = log(running)
    times = sorted({one["time"] + more for one in acts for more in (-1, 0, 1) if one["time"] + more <= running.time})
    for time in times[1:]:
        first = next(one for one in acts if one["time"] <= time)
        found = running.asked("alice", "who", "view", "--at", _rfc(time))["act"]
        assert (found["seq"], found["id"]) == (first["seq"], first["id"])


def _rfc(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
