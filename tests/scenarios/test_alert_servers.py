"""Alerts at servers that were not made for the tests: Debian's Alertmanager; gates over both databases, killed."""

import json
from collections import Counter
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
from alertmanagerworld import alertmanager, known
from alertworld import FLEET, an_alert
from fakeserver import FakeServer, Reply
from forks import forks, killed

from agentgov.alerts import notices, standing
from agentgov.alerts.alert import Scope
from agentgov.alerts.message import decoded
from agentgov.alerts.muting import Circumstances
from agentgov.alerts.notices import Telling
from agentgov.alerts.routing import Way, ways
from agentgov.alerts.sending import Sending, send
from agentgov.gate.gate import now_ms
from agentgov.gate.watches.alert import note
from agentgov.model.policies import Route
from agentgov.runtime import deliveries
from agentgov.runtime.deliveries import LEASE
from agentgov.store.open import open_store
from agentgov.store.port import Store

RULES = Scope(frozenset({"probe"}))
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
_ALERTS = 12


def telling(way: Way) -> Telling:
    return Telling((way,), Circumstances(), FLEET, "acme")


def round_of(store: Store, way: Way, now: int) -> list[str]:
    """What a gate does in one look: decide, take, send, write down."""
    store.write(lambda tx: notices.flush(tx, telling(way), now)).result()
    taken = store.write(lambda tx: deliveries.take_due(tx, now, 4)).result()
    for one in taken:
        outcome = send(Sending(way, one.id, decoded(one.body), {"KEY": SECRET}, now))
        store.write(lambda tx, one=one, outcome=outcome: note(tx, way, one, outcome, 1, now, 0.5)).result()  # type: ignore[misc]
    return [one.id for one in taken]


@pytest.mark.slow
def test_alerts_fire_and_end_at_a_real_alertmanager(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/gate.db")
    with alertmanager(tmp_path / "am") as url:
        (way,) = ways([Route(to="alertmanager", name="am", url=url)])
        one = an_alert("probe", starts=now_ms() - 60_000)
        store.write(lambda tx: standing.put(tx, [one], now_ms(), RULES)).result()
        assert len(round_of(store, way, now_ms())) == 1
        (found,) = known(url)
        assert found["labels"] == dict(one.labels)
        assert found["annotations"]["summary"] == one.summary
        assert found["status"]["state"] in ("unprocessed", "active")
        store.write(lambda tx: standing.put(tx, [], now_ms(), RULES)).result()
        assert len(round_of(store, way, now_ms())) == 1
        assert known(url) == []  # it takes it for over
    store.close()


def go_on(url: str, name: str, told: Connection) -> None:
    """A gate that looks and looks, until it is killed; the clock of its leases runs as fast as it looks."""
    place, _, receiver = url.rpartition("|")
    store = open_store(place, serving=False)
    (way,) = ways(
        [Route(to="webhook", name="hook", url=receiver, key_from="env:KEY", group_by=("agent",), group_wait="0s")]
    )
    while True:
        for id_ in round_of(store, way, now_ms()):
            told.send((id_, name))
        told.send(("", name))
        store.write(lambda tx: tx.run("UPDATE deliveries SET due = due - ? WHERE due > ?", LEASE, LEASE)).result()


@pytest.mark.slow
def test_gates_that_are_killed_at_any_moment_lose_nothing_and_tell_nothing_under_two_names(store_url: str) -> None:
    """SQLite and PostgreSQL: each process decides, sends and writes down until it is killed; then the next one."""
    store = open_store(store_url)
    agents = [f"support/a{number}" for number in range(_ALERTS)]
    firing = [an_alert("probe", agent=agent) for agent in agents]
    store.write(lambda tx: standing.put(tx, firing, now_ms(), RULES)).result()
    store.close()
    with FakeServer(lambda request: Reply(204)).serve() as server:
        for _ in killed(forks(__name__), go_on, f"{store_url}|{server.url}/hook", 8, 0.25):
            pass
        store = open_store(store_url)
        (way,) = ways([Route(to="webhook", name="hook", url=f"{server.url}/hook", key_from="env:KEY", group_wait="0s")])
        while store.read(deliveries.waiting).result() or round_of(store, way, now_ms()):
            store.write(lambda tx: tx.run("UPDATE deliveries SET due = 1 WHERE due > 0")).result()
            round_of(store, way, now_ms())
        store.close()
    names: dict[str, set[str]] = {}
    for request in server.requests:
        for alert in json.loads(request.body)["data"]["alerts"]:
            names.setdefault(alert["labels"]["agent"], set()).add(request.headers["webhook-id"])
    assert Counter({agent: len(ids) for agent, ids in names.items()}) == Counter(dict.fromkeys(agents, 1))
