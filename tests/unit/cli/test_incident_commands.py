"""`agentgov incident` as somebody on call uses it."""

from pathlib import Path

import pytest
from unit.cli.command_world import CommandWorld

TRIAGE = "support/triage"


def opened(world: CommandWorld, *more: str, who: str = "alice") -> str:
    """The id of an incident that somebody opens."""
    found: str = world.asked(who, "incident", "open", TRIAGE, "--title", "it rhymes", *more)["act"]["incident"]
    return found


def test_one_act_opens_and_pauses(running: CommandWorld) -> None:
    before = running.asked("frank", "status")["journal"]["seq"]
    one = opened(running, "--pause", "--until", "4h", "--severity", "1", "-m", "Complaints")
    assert running.asked("frank", "status")["journal"]["seq"] == before + 1
    (row,) = [row for row in running.asked("frank", "status", TRIAGE)["agents"] if row["agent"] == TRIAGE]
    assert row["paused"]
    shown = running.asked("frank", "incident", "show", one)["incident"]
    assert (shown["state"], shown["lead"], shown["severity"]) == ("open", "alice", 1)
    assert one in running.must("frank", "incident", "list").out
    assert f"incident {one} open, severity 1, led by alice" in running.must("frank", "status").out
    assert [found["id"] for found in running.asked("frank", "status")["incidents"]] == [one]


def test_from_the_first_word_to_the_last(running: CommandWorld) -> None:
    one = opened(running, "--severity", "4")
    running.asked("bob", "incident", "ack", one)
    running.asked("bob", "incident", "assign", one, "erin", "--role", "comms")
    running.asked("bob", "incident", "assign", one, "bob")
    slip = running.run("bob", "incident", "assign", one, "eric")
    assert (slip.code, 'did you mean "erin"?' in slip.err) == (2, True)
    running.asked("bob", "incident", "note", one, "The new prompt has a line break too many")
    running.asked("bob", "incident", "severity", one, "3")
    tell = ("bob", "incident", "message", one)
    typo = running.run(*tell, "{agents} is {stauts}", "--to", "team:support")
    assert (typo.code, typo.out) == (2, "")  # nobody can take back what was told
    assert "nothing fills in {stauts}\n  hint: did you mean {status}?" in typo.err
    strange = running.run(*tell, "{wether}", "--to", "team:support")
    assert strange.code == 2
    assert "known are id, title, time," in strange.err
    assert "double them: {{wether}}" in strange.err
    running.asked(*tell, "{agent} is {status} since {time}; {{wether}}", "--to", "team:support")
    running.asked("bob", "incident", "mitigate", one, "--rollback", "-m", "back")
    running.asked("bob", "incident", "severity", one, "4")
    running.asked("bob", "incident", "resolve", one)
    running.asked("bob", "incident", "close", one)
    shown = running.asked("frank", "incident", "show", one)
    assert (shown["incident"]["state"], shown["incident"]["roles"]) == ("closed", {"comms": "erin", "lead": "bob"})
    assert shown["times"]["mitigate"] is not None
    entries = running.asked("frank", "incident", "timeline", one, "--no-gate")["entries"]
    told = [entry["what"] for entry in entries]
    assert len([one for one in told if one.startswith("tell ")]) == 1
    assert f"roll back {TRIAGE} from v1.1.0 to v1.0.0" in told
    said = next(entry["said"] for entry in entries if entry["what"].startswith("tell team:support"))
    assert said.startswith(f"{TRIAGE} is acknowledged since 20")
    assert said.endswith("; {wether}")
    assert {entry["place"].partition(" ")[0] for entry in entries} == {"act", "diff"}
    (brought, *_) = [entry["what"] for entry in entries if entry["source"] == "diff"]
    assert brought.startswith(f"{TRIAGE}/v1.1.0 brought (")
    assert (
        "| UTC | who | what | source |"
        in running.must("frank", "incident", "timeline", one, "--format", "markdown").out
    )


def test_one_command_contains_what_nobody_has_opened(running: CommandWorld) -> None:
    running.asked("frank", "status", "--fetch")
    told = running.must("frank", "incident", "list").out
    assert "agentgov incident list --fetch" in told  # nobody has to take a clone for the journal
    notes = running.asked("alice", "incident", "mitigate", TRIAGE, "--pause", "--rollback", "-m", "It leaks")["notes"]
    assert notes[1:] == [
        f"when it may go on: agentgov resume {TRIAGE}",
        f"a hold is set; when it is fixed: agentgov hold {TRIAGE} --lift",
    ]
    (one,) = running.asked("frank", "incident", "list")["incidents"]
    assert one["state"] == "mitigated"
    assert running.stages()["production"]["release"] == f"{TRIAGE}/v1.0.0"
    found = running.run("alice", "incident", "mitigate", one["id"])
    assert found.code == 1
    assert f"{one['id']} is mitigated already" in found.err


def test_a_canary_is_taken_away_and_production_answers_on(in_canary: CommandWorld) -> None:
    before = in_canary.stages()["production"]
    in_canary.asked("alice", "incident", "mitigate", TRIAGE, "--abort", "-m", "It rhymes")
    (one,) = in_canary.asked("frank", "incident", "list")["incidents"]
    assert (one["state"], one["lead"]) == ("mitigated", "alice")
    at = in_canary.stages()
    assert (at["production"], at["canary"]["share"] or 0) == (before, 0)
    (row,) = [row for row in in_canary.asked("frank", "status", TRIAGE)["agents"] if row["agent"] == TRIAGE]
    assert not row["paused"]
    told = [
        entry["what"] for entry in in_canary.asked("frank", "incident", "timeline", one["id"], "--no-gate")["entries"]
    ]
    assert any(what.startswith(f"abort {TRIAGE}") for what in told), told


def test_where_nothing_is_on_its_way_nothing_is_aborted_and_nothing_written(running: CommandWorld) -> None:
    before = running.asked("frank", "status")["journal"]["seq"]
    found = running.run("alice", "incident", "mitigate", TRIAGE, "--pause", "--abort", "-m", "It rhymes")
    assert (found.code, found.out) == (1, "")
    assert f"no release of {TRIAGE} is on its way: there is nothing to abort" in found.err
    assert "stop it, or go back: --pause, --rollback" in found.err
    assert running.asked("frank", "status")["journal"]["seq"] == before
    assert running.asked("frank", "incident", "list")["incidents"] == []


def test_those_that_look_alike_are_named_with_the_reason(running: CommandWorld) -> None:
    first, second = opened(running), opened(running)
    (alike,) = running.asked("frank", "incident", "show", second)["similar"]
    assert alike["id"] == first
    assert alike["because"] == [f"same agent {TRIAGE}", "both say rhymes"]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["open"], 2, "nobody says whom it is about"),
        (["open", TRIAGE], 2, "nobody says what is wrong"),
        (["open", TRIAGE, "--title", "x", "--until", "4h"], 2, "--until says how long they are paused"),
        (["open", "support/triagee", "--title", "x"], 2, f'did you mean "{TRIAGE}"?'),
        (["open", TRIAGE, "--title", "x", "--playbook", "playbooks/none.yaml"], 2, "no authorised playbook"),
        (["show", "nonsense"], 2, "is no incident's id"),
        (["show", "2026-1123-aaaa"], 1, "there is no incident 2026-1123-aaaa"),
        (["ack", "2026-1123-aaaa"], 1, "there is no incident 2026-1123-aaaa"),
        (["mitigate", TRIAGE], 2, "nobody says how it is contained"),
        (["cancel", "2026-1123-aaaa"], 2, "Missing option"),
        (["open", TRIAGE, "--alert", "short"], 2, "is no fingerprint"),
    ],
)
def test_what_cannot_be_is_told_with_what_to_do(
    running: CommandWorld, arguments: list[str], code: int, message: str
) -> None:
    found = running.run("alice", "incident", *arguments)
    assert (found.code, found.out) == (code, "")
    assert message in found.err


def test_whether_there_is_one_is_not_known_while_the_remote_is_away(running: CommandWorld) -> None:
    away = running.folder / "away.git"
    running.remote.rename(away)
    found = running.run("alice", "incident", "show", "2026-1123-aaaa")
    away.rename(running.remote)
    assert (found.code, found.out) == (3, "")


def test_who_may_only_look_opens_nothing_and_what_is_past_is_told(running: CommandWorld) -> None:
    found = running.run("frank", "incident", "open", TRIAGE, "--title", "x")
    assert found.code == 1
    assert f"no binding says that frank may open and run incidents of {TRIAGE}" in found.err
    assert f"agentgov who incident {TRIAGE}" in found.err
    one = opened(running)
    running.must("alice", "incident", "resolve", one)
    found = running.run("alice", "incident", "close", one)
    assert found.code == 1
    assert "(incident.review)" in found.err
    found = running.run("alice", "incident", "ack", one)
    assert "is resolved" in found.err
    assert f"agentgov incident show {one}" in found.err


def test_the_review_is_written_where_one_stands_and_is_owed_until_it_is_on_main(running: CommandWorld) -> None:
    one = opened(running)
    assert "it is not over" in running.run("alice", "incident", "review", one).err
    running.must("alice", "incident", "resolve", one)
    (due,) = running.asked("frank", "incident", "actions")["actions"]
    assert (due["kind"], due["incident"], due["overdue"], due["owner"]) == ("review", one, False, "alice")
    written = running.asked("alice", "incident", "review", one)
    assert (written["path"], written["new"]) == (f"incidents/{one[:4]}/{one}/review.md", True)
    assert running.asked("alice", "incident", "review", one)["new"] is False
    assert running.run("alice", "validate").code in (0, 1)
    on_branch = running.asked("alice", "incident", "review", one, "--branch")
    assert (on_branch["branch"], on_branch["new"]) == (f"incident/{one}", True)
    assert on_branch["notes"][1] == f"git push -u origin incident/{one}"
    again = running.asked("alice", "incident", "review", one, "--branch")
    assert again["new"] is False
    assert "no incident owes anything that is late" in running.must("frank", "incident", "actions", "--overdue").out


@pytest.mark.parametrize("linked", ["review.md", ""])
def test_a_review_is_never_written_through_a_link(running: CommandWorld, tmp_path: Path, linked: str) -> None:
    one = opened(running)
    running.must("alice", "incident", "resolve", one)
    folder = running.fleet / "incidents" / one[:4] / one
    (tmp_path / "review.md").write_text("ssh-ed25519 AAAA mine\n")
    folder.parent.mkdir(parents=True, exist_ok=True)
    if linked:
        folder.mkdir()
    link = folder / linked if linked else folder
    link.symlink_to(tmp_path / linked)
    found = running.run("alice", "incident", "review", one)
    link.unlink()
    assert found.code == 2
    assert "is a symbolic link, and nothing is read or written through it" in found.err
    assert (tmp_path / "review.md").read_text() == "ssh-ed25519 AAAA mine\n"


def test_an_action_is_done_by_one_line_and_its_comments_stay(running: CommandWorld) -> None:
    one = opened(running)
    running.must("alice", "incident", "resolve", one)
    file = running.fleet / running.asked("alice", "incident", "review", one)["path"]
    actions = (
        "actions:\n  # promised to legal\n  - {id: notice, title: Notice it, owner: alice, due: 2030-01-01} # soon\n"
    )
    file.write_text(file.read_text().replace("actions: []\n", actions))
    before = file.read_text().splitlines()
    done = running.asked("alice", "incident", "done", one, "notice", "--on", "2023-11-14")
    assert (done["done"], done["branch"]) == ("2023-11-14", None)
    changed = [line for line in file.read_text().splitlines() if line not in before]
    assert changed == ['  - {id: notice, title: Notice it, owner: alice, due: 2030-01-01, done: "2023-11-14"} # soon']
    for arguments, code, message in (
        ([one, "notice"], 1, "notice is done since 2023-11-14"),
        ([one, "other"], 2, "it has: notice"),
        ([one, "notice", "--on", "soon"], 2, "is no day"),
        ([one, "notice", "--on", "2999-01-01"], 2, "is yet to come"),
        ([one, "notice", "--branch"], 2, f"on incident/{one}, or main"),
    ):
        found = running.run("alice", "incident", "done", *arguments)
        assert (found.code, message in found.err + found.out) == (code, True), (arguments, found)
