"""`agentgov release --changed`: everything that is due, after one look, in one push, or nothing."""

from typing import Any

from simulator import PAYROLL, TRIAGE
from terminal import at_terminal
from unit.cli.command_world import PAY_PROMPT, PROMPT, CommandWorld
from unit.cli.output_schema import assert_holds

BUDGET = 'budget: {day: "5.00 USD"}'


def changed(world: CommandWorld, *more: str, who: str = "alice") -> dict[str, Any]:
    document = world.must(who, "release", "--changed", "--yes", "--json", *more).document
    assert_holds(document, "release-changed")
    return document


def names(document: dict[str, Any]) -> list[str]:
    return [one["release"] for one in document["released"]]


def two_due(world: CommandWorld) -> None:
    """Triage changed since its release, payroll was never released."""
    world.authorise({PROMPT: "Sort tickets by age.\n"})


def remote_tags(world: CommandWorld) -> str:
    return world.git("for-each-ref", "--format=%(refname:short)", "refs/tags", cwd=world.remote)


def test_all_that_is_due_is_signed_and_the_reconciler_takes_it(running: CommandWorld) -> None:
    two_due(running)
    running.git("config", "receive.fsckObjects", "true", cwd=running.remote)
    document = changed(running, "-m", "Both at once")
    assert names(document) == [f"{PAYROLL}/v1.0.0", f"{TRIAGE}/v1.2.0"]
    assert [(one["prior"], one["bump"]) for one in document["released"]] == [
        (None, None),
        (f"{TRIAGE}/v1.1.0", "minor"),
    ]
    assert document["pushed"] is True
    for one in document["released"]:
        assert running.git("rev-parse", one["release"], cwd=running.remote).strip() == one["tag"]
        assert running.git("rev-parse", one["release"]).strip() == one["tag"]
        assert "Both at once" in running.git("cat-file", "tag", one["tag"])
    told = running.tick().out
    assert f"done see release {PAYROLL}/v1.0.0" in told
    assert f"done see release {TRIAGE}/v1.2.0" in told
    assert changed(running)["released"] == []
    assert "no release is due" in running.must("alice", "release", "--changed", "--yes").out


def test_a_part_of_the_fleet_is_named_by_a_selector(running: CommandWorld) -> None:
    two_due(running)
    assert names(changed(running, "--only", "support/*")) == [f"{TRIAGE}/v1.2.0"]
    assert names(changed(running, "--only", str(PAYROLL))) == [f"{PAYROLL}/v1.0.0"]


def test_the_part_of_the_version_that_goes_up_may_be_said(running: CommandWorld) -> None:
    running.authorise({TRIAGE.file: running.edit(TRIAGE.file, BUDGET, 'budget: {day: "4.00 USD"}')})
    assert names(changed(running, "--only", str(TRIAGE), "--bump", "minor")) == [f"{TRIAGE}/v1.2.0"]


def test_what_waits_is_told_and_left_out(running: CommandWorld) -> None:
    two_due(running)
    running.change("alice", {PAY_PROMPT: "Nobody has read this.\n"})
    document = changed(running)
    assert names(document) == [f"{TRIAGE}/v1.2.0"]
    assert [one["agent"] for one in document["waiting"]] == [str(PAYROLL)]


def test_all_of_it_lands_or_nothing(running: CommandWorld) -> None:
    two_due(running)
    before = remote_tags(running)
    hook = running.remote / "hooks/update"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f'#!/bin/sh\ncase "$1" in refs/tags/{TRIAGE}/*) echo "not this one" >&2; exit 1;; esac\n')
    hook.chmod(0o755)
    found = running.run("alice", "release", "--changed", "--yes")
    assert (found.code, found.out) == (1, "")
    assert "nothing was released" in found.err
    assert remote_tags(running) == before
    assert running.git("tag", "-l", f"{PAYROLL}/*") == ""
    hook.unlink()
    assert len(changed(running)["released"]) == 2


def test_without_a_remote_to_ask_the_tags_stay_here(running: CommandWorld) -> None:
    two_due(running)
    document = changed(running, "--no-push")
    assert document["pushed"] is False
    assert running.git("tag", "-l", f"{TRIAGE}/v1.2.0").strip() == f"{TRIAGE}/v1.2.0"
    assert f"{TRIAGE}/v1.2.0" not in remote_tags(running)


def test_who_may_not_release_all_of_it_signs_nothing(running: CommandWorld) -> None:
    two_due(running)
    found = running.run("frank", "release", "--changed", "--yes")
    assert (found.code, found.out) == (1, "")
    assert f"frank may not release {PAYROLL}, {TRIAGE}; nothing was signed" in found.err


def test_where_nobody_can_be_asked_it_takes_a_word(running: CommandWorld) -> None:
    two_due(running)
    found = running.run("alice", "release", "--changed")
    assert (found.code, found.out) == (2, "")
    assert "add --yes" in found.err
    for wrong in (["--version", "2.0.0"], ["--bump", "major"], [str(TRIAGE)], ["--for-override"]):
        assert running.run("alice", "release", "--changed", "--yes", *wrong).code == 2
    assert running.run("alice", "release", str(TRIAGE), "--yes").code == 2


def test_on_a_terminal_the_table_comes_first_and_what_loosens_is_asked_for_again(running: CommandWorld) -> None:
    two_due(running)
    before = remote_tags(running)
    for types, code in (("n\n", 1), ("y\nn\n", 1), ("y\ny\n", 0)):
        assert remote_tags(running) == before
        done, said = at_terminal(
            ["release", "--changed"], cwd=running.fleet, env=running.environment("alice"), types=types
        )
        assert done == code, said
        assert "1.1.0 -> 1.2.0" in said
        assert "Sign and push 2 releases? [y/N]" in said
        assert ("may do more than before" in said) == types.startswith("y")
    assert f"{TRIAGE}/v1.2.0" in remote_tags(running)
