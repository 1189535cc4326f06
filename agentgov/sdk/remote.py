"""Asks a gate over HTTP. What is safe to send twice is sent again for a while; what is not is in doubt.

Decides nothing: a refusal of the gate becomes the exception that says so, no answer never becomes a yes.
"""

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NoReturn, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from agentgov.errors import AgentgovError, ConfigurationError
from agentgov.model.told import EventTell
from agentgov.net.address import Base
from agentgov.net.asking import Asking
from agentgov.net.events import Events
from agentgov.net.exchange import Answer, BrokenError
from agentgov.net.tokens import Token
from agentgov.sdk.answers import Decided, Offer, PermitRef, Reserved, Wanted
from agentgov.sdk.errors import Denied, InDoubt, NotSupported, Stopped, Unreachable, paused

_SECONDS = 15.0  # of one request
_TRIES = 3
_MOST_UNHEARD = 10_000
_JSON = {"content-type": "application/json"}
T = TypeVar("T")


class _Told(msgspec.Struct):
    rule: str = ""
    message: str = ""
    hint: str = ""
    details: dict[str, Any] = {}


class _Ordered(msgspec.Struct):
    id: str


class _Refused(msgspec.Struct):
    error: _Told


class Remote:
    """One agent at one gate."""

    quick = False

    def __init__(self, agent: str, base: Base, token: Token) -> None:
        self._base, self._headers = base, {"authorization": f"Bearer {token.value}"}
        self._asking = Asking(base, self._headers, clock=time.monotonic, other="the gate")
        self._agent, self._of_agent = agent, f"/v1/agents/{quote(agent)}"
        self._stream: Events | None = None
        self._hushed = False
        self._unheard: dict[tuple[str, str], str] = {}  # path and key that no answer came to: by which attempt

    def lease(self, known: str, key: str, pinned: str) -> Offer:
        """A lease; no body where it is the one that was known."""
        headers = {"if-none-match": known} if known else {}
        query = {name: text for name, text in (("key", key), ("release", pinned)) if text}
        path = f"{self._of_agent}/lease" + (f"?{urlencode(query)}" if query else "")
        answer = self._ask("GET", path, None, headers, tries=1)
        if answer.status not in (200, 304):
            self._refuse(answer, runs=True)
        etag, signature = (answer.headers.get(name, "") for name in ("etag", "agentgov-signature"))
        return Offer(answer.body if answer.status == 200 else None, etag, signature)

    def decide(self, wanted: Wanted, key: str) -> Decided:
        """May the agent do this; the key makes it safe to ask again."""
        call = {**_call(wanted), "tool": wanted.tool, "key": key or secrets.token_hex(16)}
        call |= {"purpose": wanted.purpose} if wanted.purpose else {}
        call |= {"refs": wanted.refs} if wanted.refs else {}
        return self._once(f"{self._of_agent}/actions", call, Decided)

    def permit(self, id_: str) -> PermitRef:
        """What has become of a permit."""
        return self._good("GET", f"/v1/permits/{quote(id_, safe='')}", None, PermitRef)

    def consume(self, id_: str, wanted: Wanted) -> Decided:
        """Use a permit. InDoubt where it may be used, and no answer came that says so: asked again, a permit is used
        once, and whose use that was cannot be told."""
        path, lost = f"/v1/permits/{quote(id_, safe='')}/consume", list[bool]()
        content, doubt = msgspec.json.encode(_call(wanted)), f"permit {id_} may be used by this call"
        hint = "look whether it happened; if not, ask people anew"
        try:
            answer = self._ask("POST", path, content, _JSON, lost=lambda: lost.append(True))
        except Unreachable as away:
            if not lost:
                raise
            raise InDoubt(f"{doubt}: {away.message}", hint, rule="permit.consumed") from None
        found = self._read(answer, Decided)
        if lost and any(one.rule == "permit.consumed" for one in found.reasons):
            raise InDoubt(f"{doubt}: it is used, and an answer was lost", hint, rule="permit.consumed")
        return found

    def outcome(self, permit: str, *, ok: bool, done: bool, note: str) -> None:
        """Tell what came of a permit."""
        body = {"permit": permit, "ok": ok, "done": done, "note": note[:500]}
        self._good("POST", f"{self._of_agent}/outcomes", body, dict)

    def running(self, instance: str, closure: str, release: str, heard: tuple[str, ...]) -> None:
        """Say what runs here."""
        body = {"instance": instance, "closure": closure, "release": release, "acknowledged": heard}
        self._good("POST", f"{self._of_agent}/running", body, dict)

    def reserve(self, estimate: Mapping[str, Any]) -> Reserved:
        """Set money aside; the estimate's key makes it safe to ask again."""
        try:
            return self._once(f"{self._of_agent}/reservations", estimate, Reserved)
        except Denied as denied:
            if denied.rule != "gate.not-found":
                raise
            hint = "leave agent.spend out until the gate has budgets"
            raise NotSupported("this gate sets no money aside", hint, rule="gate.not-found") from None

    def end_reservation(self, id_: str, how: Literal["settle", "release"], actual: Mapping[str, Any]) -> None:
        """Book what was spent; said twice, it is booked once."""
        self._good("POST", f"{self._of_agent}/reservations/{quote(id_, safe='')}/{how}", actual, dict)

    def events(self, told: Sequence[EventTell]) -> None:
        """Have events taken down; each has its key, so they may be sent again."""
        self._good("POST", "/v1/events", {"events": told}, dict)

    def exporting(self) -> tuple[str, Mapping[str, str]]:
        """Where the gate takes traces."""
        return f"{self._base.url}/v1/traces", self._headers

    def pause(self, order: Mapping[str, Any]) -> str:
        """Stop agents; asked twice, it is two orders that one resume ends."""
        return self._good("POST", "/v1/pauses", order, _Ordered).id

    def listen(self, heard: Callable[[Mapping[str, Any]], None]) -> None:
        """Tell of events until the stream ends."""
        self._stream = Events(f"{self._base.url}/v1/stream", self._headers, plain=self._base.scheme == "http")
        if self._hushed:
            return
        try:
            for event in self._stream:
                found = _event(event.data)
                if found is not None:
                    heard(found)
        except BrokenError as broken:
            raise self._unreachable(broken) from None

    def hush(self) -> None:
        """End the stream."""
        self._hushed = True
        if self._stream is not None:
            self._stream.close()

    def close(self) -> None:
        """Connections end with the last reference to them."""

    def renew(self) -> None:
        """In a child process: the stream is the parent's."""
        self._stream = None

    def _once(self, path: str, body: Mapping[str, Any], kind: type[T]) -> T:
        """The answer to what happens once under its key. An attempt of which no answer was heard goes on with the next
        one under the key: nobody can have acted on it."""
        key = path, body["key"]
        attempt = self._unheard.pop(key, "") or secrets.token_hex(16)
        try:
            return self._good("POST", path, {**body, "attempt": attempt}, kind)
        except Unreachable:
            if len(self._unheard) < _MOST_UNHEARD:
                self._unheard[key] = attempt
            raise

    def _good(self, method: str, path: str, body: Mapping[str, Any] | None, kind: type[T]) -> T:
        content = msgspec.json.encode(body) if body is not None else None
        return self._read(self._ask(method, path, content, _JSON if body is not None else {}), kind)

    def _read(self, answer: Answer, kind: type[T]) -> T:
        if not 200 <= answer.status < 300:
            self._refuse(answer)
        try:
            return msgspec.json.decode(answer.body, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            message = f"what answers at {self._base.url} is no gate"
            raise ConfigurationError(message, "check AGENTGOV_GATE", rule="gate.unreachable") from None

    def _ask(
        self,
        method: str,
        path: str,
        content: bytes | None,
        headers: Mapping[str, str],
        *,
        tries: int = _TRIES,
        lost: Callable[[], object] = int,
    ) -> Answer:
        """The answer to what may be asked twice; an overloaded gate is given a moment. `lost` is called where the gate
        may have answered, and nothing came."""
        for attempt in range(tries):
            last = attempt + 1 == tries
            try:
                answer = self._asking.ask(method, path, content, headers, seconds=_SECONDS)
            except BrokenError as broken:
                if broken.sent:
                    lost()
                if last or broken.final:
                    raise self._unreachable(broken) from None
            else:
                if answer.status in (500, 502, 504):
                    lost()
                if last or answer.status not in (429, 502, 503, 504):
                    return answer
            time.sleep(0.2 * 2**attempt)
        raise AssertionError("the last try returns or raises")

    def _unreachable(self, broken: BrokenError) -> Unreachable:
        hint = broken.hint or f"is it there? curl {self._base.url}/healthz"
        return Unreachable(f"the gate {self._base.url} gave no answer: {broken.why}", hint, rule="gate.unreachable")

    def _refuse(self, answer: Answer, *, runs: bool = False) -> NoReturn:
        try:
            told = msgspec.json.decode(answer.body, type=_Refused).error
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            told = _Told()
        told.message = told.message or f"the gate answered {answer.status}"
        raise _refusal(self._agent, answer.status, told, runs)


def _refusal(agent: str, status: int, told: _Told, runs: bool) -> AgentgovError:
    """The exception for what a gate says no to; `runs`: it was asked what the agent may run on."""
    message, hint, rule = told.message, told.hint, told.rule
    if status in (408, 429) or status >= 500:
        return Unreachable(message, hint or "try again", rule=rule)
    if rule == "runtime.paused":
        return paused(agent, told.details, message)
    if runs or status == 401:
        return Stopped(message, hint or "see what the gate's operator says", rule=rule)
    if status == 400:
        return ConfigurationError(message, hint, rule=rule)
    return Denied(message, hint, rule=rule)


def _call(wanted: Wanted) -> dict[str, Any]:
    return {"args": msgspec.Raw(wanted.raw), "subject": wanted.subject, "release": wanted.release}


def _event(data: str) -> Mapping[str, Any] | None:
    try:
        found = msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
