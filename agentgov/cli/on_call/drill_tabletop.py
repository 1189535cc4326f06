"""A tabletop at a terminal, or from a file of answers: tells, asks, takes the time. Judges no answer."""

import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from agentgov.cli.on_call.answering import prompt, read_answers
from agentgov.cli.options import show
from agentgov.errors import UsageError
from agentgov.incident.drill_score import Answered, Course
from agentgov.incident.drill_tabletop import answered, clock_at, measured, turns
from agentgov.model.playbook import Drill, Inject, Question
from agentgov.model.units import parse_duration
from agentgov.report.drill import clock, metric_words, took, wrapped
from agentgov.report.page import Page, Span

_UNKNOWN = "?"  # typed by whoever knows no answer
_USUAL = 60  # seconds that an answer of a file took that does not say


def play(drill: Drill, file: Path | None, quiet: bool) -> Course:
    """Play it to its end."""
    given = _given(drill, file) if file is not None else None
    now = 0
    answers: list[Answered] = []
    show(_rules(given is not None), err=quiet)
    for turn in turns(drill):
        if turn.question is None:
            now = clock_at(turn.inject, now)
            show(_told(turn.inject, now), err=quiet)
            continue
        show(_asked(turn.question), err=quiet)
        said, seconds = given[turn.question.id] if given is not None else _typed()
        if given is not None:
            show(Page().line(Span(f"         > {said or '(nothing)'}", "accent")), err=quiet)
        one = answered(turn.question, said, now, seconds)
        now, before = one.at, measured(drill, answers)
        answers.append(one)
        stopped = sorted(measured(drill, answers).keys() - before.keys())
        show(_judged(turn.question, one, stopped), err=quiet)
    show(Page().blank().line(Span(f"  {clock(now)}  The drill is over.", "bold")), err=quiet)
    return Course(measured(drill, answers), now, tuple(answers))


def _typed() -> tuple[str, int]:
    """What somebody types, nothing where they do not know it, and for how many seconds they thought about it."""
    began = time.monotonic()
    while not (said := prompt("         >")):
        show(Page().line(Span(f"         answer in words, or write {_UNKNOWN} where nobody knows", "warn")), err=True)
    return "" if said == _UNKNOWN else said, max(round(time.monotonic() - began), 1)


def _given(drill: Drill, file: Path) -> Mapping[str, tuple[str, int]]:
    """The answers of a file, one for each question. UsageError where one is missing, or is about no question."""
    found = read_answers(file)
    asked = [turn.question.id for turn in turns(drill) if turn.question is not None]
    strange = sorted(set(found) - set(asked))
    if strange:
        raise UsageError(f"{file} answers {strange[0]}, which nobody asks", f"the questions: {', '.join(asked)}")
    missing = [name for name in asked if name not in found]
    if missing:
        raise UsageError(f"{file} does not answer {', '.join(missing)}", 'write "" where nobody knew')
    return {name: _answer(found[name], name) for name in asked}


def _answer(value: object, name: str) -> tuple[str, int]:
    """Words, and after how long: `who: Erin`, or `who: {say: Erin, after: 90s}`."""
    if isinstance(value, str):
        return value, _USUAL
    if isinstance(value, dict) and isinstance(value.get("say"), str) and set(value) <= {"say", "after"}:
        after = value.get("after", f"{_USUAL}s")
        try:
            return value["say"], parse_duration(str(after))
        except ValueError as error:
            raise UsageError(f"{after!r} is not how long {name} took", "write a duration, such as 90s") from error
    raise UsageError(f"the answer to {name} is no text", "write words, or {say: words, after: 90s}")


def _rules(from_file: bool) -> Page:
    page = Page().blank().line(Span("HOW IT GOES", "bold"))
    page.line("  News arrives by a clock that only this drill moves: minutes on the left, since it began.")
    page.line("  Each answer moves the clock by as long as it took. Answer as you would on the day.")
    how = "The answers come from a file." if from_file else f"Where nobody knows, write {_UNKNOWN}: the clock goes on."
    return page.line(Span(f"  {how}", "dim"))


def _told(inject: Inject, now: int) -> Page:
    page = Page().blank()
    first, *rest = wrapped(inject.text, "         ")
    page.line(Span(f"  {clock(now):<7}", "bold"), Span(first.lstrip(), "bold"))
    for line in rest:
        page.line(Span(line, "bold"))
    return page


def _asked(question: Question) -> Page:
    page = Page().blank()
    for line in wrapped(question.text, "         "):
        page.line(line)
    return page


def _judged(question: Question, one: Answered, stopped: Iterable[str]) -> Page:
    """Whether it is right, and the clocks that it has stopped."""
    word = Span("right", "good") if one.right else Span("not what the playbook says", "bad")
    if not question.accept and one.right:
        word = Span("noted", "good")
    page = Page().line("         ", word, Span(f", after {took(one.took)}; it is {clock(one.at)}", "dim"))
    for metric in stopped:
        page.line("         ", Span("measured", "good"), f" {metric_words(metric)}: {took(one.at)}")
    for line in wrapped(f"The answer: {question.answer}", "         ") if question.answer else ():
        page.line(Span(line, "dim"))
    return page
