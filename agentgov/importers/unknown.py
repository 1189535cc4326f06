"""What an import does not know about an agent, as values: a placeholder at a field, or a line of its own.

Placeholders are the strictest values there are (`validate.worklist` reports every one until it is replaced). Nothing
here is a guess: the words of each line say what belongs there and who knows it.
"""

from dataclasses import dataclass

from agentgov.validate import worklist


@dataclass(frozen=True, slots=True)
class Placeholder:
    """The value of a field that has to be filled in, with the words of its comment."""

    value: str | int | bool
    words: str


@dataclass(frozen=True, slots=True)
class Line:
    """A comment line of its own: a field that is left out, or something only a person can settle."""

    words: str


OWNER = Placeholder(worklist.OWNER, "owner: who answers for it, a person's id or team:<id> of governance/access.yaml")
RISK = Placeholder("critical", "risk: low, medium, high or critical; it stays critical until somebody has judged it")
DATA = Placeholder("restricted", "data: the most it may see: public, internal, confidential or restricted")
DESCRIPTION = Placeholder("Not described.", "description: one sentence for people: what does this agent do")
MAX_OUTPUT_TOKENS = Placeholder(1, "max_output_tokens: the longest answer in tokens; budgets reserve it")
PROMPT = Placeholder("prompts/system.md", "prompts: the source has no instruction, so this file is empty: write one")

ACTIONS = Line("actions: no rule yet, so the gate denies every tool; write one for each tool it may use")
BUDGET = Line('budget: what it may spend, for example {day: "5.00 USD", run: "0.50 USD"}')
ONCALL = Line("oncall: who is called when it goes wrong, for example {escalate: [team:..., role:administrator]}")
PLAYBOOK = Line("playbook: what they do then, for example playbooks/NAME.yaml")


def model(words: str) -> Placeholder:
    """The model is not known; `words` says what the source says about it."""
    return Placeholder(worklist.MODEL, f"model: {words}")


def effect(tool: str, words: str = "") -> Placeholder:
    """What a tool does to the world is not known."""
    return Placeholder("irreversible", f"effect of {tool}: read, write or irreversible{words and f'; {words}'}")


def untrusted(variable: str) -> Placeholder:
    """Whether the value of a prompt variable comes from outside is not known."""
    return Placeholder(True, f"variable {variable}: whether its value comes from outside, and what it is for")
