"""`rollback` before it is done (what it says, whom it asks), and while the remote is away."""

import pytest
from terminal import at_terminal
from unit.cli.command_world import PROMPT, CommandWorld
from unit.cli.output_schema import assert_holds

TRIAGE = "support/triage"
SUPPORT = "governance/workspaces/support.yaml"


def preview(world: CommandWorld, *more: str, who: str = "erin", code: int = 0) -> dict[str, object]:
    found = world.run(who, "rollback", TRIAGE, "--reason", "Complaints", "--dry-run", "--json", *more)
    assert found.code == code, found
    assert_holds(found.document, "rollback-preview")
    return found.document


def limited(world: CommandWorld) -> str:
    """Since today the workspace denies the model that all releases of the agent name."""
    world.change(
        "carol", {SUPPORT: world.edit(SUPPORT, "name: support\n", "name: support\nmodels: {deny: [anthropic/*]}\n")}
    )
    world.must("dave", "review", "approve")
    world.tick()
    return "anthropic/claude-sonnet-4-5"


def ship(world: CommandWorld, version: str) -> None:
    world.authorise({PROMPT: f"Sort tickets as in {version}.\n"})
    world.must("alice", "release", TRIAGE)
    world.to_production(version)


def test_a_dry_run_says_what_would_happen_and_does_nothing(in_canary: CommandWorld) -> None:
    before = in_canary.stages()
    document = preview(in_canary)
    assert (document["leaves"], document["target"]) == (f"{TRIAGE}/v1.1.0", f"{TRIAGE}/v1.0.0")
    assert (document["setsHold"], document["people"], document["refused"]) == (True, 1, None)
    assert document["content"] == "prompt reworded: loosens"
    assert (document["denied"], document["unknown"]) == ([], None)
    canary = document["canaryGone"]
    assert isinstance(canary, dict)
    assert canary["share"] == 0.1
    found = in_canary.must("erin", "rollback", TRIAGE, "--reason", "x", "--dry-run").out
    assert f"{TRIAGE} in production: v1.1.0 -> v1.0.0" in found
    assert "the canary goes, with 10% of the traffic" in found
    assert "nothing was done" in found
    assert in_canary.stages() == before


def test_what_todays_limits_deny_is_told_first_and_stops_nothing(running: CommandWorld) -> None:
    model = limited(running)
    denied = preview(running)["denied"]
    assert isinstance(denied, list)
    assert model in denied[0]
    assert "today's rules deny" in running.must("erin", "rollback", TRIAGE, "--reason", "x", "--dry-run").out
    notes = running.asked("erin", "rollback", TRIAGE, "--reason", "Complaints", "--yes")["notes"]
    assert any(note.startswith("today's rules deny") and model in note for note in notes)
    assert running.stages()["production"]["release"] == f"{TRIAGE}/v1.0.0"


def test_who_may_not_roll_back_is_told_by_the_dry_run_too(running: CommandWorld) -> None:
    refused = preview(running, who="frank", code=1)["refused"]
    assert isinstance(refused, dict)
    assert refused["code"] == "authority.permission"


def test_a_return_to_what_is_marked_bad_takes_a_second_person(running: CommandWorld) -> None:
    ship(running, "1.2.0")
    running.must("erin", "rollback", TRIAGE, "--reason", "One back")
    running.must("erin", "hold", TRIAGE, "--lift")
    ship(running, "1.3.0")
    assert preview(running, "--to", "1.2.0")["people"] == 2
    found = running.run("erin", "rollback", TRIAGE, "--to", "1.2.0", "--reason", "It was better")
    assert found.code == 1
    assert "add --draft FILE, and the second person runs: agentgov cosign FILE" in found.err
    file = running.folder / "act.json"
    draft = running.asked(
        "erin", "rollback", TRIAGE, "--to", "1.2.0", "--reason", "It was better", "--draft", str(file)
    )
    assert (draft["signatures"], draft["needed"]) == (1, 2)
    assert draft["notes"] == [f"nothing is in the journal yet; the next person runs: agentgov cosign {file}"]
    assert running.run("erin", "cosign", str(file)).code == 1
    running.asked("bob", "cosign", str(file))
    assert running.stages()["production"]["release"] == f"{TRIAGE}/v1.2.0"
    assert running.asked("frank", "journal", "verify")["verdict"] == "accept"


def away(world: CommandWorld) -> None:
    world.remote.rename(world.folder / "away.git")


def back(world: CommandWorld) -> None:
    (world.folder / "away.git").rename(world.remote)


def ordered_while_away(world: CommandWorld) -> None:
    away(world)
    found = world.run("erin", "rollback", TRIAGE, "--reason", "Complaints")
    assert (found.code, found.out) == (3, "")
    assert "kept in this clone, and nobody else sees it yet" in found.err
    assert f"agentgov rollback {TRIAGE}" in found.err
    back(world)
    assert world.stages()["production"]["release"] == f"{TRIAGE}/v1.1.0"


def kept(world: CommandWorld) -> str:
    return world.git("for-each-ref", "refs/agentgov/unsent")


def test_an_order_given_while_the_remote_is_away_is_sent_when_it_is_given_again(running: CommandWorld) -> None:
    ordered_while_away(running)
    signed = running.git("log", "-1", "--format=%B", kept(running).split()[0])
    document = running.asked("erin", "rollback", TRIAGE, "--reason", "Again")
    assert f"Agentgov-Id: {document['act']['id']}" in signed
    assert document["notes"][0] == "it was signed before, while the remote was away, and is sent now"
    assert running.stages()["production"]["release"] == f"{TRIAGE}/v1.0.0"
    assert running.asked("frank", "history", TRIAGE)["acts"][0]["reason"] == "Complaints"
    assert kept(running) == ""
    assert running.asked("frank", "journal", "verify")["verdict"] == "accept"


def test_two_who_roll_back_go_back_one_release_though_one_of_them_was_cut_off(running: CommandWorld) -> None:
    ordered_while_away(running)
    bob = running.folder / "bob"
    running.git("clone", "-q", str(running.remote), str(bob), cwd=running.folder)
    running.git("fetch", "-q", "origin", "agentgov/journal:refs/remotes/origin/agentgov/journal", cwd=bob)
    running.must("bob", "rollback", TRIAGE, "--reason", "Complaints", cwd=bob)
    notes = running.asked("erin", "rollback", TRIAGE, "--reason", "Complaints")["notes"]
    assert notes[-1] == "production had left that release already: nothing changed"
    assert running.stages()["production"]["release"] == f"{TRIAGE}/v1.0.0"
    assert kept(running) == ""


def test_a_kept_order_is_dropped_where_another_one_is_meant(running: CommandWorld) -> None:
    ordered_while_away(running)
    ship(running, "1.2.0")
    document = running.asked("erin", "rollback", TRIAGE, "--reason", "This one now")
    assert document["act"]["subject"] == f"roll back {TRIAGE} from v1.2.0 to v1.1.0"
    assert kept(running) == ""


def typed(world: CommandWorld, types: str, *more: str) -> tuple[int, str]:
    order = ["rollback", TRIAGE, "--reason", "Complaints", *more]
    return at_terminal(order, cwd=world.fleet, env=world.environment("erin"), types=types)


@pytest.mark.parametrize(("answer", "code", "runs"), [("n", 1, "1.1.0"), ("y", 0, "1.0.0")])
def test_on_a_terminal_it_shows_what_it_would_do_and_asks(
    running: CommandWorld, answer: str, code: int, runs: str
) -> None:
    done, said = typed(running, f"{answer}\n")
    assert f"{TRIAGE} in production: v1.1.0 -> v1.0.0" in said
    assert "Roll back? [y/N]" in said
    assert done == code, said
    assert running.stages()["production"]["release"] == f"{TRIAGE}/v{runs}"


def test_on_a_terminal_yes_asks_nothing(running: CommandWorld) -> None:
    done, said = typed(running, "", "--yes")
    assert (done, "Roll back?" in said) == (0, False), said
