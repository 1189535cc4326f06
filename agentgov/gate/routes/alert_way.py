"""Routes about the ways by which people hear of alerts: which there are, whether they work, and a test of each that
goes the whole way. Both take a right on the whole fleet: what a route carries is about any agent.
"""

import secrets
from collections.abc import Iterator

import msgspec

from agentgov.alerts import route_rows
from agentgov.alerts.alert import labels_of
from agentgov.alerts.explaining import Tried
from agentgov.alerts.message import TEST_ALERT, Message, Told, encoded
from agentgov.alerts.routing import Way
from agentgov.gate.alert_answers import DeliveryAnswer, RouteAnswer, delivery_answer, route_answer
from agentgov.gate.answer import Answer, answered
from agentgov.gate.call import Call
from agentgov.gate.errors import RefusalError, not_found
from agentgov.gate.recording import record, record_read
from agentgov.gate.route import Route
from agentgov.gate.routes.alert import Nothing
from agentgov.gate.watches.alert import every_way
from agentgov.runtime import deliveries
from agentgov.runtime.ledger import Entry
from agentgov.store.port import Transaction

_ENDED = frozenset({"pagerduty", "alertmanager"})  # ways on which a test begins something that has to end


class RoutesAnswer(msgspec.Struct, frozen=True):
    """Every route, in the order of governance/alerts.yaml."""

    routes: tuple[RouteAnswer, ...]


class TestAnswer(msgspec.Struct, frozen=True):
    """A test that is on its way: ask for each delivery until it is over."""

    __test__ = False
    route: str
    deliveries: tuple[str, ...]


async def listed(call: Call) -> Answer:
    """The routes, and what is known of each."""
    call.require("view", None)
    await record_read(call, "alert routes")
    ways = every_way(call.gate)
    known = await call.gate.read(lambda tx: [route_rows.health(tx, way) for way in ways])
    return answered(RoutesAnswer(tuple(route_answer(way, one) for way, one in zip(ways, known, strict=True))))


async def test(call: Call) -> Answer:
    """Send a marked test through the outbox and the sender of a route."""
    call.require("silence", None)
    ways = every_way(call.gate)
    way = next((one for one in ways if one.name == call.values["route"]), None)
    if way is None:
        names = ", ".join(one.name for one in ways) or "none"
        message = f"there is no route {call.values['route'][:63]!r}"
        raise RefusalError(404, "gate.not-found", message, f"there are: {names}")
    found = way
    ids = await call.gate.write(lambda tx: tuple(_send(tx, call, found)))
    return answered(TestAnswer(way.name, ids), 202)


async def delivery(call: Call) -> Answer:
    """What became of a message."""
    call.require("view", None)
    id_ = call.values["id"]

    def read(tx: Transaction) -> Tried | None:
        found = deliveries.find(tx, id_)
        return Tried(found, deliveries.attempts(tx, id_)) if found is not None else None

    found = await call.gate.read(read)
    if found is None:
        raise not_found()
    return answered(delivery_answer(found))


def _send(tx: Transaction, call: Call, way: Way) -> Iterator[str]:
    name = call.fleet.governance.fleet.name
    nonce, now = secrets.token_hex(16), call.now_ms
    labels = labels_of(
        {"alertname": TEST_ALERT, "severity": "ticket", "fleet": call.fleet.id, "route": way.name, "nonce": nonce[:8]}
    )
    summary = f"{call.person} tests route {way.name}; nothing is wrong, and nothing is to be done"
    record(tx, Entry("alert.test", "", str(call.caller), refs={"route": way.name, "delivery": nonce}), now)
    for ended in (0, now) if way.route.to in _ENDED else (0,):
        told = Told(labels, now, summary, ended, fresh=not ended)
        message = Message("test", call.fleet.id, name, f"route={way.name}", now, (told,), call.gate.url, call.person)
        id_ = nonce if not ended else secrets.token_hex(16)
        deliveries.put(tx, id_, way.name, nonce, "test", encoded(message), now)
        yield id_


ROUTES = (
    Route("GET", "/v1/alert-routes", "Ways to people", listed, "person", answers={200: RoutesAnswer}, tag="alerts"),
    Route(
        "POST",
        "/v1/alert-routes/{route}/test",
        "Send a test on a route",
        test,
        "person",
        body=Nothing,
        answers={202: TestAnswer},
        tag="alerts",
    ),
    Route(
        "GET",
        "/v1/deliveries/{id}",
        "What became of a message",
        delivery,
        "person",
        answers={200: DeliveryAnswer},
        tag="alerts",
    ),
)
