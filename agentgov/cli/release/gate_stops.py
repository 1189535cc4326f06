"""Asks the gate that agentgov.yaml declares who is paused there, on behalf of a reconciler and by its key."""

from collections.abc import Mapping, Sequence

from agentgov.cli.gate_client import GateClient
from agentgov.errors import AgentgovError, IncompleteError
from agentgov.journal.view import View
from agentgov.model.names import AgentId
from agentgov.repo import clock
from agentgov.trust.signers import Signer


class GateStops:
    """Stops of the gate, as `release.stops` has them."""

    def __init__(self, signer: Signer) -> None:
        self._signer = signer

    def stopped(self, view: View, agents: Sequence[AgentId]) -> Mapping[AgentId, str]:
        """Those of these agents that are paused at the gate. IncompleteError where it gives no answer to believe."""
        from agentgov.runtime.pause_question import MOST, NAMESPACE, question

        url = view.governance.fleet.gate.url
        found: dict[AgentId, str] = {}
        for start in range(0, len(agents) if url else 0, MOST):
            part = agents[start : start + MOST]
            text = question(view.state.head.fleet, clock.now(), part)
            signature = self._signer.sign(NAMESPACE, text.encode("ascii")).decode("ascii")
            told = self._ask(url, {"text": text, "signature": signature})
            found |= {one: told[str(one)] for one in part if str(one) in told}
        return found

    def _ask(self, url: str, body: object) -> dict[str, str]:
        try:
            answer = GateClient(url, None).ask("POST", "/v1/pauses/asked", body)
        except AgentgovError as error:
            raise IncompleteError(error.message, error.hint) from error
        paused = answer.get("paused") if isinstance(answer, dict) else None
        if not isinstance(paused, dict):
            raise IncompleteError(f"what answers at {url} is no gate")
        return {str(agent): str(why) for agent, why in paused.items()}
