"""`agentgov audit export`: everything once, in the order of places, and on from where it was left."""

import json
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ledgerworld import START, record
from unit.cli.command_world import CommandWorld

from agentgov.resources import folder
from agentgov.runtime.ledger import PAGE, Entry

SCHEMA = json.loads((folder("schemas") / "export/record.schema.json").read_text("utf-8"))


@pytest.fixture
def url(store_url: str) -> str:
    """A store with more records of one tree than a page has, and some of another."""
    record(store_url, (Entry("lease", "support/triage", f"token:{n}", payload=b"{}") for n in range(PAGE + 5)))
    record(
        store_url, [Entry("read", "", "person:bob"), Entry("pause", "finance/payroll", "person:erin")], START + 60_000
    )
    return store_url


class Exports:
    """What somebody exports into one file after another."""

    def __init__(self, world: CommandWorld, url: str, folder: Path) -> None:
        self.world, self.url, self.folder, self.count = world, url, folder, 0

    def __call__(self, *args: str) -> list[dict[str, Any]]:
        self.count += 1
        out = self.folder / f"{self.count}.jsonl"
        self.world.must("alice", "audit", "export", "--store", self.url, "--out", str(out), *args)
        return [json.loads(line) for line in out.read_text("utf-8").splitlines()]


@pytest.fixture
def exports(begun: CommandWorld, url: str, tmp_path: Path) -> Exports:
    return Exports(begun, url, tmp_path)


def places(found: list[dict[str, Any]]) -> list[str]:
    return [one["place"] for one in found]


def test_everything_is_exported_once_in_the_order_of_places(exports: Exports) -> None:
    found = exports()
    trees = [*(f"_fleet/{n}" for n in range(1)), "finance/0", *(f"support/{n}" for n in range(PAGE + 5))]
    acts = [place for place in places(found) if place.startswith("journal/")]
    assert places(found) == [*acts, *trees]
    assert acts == [f"journal/{n}" for n in range(len(acts))]
    for one in (*found[: len(acts) + 3], found[-1]):
        jsonschema.validate(one, SCHEMA)
    assert places(exports("--of", "ledger", "--tree", "_fleet")) == ["_fleet/0", "_fleet/1"], "exports are recorded"


def test_an_act_has_the_commit_and_the_text_that_was_signed(exports: Exports) -> None:
    for one in exports("--type", "init"):
        said = ("git", "-C", str(exports.world.fleet), "log", "-1", "--format=%B", one["hash"])
        assert subprocess.check_output(said, text=True).rstrip("\n") == one["text"].rstrip("\n")
        assert one["actor"].startswith("person:")


def test_an_export_goes_on_where_the_last_one_ended(exports: Exports, url: str, tmp_path: Path) -> None:
    cursor = ("--cursor-file", str(tmp_path / "cursor"))
    assert len(exports(*cursor)) > PAGE
    assert places(exports(*cursor)) == ["_fleet/1"], "the first export"
    record(url, [Entry("lease", "support/triage", "late")], START - 60_000)
    found = exports(*cursor)
    assert places(found) == ["_fleet/2", f"support/{PAGE + 5}"], "with an earlier time than what was exported before"


def test_only_what_is_asked_for(exports: Exports) -> None:
    assert places(exports("--agent", "finance/payroll", "--of", "ledger")) == ["finance/0"]
    assert places(exports("--type", "pause", "--type", "login", "--of", "ledger")) == ["finance/0"]
    late = exports("--from", "2026-11-29T08:01Z", "--to", "2026-11-29T08:02Z", "--of", "ledger")
    assert [one["place"] for one in late if one["actor"] != "keeper"] == ["_fleet/0", "finance/0"]
    assert {one["payload"] for one in exports("--tree", "support", "--payloads")} == {"{}"}


def test_a_file_is_never_written_over_and_a_strange_cursor_is_refused(exports: Exports, tmp_path: Path) -> None:
    (tmp_path / "there").write_text("x")
    done = exports.world.run("alice", "audit", "export", "--of", "journal", "--out", str(tmp_path / "there"))
    assert done.code == 2
    assert "is there already" in done.err
    (tmp_path / "cursor").write_text('{"schema": "agentgov.audit-cursor/1", "fleet": "another"}')
    done = exports.world.run("alice", "audit", "export", "--of", "journal", "--cursor-file", str(tmp_path / "cursor"))
    assert done.code == 2
    assert "another fleet" in done.err
    done = exports.world.run("alice", "audit", "export", "--of", "journal", "--payloads")
    assert done.code == 2
    done = exports.world.run("alice", "audit", "export")
    assert (done.code, "no gate keeps a ledger on this machine" in done.err) == (2, True)


@pytest.mark.parametrize("form", ["csv", "ocsf", "otlp", "otlp-protobuf", "jsonl"])
def test_every_format_goes_to_standard_output(begun: CommandWorld, form: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    begun.must("alice", "audit", "export", "--of", "journal", "--format", form, "--out", str(out))
    assert out.read_bytes().count(b"\n") >= 1
    if form == "csv":
        done = begun.process("alice", "audit", "export", "--of", "journal", "--format", form)
        assert done.stdout.encode() == out.read_bytes().replace(b"\r\n", b"\n")
