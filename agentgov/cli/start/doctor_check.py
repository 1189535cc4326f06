"""What a look at one thing says: how it is, and what mends it. Every group of `agentgov doctor` gives these."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Literal

from agentgov.cli.context import Context
from agentgov.cli.practice import Practice, practice_of
from agentgov.errors import AgentgovError
from agentgov.journal.released_agent import authorised_agent
from agentgov.journal.view import View, day_of
from agentgov.model.agent import Agent
from agentgov.model.command_line import Problem, is_ours, read_command
from agentgov.model.names import AgentId

State = Literal["good", "warn", "bad", "skipped"]
DAY = 86_400


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at. `fix` is the command or the line that mends it, to be copied; `note` what else to
    know of that."""

    rule: str
    state: State
    message: str
    fix: str = ""
    note: str = ""


Checks = Iterator[Check]


@dataclass(frozen=True)
class Fleet:
    """What every group looks at: the journal as this clone knows it, and when that is."""

    context: Context
    view: View
    now: int  # epoch seconds, by this machine
    asks: bool = True  # whether anybody outside of this clone is asked
    answers: bool = True  # whether the remote did
    store: str | None = None  # that of the gate, where one was named
    _agents: dict[AgentId, Agent] = field(default_factory=dict, repr=False)

    @property
    def today(self) -> date:
        """The day on this machine, in UTC: what is past for people is past, however old the journal."""
        return day_of(self.now)

    @cached_property
    def practice(self) -> Practice:
        """Playbooks and drills, as authorised."""
        return practice_of(self.view)

    @cached_property
    def agents(self) -> dict[AgentId, Agent]:
        """Every agent that is to run in production, and can be read."""
        found = ((agent, authorised_agent(self.view, agent)) for agent in self.view.agents())
        return {agent: one for agent, one in found if one is not None and one.spec.lifecycle.state == "active"}


def guarded(rule: str, look: Callable[[], Checks]) -> Checks:
    """What a look finds; where it cannot be finished, why."""
    try:
        yield from look()
    except AgentgovError as error:
        yield Check(rule, "bad", error.message, *mended_by(error.hint))


def mended_by(hint: str) -> tuple[str, str]:
    """The hint of an error as a fix and a note: what begins as a command of ours is one, or no fix."""
    if not is_ours(hint) or not isinstance(_read(hint), Problem):
        return hint or "see what stands there", ""
    command, _, rest = hint.partition(",")
    if not isinstance(_read(command), Problem):
        return command, rest.strip()
    return f"do this: {hint}", ""


def _read(line: str) -> object:
    from agentgov.validate.command_lines import grammar

    return read_command(line, grammar())
