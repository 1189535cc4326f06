"""`agentgov audit report`: evidence with proofs out of a journal and a ledger that hold, and nothing out of others."""

import json
import os
import re
import sqlite3
import subprocess
import sys
import xml.etree.ElementTree as ET
from hashlib import sha256
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ledgerworld import record, seal
from simulator import PAYROLL, TRIAGE
from unit.cli.command_world import PAY_PROMPT, PROMPT, ROOT, CommandWorld, masked
from unit.cli.output_schema import assert_holds

from agentgov.audit.evidence import KINDS
from agentgov.audit.frameworks import framework
from agentgov.cli.run_time.audit import NAMES
from agentgov.resources import folder
from agentgov.runtime.ledger import Entry
from agentgov.trust.signers import KeyFileSigner

SCHEMA = json.loads((folder("schemas") / "export/pack.schema.json").read_text("utf-8"))
PERIOD = ("--from", "2020-01-01T00:00Z", "--to", "2026-12-01T00:00Z", "--now", "2026-12-02T00:00Z")
AGENT, DENIED = "support/triage", 40


class Audited:
    """A fleet that runs a release, a signed ledger beside it, and packs made of both."""

    def __init__(self, world: CommandWorld, url: str, out: Path) -> None:
        self.world, self.url, self.out, self.count = world, url, out, 0

    def fill(self) -> None:
        asked = {"permit": "p1", "tool": "refund"}
        record(self.url, (Entry("action.deny", AGENT, "agent:a", payload=b"%d" % n) for n in range(DENIED)))
        record(self.url, [Entry("action.ask", AGENT, "agent:a", refs=asked)])
        record(self.url, [Entry("permit.approve", AGENT, "person:<b>bob</b>", refs=asked)], 1_795_939_200_000 + 1_500)
        seal(self.url, self.fleet, self.signer)

    @property
    def fleet(self) -> str:
        return str(json.loads(self.world.must("alice", "trust", "show", "--json").out)["fleet"])

    @property
    def signer(self) -> KeyFileSigner:
        return KeyFileSigner(self.world.keys / "gate")

    def pack(self, *args: str, code: int = 0, name: str = "soc2") -> tuple[dict[str, Any], Path]:
        """The pack and its folder."""
        self.count += 1
        out = self.out / f"pack{self.count}"
        words = ("audit", "report", "--framework", name, *PERIOD, "--store", self.url, "-o", str(out), *args, "--json")
        done = self.world.run("alice", *words)
        assert done.code == code, done
        assert_holds(done.document, "audit-report")
        found: dict[str, Any] = json.loads((out / "pack.json").read_text("utf-8"))
        jsonschema.validate(found, SCHEMA)
        return found, out


@pytest.fixture
def audited(running: CommandWorld, tmp_path: Path) -> Audited:
    found = Audited(running, f"sqlite:///{tmp_path}/state/store.db", tmp_path)
    found.fill()
    return found


def whole(out: Path) -> ET.Element:
    """The page of a pack, in which every link leads somewhere."""
    tree = ET.fromstring((out / "report.html").read_text("utf-8").removeprefix("<!DOCTYPE html>\n"))
    anchors = {one.get("id") for one in tree.iter() if one.get("id")}
    for link in tree.iter("a"):
        to = str(link.get("href"))
        assert to[1:] in anchors if to.startswith("#") else (out / to).is_file(), to
    return tree


def places(file: Path) -> set[str]:
    return {json.loads(line)["place"] for line in file.read_text("utf-8").splitlines()}


def population(pack: dict[str, Any], kind: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in pack["populations"] if one["kind"] == kind)
    return found


def test_what_is_said_of_acts_is_in_git_under_the_commit_that_is_named(audited: Audited) -> None:
    pack, out = audited.pack()
    assert pack["holds"]
    releases = population(pack, "releases")
    assert (releases["count"], releases["sampled"]) == (2, False)
    assert "tag signed by alice; contents authorised since journal/9" in releases["items"][1]["details"]
    fleet, signers = str(audited.world.fleet), str(out / "allowed_signers")
    for item in releases["items"]:
        shown = subprocess.check_output(("git", "-C", fleet, "log", "-1", "--format=%B", item["commit"]), text=True)
        assert shown.startswith(item["summary"])
        keys = ("-c", "gpg.format=ssh", "-c", f"gpg.ssh.allowedSignersFile={signers}")
        for what in (("verify-commit", item["commit"]), ("verify-tag", item["tag"])):
            subprocess.run(("git", "-C", fleet, *keys, *what), check=True, capture_output=True)
    for item in (*releases["items"], *population(pack, "reviews")["items"]):  # by the commands that the report says
        signature = subprocess.check_output(("git", "-C", fleet, "show", f"{item['commit']}:act.sig"))
        (out / "act.sig").write_bytes(signature)
        raw = subprocess.check_output(("git", "-C", fleet, "cat-file", "commit", item["commit"]))
        who = str(item["actor"]).partition(":")[2]
        verify = ("ssh-keygen", "-Y", "verify", "-f", signers, "-I", who, "-n", "agentgov-act", "-s", "act.sig")
        subprocess.run(verify, input=raw.partition(b"\n\n")[2], check=True, capture_output=True, cwd=out)
    changed = population(pack, "changes")["items"][-1]
    assert any("person:bob (journal/" in line for line in changed["details"]), changed


def test_what_is_said_of_records_has_a_proof_that_others_check(
    running: CommandWorld, store_url: str, tmp_path: Path
) -> None:
    audited = Audited(running, store_url, tmp_path)
    audited.fill()
    pack, out = audited.pack()
    (decision,) = population(pack, "permit-decisions")["items"]
    assert decision["details"] == ["1.5 s after the question"]
    proof = out / decision["proof"]
    said = (sys.executable, str(ROOT / "docs/verify_ledger.py"), str(out / "keys"), str(proof))
    assert b"OK" in subprocess.check_output((*said, str(proof.with_suffix(".leaf"))))
    leaf = proof.with_suffix(".leaf").read_bytes()
    assert sha256(b"\0" + leaf).hexdigest() == decision["hash"]


def test_a_permit_that_takes_several_people_is_shown_as_that(audited: Audited) -> None:
    asked = {"permit": "p2", "tool": "refund"}
    record(audited.url, [Entry("action.ask", AGENT, "agent:a", refs=asked)])
    for who, lacking in (("alice", "1"), ("bob", "0")):
        record(audited.url, [Entry("permit.approve", AGENT, f"person:{who}", refs={**asked, "lacking": lacking})])
    seal(audited.url, audited.fleet, audited.signer)
    pack, _ = audited.pack()
    shown = {one["actor"]: one["details"][-1] for one in population(pack, "permit-decisions")["items"]}
    assert shown == {
        "person:<b>bob</b>": "1.5 s after the question",
        "person:alice": "voice 1 of 2: not approved by this alone",
        "person:bob": "voice 2 of 2: approved by person:alice, person:bob together",
    }


def test_incidents_are_told_with_their_times_and_what_is_owed(running: CommandWorld, tmp_path: Path) -> None:
    audited = Audited(running, f"sqlite:///{tmp_path}/state/store.db", tmp_path)
    audited.fill()
    said = running.asked("alice", "incident", "open", AGENT, "--title", "it <b>rhymes</b>", "--severity", "2")
    one = str(said["act"]["subject"]).partition("incident ")[2].partition(" ")[0]
    running.time += 180
    running.asked("bob", "incident", "ack", one)
    running.time += 3600
    running.asked("bob", "incident", "mitigate", one, "--pause", "-m", "stopped")
    running.asked("bob", "incident", "resolve", one)
    pack, out = audited.pack(name="soc2")
    (fact,) = next(one["facts"] for one in pack["statements"] if one["kind"] == "incidents")
    text = fact["text"]
    assert f"Incident {one}, severity 2, {AGENT}: it <b>rhymes</b>" in text
    for words in ("acknowledged after 3m 0s by bob", "contained after 1h 3m by bob", "resolved, led by alice"):
        assert words in text, text
    assert "its review is OVERDUE" in text, "years later, when the pack was made"
    assert fact["proof"].startswith(f"agentgov incident show {one}")
    steps = population(pack, "incident-steps")
    assert (steps["count"], steps["types"]) == (4, {"incident": 4})
    (practice,) = (one["facts"] for one in pack["statements"] if one["kind"] == "practice")
    assert practice[0]["text"] == "No drill is planned, and none was held."
    assert "<b>" not in (out / "report.html").read_text("utf-8")
    later, _ = audited.pack("--from", "2026-12-01T00:00Z", "--to", "2026-12-02T00:00Z", name="ai-act")
    assert later["statements"]


def test_a_sample_is_drawn_from_all_and_can_be_drawn_again(audited: Audited) -> None:
    pack, out = audited.pack("--sample", "7", "--seed", "dice 4 2 6")
    denials = population(pack, "action-denials")
    places = [json.loads(line)["place"] for line in (out / denials["file"]).read_text("utf-8").splitlines()]
    assert (denials["count"], len(places), denials["sampled"]) == (DENIED, DENIED, True)
    drawn = sorted(places, key=lambda place: sha256(f"dice 4 2 6\0{place}".encode()).hexdigest())[:7]
    assert {one["place"] for one in denials["items"]} == set(drawn)
    other, _ = audited.pack("--sample", "7", "--seed", "another")
    assert population(other, "action-denials")["items"] != denials["items"]


def test_the_same_question_gives_the_same_pack(audited: Audited) -> None:
    audited.world.time = 1_795_939_200 + 7 * 86_400  # after the period: that it is read is no part of it
    _, first = audited.pack()
    _, second = audited.pack()
    files = sorted(path.relative_to(first) for path in first.rglob("*") if path.is_file())
    assert files == sorted(path.relative_to(second) for path in second.rglob("*") if path.is_file())
    assert [path for path in files if (first / path).read_bytes() != (second / path).read_bytes()] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_page_is_whole_and_loads_nothing(audited: Audited, name: str) -> None:
    pack, out = audited.pack(name=name)
    page = (out / "report.html").read_text("utf-8")
    tree = whole(out)
    assert not {one.tag for one in tree.iter()} & {"script", "img", "link", "iframe", "object", "form"}
    assert "://" not in page
    said = "".join(tree.itertext())
    text = (out / "report.md").read_text("utf-8")
    assert "COMMIT | sed '1,/^$/d' | ssh-keygen" in text, "a command is one to copy"
    for heading in ("What is not covered", "What this evidence does not prove", "Verification"):
        assert heading in said
        assert f"## {heading}" in text
    assert all(control.id in said for control in framework(name).controls)
    assert "<b>" not in page
    assert "<b>" not in re.sub("`[^`]*`", "", text), "nothing of people is markup"
    assert ("voluntary" in said) == (name == "sr26-2")
    assert {one["kind"] for one in pack["populations"]} | {one["kind"] for one in pack["statements"]} == set(
        framework(name).kinds
    )


def test_a_report_reads_as_it_was_reviewed(audited: Audited) -> None:
    _, out = audited.pack("--sample", "3")
    shown = re.sub("SHA256:[A-Za-z0-9+/]{43}", "SHA256:...", masked((out / "report.md").read_text("utf-8")))
    file = ROOT / "tests/golden/text/audit-report-soc2.md"
    if os.environ.get("GOLDEN") == "write":
        file.write_text(shown, encoding="utf-8")
    assert shown == file.read_text(encoding="utf-8")


def test_nothing_is_taken_from_a_ledger_that_does_not_hold(audited: Audited) -> None:
    with sqlite3.connect(audited.url.removeprefix("sqlite:///")) as database:
        database.execute("UPDATE records SET leaf = CAST(replace(leaf, 'triage', 'triagf') AS BLOB) WHERE seq = 7")
    database.close()
    pack, out = audited.pack(code=1)
    assert not pack["holds"]
    assert population(pack, "action-denials")["count"] == 0
    assert (out / "populations/action-denials.jsonl").read_bytes() == b""
    for name in ("report.md", "report.html"):
        text = (out / name).read_text("utf-8")
        assert text.index("does not hold") < text.index("Framework")
        assert "support/7" in text
    assert population(pack, "releases")["count"] == 2, "the journal holds"


def test_nothing_is_taken_from_behind_an_act_that_does_not_hold(audited: Audited) -> None:
    world = audited.world
    before, _ = audited.pack()
    git = ("git", "-C", str(world.fleet))
    tip = before["checks"]["journal"]["tip"]
    tree = subprocess.check_output((*git, "rev-parse", f"{tip}^{{tree}}"), text=True).strip()
    forged = subprocess.check_output((*git, "commit-tree", tree, "-p", tip, "-m", "roll back everything"), text=True)
    for ref in ("refs/heads/agentgov/journal", "refs/remotes/origin/agentgov/journal"):
        subprocess.run((*git, "update-ref", ref, forged.strip()), check=True)
    pack, out = audited.pack(code=1)
    assert pack["checks"]["journal"]["problem"]
    assert pack["checks"]["journal"]["tip"] == tip
    assert "roll back everything" not in (out / "report.md").read_text("utf-8")
    assert population(pack, "releases") == population(before, "releases")


def test_nothing_at_all_is_said_by_a_journal_that_cannot_be_believed(audited: Audited) -> None:
    git, tip = ("git", "-C", str(audited.world.fleet)), audited.pack()[0]["checks"]["journal"]["tip"]
    for ref in ("refs/heads/agentgov/journal", "refs/remotes/origin/agentgov/journal"):
        subprocess.run((*git, "update-ref", ref, f"{tip}~2"), check=True)
    pack, out = audited.pack(code=1)
    assert "journal.rewound" in pack["checks"]["journal"]["problem"]
    assert (pack["populations"], pack["statements"], pack["holds"]) == ([], [], False)
    said = "".join(whole(out).itertext())
    assert "The journal does not hold" in said
    assert "nothing of it is used" in said


def test_only_what_changed_something_is_a_change(audited: Audited) -> None:
    before, world = population(audited.pack()[0], "changes")["count"], audited.world
    world.change("alice", {PROMPT: "Nobody looked at this.\n"}, "Unseen")
    world.tick()
    assert world.must("alice", "journal", "log", "--last", "1").out.count("1 pending") == 1
    assert population(audited.pack()[0], "changes")["count"] == before


def test_a_pack_says_what_roles_may_do_and_that_a_period_was_not_over(audited: Audited) -> None:
    pack, out = audited.pack("--to", "2026-12-03T00:00Z")
    (access,) = (one["facts"] for one in pack["statements"] if one["kind"] == "access-review")
    assert "The role viewer gives: view." in [one["text"] for one in access]
    said = "The period was not over when this was made: nothing after 2026-12-02T00:00:00Z is in it."
    assert said in "".join(whole(out).itertext())
    assert said not in "".join(whole(audited.pack()[1]).itertext())


def test_a_pack_of_one_workspace_has_acts_about_it_or_the_whole_fleet_and_names_the_others(audited: Audited) -> None:
    world = audited.world
    world.change("dave", {PAY_PROMPT: "Pay on Fridays.\n"}, "Pay on Fridays")
    for who in ("alice", "bob"):
        world.must(who, "review", "approve")
    world.tick()
    for selector in (PAYROLL, TRIAGE, "finance/*", "model:anthropic/claude-sonnet-4-5"):
        world.must("carol", "pause", str(selector), "-m", "looked at")
    world.must("carol", "incident", "open", str(PAYROLL), "--title", "paid twice", "--severity", "3")
    record(audited.url, [Entry("action.deny", str(PAYROLL), "agent:b")])
    seal(audited.url, audited.fleet, audited.signer)
    whole_pack, whole_out = audited.pack()
    pack, out = audited.pack("--tree", "support")
    others = [json.loads(line) for line in (out / "left-out.jsonl").read_text("utf-8").splitlines()]
    assert sorted(one["type"] for one in others) == ["advance", "incident", "pause", "pause", "review", "review"]
    git = ("git", "-C", str(world.fleet), "rev-list", "--reverse", "agentgov/journal")
    log = subprocess.check_output(git, text=True).split()
    assert all(log[int(one["place"].removeprefix("journal/"))] == one["commit"] for one in others)
    left_out = {one["place"] for one in others}
    for one in pack["populations"]:
        of_all, mine = (places(where / one["file"]) for where in (whole_out, out))
        if KINDS[one["kind"]].source == "journal":
            assert mine == of_all - left_out
            assert one["leftOut"] == len(of_all & left_out), one["kind"]
    pauses = {item["summary"] for item in population(pack, "pauses")["items"]}
    assert pauses == {f"pause {TRIAGE}", "pause model:anthropic/claude-sonnet-4-5"}, "the fleet's"
    said = "".join(whole(out).itertext())
    assert said.count("6 of the") == 2, "on top, and in what is not covered"
    assert "can be checked by itself" in said
    assert "Left out: 1 about other workspaces alone." in said
    assert "paid twice" not in said
    assert str(PAYROLL) not in said
    assert (pack["checks"]["leftOut"], whole_pack["checks"]["leftOut"]) == (6, 0)
    assert not (whole_out / "left-out.jsonl").exists()


def test_a_pack_of_one_workspace_needs_no_ledger_and_knows_its_name(audited: Audited) -> None:
    words = ("audit", "report", "--framework", "soc2", *PERIOD, "-o", str(audited.out / "alone"), "--tree")
    wrong = audited.world.run("alice", *words, "suport")
    assert (wrong.code, "there are: finance, support" in wrong.err) == (2, True), wrong
    audited.world.must("alice", *words, "finance")
    said = (audited.out / "alone/report.md").read_text("utf-8")
    assert "No ledger was looked at" in said
    assert said.count("about the workspace finance alone, and there is nothing of the ledger") == 2
    assert "Of the ledger there is" not in said
    assert places(audited.out / "alone/populations/releases.jsonl") == set()


def test_without_a_ledger_it_is_said_that_none_was_looked_at(audited: Audited) -> None:
    words = ("audit", "report", "--framework", "soc2", *PERIOD, "-o", str(audited.out / "alone"), "--json")
    done = audited.world.must("alice", *words)
    assert done.document["ledger"] is None
    assert "No ledger was looked at" in (audited.out / "alone/report.md").read_text("utf-8")
    assert "Actions that were denied (not looked at)" in "".join(whole(audited.out / "alone").itertext())
    again = audited.world.run("alice", *words)
    assert (again.code, "there already" in again.err) == (2, True)
