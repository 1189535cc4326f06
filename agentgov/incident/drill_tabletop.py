"""The course of a tabletop: what is told and asked when, by a clock that only the drill moves. Pure.

The clock starts at the first inject. An inject comes at its time, or at once where the answers before it took longer;
an answer moves the clock by as long as it took. So an hour is practised in ten minutes, and a file of answers gives
the same result on every machine.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from agentgov.incident.drill_score import Answered
from agentgov.model.playbook import Drill, Inject, Question
from agentgov.model.units import parse_duration


@dataclass(frozen=True, slots=True)
class Turn:
    """One inject, or one question after it."""

    inject: Inject
    question: Question | None = None


def turns(drill: Drill) -> Iterator[Turn]:
    """Everything that is told and asked, in order: injects by their time, questions behind their inject."""
    for inject in sorted(drill.injects, key=lambda one: parse_duration(one.at)):
        yield Turn(inject)
        yield from (Turn(inject, question) for question in inject.ask)


def clock_at(inject: Inject, clock: int) -> int:
    """The clock, in seconds of the drill, when an inject comes."""
    return max(clock, parse_duration(inject.at))


def is_right(question: Question, said: str) -> bool:
    """Whether an answer holds one of the words that count; any answer does where none are given."""
    plain = _plain(said)
    return bool(plain) and (not question.accept or any(_plain(word) in plain for word in question.accept))


def answered(question: Question, said: str, clock: int, took: int) -> Answered:
    """An answer that was given; `clock` is when the question was asked."""
    return Answered(question.id, said, is_right(question, said), clock + took, took)


def measured(drill: Drill, answers: Iterable[Answered]) -> dict[str, float]:
    """What the answers measure: the clocks that right ones stopped, and the share of questions that were answered."""
    given = {one.id: one for one in answers}
    asked = [turn.question for turn in turns(drill) if turn.question is not None]
    found: dict[str, float] = {}
    for question in asked:
        one = given.get(question.id)
        if question.metric and one is not None and one.right:
            found.setdefault(question.metric, one.at)
    if asked:
        right = sum(1 for question in asked if question.id in given and given[question.id].right)
        found["questions-answered"] = right / len(asked)
    return found


def _plain(text: str) -> str:
    return " ".join(text.lower().replace('"', " ").replace("'", " ").split())
