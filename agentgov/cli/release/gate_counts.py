"""Counts from the gate: what agents told it of their sessions, asked for on behalf of a reconciler and by its key."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec

from agentgov.cli.gate_client import GateClient
from agentgov.errors import AgentgovError
from agentgov.journal.view import View
from agentgov.model.names import AgentId
from agentgov.model.pipeline import Pipeline
from agentgov.release.counts import Reading, Wanted, parse_counts
from agentgov.repo import clock
from agentgov.trust.signers import Signer

_HINT = "declare it: gate: {url: ...} in agentgov.yaml, or --counts gate:https://gate.example"


@dataclass(frozen=True, slots=True)
class GateCounts:
    """The gate at an address, "" for that of agentgov.yaml."""

    url: str
    signer: Signer
    view: Callable[[], View]

    def read(self, wanted: Sequence[Wanted], pipeline_of: Callable[[AgentId], Pipeline], now: int) -> Reading:
        """The counts of those agents; nothing is asked where nothing is wanted."""
        from agentgov.runtime.count_question import MOST

        if not wanted:
            return Reading()
        view = self.view()
        url = self.url or view.governance.fleet.gate.url
        if not url:
            return Reading(problem=f"nobody says where the gate of this fleet answers: {_HINT}")
        parts = [wanted[start : start + MOST] for start in range(0, len(wanted), MOST)]
        return _joined([self._asked(url, view.state.head.fleet, part) for part in parts])

    def _asked(self, url: str, fleet: str, wanted: Sequence[Wanted]) -> Reading:
        from agentgov.runtime.count_question import NAMESPACE, Since, question

        text = question(fleet, clock.now(), [Since(one.agent, one.release, one.stable, one.since) for one in wanted])
        signature = self.signer.sign(NAMESPACE, text.encode("ascii")).decode("ascii")
        try:
            answer = GateClient(url, None).ask("POST", "/v1/counts/asked", {"text": text, "signature": signature})
        except AgentgovError as error:
            return _without(wanted, error.message)
        found = parse_counts(msgspec.json.encode(answer), "the answer of the gate")
        if found.problem:
            return _without(wanted, found.problem)
        missing = [str(one.agent) for one in wanted if found.of(str(one.agent)) is None]
        why = {one: f"the gate does not serve the releases of {one} that are judged" for one in missing}
        return Reading(found.counts, {**why, **found.problems})


def _without(wanted: Sequence[Wanted], why: str) -> Reading:
    return Reading(problems={str(one.agent): why for one in wanted})


def _joined(readings: Sequence[Reading]) -> Reading:
    counts = {agent: one for reading in readings for agent, one in reading.counts.items()}
    return Reading(counts, {agent: why for reading in readings for agent, why in reading.problems.items()})
