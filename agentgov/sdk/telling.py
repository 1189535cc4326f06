"""What an agent tells of its sessions, and which agent and session the code that runs now belongs to.

    with agent.session("case-17"):
        ...
        agent.outcome({"escalated": True})

Nothing here waits for a gate, and nothing of it stops the agent.
"""

import secrets
from collections.abc import Mapping
from contextvars import ContextVar, Token
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote

import msgspec

from agentgov.errors import ConfigurationError, UsageError
from agentgov.model.names import AgentId
from agentgov.model.told import EventTell
from agentgov.sdk.keeping import Keeper

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

Fact = str | bool | int | float
OUTCOME = "session.outcome"
LONGEST_SESSION = 128


@dataclass(frozen=True, slots=True)
class Current:
    """Whose code runs. `session` is "" outside of any, `closure` the release that the session began on."""

    agent: "Telling"
    session: str = ""
    closure: str = ""


current: ContextVar[Current | None] = ContextVar("agentgov", default=None)


class Entered:
    """Puts an agent in charge of the code within `with`, in this thread or task and in what it starts; `async with`
    does the same."""

    __slots__ = ("_now", "_token")

    def __init__(self, now: Current) -> None:
        self._now = now
        self._token: Token[Current | None] | None = None

    def __enter__(self) -> Self:
        self._token = current.set(self._now)
        return self

    def __exit__(self, *_: object) -> None:
        token, self._token = self._token, None
        if token is None:
            return
        try:
            current.reset(token)
        except ValueError:  # left in another thread or task, where it never was in charge
            if current.get() is self._now:
                current.set(None)

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(self, *_: object) -> None:
        self.__exit__()


@dataclass(frozen=True, slots=True)
class Telemetry:
    """Where an exporter of OTLP over HTTP sends what an agent does, and what its spans have to say. `headers` hold the
    agent's token."""

    endpoint: str
    headers: Mapping[str, str] = field(repr=False)
    attributes: Mapping[str, str]

    @property
    def environ(self) -> dict[str, str]:
        """The same for a program of its own, as environment variables that every OpenTelemetry SDK reads."""
        return {
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": self.endpoint,
            "OTEL_EXPORTER_OTLP_TRACES_HEADERS": _listed(self.headers),
            "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf",
            "OTEL_RESOURCE_ATTRIBUTES": _listed(self.attributes),
        }


def _listed(pairs: Mapping[str, str]) -> str:
    return ",".join(f"{name}={quote(text, safe='/')}" for name, text in pairs.items())


class Telling:
    """An agent that tells of itself: events, and where its traces go."""

    def __init__(self, id_: AgentId, keeper: Keeper) -> None:
        self.id, self._keeper = id_, keeper

    def session(self, name: str) -> Entered:
        """One session of the agent, for `with` and `async with`: what is told in it belongs to it, and so do the spans
        of an agent that is traced. Named as its user or case is, in words that spans may carry."""
        if not name or len(name) > LONGEST_SESSION or not name.isprintable():
            raise UsageError(f"{name[:80]!r} names no session", f"1 to {LONGEST_SESSION} characters")
        ran = self._keeper.runs
        return Entered(Current(self, name, ran.closure if ran is not None else ""))

    def event(
        self,
        name: str,
        *,
        session: str = "",
        bad: Mapping[str, bool] | None = None,
        over: bool = False,
        attributes: Mapping[str, Fact] | None = None,
        subject: str = "",
        purpose: str = "",
        refs: Mapping[str, str] | None = None,
        key: str = "",
    ) -> None:
        """Tell of something that no span says, as `case.closed`. It is sent soon, together with others, and before the
        program ends.

        `bad` says of metrics whether the session is bad by them, `over` that it has ended; without a name it is the
        session that runs now. `key` is one for what is told once, whoever tells it again. UsageError for what no gate
        takes; Unreachable where 10,000 wait, because no gate answers.
        """
        told = {"session": session, "bad": bad or {}, "over": over, "attributes": attributes or {}, "key": key}
        told |= {"subject": subject, "purpose": purpose, "refs": refs or {}}
        self._keeper.told(_event(self, self._keeper, name, told))

    def outcome(
        self, bad: Mapping[str, bool], *, session: str = "", attributes: Mapping[str, Fact] | None = None
    ) -> None:
        """Tell how a session ended, and that it has: by which metrics it is bad, and by which it is not. Canaries are
        judged on that."""
        self.event(OUTCOME, session=session, bad=bad, over=True, attributes=attributes)

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._keeper.closed

    @property
    def span_attributes(self) -> dict[str, str]:
        """What its spans say of it, and of the release that runs, or ran last."""
        ran = self._keeper.runs
        of = {"agentgov.release": ran.closure, "agentgov.variant": ran.variant} if ran is not None else {}
        return {"agentgov.agent": str(self.id)} | of

    def telemetry(self) -> Telemetry:
        """Where its traces go and what they say, for an exporter of your own. NotSupported where there is no gate."""
        endpoint, headers = self._keeper.backend.exporting()
        return Telemetry(endpoint, headers, self.span_attributes)

    def trace(self, provider: "TracerProvider | None" = None) -> "TracerProvider":
        """Send the spans of this program to the gate, each with the release that it is of; by the provider of the
        program where none is given, which is made where there is none. Called again it changes nothing.

        ConfigurationError where OpenTelemetry's SDK is not installed, NotSupported where there is no gate."""
        try:
            from agentgov.sdk.tracing import trace_agent
        except ImportError as error:
            hint = "pip install 'agentgov[otel]'"
            raise ConfigurationError(f"OpenTelemetry's SDK is not installed: {error}", hint) from None
        return trace_agent(self, self.telemetry(), provider)


def _event(agent: Telling, keeper: Keeper, name: str, told: Mapping[str, Any]) -> EventTell:
    """An event that can be sent, of the release that its session began on."""
    now = current.get()
    within = now if now is not None and now.agent is agent else Current(agent)
    session = told["session"] or within.session
    began = within.closure if session == within.session else ""
    ran = keeper.runs
    whole = {**told, "name": name, "key": told["key"] or secrets.token_hex(16), "session": session}
    whole["release"] = began or (ran.closure if ran is not None else "")
    try:
        raw = msgspec.json.encode(whole)  # fixed now: what happens to it afterwards changes nothing
        return msgspec.json.decode(raw, type=EventTell)
    except (msgspec.ValidationError, TypeError, ValueError, RecursionError) as error:
        hint = "named as case.closed; at most 16 of bad, and 32 attributes that are texts, numbers, true or false"
        raise UsageError(f"the event {name!r} cannot be told: {error}", hint) from None
