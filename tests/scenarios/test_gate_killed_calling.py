"""A gate is killed between every two steps from an alert to the people who are called for it: those who come after it
go on where it was. People are told once, under one key, on SQLite and on PostgreSQL."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import sleep

import pytest
from alertworld import an_alert
from fakeserver import FakeServer, Reply, Request
from gateworld import GateWorld
from patience import until
from pipelineworld import PipelineWorld
from simulator import TRIAGE, agent_file

from agentgov.alerts import standing
from agentgov.alerts.alert import Scope
from agentgov.gate.gate import now_ms
from agentgov.scaffold.playbooks import playbook_file, playbook_text
from agentgov.store.open import open_store
from agentgov.store.port import Store, Transaction
from templates import copied, made

pytestmark = pytest.mark.slow
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BOOK = playbook_file("bad-release", TRIAGE)
CALL, MESSAGE = "incident-unacknowledged", "incident-message"
_ALERTS = """apiVersion: agentgov.dev/v1
kind: AlertPolicy
routes:
  - name: hook
    match: {{rules: [{rules}]}}
    to: webhook
    url: "{url}/hook"
    keyFrom: "env:HOOK_SECRET"
    groupBy: [alertname, agent] # so that each is a message of its own
    groupWait: 0s
    groupInterval: 0s
"""


@dataclass
class Phone:
    """Where people are called: it rings nowhere until it is plugged in."""

    plugged: bool = False
    rang: list[Request] = field(default_factory=list)
    server: FakeServer = field(init=False)

    def __post_init__(self) -> None:
        self.server = FakeServer(self._take)

    def _take(self, request: Request) -> Reply:
        if self.plugged:
            self.rang.append(request)
        return Reply(204 if self.plugged else 503)

    def tried(self) -> int:
        """How often somebody called."""
        return len(self.server.requests)

    def keys(self) -> dict[tuple[str, str], list[str]]:
        """The keys under which people were told, a key for each time, by rule and by whom it is meant for."""
        found = defaultdict(list)
        for request in self.rang:
            for alert in request.json()["data"]["alerts"]:
                labels = alert["labels"]
                found[labels["alertname"], labels["to"]].append(request.headers["webhook-id"])
        return dict(found)


@pytest.fixture(scope="module")
def phone() -> Iterator[Phone]:
    found = Phone()
    with found.server.serve():
        yield found


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory, phone: Phone) -> PipelineWorld:
    """Triage has a playbook that tells its team a second after an incident began."""
    book = playbook_text("bad-release", TRIAGE, "team:support").replace("at: 15m", "at: 1s")
    files = {
        "governance/alerts.yaml": _ALERTS.format(url=phone.server.url, rules=f"{CALL}, {MESSAGE}"),
        BOOK: book,
        TRIAGE.file: agent_file(TRIAGE, team="support") + f"  playbook: {BOOK}\n",
    }
    return made(tmp_path_factory.mktemp("once"), lambda place: PipelineWorld(place, files=files))


@dataclass(frozen=True, slots=True)
class Deathly:
    """A gate that is killed as soon as its store says that it decided something."""

    world: PipelineWorld
    gate: GateWorld
    store: Store

    def dies_once(self, sql: str, what: str) -> None:
        """It runs until this finds a row, and not a moment longer."""
        self.gate.start()
        until(lambda: self.finds(sql), what)
        self.gate.kill()

    def finds(self, sql: str) -> bool:
        """Whether the store has such a row."""
        return self.store.read(lambda tx: tx.one(sql)).result() is not None

    def writes(self, work: Callable[[Transaction], object]) -> None:
        """Something that others do to its store."""
        self.store.write(work).result()

    def is_later(self) -> None:
        """As if the minutes had passed until what was tried is tried again."""
        self.writes(lambda tx: tx.run("UPDATE deliveries SET due = 1 WHERE due > 0"))


@pytest.fixture
def deathly(once: PipelineWorld, phone: Phone, tmp_path: Path, store_url: str) -> Iterator[Deathly]:
    phone.plugged = False
    phone.rang.clear()
    phone.server.requests.clear()
    world = copied(once, tmp_path)
    store = open_store(store_url, serving=False)
    gate = GateWorld(world, tmp_path / "gate", store=store_url, env={"HOOK_SECRET": SECRET})
    try:
        yield Deathly(world, gate, store)
    finally:
        store.close()


def waits(step: str) -> str:
    """Finds an act of an incident that was decided."""
    return f"SELECT id FROM outbox WHERE kind = 'incident' AND draft LIKE '%Agentgov-Step: {step}%'"


def stands(rule: str) -> str:
    """Finds an alert that was decided."""
    return f"SELECT id FROM alerts WHERE rule = '{rule}' AND resolved = 0"


def test_who_is_called_is_called_once_by_whatever_gate_is_left(deathly: Deathly, phone: Phone) -> None:
    gate, world = deathly.gate, deathly.world
    away = world.remote.with_name("away.git")
    one = an_alert("probe", "page", str(TRIAGE), now_ms(), do=("alert", "incident"))
    gate.start()
    world.remote.rename(away)
    deathly.writes(lambda tx: standing.put(tx, [one], now_ms(), Scope(frozenset({"probe"}))))
    until(lambda: deathly.finds(waits("open")), "that an incident is to be opened")
    gate.kill()
    away.rename(world.remote)
    deathly.dies_once(waits("escalate"), "that somebody is to be called")
    deathly.dies_once(stands(CALL), "that the call stands")
    deathly.dies_once(waits("message"), "that somebody is to be told")
    deathly.dies_once(stands(MESSAGE), "that the message stands")
    deathly.is_later()
    before = phone.tried()
    gate.start()
    until(lambda: phone.tried() > before, "an attempt to tell them")
    gate.kill()
    assert phone.keys() == {}
    phone.plugged = True
    deathly.is_later()
    with gate:
        until(lambda: len(phone.keys()) == 2, "that people are told")
        sleep(3)  # three looks more
    _told_once(phone, world)


def _told_once(phone: Phone, world: PipelineWorld) -> None:
    told = phone.keys()
    assert {who: len(keys) for who, keys in told.items()} == {(CALL, "team:support"): 1, (MESSAGE, "team:support"): 1}
    bodies: dict[str, set[bytes]] = defaultdict(set)
    for request in phone.server.requests:
        bodies[request.headers["webhook-id"]].add(request.body)
    assert {len(each) for each in bodies.values()} == {1}  # a key is one message, however often it was tried
    assert bodies.keys() == {key for keys in told.values() for key in keys}  # and none was tried under another one
    world.clock.time = now_ms() // 1000
    (incident,) = world.view().state.incidents().values()
    assert (incident.escalated, tuple(incident.sent)) == (1, ("comms-1",))
    steps = [act.get("Step") for act in world.acts() if act.kind == "incident"]
    assert sorted(steps) == ["escalate", "message", "open"]
    assert world.verify().offence is None
