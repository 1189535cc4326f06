"""Marks that suppress findings, compared: comments change no value of an agent, and these change what is checked."""

from collections import Counter
from collections.abc import Iterator

from agentgov.diff.change import FieldChange, Place, change, short
from agentgov.diff.version import AgentVersion

_MOST = 100  # told of one agent


def suppressions(base: AgentVersion, head: AgentVersion) -> Iterator[FieldChange]:
    """Marks of agent.yaml that are there on one side only, by code and reason; where they stand is no matter."""
    before, after = Counter(base.marks), Counter(head.marks)
    place = Place(head.agent_id.file)
    for code, reason in list(after - before)[:_MOST]:
        summary = f"findings {short(code)} suppressed, because {short(reason)}"
        yield change("suppressions.added", place, None, code, summary)
    for code, _ in list(before - after)[:_MOST]:
        yield change("suppressions.removed", place, code, None, f"findings {short(code)} not suppressed any more")
