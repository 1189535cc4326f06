"""`agentgov release --from-merge`: which releases are due, and the command that a person runs to sign each."""

import shlex

from simulator import PAYROLL, TRIAGE
from unit.cli.command_world import PAY_PROMPT, PROMPT, CommandWorld
from unit.cli.output_schema import assert_holds

AGENT = TRIAGE.file
CHEAPER = 'budget: {day: "4.00 USD"}'


def proposals(world: CommandWorld, *args: str, who: str = "frank") -> dict[str, dict[str, object]]:
    """What is due, by agent, to somebody who may only look."""
    document = world.must(who, "release", "--from-merge", *args, "--json").document
    assert_holds(document, "release-proposal")
    return {one["agent"]: one for one in document["due"]}


def waiting(world: CommandWorld, *args: str) -> dict[str, str]:
    document = world.must("frank", "release", "--from-merge", *args, "--json").document
    assert_holds(document, "release-proposal")
    return {one["agent"]: one["code"] for one in document["waiting"]}


def test_the_printed_command_makes_the_release_when_a_person_runs_it(running: CommandWorld) -> None:
    running.authorise({PROMPT: "Sort tickets by age.\n"})
    due = proposals(running)[str(TRIAGE)]
    assert (due["release"], due["prior"]) == (f"{TRIAGE}/v1.2.0", f"{TRIAGE}/v1.1.0")
    assert (due["bump"], due["class"], due["reviewers"]) == ("minor", "loosens", ["bob"])
    command = shlex.split(str(due["command"]))
    assert command[0] == "agentgov"
    made = running.must("alice", *command[1:], "--json").document
    assert (made["release"], made["closure"]) == (due["release"], due["closure"])


def test_a_bot_is_told_and_signs_nothing(running: CommandWorld) -> None:
    running.authorise({PROMPT: "Sort tickets by age.\n"})
    before = running.git("for-each-ref", cwd=running.remote)
    text = running.must("reconciler", "release", "--from-merge").out
    assert f"agentgov release {TRIAGE} --version 1.2.0 --rev " in text
    assert "loosens   prompt prompts/system.md reworded" in text
    assert "frank signs" not in text  # he may not
    assert running.git("for-each-ref", cwd=running.remote) == before


def test_a_summary_of_ci_has_the_changelogs_and_the_commands(running: CommandWorld) -> None:
    assert (
        "### No release is due"
        in running.must("frank", "release", str(TRIAGE), "--from-merge", "--format", "markdown").out
    )
    running.authorise({PROMPT: "Sort tickets by age.\n"})
    running.change("alice", {PAY_PROMPT: "Nobody has read this.\n"})
    text = running.must("reconciler", "release", "--from-merge", "--format", "markdown").out
    assert text.startswith("### 1 release due at commit ")
    assert "**support/triage 1.2.0**: `prompt reworded: loosens`" in text
    assert (
        "alice or bob or carol or dave or erin signs it:\n\n```sh\nagentgov release support/triage --version 1.2.0"
        in text
    )
    assert "Waits: `finance/payroll`, its content at commit " in text
    assert running.run("alice", "release", str(TRIAGE), "--format", "markdown").code == 2


def test_what_only_tightens_is_a_patch(running: CommandWorld) -> None:
    running.authorise({AGENT: running.edit(AGENT, 'budget: {day: "5.00 USD"}', CHEAPER)})
    due = proposals(running)[str(TRIAGE)]
    assert (due["version"], due["bump"], due["class"]) == ("1.1.1", "patch", "tightens")


def test_nothing_is_due_where_content_is_as_released(running: CommandWorld) -> None:
    assert str(TRIAGE) not in proposals(running)
    assert "no release is due" in running.must("frank", "release", str(TRIAGE), "--from-merge").out


def test_an_agent_that_was_never_released_begins_with_its_first_release(running: CommandWorld) -> None:
    due = proposals(running, "HEAD")[str(PAYROLL)]
    assert (due["version"], due["prior"], due["bump"]) == ("1.0.0", None, None)
    assert "agent finance/payroll added" in str(due["changelog"])


def test_one_agent_may_be_asked_for(running: CommandWorld) -> None:
    document = running.must("frank", "release", str(TRIAGE), "--from-merge", "--json").document
    assert document["due"] == []  # though finance/payroll is due


def test_content_that_is_not_authorised_waits(running: CommandWorld) -> None:
    running.change("alice", {PROMPT: "Nobody has read this.\n"})
    assert str(TRIAGE) not in proposals(running)
    assert waiting(running) == {str(TRIAGE): "tag.closure"}


def test_content_with_errors_and_drafts_wait(running: CommandWorld) -> None:
    draft = running.edit(AGENT, "spec:\n", "spec:\n  lifecycle: {state: draft}\n")
    running.authorise({AGENT: draft})
    assert waiting(running) == {str(TRIAGE): "tag.draft"}
    running.change("alice", {AGENT: "apiVersion: agentgov.dev/v1\nkind: Agent\nspec: 3\n"})
    assert waiting(running) == {str(TRIAGE): "tag.findings"}


def test_a_tag_that_the_journal_has_not_seen_is_not_proposed_twice(running: CommandWorld) -> None:
    running.authorise({PROMPT: "Sort tickets by age.\n"})
    running.must("alice", "release", str(TRIAGE), "--bump", "patch")
    document = running.must("frank", "release", "--from-merge", "--json").document
    assert [one["release"] for one in document["made"]] == [f"{TRIAGE}/v1.1.1"]
    assert [one["agent"] for one in document["due"]] == [str(PAYROLL)]


def test_a_tag_of_a_liar_hides_nothing_but_its_number(running: CommandWorld) -> None:
    running.authorise({PROMPT: "Sort tickets by age.\n"})
    running.git("tag", "-a", "-m", "no release at all", f"{TRIAGE}/v3.0.0")
    running.git("push", "-q", "origin", f"{TRIAGE}/v3.0.0")
    assert proposals(running)[str(TRIAGE)]["version"] == "3.1.0"


def test_after_a_pre_release_comes_the_version_that_it_led_to(running: CommandWorld) -> None:
    running.authorise({PROMPT: "Sort tickets by age.\n"})
    running.must("alice", "release", str(TRIAGE), "--version", "2.0.0-rc.1")
    running.tick()
    running.authorise({AGENT: running.edit(AGENT, 'budget: {day: "5.00 USD"}', CHEAPER)})
    assert proposals(running)[str(TRIAGE)]["version"] == "2.0.0"


def test_reviewers_of_several_changes_are_named_and_who_took_it_back_is_not(running: CommandWorld) -> None:
    running.authorise({PROMPT: "Sort tickets by age.\n"})
    running.change("alice", {PROMPT: "Sort tickets by age, then by name.\n"})
    running.must("erin", "review", "approve")
    running.must("erin", "review", "withdraw")
    running.must("bob", "review", "approve")
    running.tick()
    running.change("bob", {PAY_PROMPT: "Pay.\n"})
    running.must("dave", "review", "approve")
    running.tick()
    assert proposals(running)[str(TRIAGE)]["reviewers"] == ["bob"]


def test_a_proposal_and_how_to_make_a_release_exclude_each_other(running: CommandWorld) -> None:
    for args in (("--bump", "minor"), ("--version", "1.2.0"), ("-m", "x"), ("--for-override",), ("--rev", "main")):
        found = running.run("alice", "release", "--from-merge", "HEAD", *args)
        assert (found.code, found.out) == (2, ""), args
    assert running.run("alice", "release").code == 2
    assert "AGENT" in running.run("alice", "release").err


def test_a_shallow_clone_as_ci_makes_it_fetches_what_it_needs(running: CommandWorld) -> None:
    running.authorise({PROMPT: "Sort tickets by age.\n"})
    shallow = running.folder / "shallow"
    running.git("clone", "-q", "--depth", "1", f"file://{running.remote}", str(shallow), cwd=running.folder)
    unfetched = running.run("frank", "release", "--from-merge", "--no-push", cwd=shallow)
    assert (unfetched.code, unfetched.out) == (2, "")
    assert (
        f"agentgov release {TRIAGE} --version 1.2.0"
        in running.must("frank", "release", "--from-merge", cwd=shallow).out
    )
