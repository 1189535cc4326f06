"""Words on the command line that make no sense: told in one sentence with what was meant, exit 2, nothing written."""

import pytest
from unit.cli.command_world import CommandWorld

from agentgov.cli.commands import COMMANDS

TRIAGE = "support/triage"
MEANT = f'did you mean "{TRIAGE}"?'


@pytest.mark.parametrize(
    ("command", "message", "next_step"),
    [
        # an agent, a workspace
        ("status support/triagee", "there is no authorised agent support/triagee", MEANT),
        ("history support/triagee", "there is no authorised agent support/triagee", MEANT),
        ("show support/triagee", "there is no authorised agent support/triagee", MEANT),
        ("release support/triagee", "there is no authorised agent support/triagee", MEANT),
        ("promote support/triagee", "there is no authorised agent support/triagee", MEANT),
        ("abort support/triagee", "there is no authorised agent support/triagee", MEANT),
        ("hold support/triagee", "there is no authorised agent support/triagee", MEANT),
        ("clear support/triagee -m x", "there is no authorised agent support/triagee", MEANT),
        ("rollback support/triagee -m x", "there is no authorised agent support/triagee", MEANT),
        ("pause support/triagee -m x", "there is no authorised agent support/triagee", MEANT),
        ("pause suport/* -m x", "there is no authorised agent in suport/*", 'did you mean "support/*"?'),
        ("resume nowhere/nobody", "there is no authorised agent nowhere/nobody", "agentgov status"),
        ("status triage", "'triage' is not an agent's id", f"Did you mean '{TRIAGE}'?"),
        ("status Support/Triage", "is not an agent's id", "write it as workspace/agent"),
        ("status support/shared", "is not an agent's id", "write it as workspace/agent"),
        ("status ''", "is not an agent's id", "write it as workspace/agent"),
        # a revision, a release, a version
        ("check --head nope", "'nope' names no commit", "git branch -a"),
        ("check --base nope", "'nope' names no commit", "git branch -a"),
        ("review approve nope", "'nope' names no commit", "git branch -a"),
        (f"release {TRIAGE} --rev nope", "'nope' names no commit", "git branch -a"),
        (f"release {TRIAGE} --version abc", "'abc' names no release", "such as 1.4.0"),
        (f"release {TRIAGE} --version 1.2", "'1.2' names no release", "such as 1.4.0"),
        (f"release {TRIAGE} --bump huge", "'huge' is not one of", "'minor'"),
        (f"release {TRIAGE} --bump minor --version 2.0.0", "--bump and --version exclude each other", "--help"),
        (f"clear {TRIAGE} latest -m x", "'latest' names no release", "such as 1.4.0"),
        ("journal show 999", "the journal has no act '999'", "agentgov journal log"),
        # options
        ("journal log -n 0", "0 is not in the range", "--help"),
        (f"pause {TRIAGE}", "Missing option '--reason'", "--help"),
        (f"pause {TRIAGE} -m x --mode slow", "'slow' is not one of", "'read-only'"),
        (f"pause {TRIAGE} -m x --until tomorrow", "neither a time (2026-11-23T08:00Z) nor a duration (4h)", "--help"),
        (f"hold {TRIAGE} --reason two words", "unexpected extra argument (words)", 'quotes: --reason "two words"'),
        ("reconcile --once --watch 5", "--once and --watch exclude each other", "--help"),
        ("reconcile --watch 0", "0 is not in the range", "--help"),
        ("status --format yaml", "'yaml' is not one of", "'json'"),
        ("status --nonsense", "No such option", "--help"),
        ("trust pin garbage", "that is no line of pins", "agentgov trust show"),
        ("check --assume-approval zed", "nobody called 'zed'", "agentgov who review"),
        # a command
        ("stauts", "there is no command 'stauts'", "Did you mean 'status'?"),
        ("journal lgo", "No such command 'lgo'", "--help"),
        ("review", "Usage: agentgov review", "request-changes"),
    ],
)
def test_nonsense_is_answered_with_what_was_meant(
    running: CommandWorld, command: str, message: str, next_step: str
) -> None:
    before = running.git("rev-parse", "refs/heads/agentgov/journal", cwd=running.remote)
    words = ["" if word == "''" else word for word in command.split(" ")]
    found = running.run("bob", *words)
    assert (found.code, found.out) == (2, "")
    assert message in found.err
    assert next_step in found.err
    assert running.git("rev-parse", "refs/heads/agentgov/journal", cwd=running.remote) == before


def test_an_existing_version_is_refused(running: CommandWorld) -> None:
    found = running.run("alice", "release", TRIAGE, "--version", "1.0.0")
    assert (found.code, found.out) == (1, "")
    assert f"{TRIAGE}/v1.0.0 exists already" in found.err
    assert "choose the next version" in found.err


@pytest.mark.parametrize("command", [name for name in COMMANDS if name not in ("demo", "init", "import", "schema")])
def test_no_command_can_be_made_to_write_to_the_terminal(running: CommandWorld, command: str) -> None:
    for words in ([command, "\x1b[2J\x07"], [command, "--repo", "\x1b[2J"], [command, "\x1b[2J", "\x1b[2J", "\x1b[2J"]):
        found = running.run("bob", *words)
        assert "\x1b" not in found.out + found.err
        assert "\x07" not in found.out + found.err
        assert found.code in (0, 1, 2)
