"""Orders that the gate gives under its own key, on a person's behalf or for a reason of its own: their acts."""

from typing import TYPE_CHECKING

from agentgov.journal.draft import draft
from agentgov.journal.draft_text import write_draft
from agentgov.model.act import Act
from agentgov.runtime.pause import Mode

if TYPE_CHECKING:
    from agentgov.gate.gate import Gate


def pause_act(gate: "Gate", selector: str, mode: Mode, until: int, reason: str, now_ms: int) -> tuple[Act, str]:
    """An act `pause` and its text for the outbox. Raises AgentgovError where it makes no sense."""
    fields = [("Selector", selector), ("Mode", mode), *([("Until", str(until))] if until else [])]
    subject = f"pause {selector}" + (" (read-only)" if mode == "read-only" else "")
    made = draft(gate.fleet.view, gate.actor, "pause", subject, fields, now=now_ms // 1000, reason=reason)
    return made.act, write_draft(made)
