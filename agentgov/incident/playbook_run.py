"""How far a playbook has been followed, and what comes next. Pure: nothing is run, asked or read here.

A run is a list of steps that were taken, in the order they were taken. What follows a step is decided by how it came
out: done leads on, failed leads where `onFail` says, a decision where its choice leads. A step that came round too
often ends the run, so that two steps that send people to each other do not keep them for ever.
"""

from collections.abc import Mapping
from typing import Literal

import msgspec

from agentgov.model.playbook import PLACEHOLDER, Playbook, PlaybookStep

Outcome = Literal["done", "failed", "skipped", "chosen"]
MOST_VISITS = 5
NOTHING = "nothing more to do"


class Taken(msgspec.Struct, frozen=True):
    """One step that was taken: when (epoch seconds), how long it took, how it came out, and in whose words."""

    step: str
    outcome: Outcome
    at: int
    seconds: int = 0
    words: str = ""


class Run(msgspec.Struct, frozen=True):
    """A playbook that is being followed. `step` is the one to take next, "" where it is over; `why` says why it is."""

    playbook: str
    tree: str  # of the contents that it was read from
    values: dict[str, str]
    started: int
    step: str
    taken: tuple[Taken, ...] = ()
    why: str = ""

    @property
    def is_over(self) -> bool:
        """Whether nothing more is to be done."""
        return not self.step

    @property
    def failed(self) -> tuple[str, ...]:
        """The steps whose last outcome is that they failed."""
        last = {one.step: one.outcome for one in self.taken}
        return tuple(step for step, outcome in last.items() if outcome == "failed")


def begin(path: str, playbook: Playbook, tree: str, values: Mapping[str, str], now: int) -> Run:
    """The run of a playbook before its first step."""
    return Run(path, tree, dict(values), now, playbook.steps[0].id)


def step_of(playbook: Playbook, name: str) -> PlaybookStep | None:
    """A step by its id; None where the playbook has none such."""
    return next((step for step in playbook.steps if step.id == name), None)


def after(playbook: Playbook, run: Run, taken: Taken) -> Run:
    """The run once a step was taken."""
    step = step_of(playbook, taken.step)
    done = (*run.taken, taken)
    if step is None:
        return msgspec.structs.replace(run, taken=done, step="", why=f"the playbook has no step {taken.step}")
    end, why = _end(playbook, step, taken)
    if end and sum(one.step == end for one in done) >= MOST_VISITS:
        end, why = "", f"the step {end} came round {MOST_VISITS} times"
    return msgspec.structs.replace(run, taken=done, step=end, why=why)


def _end(playbook: Playbook, step: PlaybookStep, taken: Taken) -> tuple[str, str]:
    """Where a step leads, and why it leads no further."""
    word = "continue"
    if taken.outcome == "failed":
        word = step.on_fail
    elif taken.outcome == "chosen":
        word = step.choices.get(taken.words, "continue")
    if word == "stop":
        return "", f"{step.id} ended it: {taken.words or 'it failed'}"
    if word != "continue":
        return word, "" if step_of(playbook, word) is not None else f"the playbook has no step {word}"
    ids = [one.id for one in playbook.steps]
    rest = ids[ids.index(step.id) + 1 :]
    return (rest[0], "") if rest else ("", NOTHING)


def filled(text: str, values: Mapping[str, str]) -> str:
    """A text with every placeholder that has a value filled in; the others stand as they are."""
    return PLACEHOLDER.sub(lambda found: values.get(found[1]) or found[0], text)


def unknown_in(words: tuple[str, ...], values: Mapping[str, str]) -> tuple[str, ...]:
    """The placeholders in the words of a command that have no value."""
    names = (name for word in words for name in PLACEHOLDER.findall(word))
    return tuple(dict.fromkeys(name for name in names if not values.get(name)))
