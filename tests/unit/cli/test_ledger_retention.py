"""`agentgov ledger prune|erase` and `agentgov retention`: what goes, what stays and why, and who may have it go."""

from pathlib import Path

import pytest
from ledgerworld import record, seal, with_store
from simulator import PAYROLL, TRIAGE, agent_file
from unit.cli.command_world import ACCESS, CommandWorld
from unit.cli.output_schema import assert_holds

from agentgov.runtime.erasure_orders import forget_late
from agentgov.runtime.ledger import Entry
from agentgov.trust.signers import KeyFileSigner

RETENTION = """apiVersion: agentgov.dev/v1
kind: Retention
default: operational
classes:
  operational: {payload: 1d, leaf: 30d, basis: house rules}
  patients: {payload: 90d, leaf: 2192d, frameworks: [hipaa]}
  counsel: {payload: 1y, leaf: 1y, privileged: true}
holds:
  - {id: case-17, match: {agents: ["finance/*"]}, by: carol}
"""
DAY = 86_400


@pytest.fixture
def world(tmp_path: Path) -> CommandWorld:
    world = CommandWorld.laid(tmp_path, {"governance/retention.yaml": RETENTION})
    world.must("carol", "trust", "init")
    return world


@pytest.fixture
def url(world: CommandWorld, tmp_path: Path) -> str:
    """A ledger with records of an agent of the past, of two days and of two months ago, and of one that is held."""
    found = f"sqlite:///{tmp_path}/state/store.db"
    now = world.time * 1000
    old, recent = now - 60 * DAY * 1000, now - 2 * DAY * 1000
    record(found, (Entry("action", "support/old", "a", payload=b"x", subject="Ada") for _ in range(300)), old)
    record(found, (Entry("action", "support/old", "a", payload=b"x") for _ in range(3)), recent)
    record(found, [Entry("action", "finance/old", "a", payload=b"x", subject="Bob")], old)
    seal(found, "0" * 8, KeyFileSigner(world.keys / "gate"))
    return found


def test_what_would_go_is_told_with_its_reason_and_then_goes(world: CommandWorld, url: str) -> None:
    dry = world.run("alice", "ledger", "prune", "--dry-run", "--store", url)
    assert dry.code == 0, dry.err
    lines = [" ".join(line.split()) for line in dry.out.splitlines()]
    assert lines[:3] == [
        "would go support: 256 leaves of operational, older than 30d",
        "would go support: 303 payloads of operational, older than 1d",
        "held finance: 1 payloads that are old enough, by case-17",
    ]
    assert "stays finance/0 and what follows: the hold case-17 keeps it" in lines
    done = world.run("alice", "ledger", "prune", "--store", url, "--json")
    assert_holds(done.document, "ledger-prune")
    assert [(one["what"], one["count"]) for one in done.document["disposals"]] == [("payloads", 303), ("leaves", 256)]
    again = world.run("alice", "ledger", "prune", "--store", url, "--json")
    assert again.document["disposals"] == []


def test_erasing_takes_an_administrator_a_reason_and_no_hold(world: CommandWorld, url: str) -> None:
    order = ("ledger", "erase", "--store", url, "--reason", "asked for by letter")
    refused = world.run("alice", *order, "--subject", "Ada")
    assert (refused.code, "alice does not administer this fleet" in refused.err) == (1, True)
    held = world.run("carol", *order, "--subject", "Bob")
    assert (held.code, "the legal hold case-17 keeps 1" in held.err) == (1, True)
    done = world.run("carol", *order, "--subject", "Ada", "--json")
    assert_holds(done.document, "ledger-erase")
    assert (done.document["payloads"], done.document["records"]) == (300, ["support/303"])
    assert "nothing is left" in world.must("carol", *order, "--subject", "Ada").out
    (told,) = world.run(
        "alice", "ledger", "log", "--store", url, "--type", "redacted", "--payloads", "--json"
    ).document["records"]
    assert (told["actor"], told["refs"]) == ("carol", {"records": "0-299"})
    assert "BEGIN SSH SIGNATURE" in told["payload"]
    assert "asked for by letter" in told["payload"]
    assert world.run("carol", *order).code == 2


def test_erasing_takes_as_many_administrators_as_access_says(tmp_path: Path) -> None:
    world = CommandWorld.laid(tmp_path, {"governance/retention.yaml": RETENTION})
    access = (world.fleet / ACCESS).read_text().replace("threshold: 1", "threshold: 2")
    world.change("carol", {ACCESS: access})
    world.must("carol", "trust", "init")
    store = f"sqlite:///{tmp_path}/state/store.db"
    now = world.time * 1000
    record(store, [Entry("action", "support/old", "a", payload=b"x", subject="Ada")], now)
    record(store, [Entry("action", "finance/old", "a", payload=b"x", subject="Bob")], now)
    erase = ("ledger", "erase", "--store", store)
    held = world.run("carol", *erase, "--reason", "x", "--subject", "Bob")
    assert (held.code, "the legal hold case-17 keeps 1" in held.err) == (1, True), "also before others are asked"
    first = world.run("carol", *erase, "--reason", "letter", "--subject", "Ada", "--json")
    assert_holds(first.document, "ledger-erase")
    told = {name: first.document[name] for name in ("pending", "payloads", "signed", "needed")}
    assert told == {"pending": True, "payloads": 0, "signed": ["carol"], "needed": 2}
    pending = world.run("dave", *erase, "--pending", "--json")
    assert_holds(pending.document, "ledger-erase")
    (order,) = pending.document["orders"]
    assert (order["subject"], order["by"], order["reason"]) == ("Ada", "carol", "letter")
    assert "Ada" not in order["text"]

    id_ = str(order["id"])
    again = world.run("carol", *erase, "--cosign", id_, "--json").document
    assert (again["pending"], again["signed"]) == (True, ["carol"]), "one person is one administrator"
    assert "does not administer" in world.run("alice", *erase, "--cosign", id_).err
    assert "no order 12345678 waits" in world.run("dave", *erase, "--cosign", "12345678").err
    done = world.run("dave", *erase, "--cosign", id_[:12], "--json")
    assert (done.document["payloads"], done.document["signed"]) == (1, ["carol", "dave"]), done
    assert "no order to erase waits" in world.must("dave", *erase, "--pending").out
    assert with_store(store, lambda tx: tx.one("SELECT 1 FROM erasures WHERE subject <> ''")) is None
    log = world.run("carol", "ledger", "log", "--store", store, "--payloads", "--json").document["records"]
    kinds = [(one["type"], one["actor"]) for one in log if one["type"] in ("redacted", "erasure.ask", "erasure.sign")]
    assert kinds == [("redacted", "carol"), ("erasure.sign", "dave"), ("erasure.ask", "carol")]
    said = next(str(one["payload"]) for one in log if one["type"] == "redacted")
    assert (said.count("BEGIN SSH SIGNATURE"), "carol, dave" in said) == (2, True)


def test_an_order_to_erase_ends_after_a_week_and_says_one_thing(tmp_path: Path) -> None:
    world = CommandWorld.laid(tmp_path)
    world.change("carol", {ACCESS: (world.fleet / ACCESS).read_text().replace("threshold: 1", "threshold: 2")})
    world.must("carol", "trust", "init")
    store = f"sqlite:///{tmp_path}/state/store.db"
    record(store, [Entry("action", "support/old", "a", payload=b"x", subject="Ada")], world.time * 1000)
    erase = ("ledger", "erase", "--store", store)
    id_ = world.run("carol", *erase, "--reason", "letter", "--subject", "Ada", "--json").document["order"]
    with_store(store, lambda tx: tx.run("UPDATE erasures SET subject = 'Bob'"))
    assert "says something else than what is shown" in world.run("dave", *erase, "--cosign", id_).err
    with_store(store, lambda tx: tx.run("UPDATE erasures SET subject = 'Ada'"))
    world.time += 8 * DAY
    assert "waits" in world.run("dave", *erase, "--cosign", id_).err
    assert with_store(store, lambda tx: forget_late(tx, world.time * 1000)) == 1
    for words in (("--cosign", id_, "--reason", "x"), ("--subject", "Ada"), ("--pending", "--cosign", id_)):
        assert world.run("dave", *erase, *words).code == 2, words


@pytest.mark.parametrize(
    "words", [("log",), ("prune",), ("renew", "--reason", "x"), ("prove", "support/1"), ("export", "out")]
)
def test_a_store_that_is_mistyped_is_told_and_not_made(
    world: CommandWorld, tmp_path: Path, words: tuple[str, ...]
) -> None:
    missing = tmp_path / "mistyped.db"
    done = world.run("alice", "ledger", *words, "--store", f"sqlite:///{missing}")
    assert (done.code, f"there is no store {missing}" in done.err) == (2, True), done
    assert not missing.exists()


def test_a_ledger_that_was_pruned_goes_on_under_another_name_and_holds(world: CommandWorld, url: str) -> None:
    fleet = str(world.run("alice", "trust", "show", "--json").document["fleet"])
    seal(url, fleet, KeyFileSigner(world.keys / "gate"))
    world.must("alice", "ledger", "prune", "--store", url)
    world.must("alice", "ledger", "renew", "--store", url, "--reason", "the disk was lost")
    seal(url, fleet, KeyFileSigner(world.keys / "gate"))
    done = world.run("alice", "ledger", "verify", "--store", url, "--json")
    assert done.code == 3, "nothing was anchored that says how old the leaves were"
    told = {one["tree"]: (one["records"], one["signed"], one["pruned"], one["flaws"]) for one in done.document["trees"]}
    assert told["support"] == (305, 305, 256, [])
    world.must("alice", "ledger", "prove", "support/304", "--store", url, "--out", str(world.fleet / "p.tlog-proof"))


def test_a_hold_on_a_label_keeps_who_has_it_and_whom_nobody_can_tell_it_of(tmp_path: Path) -> None:
    by_label = RETENTION.replace('{agents: ["finance/*"]}', "{labels: {domain: care}}")
    labelled = agent_file(TRIAGE, team="support").replace("metadata: {", "metadata: {labels: {domain: care}, ")
    files = {"governance/retention.yaml": by_label, TRIAGE.file: labelled}
    world = CommandWorld.laid(tmp_path, files)
    world.must("carol", "trust", "init")
    found = f"sqlite:///{tmp_path}/state/store.db"
    agents = (str(TRIAGE), str(PAYROLL), "support/never-heard-of")
    record(found, (Entry("action", agent, "a", payload=b"x") for agent in agents), (world.time - 60 * DAY) * 1000)
    dry = world.run("alice", "ledger", "prune", "--dry-run", "--store", found, "--json").document
    assert dry["held"] == [{"tree": "support", "hold": "case-17", "payloads": 2}]
    assert [one["agent"] for one in dry["disposals"]] == [str(PAYROLL)]


def test_privileged_records_come_up_where_their_agent_is_named(world: CommandWorld, url: str, tmp_path: Path) -> None:
    record(url, [Entry("action", "legal/counsel", "a", payload=b"x")], world.time * 1000)
    noted = "INSERT INTO kept_as (agent, slot, since, class) VALUES ('legal/counsel', 'production', 1, 'counsel')"
    with_store(url, lambda tx: tx.run(noted))

    def log(*args: str) -> set[str | None]:
        done = world.run("alice", "ledger", "log", "--store", url, "--type", "action", "--json", "-n", "500", *args)
        return {one["agent"] for one in done.document["records"]}

    assert log() == {"support/old", "finance/old"}
    assert log("--agent", "legal/counsel") == {"legal/counsel"}
    seal(url, "0" * 8, KeyFileSigner(world.keys / "gate"))
    out = tmp_path / "out"
    told = world.must("alice", "ledger", "export", str(out), "--store", url).out
    assert "left out legal: it has privileged records" in told
    assert {path.name for path in out.iterdir()} == {"_fleet", "finance", "support"}
    world.must("alice", "ledger", "export", str(out), "--store", url, "--tree", "legal")
    assert (out / "legal/checkpoint").is_file()


def test_presets_are_told_with_their_sources_and_classes_are_held_to_them(world: CommandWorld) -> None:
    presets = world.run("alice", "retention", "presets", "--json")
    assert_holds(presets.document, "retention-presets")
    assert "45 CFR 164.316(b)(2)(i)" in {one["source"] for one in presets.document["frameworks"]}
    held = world.run("alice", "retention", "check", "--json")
    assert_holds(held.document, "retention-check")
    assert held.code == 0
    ((name, keeps),) = ((one["class"], one["payloadKeeps"]) for one in held.document["classes"])
    assert (name, keeps) == ("patients", False)
    short = world.run("alice", "retention", "check", "--framework", "ai-act-deployer")
    assert short.code == 1
    assert "SHORT  operational: records 30d, Regulation (EU) 2024/1689, Article 26(6) asks for 184d" in short.out
