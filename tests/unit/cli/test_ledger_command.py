"""`agentgov ledger log`: what the gate recorded, from its store."""

from pathlib import Path
from typing import Any

import pytest
from patience import PATIENCE
from unit.cli.command_world import CommandWorld
from unit.cli.output_schema import assert_holds

from agentgov.runtime.ledger import Entry, append, commitment
from agentgov.store.open import open_store

SALT = b"0123456789abcdef"


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A store with a lease at 08:00, and an action and a read a minute later each."""
    found = f"sqlite:///{tmp_path}/state/store.db"
    store = open_store(found)
    for minute, entry in enumerate(
        (
            Entry("lease", "support/triage", "token:1", "production", "ab" * 32),
            Entry("action", "support/triage", "token:1", "production", refs={"permit": "p1"}, payload=b'{"amount":5}'),
            Entry("read", "", "alice\x1b[31m", payload=b"\x1b]0;owned\x07"),
        )
    ):
        at = 1_795_939_200_000 + minute * 60_000
        store.write(lambda tx, entry=entry, at=at: append(tx, entry, at, SALT)).result(PATIENCE)  # type: ignore[misc]
    store.close()
    return found


def _place(record: dict[str, Any]) -> str:
    return f"{record['tree']}/{record['seq']}"


def test_records_are_told_newest_first(begun: CommandWorld, url: str) -> None:
    done = begun.run("alice", "ledger", "log", "--store", url)
    assert done.code == 0, done.err
    lines = done.out.splitlines()
    assert [line.split()[:3] for line in lines] == [
        ["2026-11-29T08:02:00Z", "_fleet/0", "read"],
        ["2026-11-29T08:01:00Z", "support/1", "action"],
        ["2026-11-29T08:00:00Z", "support/0", "lease"],
    ]
    assert "permit p1" in lines[1]
    assert "amount" not in done.out


def test_what_was_recorded_paints_nothing_on_a_terminal(begun: CommandWorld, url: str) -> None:
    done = begun.run("alice", "ledger", "log", "--payloads", "--store", url)
    assert '{"amount":5}' in done.out
    assert "\x1b" not in done.out
    assert "\x07" not in done.out


def test_records_are_chosen_and_paged(begun: CommandWorld, url: str) -> None:
    def places(*words: str) -> list[str]:
        document = begun.run("alice", "ledger", "log", *words, "--store", url, "--json").document
        assert_holds(document, "ledger-log")
        return [_place(record) for record in document["records"] if record["actor"] != "keeper"]

    assert places() == ["_fleet/0", "support/1", "support/0"]
    assert places("--agent", "support/triage") == ["support/1", "support/0"]
    assert places("--type", "lease") == ["support/0"]
    assert places("--actor", "token:1", "-n", "1") == ["support/1"]
    assert places("--before", "_fleet/0") == ["support/1", "support/0"]
    assert places("--since", "2026-11-29T08:01Z") == ["_fleet/0", "support/1"]
    assert places("--type", "nothing") == []
    assert "older ones: --before _fleet/0" in begun.run("alice", "ledger", "log", "-n", "1", "--store", url).out


def test_a_document_says_what_a_record_commits_to(begun: CommandWorld, url: str) -> None:
    document = begun.run("alice", "ledger", "log", "--payloads", "--store", url, "--json").document
    assert_holds(document, "ledger-log")
    records = document["records"]
    assert records[1] == {
        "tree": "support",
        "seq": 1,
        "time": 1_795_939_260,
        "type": "action",
        "agent": "support/triage",
        "actor": "token:1",
        "environment": "production",
        "release": None,
        "refs": {"permit": "p1"},
        "commitment": commitment(SALT, b'{"amount":5}'),
        "payload": '{"amount":5}',
    }
    assert (records[2]["commitment"], records[2]["payload"]) == (None, None)
