"""Takes what agents tell of their work: unpacks and understands it beside the event loop, and keeps it in one write.

Whoever sends is the agent of its token, whatever the payload says. What one process holds at a time is bounded: beyond
that it says when to come again, and nothing is lost, since exporters do.
"""

import asyncio
import secrets
from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from agentgov.gate import otlp
from agentgov.gate.callers import AgentCaller
from agentgov.gate.errors import RefusalError, unregistered
from agentgov.gate.leasing import deployed_to
from agentgov.model.pipeline import Pipeline, pipeline_for, slow_bounds
from agentgov.runtime.deployed import Deployed
from agentgov.runtime.ledger import SALT
from agentgov.runtime.telemetry import keeping
from agentgov.runtime.telemetry.attributing import Attributing, Called, scope_of
from agentgov.runtime.telemetry.keeping import Batch
from agentgov.runtime.telemetry.spans import Use, understood

if TYPE_CHECKING:
    from agentgov.gate.call import Call
    from agentgov.gate.gate import Gate

MOST_HELD = 64 * 1024 * 1024  # bytes of bodies that are being taken
_AT_ONCE = 1000  # spans of a transaction
_SHOWN = 5  # reasons of an answer


@dataclass(frozen=True, slots=True)
class Understood:
    """The spans of a request, and how many were refused for which reason."""

    batch: Batch
    refused: Counter[str]
    calls: Sequence[Called] = ()

    @property
    def message(self) -> str:
        """Why some were refused, in one sentence."""
        told = [f"{number} refused: {why}" for why, number in self.refused.most_common(_SHOWN)]
        return "; ".join(told)


class Intake:
    """What one process of the gate takes."""

    def __init__(self, gate: "Gate") -> None:
        self._gate = gate
        self._held = 0
        self._turn = asyncio.Lock()  # of one request at a time: two would only take the event loop's time from it
        self.spans: Counter[str] = Counter()  # by what became of them, for /metrics
        self.aside: Counter[str] = Counter()  # by the reason why they are quarantined

    async def spans_of(self, call: "Call") -> tuple[Understood, otlp.Encoding]:
        """Take one request of OTLP. RefusalError where nothing of it is taken."""
        self._gate.require_control()
        encoding = otlp.encoding_of(call.headers.get("content-type", ""))
        told = call.headers.get("content-length", "")
        size = min(int(told) if told.isdigit() else otlp.LARGEST, otlp.LARGEST)
        if self._held + size > MOST_HELD:
            raise RefusalError(503, "gate.busy", "the gate takes as much as it can", "send it again", retry_after=1)
        self._held += size
        try:
            body = await call.read(otlp.LARGEST, packed=True)
            found = await self._understand(call, body, encoding)
            if call.is_drill:
                await asyncio.to_thread(self._gate.rehearsals.of(found.batch.where).keep, found.batch)
                return found, encoding
            for part in found.batch.parts(_AT_ONCE):
                kept = await self._gate.write(partial(keeping.keep, batch=part))
                if kept.repeated == 0:
                    self._notice(found, {one.id for one in part.spans}, call.now_ms)
                self.spans.update(new=kept.new, repeated=kept.repeated)
                for (reason, _), spans in part.aside.items() if kept.new else ():
                    self.aside[reason] += spans
        finally:
            self._held -= size
        self.spans["refused"] += found.refused.total()
        return found, encoding

    def _notice(self, found: Understood, spans: Set[bytes], now_ms: int) -> None:
        """Count the calls of tools in spans that are new: what comes a second time was counted."""
        for one in found.calls:
            if one.span in spans:
                self._gate.noticed.said(found.batch.where, one.tool, one.said, one.session, now_ms, one.canary)

    async def _understand(self, call: "Call", body: bytes, encoding: otlp.Encoding) -> Understood:
        caller, fleet = call.agent_caller, call.fleet
        packed, drawn = call.headers.get("content-encoding", ""), secrets.token_bytes(SALT)

        def uses() -> tuple[list[Use], Counter[str]]:
            found = [understood(one, call.now_ms) for one in otlp.spans(otlp.unpacked(body, packed), encoding)]
            return [one for one in found if isinstance(one, Use)], Counter(one for one in found if isinstance(one, str))

        if not fleet.knows(caller.agent):
            async with self._turn:
                told, _ = await asyncio.to_thread(uses)
            await self._turn_away(caller, len(told), call.now_ms)
        deployed = await deployed_to(caller, fleet)

        def understand() -> Understood:
            good, refused = uses()
            where = str(caller.agent), caller.environment
            vault = self._gate.settings.vault
            bounds = _bounds(deployed, fleet.governance.pipeline)
            by = Attributing(
                scope_of(*where), deployed, fleet.governance.prices, drawn, call.now_ms, vault, bool(bounds)
            )
            spans = by.spans(good)
            batch = Batch(*where, str(caller), spans, call.now_ms, drawn, by.contents, by.most, by.aside, bounds)
            return Understood(batch, refused, by.calls)

        async with self._turn:
            return await asyncio.to_thread(understand)

    async def _turn_away(self, caller: AgentCaller, spans: int, now_ms: int) -> None:
        """Count what an agent told that the fleet does not know, and refuse it."""
        where, aside = (str(caller.agent), caller.environment), {("unregistered", ""): max(spans, 1)}
        self.spans["stranger"] += spans
        self.aside["unregistered"] += spans
        await self._gate.write(lambda tx: keeping.put_aside(tx, where, aside, now_ms))
        raise unregistered(caller.agent)


def _bounds(deployed: Deployed, whole: Pipeline) -> Mapping[str, int]:
    """How long runs may take, on both sides of a canary alike: by the pipeline of the release that is judged."""
    release = deployed.canary or deployed.stable
    if release is None or deployed.environment != "production":
        return {}
    return slow_bounds(pipeline_for(whole, release.agent.spec.risk, release.agent.metadata.labels))
