"""`agentgov explain` about a path, an agent and a change: whose it is, who is asked and why, what would pass."""

import pytest
from simulator import PAYROLL, TRIAGE
from unit.cli.command_world import ACCESS, PAY_PROMPT, PROMPT, CommandWorld


def test_a_path_tells_its_line_its_rules_and_what_any_change_needs(begun: CommandWorld) -> None:
    told = begun.must("alice", "explain", PAY_PROMPT, "--json").document
    assert told["kind"] == "path"
    assert told["rule"]["pattern"] == "/agents/finance/"
    assert told["agents"] == [{"agent": str(PAYROLL), "risk": "high"}]
    assert {rule["name"]: rule["matched"] for rule in told["rules"]} == {
        "default": "yes",
        "rule 1": "yes",
        "rule 2": "depends",
    }
    assert [(need["count"], need["candidates"]) for need in told["needs"]] == [
        (1, ["alice", "bob", "dave"]),
        (2, ["alice", "bob", "dave"]),
    ]


def test_a_path_is_found_from_the_working_directory(begun: CommandWorld) -> None:
    told = begun.must("alice", "explain", "prompts/system.md", "--json", cwd=begun.fleet / TRIAGE.folder).document
    assert told["path"] == PROMPT


def test_the_governance_set_is_the_administrators(begun: CommandWorld) -> None:
    told = begun.must("alice", "explain", ACCESS, "--json").document
    assert told["governance_set"] is True
    assert [need["rule"] for need in told["needs"]] == ["review.administrators"]
    assert "an author may be one of them" in begun.must("alice", "explain", ACCESS).out


def test_an_agent_tells_every_file(begun: CommandWorld) -> None:
    told = begun.must("alice", "explain", str(TRIAGE), "--json").document
    assert (told["kind"], told["risk"]) == ("agent", "low")
    assert [file["path"] for file in told["files"]] == [TRIAGE.file, PROMPT]
    missing = begun.run("alice", "explain", "support/nobody")
    assert (missing.code, missing.out) == (2, "")


def test_a_change_tells_why_and_what_would_make_it_pass(begun: CommandWorld) -> None:
    begun.change("alice", {PROMPT: "Be brief.\n", PAY_PROMPT: "Be exact.\n"})
    told = begun.must("alice", "explain", "HEAD", "--for", "alice", "--json").document
    assert (told["kind"], told["verdict"], told["for"]) == ("change", "pending", "alice")
    assert {path["person"]["standing"] for path in told["paths"]} == {"barred"}
    people = told["would_pass"]["people"]
    assert people == ["bob", "dave"]
    assumed = [word for person in people for word in ("--assume-approval", person)]
    assert begun.run("alice", "check", *assumed).code == 0
    for person in people:  # no smaller set does
        assert begun.run("alice", "check", "--assume-approval", person).code == 1
    begun.run("alice", "review", "approve")
    text = begun.must("alice", "explain", "HEAD", "--for", "alice").out
    assert "among the authors" in text
    assert "not counted" in text
    assert "would pass with approvals of bob and dave" in text


def test_a_change_that_no_approval_helps_says_what_holds_it(begun: CommandWorld) -> None:
    begun.change("alice", {TRIAGE.file: "kind: Agent\n"})
    told = begun.must("alice", "explain", "HEAD", "--json").document
    assert told["would_pass"] is None
    assert any("agentgov validate" in line for line in told["held_by"])
    assert "would not pass by approvals alone" in begun.must("alice", "explain", "HEAD").out


def test_a_range_speaks_of_its_own_paths_only(begun: CommandWorld) -> None:
    begun.change("alice", {PROMPT: "Be brief.\n"})
    begun.change("alice", {PAY_PROMPT: "Be exact.\n"})
    told = begun.must("alice", "explain", "HEAD~1...HEAD", "--json").document
    assert [path["path"] for path in told["paths"]] == [PAY_PROMPT]


@pytest.mark.parametrize(
    ("subject", "hint"),
    [("review.owner", "review.owners"), ("yaml.tags", "yaml.tag"), ("owners", "review.owners"), ("??", "a governed")],
)
def test_what_is_unknown_gets_the_nearest_name(begun: CommandWorld, subject: str, hint: str) -> None:
    told = begun.run("alice", "explain", subject)
    assert told.code == 2
    assert hint in told.err


def test_somebody_unknown_is_no_answer(begun: CommandWorld) -> None:
    begun.change("alice", {PROMPT: "Be brief.\n"})
    told = begun.run("alice", "explain", "HEAD", "--for", "nobody")
    assert told.code == 2
    assert "nobody called 'nobody'" in told.err
