"""Has the spans of OpenTelemetry say which agent and release they are of, and sends them to the agent's gate.

Whose a span is: of the agent whose code runs (`with agent`, `agent.session`), else of its parent's, else of the only
agent that is traced. A span that is nobody's is left as it is and goes to no gate. Where an agent runs two releases and
nobody says which one a span is of, it says none. Loaded by `agent.trace` alone: the only module that knows the SDK of
OpenTelemetry.
"""

import threading
from collections.abc import Mapping
from weakref import WeakKeyDictionary, WeakSet

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from agentgov.errors import ConfigurationError
from agentgov.sdk.telling import Telemetry, Telling, current

AGENT, SESSION = "agentgov.agent", "session.id"
_PASSED_ON = (AGENT, "agentgov.release", "agentgov.variant", SESSION)
_OTHERS = ("gen_ai.conversation.id", "traceloop.association.properties.session_id")  # names of a session
_lock = threading.Lock()
_traced: "WeakKeyDictionary[TracerProvider, dict[tuple[str, str, str], AgentSpans]]" = WeakKeyDictionary()


class AgentSpans(SpanProcessor):
    """The spans of one agent at one gate; `beside` are all that are traced by the same provider."""

    def __init__(self, id_: str, export: SpanProcessor, beside: "Mapping[tuple[str, str, str], AgentSpans]") -> None:
        self._id, self._export, self._beside = id_, export, beside
        self.agents: WeakSet[Telling] = WeakSet()

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Have a span say whose it is."""
        known = span.attributes or {}
        told = self._told(parent_context)
        if told.get(AGENT) != self._id:
            return
        if any(name in known for name in _OTHERS):
            told.pop(SESSION, None)
        span.set_attributes({name: text for name, text in told.items() if name not in known})
        self._export.on_start(span, parent_context)

    def on_end(self, span: ReadableSpan) -> None:
        """Send it, where it is this agent's."""
        if (span.attributes or {}).get(AGENT) == self._id:
            self._export.on_end(span)

    def shutdown(self) -> None:
        """Send what waits, and nothing more."""
        self._export.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Send what waits."""
        return self._export.force_flush(timeout_millis)

    def _told(self, context: Context | None) -> dict[str, str]:
        now = current.get()
        if now is not None:
            return now.agent.span_attributes | ({SESSION: now.session} if now.session else {})
        parent = trace.get_current_span(context)
        said = parent.attributes or {} if isinstance(parent, ReadableSpan) else {}
        if AGENT in said:
            return {name: str(said[name]) for name in _PASSED_ON if name in said}
        return self._only()

    def _only(self) -> dict[str, str]:
        """What spans of the only agent say, nothing where there are others."""
        if any(one is not self and one.open for one in self._beside.values()):
            return {}
        every = [one.span_attributes for one in self.open]
        if not every:
            return {}
        return every[0] if all(one == every[0] for one in every) else {AGENT: self._id}

    @property
    def open(self) -> list[Telling]:
        """The agents that are not closed."""
        return [one for one in tuple(self.agents) if not one.closed]


def trace_agent(agent: Telling, to: Telemetry, provider: TracerProvider | None) -> TracerProvider:
    """Trace an agent by a provider, by that of the process where none is given; done twice, it is done once."""
    found = provider or _of_process()
    with _lock:
        beside = _traced.setdefault(found, {})
        key = str(agent.id), to.endpoint, to.headers["authorization"]
        spans = beside.get(key)
        if spans is None:
            export = BatchSpanProcessor(OTLPSpanExporter(endpoint=to.endpoint, headers=dict(to.headers)))
            spans = beside[key] = AgentSpans(str(agent.id), export, beside)
            found.add_span_processor(spans)
        spans.agents.add(agent)
    return found


def _of_process() -> TracerProvider:
    found = trace.get_tracer_provider()
    if isinstance(found, TracerProvider):
        return found
    if not isinstance(found, trace.ProxyTracerProvider):
        message = f"the traces of this program are {type(found).__qualname__}'s, which takes no processors"
        raise ConfigurationError(message, "give the provider: agent.trace(TracerProvider())")
    made = TracerProvider()
    trace.set_tracer_provider(made)
    return made
