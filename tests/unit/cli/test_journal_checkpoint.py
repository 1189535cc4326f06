"""`agentgov journal checkpoint`, and what every command says of a journal that is older than maxAge."""

import pytest
from simulator import MAX_AGE, TRIAGE
from unit.cli.command_world import CommandWorld


@pytest.fixture
def old(running: CommandWorld) -> CommandWorld:
    """A running fleet where no reconciler has been for longer than the fleet allows."""
    running.time += MAX_AGE + 3600
    return running


def test_every_command_says_that_the_journal_is_too_old(old: CommandWorld) -> None:
    assert old.asked("dave", "status")["stale"] is True
    assert "agentgov status --fetch" in old.must("dave", "status").out
    assert "agentgov journal checkpoint" in old.must("dave", "status", "--fetch").out
    for what in ("HEAD", f"{TRIAGE}/v1.1.0"):
        document = old.asked("dave", "verify", what, code=3)
        assert (document["verdict"], document["code"]) == ("incomplete", "journal.stale")
    assert "stale" in old.must("dave", "journal", "verify").out
    report = old.tick()
    assert "agentgov journal checkpoint" in report.out
    assert "agentgov journal checkpoint" in old.must("reconciler", "reconcile", "--dry-run").out
    refused = old.run("alice", "promote", str(TRIAGE), "-m", "Yes")
    assert refused.code != 0
    assert old.run("erin", "pause", str(TRIAGE), "-m", "Odd").code == 0
    resumed = old.run("carol", "resume", str(TRIAGE))
    assert resumed.code == 1
    assert "agentgov journal checkpoint" in resumed.err


def test_administrator_moves_the_time_on(old: CommandWorld) -> None:
    refused = old.run("alice", "journal", "checkpoint")
    assert refused.code == 1
    assert "an administrator" in refused.err
    act = old.asked("carol", "journal", "checkpoint")["act"]
    assert (act["kind"], act["actor"]) == ("checkpoint", "person:carol")
    document = old.asked("dave", "status")
    assert document["stale"] is False
    assert document["journal"]["time"] == old.time
    assert old.asked("dave", "verify")["verdict"] == "accept"
    assert old.asked("carol", "journal", "checkpoint")["act"] is None  # bots go on from here
    assert old.asked("dave", "journal", "verify")["verdict"] == "accept"


def test_two_bots_move_the_time_on_and_one_does_not(old: CommandWorld) -> None:
    one, two = (str(old.keys / name) for name in ("reconciler", "gate"))
    refused = old.run("dave", "journal", "checkpoint", "--key", one)
    assert refused.code == 1
    assert "act.time-step" in refused.err
    act = old.asked("dave", "journal", "checkpoint", "--key", one, "--key", two)["act"]
    assert act["actor"] == "bot:reconciler"
    old.time += 60
    assert old.must("dave", "journal", "checkpoint", "--key", two).code == 0


def test_key_of_a_person_is_no_bots(old: CommandWorld) -> None:
    for name, says in (("carol", "carol's own"), ("mallory", "nobody's")):
        refused = old.run("carol", "journal", "checkpoint", "--key", str(old.keys / name))
        assert refused.code == 1
        assert says in refused.err
