"""The database is killed, or its disk is full, in the middle of everything that a gate does.

Whatever was answered is there afterwards, once; nobody is told yes meanwhile whose agent needs a record first; and the
gate goes on by itself as soon as the database does.
"""

import json
import random
import secrets
import subprocess
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from forked import ran
from gateworld import GateWorld, Reply
from patience import PATIENCE, until
from payingfleet import CAREFUL, PAYER, shipped
from pipelineworld import PipelineWorld
from postgres import Postgres, serving
from pruningworld import DAY, rules
from simulator import TRIAGE
from spanworld import PROTOBUF, Trace, chat, otlp

from agentgov.errors import IncompleteError
from agentgov.runtime.budget_replay import differences
from agentgov.runtime.ledger import Entry, append_all
from agentgov.runtime.pruning import prune_payloads
from agentgov.store.open import open_store
from agentgov.store.port import Store

KILLS = 12
PAYS = f"/v1/agents/{PAYER}"
CARE = f"/v1/agents/{CAREFUL}/lease?key="


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> PipelineWorld:
    return shipped(tmp_path_factory.mktemp("fleet"), auditor="carol")


class Work:
    """Everything at once that a gate does, over and over; what was answered is remembered."""

    def __init__(self, gate: GateWorld) -> None:
        self.gate, self.over = gate, threading.Event()
        self.payer, self.careful = gate.agent_token(PAYER), gate.agent_token(CAREFUL)
        self.dave, self.carol = gate.person_token("dave"), gate.person_token("carol")
        self.records: list[tuple[str, int, str]] = []  # tree, place, type
        self.states: dict[str, str] = {}  # of reservations
        self.counts: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.store = open_store(gate.store, serving=False)
        ways = (self.lease, self.action, self.permit, self.money, self.spans, self.event, self.export, self.prune)
        self.ways = [way.__name__ for way in ways]
        self._threads = [threading.Thread(target=self._go_on, args=(way,)) for way in ways]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End once each is through with what it is at."""
        self.over.set()
        for thread in self._threads:
            thread.join(PATIENCE)
        assert not any(thread.is_alive() for thread in self._threads)
        self.store.close()

    def goes_on(self, since: Counter[str]) -> None:
        """Wait until everything was done once more."""
        until(lambda: self.wrong or all(self.counts[one] > since[one] for one in self.ways), "that all goes on")
        assert self.wrong == []

    def _go_on(self, way: Callable[[], None]) -> None:
        try:
            while not self.over.is_set():
                way()
                self.counts[way.__name__] += 1
        except Exception as error:  # told by the test's own thread
            self.wrong.append(f"{way.__name__}: {error!r}")

    def asked(self, method: str, path: str, token: str, body: Any = None, kind: str = "") -> Reply:
        """Ask until the gate can tell, as clients do: the same again."""
        headers = {"Content-Type": kind} if kind else None
        for _ in range(2000):
            reply = self.gate.ask(method, path, token, body, headers)
            if reply.status != 503:
                assert reply.status in (200, 201), (path, reply.status, reply.body)
                return reply
            self.refused[path.partition("?")[0].rpartition("/")[2]] += 1
            time.sleep(0.05)
        raise AssertionError(f"{path} was never answered")

    def lease(self) -> None:
        self.asked("GET", CARE + secrets.token_hex(4), self.careful)

    def action(self) -> None:
        wanted = {"tool": "orders.lookup", "args": {}, "key": secrets.token_hex(8)}
        told = self.asked("POST", f"{PAYS}/actions", self.payer, wanted).json
        assert told["decision"] == "allow", told
        self.records.append((told["tree"], told["record"], "action.allow"))

    def permit(self) -> None:
        wanted = {"tool": "refund.create", "args": {"amount": 100}, "key": secrets.token_hex(8)}
        id_ = self.asked("POST", f"{PAYS}/actions", self.payer, wanted).json["permit"]["id"]
        self.asked("POST", f"/v1/permits/{id_}/approve", self.dave, {"reason": "Yes."})
        use = {"args": wanted["args"]}
        said = [self.asked("POST", f"/v1/permits/{id_}/consume", self.payer, use).json["decision"] for _ in range(2)]
        assert said[1] != "allow", "it was used twice"
        self.counts["used"] += said.count("allow")

    def money(self) -> None:
        wanted = {"key": secrets.token_hex(8), "amount": "0.001 USD"}
        told = self.asked("POST", f"{PAYS}/reservations", self.payer, wanted).json
        self.states[told["id"]] = "open"
        self.asked("POST", f"{PAYS}/reservations/{told['id']}/settle", self.payer, {"amount": "0.001 USD"})
        self.states[told["id"]] = "settled"

    def spans(self) -> None:
        body = otlp(*(Trace().span("chat", None, chat()) for _ in range(5)))
        self.asked("POST", "/v1/traces", self.payer, body, PROTOBUF["Content-Type"])

    def event(self) -> None:
        event = {"key": secrets.token_hex(8), "name": "note", "attributes": {}}
        self.asked("POST", "/v1/events", self.payer, {"events": [event]})

    def export(self) -> None:
        self.asked("GET", "/v1/ledger/export/support?format=jsonl", self.carol)
        time.sleep(0.05)

    def prune(self) -> None:
        """What `ledger prune` does, in a tree of its own."""
        entries = [Entry("action", "w/short", "a", payload=b"{}") for _ in range(20)]
        try:
            self.store.write(lambda tx: append_all(tx, entries, DAY, secrets.token_bytes(320))).result(PATIENCE)
            self.store.write(
                lambda tx: prune_payloads(tx, "w", 0, rules(), "carol", 5 * DAY, secrets.token_bytes)
            ).result(PATIENCE)
        except IncompleteError:
            self.refused["prune"] += 1
        time.sleep(0.05)


def command(gate: GateWorld, *args: str) -> tuple[int, Any]:
    words = [*args, "--store", gate.store, "--repo", str(gate.world.work), "--json"]
    done = ran(words, gate.world.work, gate.env)
    assert done.returncode in (0, 3), done.stdout + done.stderr
    return done.returncode, json.loads(done.stdout)


def whole(gate: GateWorld, work: Work) -> None:
    """Everything that was answered is there, once, and the ledger is whole."""
    assert work.wrong == []
    store: Store = open_store(gate.store, serving=False)

    def rows(sql: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in store.read(lambda tx: tx.all(sql)).result(PATIENCE)]

    types = {(tree, seq): kind for tree, seq, kind in rows("SELECT tree, seq, type FROM records")}
    assert [one for one in work.records if types.get(one[:2]) != one[2]] == []
    assert len({one[:2] for one in work.records}) == len(work.records)
    states = dict(rows("SELECT id, state FROM reservations"))
    assert {id_: states.get(id_) for id_ in work.states} == work.states
    assert store.read(lambda tx: differences(tx, 0)).result(PATIENCE) == ()
    kinds = Counter(types.values())
    assert kinds["lease"] >= work.counts["lease"]
    assert rows("SELECT count(*) FROM permits WHERE state = 'consumed' AND needs <> ''")[0][0] >= work.counts["used"]
    assert rows("SELECT sum(calls) FROM usage_minutes WHERE kind = 'model'") == [(5 * work.counts["spans"],)]
    assert rows("SELECT count(*) FROM events") == [(work.counts["event"],)]
    store.close()
    trees = command(gate, "ledger", "verify")[1]["trees"]
    assert [one for one in trees if one["flaws"]] == []
    assert {one["tree"] for one in trees if one["unknown"]} <= {"w"}  # pruned in a time before any governance
    code, check = command(gate, "store", "check")
    assert (code, check["lost"]) == (0, False)


@pytest.mark.slow
def test_a_database_that_is_killed_again_and_again_loses_nothing(fleet: PipelineWorld, tmp_path: Path) -> None:
    dice = random.Random(11)
    with serving() as server, GateWorld(fleet, tmp_path / "gate", store=server.database()) as gate:
        work = Work(gate)
        triage = gate.agent_token(TRIAGE)
        assert gate.ask("GET", f"/v1/agents/{TRIAGE}/lease?key=a", triage).status == 200
        work.start()
        for _ in range(KILLS):
            before = work.counts.copy()
            time.sleep(dice.uniform(0.1, 1.5))
            server.kill()
            assert gate.ask("GET", CARE + "dead", work.careful).status == 503, "no record, no lease"
            degraded = gate.ask("GET", f"/v1/agents/{TRIAGE}/lease?key=a", triage)
            assert degraded.status in (200, 503)
            server.start()
            until(lambda: gate.ask("GET", "/readyz").status == 200, "that the gate found its database again")
            work.goes_on(before)
        work.stop()
        assert sum(work.refused.values()) > KILLS
        whole(gate, work)


@contextmanager
def small_disk(size: str) -> Iterator[Path]:
    """A disk of that size. Skips the test where none can be had."""
    with tempfile.TemporaryDirectory(prefix="agentgov-disk-", dir="/var/tmp") as folder:
        mount = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=0777", "tmpfs", folder]
        if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
            pytest.skip("needs the right to mount a small disk")
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", "-l", folder], check=True)


def fill(disk: Path) -> Path:
    """Leave nothing on a disk."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(65536)):
                pass
        except OSError:
            return filler
    return filler


@pytest.mark.slow
@pytest.mark.parametrize("of", ["tables", "log"])
def test_a_full_disk_of_the_database_is_no_yes_and_loses_nothing(fleet: PipelineWorld, tmp_path: Path, of: str) -> None:
    with small_disk("400m") as disk, serving(str(disk) if of == "log" else "") as server:
        url = server.database()
        if of == "tables":
            place = disk / "space"
            place.mkdir()
            subprocess.run(["chown", "postgres", str(place)], check=True)
            server.sql(f"CREATE TABLESPACE small LOCATION '{place}'")
            url += "%20-cdefault_tablespace%3Dsmall"
        with GateWorld(fleet, tmp_path / "gate", store=url) as gate:
            work = Work(gate)
            work.start()
            work.goes_on(Counter())
            filler = fill(disk)
            if of == "log":
                until(lambda: not _logs(server), "that the log of the database is full")
            until(lambda: gate.ask("GET", CARE + "full", work.careful).status == 503, "that the gate cannot record")
            time.sleep(1)
            filler.unlink()
            if not server.is_up:
                server.start()
            until(lambda: gate.ask("GET", "/readyz").status == 200, "that the gate found its database again")
            before = work.counts.copy()
            work.goes_on(before)
            work.stop()
            whole(gate, work)


def _logs(server: Postgres) -> bool:
    """Whether the database can still write to its log."""
    try:
        server.sql("SELECT pg_logical_emit_message(false, 'fill', repeat('a', 4000000))")
    except AssertionError:
        return False
    return True
