"""What `agentgov diff` compares: releases, environments, the index; and names that mean two things."""

import pytest
from simulator import PAYROLL, TRIAGE
from unit.cli.command_world import PROMPT, CommandWorld

AGENT = str(TRIAGE)
LANGUAGE = "prompt prompts/system.md reworded"


def names(world: CommandWorld, *args: str) -> tuple[str, str]:
    found = world.asked("frank", "diff", *args)
    return found["base"]["name"], found["head"]["name"]


@pytest.mark.parametrize(
    "sides",
    [
        (f"{AGENT}@1.0.0", f"{AGENT}@1.1.0"),
        (f"{AGENT}@v1.0.0..{AGENT}@v1.1.0",),
        ("--agent", AGENT, "1.0.0", "1.1.0"),
        ("--agent", AGENT, "v1.0.0..v1.1.0"),
        ("--agent", AGENT, f"{AGENT}/v1.0.0", f"refs/tags/{AGENT}/v1.1.0"),
    ],
)
def test_two_releases_of_an_agent(running: CommandWorld, sides: tuple[str, ...]) -> None:
    running.change("dave", {f"{PAYROLL.folder}/prompts/system.md": "Other.\n"})  # not this agent's business
    found = running.asked("frank", "diff", *sides)
    assert [(one["agent"], one["changes"][0]["field"]) for one in found["agents"]] == [(AGENT, "prompt.changed")]
    assert found["governance"] == []


def test_what_runs_in_an_environment_is_what_the_journal_says(in_canary: CommandWorld) -> None:
    world = in_canary
    assert names(world, "--agent", AGENT, "production", "staging") == (
        "release 1.1.0 in production",
        "release 1.2.0 in staging",
    )
    found = world.asked("frank", "diff", "env:production", "HEAD", "--agent", AGENT)
    assert found["base"]["commit"] == world.git("rev-parse", f"{AGENT}/v1.1.0^{{commit}}")
    assert "age" in found["agents"][0]["changes"][0]["after"]
    every = world.asked("frank", "diff", "env:production", "HEAD")
    assert [one["agent"] for one in every["agents"]] == [AGENT]  # payroll runs nowhere
    assert (every["base"]["name"], every["base"]["commit"]) == ("production", None)
    world.git("tag", "-d", f"{AGENT}/v1.1.0")
    assert world.asked("frank", "diff", "env:production", "HEAD")["agents"] == every["agents"]


def test_one_release_in_two_environments_differs_by_its_overrides(running: CommandWorld) -> None:
    text = running.edit(TRIAGE.file, "  risk:", '  environments: {staging: {budget: {day: "1.00 USD"}}}\n  risk:')
    running.change("alice", {TRIAGE.file: text})
    found = running.asked("frank", "diff", "main:staging", "main:production", "--agent", AGENT)
    (agent,) = found["agents"]
    assert [(one["field"], one["before"]) for one in agent["changes"]] == [("budget.raised", "1.00 USD")]
    assert agent["needs"] is None  # nobody proposes to change anything


def test_the_index_is_a_side(running: CommandWorld) -> None:
    running.write({PROMPT: "Staged.\n"})
    running.git("add", "-A")
    running.write({PROMPT: "Not staged.\n"})
    found = running.asked("frank", "diff", "--staged")
    assert found["head"] == {"rev": "", "commit": None, "name": "index"}
    assert [one["after"] for one in found["agents"][0]["changes"]] == ["Staged.\n"]
    assert running.asked("frank", "diff")["agents"][0]["changes"][0]["after"] == "Not staged.\n"
    assert running.run("frank", "diff", "--staged", "main", "main").code == 2
    assert running.run("frank", "diff", "--staged", "main..main").code == 2


def test_what_git_ignores_is_not_in_the_fleet(running: CommandWorld) -> None:
    running.write({f"{TRIAGE.folder}/notes.tmp": "x", ".gitignore": "*.tmp\n"})
    assert running.asked("frank", "diff")["agents"] == []


@pytest.mark.parametrize(
    ("branch", "args", "meant"),
    [
        ("1.0.0", ("--agent", AGENT, "1.0.0", "main"), "write support/triage@1.0.0, or refs/tags/1.0.0"),
        ("staging", ("--agent", AGENT, "staging", "main"), "write env:staging, or refs/heads/staging"),
    ],
)
def test_a_name_that_means_two_things_is_refused(
    running: CommandWorld, branch: str, args: tuple[str, ...], meant: str
) -> None:
    running.git("branch", branch, "main")
    found = running.run("frank", "diff", *args)
    assert found.code == 2
    assert "means two things" in found.err
    assert meant in found.err


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ((f"{AGENT}@9.9.9",), "its releases: 1.0.0, 1.1.0"),
        ((f"{AGENT}@latest",), "its releases: 1.0.0, 1.1.0"),
        ((f"{AGENT}@1.0.0", "support/other@1.0.0"), "two agents"),
        ((f"{AGENT}@1.0.0", "--agent", str(PAYROLL)), "no release of finance/payroll"),
        (("production",), "--agent WORKSPACE/AGENT says which"),
        (("--agent", str(PAYROLL), "production"), "nothing of finance/payroll runs in production"),
        (("main:test",), "env:production"),
        (("main:staging", "main:production"), "--agent WORKSPACE/AGENT says which"),
        ((AGENT,), f"agentgov diff --agent {AGENT}"),
        (("nothing-there",), "names no commit"),
    ],
)
def test_what_cannot_be_compared_is_told_with_what_can(running: CommandWorld, args: tuple[str, ...], said: str) -> None:
    found = running.run("frank", "diff", *args)
    assert (found.code, found.out) == (2, "")
    assert said in found.err


def test_environments_need_a_journal(laid: CommandWorld) -> None:
    found = laid.run("frank", "diff", "--agent", AGENT, "production")
    assert found.code == 2
    assert "journal" in found.err


def test_a_branch_called_like_an_environment_is_one_where_no_agent_is_asked_for(running: CommandWorld) -> None:
    running.git("branch", "staging", "main~1")
    found = running.asked("frank", "diff", "staging", "main")
    assert found["base"]["name"].startswith("commit ")


def test_a_report_file_is_written_beside_the_answer(running: CommandWorld) -> None:
    running.write({PROMPT: "New.\n"})
    file = running.folder / "diff.md"
    found = running.must("frank", "diff", "--report", f"markdown={file}")
    assert found.out.startswith(f"{AGENT}  loosens")
    assert file.read_text().startswith("**1 agent changed, 1 loosened")
