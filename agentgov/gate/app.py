"""The ASGI application: finds the route, finds out who asks, counts it, asks for rights, answers, and tells of it.

The order is the same for every route: too much from an address that shows no valid token, unknown path, who asks, too
much from that token, whether that kind of caller may, whether the agent of the path is theirs, the body, the right. No
handler is called before all of that held.
"""

import itertools
import logging
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from time import monotonic, perf_counter

import msgspec

from agentgov.errors import AgentgovError, IncompleteError
from agentgov.gate.access_log import AccessLog, Line
from agentgov.gate.admission import admit, who_asks, who_asks_now
from agentgov.gate.answer import JSON, Answer
from agentgov.gate.asgi import GoneError, read_body, refuse_text, send_body, send_stream
from agentgov.gate.call import Call
from agentgov.gate.callers import Caller, PersonCaller
from agentgov.gate.errors import (
    RefusalError,
    bad_request,
    cannot_tell,
    error_body,
    not_found,
    too_many,
)
from agentgov.gate.gate import Gate
from agentgov.gate.limits import of_address
from agentgov.gate.metrics import RouteMetrics
from agentgov.gate.paths import Paths, named
from agentgov.gate.route import Route
from agentgov.net.asgi import Receive, Scope, Send
from agentgov.trust.verbs import VERBS

_log = logging.getLogger("agentgov.gate")
_NOWHERE = "(none)"


@dataclass(frozen=True, slots=True)
class Served:
    """A route with what was made for it once."""

    route: Route
    metrics: RouteMetrics
    decoder: "msgspec.json.Decoder[object] | None"
    asks_verb: bool
    names: tuple[str, ...]
    of_agent: bool


class App:
    """The gate as ASGI 3.0."""

    def __init__(self, gate: Gate, routes: Iterable[Route], log: AccessLog | None = None) -> None:
        self.gate, self.routes = gate, tuple(routes)
        self._paths = Paths(self.routes)
        self._served = {id(route): self._serve(route) for route in self.routes}
        self._elsewhere = RouteMetrics(gate.metrics, _NOWHERE)
        self._log = log
        self._prefix, self._count = secrets.token_hex(4), itertools.count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        started, now_ms = perf_counter(), self.gate.clock()
        self.gate.metrics.opened += 1
        asked = Asked(scope, receive, send, now_ms)
        status = 499
        try:
            status = await self._answer(asked)
        except GoneError:
            pass
        except RefusalError as refusal:
            status = await asked.refuse(refusal)
        except Exception as error:
            status = await asked.refuse(_unexpected(error))
        finally:
            self.gate.metrics.opened -= 1
            self._tell(asked, status, perf_counter() - started)

    async def _answer(self, asked: "Asked") -> int:
        """Everything in order; the status. RefusalError where it ends early."""
        gate, scope = self.gate, asked.scope
        asked.caller = caller = who_asks(gate, scope, asked.now_ms)
        routes, values = self._paths.find(scope["path"])
        method = scope["method"]
        route = routes.get("GET" if method == "HEAD" else method)
        asked.served = served = self._served[id(route)] if route is not None else None
        self._count_in(asked, caller)  # by now it is known in which shape the route refuses
        if caller is None and route is not None:
            asked.caller = caller = await who_asks_now(gate, scope, asked.now_ms)
            if caller is not None:
                self._count_in(asked, caller)
        if not routes:
            refuse_text(scope)
            raise not_found()
        if route is None or served is None:
            raise _other_method(routes)
        found = named(served.names, values)
        call = Call(gate, gate.fleet, caller, found, scope, asked.receive, asked.send, asked.now_ms)
        admit(call, route, served.of_agent)
        if served.asks_verb and isinstance(caller, PersonCaller):
            call.require(route.verb, call.agent)
        if served.decoder is not None and not route.hot:
            call.body = _decoded(served.decoder, await read_body(scope, asked.receive))
        answer = await route.handler(call)
        return answer if isinstance(answer, int) else await self._write(asked, answer)

    def _count_in(self, asked: "Asked", caller: Caller) -> None:
        """429 for more than a token, or an address without one, may ask."""
        gate = self.gate
        if caller is not None:
            wait = gate.by_token.take(caller.token, monotonic())
            gate.used[caller.token] = asked.now_ms
        else:
            wait = gate.by_address.take(of_address(asked.client), monotonic())
        if wait:
            raise too_many(wait)

    async def _write(self, asked: "Asked", answer: Answer) -> int:
        if answer.stream is not None:
            await send_stream(asked.send, asked.receive, answer, self.gate.stopping)
        else:
            await send_body(asked.send, answer.status, answer.body, answer.headers, answer.content_type)
        return answer.status

    def _tell(self, asked: "Asked", status: int, seconds: float) -> None:
        metrics = asked.served.metrics if asked.served is not None else self._elsewhere
        metrics.answered(status, seconds)
        if self._log is not None:
            caller = str(asked.caller) if asked.caller is not None else ""
            name = f"{self._prefix}-{next(self._count):x}"
            path = asked.scope["path"][:256]
            ms = round(seconds * 1000, 3)
            method = asked.scope["method"]
            self._log.add(Line(asked.now_ms, name, method, path, status, ms, asked.client, caller, asked.rule))

    def _serve(self, route: Route) -> Served:
        decoder = msgspec.json.Decoder(route.body) if route.body is not None else None
        asks = bool(route.verb) and route.of_agent and not VERBS[route.verb].environments
        return Served(route, self.gate.metrics.of(route), decoder, asks, route.names, route.of_agent)


@dataclass(slots=True)
class Asked:
    """A request on its way, with what is known of it so far."""

    scope: Scope
    receive: Receive
    send: Send
    now_ms: int
    caller: Caller = None
    served: Served | None = None
    rule: str = ""

    @property
    def client(self) -> str:
        """The address that asks, as the server was told to believe it."""
        found = self.scope.get("client")
        return found[0] if found else ""

    async def refuse(self, refusal: RefusalError) -> int:
        """Say no in the route's own shape; returns the status."""
        self.rule = refusal.rule
        body, content_type = self._spelled(refusal)
        headers = [(b"retry-after", str(refusal.retry_after).encode())] if refusal.retry_after else []
        headers += [(b"www-authenticate", b"Bearer")] if refusal.status == 401 else []
        headers += [(b"allow", refusal.hint.encode())] if refusal.status == 405 else []
        headers += [(b"connection", b"close")] if refusal.status in (408, 413) else []
        await send_body(self.send, refusal.status, body, tuple(headers), content_type)
        return refusal.status

    def _spelled(self, refusal: RefusalError) -> tuple[bytes, bytes]:
        route = self.served.route if self.served is not None else None
        if route is None or route.refuse_as is None:
            return (route.refuse if route is not None else error_body)(refusal), JSON
        named = (value for name, value in self.scope["headers"] if name == b"content-type")
        return route.refuse_as(refusal, next(named, b""))


def _decoded(decoder: "msgspec.json.Decoder[object]", body: bytes) -> object:
    try:
        found = decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise bad_request(f"the body does not fit: {error}") from None
    if b"\\u0000" in body and "\0" in texts_of(found):
        raise bad_request("the body holds a NUL character")
    return found


def texts_of(value: object) -> str:
    """Every text of a value, one after the other."""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return "".join(texts_of(one) for pair in value.items() for one in pair)
    if isinstance(value, (list, tuple)):
        return "".join(map(texts_of, value))
    return texts_of(msgspec.to_builtins(value)) if isinstance(value, msgspec.Struct) else ""


def _other_method(routes: Mapping[str, Route]) -> RefusalError:
    return RefusalError(405, "gate.request", "there is no such method here", ", ".join(sorted(routes)))


def _unexpected(error: Exception) -> RefusalError:
    """What becomes of an error that is no refusal yet."""
    if isinstance(error, IncompleteError):
        return cannot_tell(error.rule or "gate.unknown", error.message, error.hint or "try again")
    if isinstance(error, AgentgovError):
        return RefusalError(409, error.rule or "gate.refused", error.message, error.hint)
    _log.error("a request failed in a way that nobody foresaw", exc_info=error)
    return RefusalError(500, "gate.failed", "the gate failed to answer, and nothing was decided", "see its log")
