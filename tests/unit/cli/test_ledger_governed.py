"""`agentgov ledger verify` holds each disposal against the governance that was in force: a lie about it is told."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from ledgerworld import record, seal, with_store
from unit.cli.command_world import ACCESS, CommandWorld
from unit.cli.output_schema import assert_holds

from agentgov.runtime.erasure import NAMESPACE, Erasure, order_text
from agentgov.runtime.ledger import Entry
from agentgov.store.port import Transaction
from agentgov.trust.signers import KeyFileSigner

RETENTION = """apiVersion: agentgov.dev/v1
kind: Retention
default: operational
classes:
  operational: {payload: 1d, leaf: 30d}
  brief: {payload: 1h, leaf: 1d}
holds:
  - {id: case-17, match: {agents: ["finance/*"]}, by: carol}
  - {id: case-18, match: {tools: [refund], agents: ["support/*"]}, by: carol}
  - {id: case-19, match: {subjects: [matter-1], agents: ["support/*"]}, by: carol}
"""
DAY = 86_400_000
Said = list[tuple[int, str]]


class Governed:
    """A fleet with classes and holds, and a ledger with five records of three days ago in each of two trees."""

    def __init__(self, folder: Path, threshold: int = 1) -> None:
        self.world = world = CommandWorld.laid(folder, {"governance/retention.yaml": RETENTION})
        if threshold > 1:
            access = (world.fleet / ACCESS).read_text().replace("threshold: 1", f"threshold: {threshold}")
            world.change("carol", {ACCESS: access})
        world.must("carol", "trust", "init")
        world.time += 3600
        self.url, self.now = f"sqlite:///{folder}/state/store.db", world.time * 1000
        self.fleet = str(yaml.safe_load((world.fleet / "agentgov.yaml").read_text())["id"])
        for agent in ("support/old", "finance/old"):
            plain = Entry("action", agent, "a", payload=b"x")
            refund = Entry("action", agent, "a", refs={"tool": "refund"}, payload=b"x")
            about = [Entry("action", agent, "a", payload=b"x", subject=name) for name in ("matter-1", "matter-2")]
            record(self.url, [plain, plain, refund, *about], self.now - 3 * DAY)

    def lose(self, tree: str, *places: int) -> None:
        """Delete payloads."""

        def work(tx: Transaction) -> None:
            tx.many("DELETE FROM payloads WHERE tree = ? AND seq = ?", [(tree, seq) for seq in places])

        with_store(self.url, work)

    def prunes(self, agent: str, *places: int, at: int = 0, **refs: str | int) -> None:
        """Prune payloads, and say of it what is given."""
        said: dict[str, str | int] = {
            "payloads": "operational",
            "rule": "1d",
            "since": 0,
            "until": self.now - DAY,
            "count": len(places),
        }
        said |= {"first": places[0], "last": places[-1]}
        told = {name: str(value) for name, value in (said | refs).items()}
        self.lose(agent.partition("/")[0], *places)
        tree = agent.partition("/")[0]
        record(self.url, [Entry("ledger.prune", agent, "keeper", refs=told, tree=tree)], at or self.now)

    def erases(self, said: Mapping[str, str], records: str = "0", actor: str = "") -> None:
        """Erase the first record, and say who ordered it."""
        self.lose("support", *(int(one) for one in records.split(",")))
        body = msgspec.json.encode({"of": "record", "reason": "letter"} | dict(said), order="sorted")
        entry = Entry("redacted", "", actor or said["by"], refs={"records": records}, payload=body, tree="support")
        record(self.url, [entry], self.now)

    def signed(self, by: str, *signers: str, place: str = "support/0", reason: str = "letter") -> Mapping[str, str]:
        """What the record of an erasure says that these people signed."""
        text = order_text(self.fleet, Erasure(by, reason), self.now)
        text = msgspec.json.encode(msgspec.json.decode(text) | {"record": place}, order="sorted")
        signatures = [KeyFileSigner(self.world.keys / one).sign(NAMESPACE, text).decode() for one in signers]
        return {"by": by, "order": text.decode(), "signature": "".join(signatures)}

    def told(self) -> tuple[int, Said, Said]:
        """The exit code, what speaks against the disposals of the ledger, and what cannot be told."""
        seal(self.url, self.fleet, KeyFileSigner(self.world.keys / "gate"))
        done = self.world.run("alice", "ledger", "verify", "--store", self.url, "--json")
        assert_holds(done.document, "ledger-verify")
        assert done.document["holds"] == (done.code == 0), done
        trees = done.document["trees"]
        flaws = [(one["seq"], one["message"]) for tree in trees for one in tree["flaws"]]
        unknown = [(one["seq"], one["message"]) for tree in trees for one in tree["unknown"]]
        return done.code, flaws, unknown


@pytest.fixture
def governed(tmp_path: Path) -> Governed:
    return Governed(tmp_path)


def test_what_the_commands_dispose_of_was_allowed(governed: Governed) -> None:
    world = governed.world
    done = world.run("alice", "ledger", "prune", "--store", governed.url, "--json").document
    assert [one["count"] for one in done["disposals"]] == [3]
    record(governed.url, [Entry("action", "support/old", "a", payload=b"x", subject="Ada")], governed.now)
    world.must("carol", "ledger", "erase", "--store", governed.url, "--subject", "Ada", "--reason", "letter")
    assert governed.told() == (0, [], [])


@pytest.mark.parametrize(
    ("refs", "said"),
    [
        ({"until": 1 << 50}, "payloads went that were younger than 1d"),
        ({"payloads": "short"}, "governance had no class short"),
        ({"rule": "1h"}, "governance kept operational for 1d, and not for 1h"),
        ({"rule": "2d", "until": 1}, "governance kept operational for 1d, and not for 2d"),
        ({"payloads": "brief", "rule": "1h"}, "support/old never was of the class brief"),
    ],
)
def test_a_class_that_did_not_let_it_go_is_told(governed: Governed, refs: dict[str, Any], said: str) -> None:
    governed.prunes("support/old", 0, 1, **refs)
    code, flaws, unknown = governed.told()
    assert (code, (5, said) in flaws, unknown) == (1, True, [])


@pytest.mark.parametrize(
    ("agent", "place", "said"),
    [
        ("finance/old", 0, "the hold case-17 kept record 0"),
        ("support/old", 2, "the hold case-18 kept record 2"),
        ("support/old", 3, "the hold case-19 kept record 3"),
    ],
)
def test_a_hold_that_was_in_force_is_told(governed: Governed, agent: str, place: int, said: str) -> None:
    governed.prunes(agent, place)
    assert governed.told() == (1, [(5, said)], [])


def test_a_payload_that_two_disposals_explain_is_not_laid_to_either(governed: Governed) -> None:
    governed.prunes("support/old", 0, 2)
    governed.prunes("support/old", 1, 2, count=1)
    said = "the hold case-18 kept record 2, and by which disposal that went cannot be told"
    assert governed.told() == (3, [], [(5, said), (6, said)])


def test_a_count_says_which_of_them_were_not_of_a_disposal(governed: Governed) -> None:
    governed.prunes("support/old", 0, 1, last=2)
    governed.erases(governed.signed("carol", "carol", place="support/2"), "2")
    assert governed.told() == (1, [(6, "the hold case-18 kept record 2")], []), "the first took the two others"


def test_leaves_under_a_hold_or_of_an_age_that_nothing_shows_are_told(governed: Governed) -> None:
    said = {"classes": "operational 5 30d", "from": "0", "leaves": "1"}
    for tree in ("finance", "support"):
        record(governed.url, [Entry("ledger.prune", "", "keeper", refs=said, tree=tree)], governed.now)
    age = "how old the records were cannot be told: nothing anchored them in time"
    holds = [(5, f"whether the hold case-{number} was about any of the records") for number in (18, 19)]
    held = [(5, "the hold case-17 kept every record of finance")]
    assert governed.told() == (1, held, [(5, age), (5, age), *holds])


def test_an_erasure_takes_administrators_as_they_were(governed: Governed) -> None:
    governed.erases({"by": "person:alice"})
    alone = "alice alone ordered it, unsigned, and it took 1 of the administrators"
    assert governed.told() == (1, [(5, alone)], [])


def test_an_erasure_takes_as_many_as_access_said(tmp_path: Path) -> None:
    governed = Governed(tmp_path, threshold=2)
    governed.erases({"by": "carol"})
    governed.erases(governed.signed("carol", "carol"))
    governed.erases(governed.signed("carol", "carol", "alice"))
    governed.erases(governed.signed("carol", "carol", "carol"))
    governed.erases(governed.signed("carol", "carol", "dave"))
    governed.erases(governed.signed("carol", "carol", "dave", place="support/1"))
    governed.erases(governed.signed("carol", "carol", "dave", reason="other"))
    governed.erases(governed.signed("carol", "carol", "dave"), actor="dave")
    one = "carol of the administrators signed the order, and it took 2"
    other = "the order that was signed says something else"
    code, flaws, unknown = governed.told()
    assert (code, unknown) == (1, [])
    assert flaws == [
        (5, "carol alone ordered it, unsigned, and it took 2 of the administrators"),
        *((seq, one) for seq in (6, 7, 8)),
        (10, other),
        (11, other),
        (12, "dave is said to have ordered it, and the payload says carol"),
    ]


def test_what_cannot_be_told_is_said_and_is_not_whole(governed: Governed) -> None:
    governed.prunes("support/old", 0, at=governed.now - 2 * 3_600_000, until=0)
    governed.erases({"by": "carol"}, records="1")
    governed.lose("support", 6)
    record(
        governed.url, [Entry("redacted", "", "carol", refs={"records": "6"}, payload=b"", tree="support")], governed.now
    )
    code, flaws, unknown = governed.told()
    assert (code, (5, "what governance was in force cannot be told: the journal begins later") in unknown) == (1, True)
    who = "who ordered the erasure cannot be told: the payload of its record is not here"
    assert {(6, who), (7, who)} <= set(unknown)
    assert len(flaws) == 1, "the payload that went is explained by nothing that was in time"
    shown = governed.world.run("alice", "ledger", "verify", "--store", governed.url)
    assert "unknown: who ordered the erasure cannot be told" in shown.out


def test_a_hold_that_came_later_speaks_against_nothing(governed: Governed) -> None:
    governed.prunes("support/old", 0)
    later = RETENTION.replace("case-17", "case-20").replace("finance/*", "**")
    governed.world.change("carol", {"governance/retention.yaml": later})
    governed.world.must("dave", "review", "approve", "-m", "as asked")
    governed.world.time += 7200
    governed.world.must("reconciler", "reconcile", "--once")
    assert governed.told() == (0, [], [])
    governed.prunes("support/old", 1, at=governed.world.time * 1000 + 600_000)
    assert governed.told() == (1, [(6, "the hold case-20 kept record 1")], [])
