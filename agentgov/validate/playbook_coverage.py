"""What a playbook covers, by what its steps do and never by what they are called.

Every active agent has one that finds out what goes on, pauses that agent and no other, says who answers and who next,
tells the others, and ends with a review.
"""

from collections.abc import Iterator, Mapping

from agentgov.model.command_line import Command, is_ours, lines_of, read_command
from agentgov.model.names import AgentId
from agentgov.model.playbook import Playbook
from agentgov.trust.verbs import in_scope
from agentgov.validate.command_lines import grammar
from agentgov.validate.facts import Covered

_LOOKS = frozenset(
    {"status", "history", "show", "diff", "usage", "budget show", "action list", "ledger log", "alert list"}
    | {"alert explain", "incident show", "journal log"}
)
_CONTAINS = frozenset({"pause", "incident open", "incident mitigate"})
_REVIEWS = frozenset({"incident review"})


def coverage(playbook: Playbook) -> Covered:
    """What a playbook is about, and what it does."""
    commands = tuple(_commands(playbook))
    looks = any(step.type in ("check", "decision") for step in playbook.steps)
    return Covered(
        playbook.match.agents,
        playbook.match.labels,
        looks=looks or any(command.name in _LOOKS for command in commands),
        pauses=tuple(dict.fromkeys(_paused(commands))),
        escalates=len(playbook.responders) + len(playbook.next) > 1,
        tells=bool(playbook.comms) or any(command.name == "incident message" for command in commands),
        reviews=any(command.name in _REVIEWS for command in commands),
        alerts=playbook.match.alerts,
    )


def is_about(covered: Covered, agent: AgentId, labels: Mapping[str, str]) -> bool:
    """Whether an agent is among those that a playbook is about."""
    inside = not covered.agents or any(in_scope(pattern, agent) for pattern in covered.agents)
    return inside and all(labels.get(key) == value for key, value in covered.labels.items())


def missing(covered: Covered, agent: str) -> Iterator[str]:
    """What the playbook of an agent does not do, in words that complete "it does not ..."."""
    if not covered.looks:
        yield "find out what goes on"
    if not any(selector in (agent, "{agent}") for selector in covered.pauses):
        yield "pause this agent and no other"
    if not covered.escalates:
        yield "say who is next when nobody answers"
    if not covered.tells:
        yield "tell anybody"
    if not covered.reviews:
        yield "end with a review"


def _commands(playbook: Playbook) -> Iterator[Command]:
    for step in playbook.steps:
        for line in filter(is_ours, lines_of(f"{step.run}\n{step.check}")):
            found = read_command(line, grammar())
            if isinstance(found, Command):
                yield found


def _paused(commands: tuple[Command, ...]) -> Iterator[str]:
    """Whom the commands pause: selectors as they are written. One that names several pauses others, too."""
    for command in commands:
        stops = command.name == "pause" or (command.name in _CONTAINS and "--pause" in command.options)
        if stops and len(command.arguments) == 1:
            yield command.arguments[0]
