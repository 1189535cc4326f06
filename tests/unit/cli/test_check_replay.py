"""`check --write-facts` and `check --facts`: a verdict on a fleet's change is the same where it is replayed."""

import json
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt
from simulator import TRIAGE
from unit.cli.command_world import ACCESS, PAY_PROMPT, PROMPT, CommandWorld

from agentgov.cli.main import status

SHARED = "agents/support/shared/tone.md"


def replayed(begun: CommandWorld, tmp_path: Path, *options: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """What `check` says of HEAD, and what it says of the facts that it wrote, in a place without any repository."""
    facts = tmp_path / "facts.json"
    told = begun.run("alice", "check", "--json", "--write-facts", str(facts), *options)
    assert told.code in (0, 1), told.err
    again = begun.run("alice", "check", "--facts", str(facts), "--json", *options)
    assert again.code == told.code, again.err
    return json.loads(told.out), json.loads(again.out)


def test_every_kind_of_change_replays_to_the_same_verdict(begun: CommandWorld, tmp_path: Path) -> None:
    begun.change("alice", {PROMPT: "Be brief.\n", PAY_PROMPT: b"\xff\xfe not text", SHARED: "Kindly.\n"})
    told, again = replayed(begun, tmp_path)
    assert told == again
    assert told["verdict"] == "pending"
    begun.run("bob", "review", "approve")
    told, again = replayed(begun, tmp_path)
    assert told == again
    assert any(item["given"] for item in told["requirements"])
    begun.run("alice", "review", "approve")
    begun.run("bob", "review", "request-changes", "-m", "no")
    told, again = replayed(begun, tmp_path)
    assert told == again
    assert told["verdict"] == "blocked"


def test_a_change_of_governance_and_of_a_broken_agent_replays(begun: CommandWorld, tmp_path: Path) -> None:
    access = (begun.fleet / ACCESS).read_text()
    begun.change("carol", {ACCESS: access.replace("viewer", "auditor"), TRIAGE.file: "kind: Agent\n"})
    told, again = replayed(begun, tmp_path)
    assert told == again
    told, again = replayed(begun, tmp_path, "--assume-approval", "carol", "--assume-approval", "dave")
    assert told == again
    assert told["assumed"] == ["carol", "dave"]


def test_facts_that_were_tampered_with_are_refused_with_a_place(begun: CommandWorld, tmp_path: Path) -> None:
    begun.change("alice", {PROMPT: "Be brief.\n"})
    facts = tmp_path / "facts.json"
    begun.run("alice", "check", "--write-facts", str(facts))
    good = json.loads(facts.read_text())

    def complaint(change: dict[str, Any]) -> str:
        facts.write_text(json.dumps({**good, **change}))
        told = begun.run("alice", "check", "--facts", str(facts))
        assert told.code == 2
        assert "Traceback" not in told.err
        return told.err

    assert "/journal/time" in complaint({"journal": {**good["journal"], "time": -1}})
    assert "/journal/time" in complaint({"journal": {**good["journal"], "time": 10**18}})
    assert "unknown" in complaint({"sneaky": True}).lower()
    assert "governance in it cannot be used" in complaint({"governance": {}})
    assert "no agent's id" in complaint({"agents": [{"agent": "../x", "paths": []}]})
    twice = {"agentgov.yaml": {"text": "x", "base64": "eA=="}}
    assert "once" in complaint({"governance": {**good["governance"], **twice}})


def test_markdown_is_whole_and_calls_nobody(begun: CommandWorld, tmp_path: Path) -> None:
    begun.change("alice", {PROMPT: "Be brief.\n", "agents/support/triage/prompts/@bob|`x`.md": "Hm.\n"})
    begun.run("alice", "review", "approve")
    told = begun.run("alice", "check", "--format", "markdown")
    assert told.code == 1
    assert len(told.out) < 65_536
    assert " @" not in told.out.replace("`@", "")
    html = MarkdownIt("commonmark", {"html": False}).enable("table").render(told.out)
    assert html.count("<table>") == 1
    assert "not counted" in told.out
    report = tmp_path / "verdict.md"
    begun.run("alice", "check", "--report", f"markdown={report}")
    assert report.read_text() == told.out


@pytest.mark.parametrize("count", [5000])
def test_a_huge_verdict_is_cut_at_whole_sections(
    count: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:

    owners = "".join(f"/d{number}/ @u{number}\n" for number in range(count))
    facts = {
        "codeowners": owners,
        "teams": {},
        "roles": {f"u{number}": "operator" for number in range(count)},
        "pr": {
            "author": "dev",
            "commits": [{"sha": "c1", "author": "dev", "files": []}],
            "files": [{"path": f"d{number}/a.md"} for number in range(count)],
            "reviews": [],
        },
    }
    file = tmp_path / "facts.json"
    file.write_text(json.dumps(facts))
    assert status(["check", "--facts", str(file), "--format", "markdown"]) == 1
    out = capsys.readouterr().out
    assert 40_000 < len(out.encode()) <= 65_536
    assert "more sections" in out.splitlines()[-1]
    rows = [line for line in out.splitlines() if line.startswith("|")]
    assert all(line.count("|") == 5 for line in rows)
