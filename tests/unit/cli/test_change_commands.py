"""`check` and `review` as people use them on a change: who is missing, whose word counts, what is taken over."""

import pytest
from unit.cli.command_world import PAY_PROMPT, PROMPT, CommandWorld

TRIAGE = "support/triage"


@pytest.fixture
def changed(begun: CommandWorld) -> CommandWorld:
    """Alice has changed a prompt on a branch of hers."""
    begun.git("switch", "-q", "-c", "wording", who="alice")
    begun.change("alice", {PROMPT: "Sort tickets by urgency. Be brief.\n"}, "Be brief")
    return begun


def test_check_names_who_is_missing(changed: CommandWorld) -> None:
    found = changed.run("alice", "check")
    assert found.code == 1
    assert found.out.startswith(
        f"pending 1 of 1 paths wait\n  pending {PROMPT}\n           missing 1 of owners (@sim/support)\n"
    )
    assert "who could give it: bob\n" in found.out
    assert found.out.splitlines()[-1].startswith("commit ")
    assert "against journal act 0" in found.out
    document = changed.asked("alice", "check", code=1)
    assert (document["verdict"], document["missing_paths"]) == ("pending", [PROMPT])
    assert document["requirements"][0]["candidates"] == ["bob"]
    assert document["journal"]["seq"] == 0


def test_the_authors_own_word_is_heard_and_not_counted(changed: CommandWorld) -> None:
    document = changed.asked("alice", "review", "approve", "-m", "Looks good to me")
    assert (document["act"]["kind"], document["act"]["actor"]) == ("review", "person:alice")
    assert f"your review of {PROMPT} does not count: alice is among the authors of the change" in document["notes"]
    answer = changed.asked("alice", "check", code=1)
    assert answer["reviews"] == [{"user": "alice", "opinion": "approve", "counted": False, "reason": "author"}]
    changed.must("erin", "review", "approve")
    assert changed.asked("alice", "check", code=1)["reviews"][1]["reason"] == "not_owner"


def test_an_owners_approval_is_taken_over_when_it_is_on_main(changed: CommandWorld) -> None:
    found = changed.must("bob", "review", "approve", "-m", "Short\n\nAnd clear")
    assert "every path has the reviews it needs" in found.out
    assert changed.asked("alice", "check")["verdict"] == "pass"
    assert changed.asked("alice", "verify")["reasons"][-1]["rule"] == "contents.reviewed"
    changed.git("push", "-q", "origin", "HEAD:main", who="alice")
    assert "1 path authorised" in changed.tick().out
    assert "everything governed here is authorised already" in changed.must("alice", "check").out
    assert changed.asked("alice", "history", TRIAGE)["acts"][1]["reason"] == "Short\n\nAnd clear"


def test_requested_changes_block_until_they_are_withdrawn(changed: CommandWorld) -> None:
    changed.asked("bob", "review", "request-changes", "-m", "Too curt")
    document = changed.asked("alice", "check", code=1)
    assert (document["verdict"], document["blocked_by"]) == ("blocked", ["bob"])
    found = changed.run("alice", "check")
    assert found.out.startswith("blocked ")
    assert "bob asked for changes" in found.out
    assert "review of 1 path" in changed.asked("bob", "review", "withdraw")["act"]["subject"]
    assert changed.asked("alice", "check", code=1)["verdict"] == "pending"


def test_base_leaves_out_what_is_pending_on_main(changed: CommandWorld) -> None:
    changed.git("switch", "-q", "main")
    changed.change("carol", {PAY_PROMPT: "Answer questions on payslips. Never guess.\n"})
    changed.git("switch", "-q", "-c", "rota")
    changed.change("alice", {PROMPT: "Sort tickets by language.\n"})
    assert len(changed.asked("alice", "check", code=1)["missing_paths"]) == 2
    assert changed.asked("alice", "check", "--base", "main", code=1)["missing_paths"] == [PROMPT]
    changed.must("bob", "review", "approve", "--base", "main")
    changed.asked("alice", "check", "--base", "main")


def test_an_assumed_approval_says_what_would_be(changed: CommandWorld) -> None:
    document = changed.asked("alice", "check", "--assume-approval", "bob")
    assert (document["verdict"], document["assumed"]) == ("pass", ["bob"])
    assert "as if bob had approved" in changed.must("alice", "check", "--assume-approval", "bob").out
    found = changed.run("alice", "check", "--assume-approval", "zed")
    assert (found.code, found.out) == (2, "")
    assert "nobody called 'zed'" in found.err
    assert "agentgov who review" in found.err


def test_governance_is_the_administrators_to_review(begun: CommandWorld) -> None:
    path = "governance/pipeline.yaml"
    begun.change("alice", {path: begun.edit(path, "soak: 1m", "soak: 2m")})
    document = begun.asked("alice", "check", code=1)
    assert [one["candidates"] for one in document["requirements"]] == [["carol", "dave"]]
    notes = begun.asked("bob", "review", "approve")["notes"]
    assert notes[0] == f"your review of {path} does not count: bob is no administrator"
    begun.must("dave", "review", "approve")
    begun.asked("alice", "check")


def test_what_no_review_can_mend_is_said_and_not_only_who_is_missing(begun: CommandWorld) -> None:
    begun.change("alice", {f"agents/{TRIAGE}/agent.yaml": "kind: Agent\n"})
    found = begun.run("bob", "check")
    assert found.code == 1
    assert f"{TRIAGE} cannot be read at this commit: fix what `agentgov validate` finds" in found.out


def test_reviewing_nothing_is_refused(begun: CommandWorld) -> None:
    found = begun.run("bob", "review", "approve")
    assert found.code == 1
    assert "changes nothing that is governed and not authorised yet" in found.err
    assert "agentgov diff" in found.err


@pytest.mark.parametrize("command", ["check", "verify", "release support/triage --no-push"])
def test_what_is_not_committed_is_not_spoken_of_and_that_is_said(begun: CommandWorld, command: str) -> None:
    begun.write({PROMPT: "Not committed.\n"})
    found = begun.must("alice", *command.split())
    commit = begun.git("rev-parse", "HEAD")[:9]
    assert found.err == f"note {PROMPT} differs in your working tree; this speaks of commit {commit}\n"
    begun.write({"agents/support/triage/prompts/new.md": "New.\n"})
    assert " and 1 more differ in your working tree" in begun.run("alice", *command.split()).err


def test_a_note_is_made_only_where_it_concerns(begun: CommandWorld) -> None:
    begun.write({PAY_PROMPT: "Not committed.\n", "README.md": "Not governed.\n"})
    assert begun.must("alice", "release", TRIAGE, "--no-push").err == ""
    assert begun.must("alice", "check", "--head", "main").err == ""
    begun.change("carol", {PAY_PROMPT: "Answer questions on payslips.\n", "README.md": "Other.\n"})
    begun.write({"README.md": "Not governed.\n"})
    assert begun.must("alice", "check").err == ""


def test_thousands_of_paths_are_counted_and_not_all_printed(begun: CommandWorld) -> None:
    begun.change("alice", {f"agents/support/triage/evals/{number:04}.yaml": "a: 1\n" for number in range(1200)})
    lines = begun.run("bob", "check").out.splitlines()
    assert lines[0] == "pending 1200 of 1200 paths wait"
    assert "  and 1150 more paths: --json lists them all" in lines
    assert len(lines) < 160
    assert len(begun.asked("bob", "check", code=1)["missing_paths"]) == 1200
    notes = begun.asked("erin", "review", "approve")["notes"]
    assert notes[10] == "and 1190 more paths likewise"
    assert notes[-1].startswith("and 1190 more paths: agentgov check --head ")
    assert len(notes) == 22
    assert "and 1151 more reasons" in begun.run("bob", "verify").out
    found = begun.run("reconciler", "reconcile")
    assert "pending and 1150 more paths: agentgov check" in found.out
