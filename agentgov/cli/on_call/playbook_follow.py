"""What `agentgov playbook run` does: shows a step, asks, runs what is agentgov's own, looks whether it worked.

What follows a step is decided by `incident.playbook_run`. A run is kept in the clone after each step, so that it goes
on where it stood. Commands are run by their words, never by a shell.
"""

import sys
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path

import click

from agentgov.cli.on_call.answering import at_terminal, prompt, read_answers, words_of
from agentgov.cli.on_call.itself import call
from agentgov.cli.on_call.playbook_kept import KeptRun
from agentgov.cli.on_call.playbook_values import values_of
from agentgov.cli.options import answer, show
from agentgov.cli.practice import Practice, agent_of, find_playbook, practice
from agentgov.errors import ConfigurationError, IncompleteError, UsageError
from agentgov.incident.playbook_command import Line, lines
from agentgov.incident.playbook_run import NOTHING, Outcome, Run, Taken, after, begin, filled, step_of
from agentgov.model.names import AgentId
from agentgov.model.playbook import Playbook, PlaybookStep
from agentgov.model.units import parse_duration
from agentgov.repo import clock
from agentgov.report.findings import plural
from agentgov.report.page import Page, Span
from agentgov.validate.command_lines import grammar

_DEFAULT_TIMEOUT = 600
YES, NO, QUIT = "yes", "no", "quit"


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody asks for."""

    agent: AgentId | None
    incident: str
    reason: str
    answers: Path | None
    yes: bool
    dry_run: bool
    restart: bool


def follow(repo: str, which: str, asked: Asked, output: str) -> int:
    """Follow it; see `playbook run`."""
    found = practice(repo, fetch=False)
    path, playbook, agent = find_playbook(found, which)
    agent = agent or asked.agent or agent_of(playbook)
    if agent is None:
        raise UsageError(
            f"{path} is about several agents", f"say which: agentgov playbook run {playbook.name} --agent ID"
        )
    values = values_of(found.view, agent, asked.incident, asked.reason)
    if asked.incident and found.view is not None and found.view.state.incident(asked.incident) is None:
        raise UsageError(f"there is no incident {asked.incident} in this clone", "agentgov incident list --fetch")
    if asked.dry_run:
        return _show_all(path, playbook, values, found, output)
    if found.view is None:
        hint = "an administrator starts the journal: agentgov trust init; to look at it: --dry-run"
        raise ConfigurationError("commands are run from authorised contents only, and there is no journal here", hint)
    voice = Voice(asked, output)
    if not voice.can_speak:
        raise UsageError("there is no terminal to ask at", "name --answers FILE, or --yes, or look with --dry-run")
    if not values["reason"] and _asks_why(playbook):
        values["reason"] = voice.says("reason", "Why? It stands in the journal for ever:", ())
        if not values["reason"]:
            raise UsageError("its commands say why, and nobody said it", 'add --reason "..."')
    kept = KeptRun(found.view.repo.git_dir, playbook.name, str(agent), asked.incident)
    run = _resumed(kept, asked, found.tree) or begin(path, playbook, found.tree, values, clock.now())
    show(_head(playbook, path, found, run), err=output == "json")
    run = _Following(repo, playbook, voice, kept, asked.incident, output).to_its_end(run)
    return _tell(path, playbook, run, output)


def _asks_why(playbook: Playbook) -> bool:
    return any("{reason}" in f"{step.run}{step.check}" for step in playbook.steps)


def _resumed(kept: KeptRun, asked: Asked, tree: str) -> Run | None:
    """The run that was left half-way; None where there is none, or where its playbook has changed since."""
    run = None if asked.restart else kept.read()
    if run is None or run.is_over:
        return None
    if run.tree != tree:
        show(Page().line(Span("anew ", "warn"), "the contents were changed since this was left half-way"), err=True)
        return None
    values = {**run.values, **({"reason": asked.reason} if asked.reason else {})}
    return Run(run.playbook, run.tree, values, run.started, run.step, run.taken)


class Voice:
    """Whoever answers: a file, `--yes`, or the person at the terminal."""

    def __init__(self, asked: Asked, output: str) -> None:
        self._err = output == "json"  # what is told beside a document goes to stderr
        self._yes = asked.yes
        given = read_answers(asked.answers) if asked.answers is not None else {}
        self._words = {step: deque(words_of(value, step)) for step, value in given.items()}
        self._terminal = at_terminal() and asked.answers is None and not asked.yes
        self.can_speak = self._terminal or asked.yes or asked.answers is not None

    def says(self, step: str, question: str, allowed: tuple[str, ...], *, by_yes: bool = False) -> str:
        """The answer; "" where nobody has one. `by_yes`: `--yes` answers it."""
        if self._words.get(step):
            said = self._words[step].popleft()
            if allowed and said not in allowed:
                raise UsageError(f"{said!r} is no answer to {step}", f"write {' or '.join(allowed)}")
            click.echo(f"    {question} {said}", err=self._err)
            return said
        if self._yes:
            return YES if by_yes else ""
        return prompt(f"    {question}", allowed) if self._terminal else ""


@dataclass
class _Following:
    """One run, while it goes on."""

    repo: str
    playbook: Playbook
    voice: Voice
    kept: KeptRun
    incident: str
    output: str

    def to_its_end(self, run: Run) -> Run:
        """Take step after step; the run as it stands where nobody answers, or somebody puts it down."""
        while (step := step_of(self.playbook, run.step)) is not None:
            began, at = time.monotonic(), clock.now()
            self._show(step, run)
            found = self._take(step, run)
            if found is None:
                self.kept.write(run)
                return run
            outcome, words = found
            if outcome == "failed":
                self._undo(step, run)
            taken = Taken(step.id, outcome, at, round(time.monotonic() - began), words)
            run = after(self.playbook, run, taken)
            self.kept.write(run)
            self._note(step, taken)
        return run

    def _say(self, page: Page) -> None:
        show(page, err=self.output == "json")

    def _show(self, step: PlaybookStep, run: Run) -> None:
        number = [one.id for one in self.playbook.steps].index(step.id) + 1
        page = Page().blank()
        page.line(Span(f"{number}/{len(self.playbook.steps)}  {step.title}", "bold"), Span(f"  {step.id}", "dim"))
        for line in lines(step.run, run.values, grammar()):
            page.line("    ", *_shown(line))
        self._say(page)

    def _take(self, step: PlaybookStep, run: Run) -> tuple[Outcome, str] | None:
        """How a step came out, and in whose words; None where nobody says."""
        commands = lines(step.run, run.values, grammar())
        if any(line.argv is not None for line in commands):
            said = self.voice.says(step.id, "Run it?", (YES, NO, QUIT), by_yes=True)
            if said in ("", QUIT):
                return None
            if said == NO:
                return "skipped", "not run here"
            problem = self._run(commands, step)
            if problem:
                return "failed", problem
        if step.type == "decision":
            return self._decide(step)
        return self._look(step, run)

    def _decide(self, step: PlaybookStep) -> tuple[Outcome, str] | None:
        question = f"{step.expect} What is it?" if step.expect else "What is it?"
        allowed = (*step.choices, QUIT) if step.choices else ()
        said = self.voice.says(step.id, question, allowed)
        return None if said in ("", QUIT) else ("chosen", said)

    def _look(self, step: PlaybookStep, run: Run) -> tuple[Outcome, str] | None:
        """Whether it worked: by its check, then by whoever looks."""
        checks = lines(step.check, run.values, grammar())
        for line in checks:
            self._say(Page().line("    check ", *_shown(line)))
        problem = self._run(checks, step)
        if problem:
            return "failed", problem
        proved = any(line.argv is not None for line in checks) or step.type == "check"
        own = any(line.argv is not None for line in lines(step.run, run.values, grammar()))
        question = f"{filled(step.expect, run.values)} Is it so?" if step.expect else "Done?"
        if own and not step.expect:
            return "done", ""
        said = self.voice.says(step.id, question, (YES, NO, QUIT))
        if said:
            return None if said == QUIT else ("done", "") if said == YES else ("failed", "not as expected")
        if proved and own:
            return "done", "nobody looked"
        return ("skipped", "left to a person") if self.voice.can_speak and own else None

    def _run(self, commands: tuple[Line, ...], step: PlaybookStep) -> str:
        """Run what is ours, in order; what went wrong, "" where nothing did."""
        within = parse_duration(step.timeout) if step.timeout else _DEFAULT_TIMEOUT
        end = time.monotonic() + within
        for line in commands:
            if line.argv is None:
                continue
            problem = self._call(line.argv, max(end - time.monotonic(), 1), step.timeout or f"{within}s")
            if problem:
                return problem
        return ""

    def _call(self, argv: tuple[str, ...], seconds: float, told: str) -> str:
        out = sys.stderr if self.output == "json" else None
        try:
            code = call(argv, self.repo, seconds, out=out)
        except IncompleteError:
            return f"it was not done after {told}; whether it took effect is not known"
        return f"exit code {code}" if code else ""

    def _undo(self, step: PlaybookStep, run: Run) -> None:
        """Offer what undoes a step that has failed; and say when to call whoever is next."""
        for condition in self.playbook.stop_conditions:
            self._say(Page().line(Span("    stop, and call whoever is next, if: ", "warn"), condition))
        commands = lines(step.rollback, run.values, grammar())
        for line in commands:
            self._say(Page().line("    undo  ", *_shown(line)))
        ours = any(line.argv is not None for line in commands)
        if ours and self.voice.says(step.id, "Undo it?", (YES, NO)) == YES:
            self._run(commands, step)

    def _note(self, step: PlaybookStep, taken: Taken) -> None:
        """Say it in the incident; a note that does not land stops nobody."""
        if not self.incident or "incident note" not in grammar():
            return
        words = f": {taken.words}" if taken.words else ""
        text = f"playbook {self.playbook.name}, {step.id} {taken.outcome} after {taken.seconds}s{words}"
        problem = self._call(("incident", "note", self.incident, text), 60, "60s")
        if problem:
            show(Page().line(Span("    not noted ", "warn"), f"in {self.incident}: {problem}"), err=True)


def _shown(line: Line) -> tuple[Span, ...]:
    if line.argv is not None:
        return (Span(f"$ {line.text}", "accent"),)
    return (Span(line.text), Span(f"  (by hand: {line.why})", "warn")) if line.why else (Span(line.text),)


def _head(playbook: Playbook, path: str, found: Practice, run: Run) -> Page:
    page = Page().line(Span(playbook.title, "bold"), f"  severity {playbook.severity}, {run.values['agent']}")
    page.line(Span(f"  {path}, {found.name}", "dim"))
    page.line(
        "  answers: ", ", ".join(playbook.responders), *(("; then ", ", ".join(playbook.next)) if playbook.next else ())
    )
    for condition in playbook.stop_conditions:
        page.line(Span("  stop, and call whoever is next, if: ", "warn"), condition)
    if run.taken:
        page.line(
            Span("  goes on ", "warn"), f"at {run.step}, after {plural(len(run.taken), 'step')}; anew with --restart"
        )
    return page


def _tell(path: str, playbook: Playbook, run: Run, output: str) -> int:
    """Say how it stands; the exit code."""
    page = Page().blank()
    if not run.is_over:
        page.line(Span("waits ", "warn"), f"at {run.step}: run it again to go on")
    elif run.failed or run.why != NOTHING:
        page.line(Span("ended ", "bad"), run.why if run.why != NOTHING else f"failed: {', '.join(run.failed)}")
    else:
        page.line(Span("done ", "good"), plural(len(run.taken), "step"))
    for one in run.taken:
        page.line(Span(f"  {one.outcome:<8}{one.step:<20}{one.seconds:>4}s  {one.words}", "dim"))
    document = {
        "schema": "agentgov.playbook-run/1",
        "playbook": path,
        "agent": run.values["agent"],
        "incident": run.values.get("incident") or None,
        "over": run.is_over,
        "waits": run.step or None,
        "why": run.why,
        "steps": [
            {"step": one.step, "outcome": one.outcome, "at": one.at, "seconds": one.seconds, "words": one.words}
            for one in run.taken
        ],
    }
    answer(output, page, document)
    return 3 if not run.is_over else int(bool(run.failed) or run.why != NOTHING)


def _show_all(path: str, playbook: Playbook, values: dict[str, str], found: Practice, output: str) -> int:
    """Every step with its commands filled in."""
    run = begin(path, playbook, found.tree, values, clock.now())
    page = _head(playbook, path, found, run)
    steps = []
    for number, step in enumerate(playbook.steps, 1):
        page.blank().line(Span(f"{number}/{len(playbook.steps)}  {step.title}", "bold"), Span(f"  {step.id}", "dim"))
        commands = lines(step.run, values, grammar())
        checks = lines(step.check, values, grammar())
        for line in commands:
            page.line("    ", *_shown(line))
        for line in checks:
            page.line("    check ", *_shown(line))
        if step.expect:
            page.line(f"    expect {filled(step.expect, values)}")
        for word, end in step.choices.items():
            page.line(f"    {word} -> {end}")
        steps.append({"step": step.id, "run": _json(commands), "check": _json(checks)})
    page.blank().line(Span("nothing was run", "dim"))
    document = {"schema": "agentgov.playbook-plan/1", "playbook": path, "agent": values["agent"], "steps": steps}
    answer(output, page, document)
    return 0


def _json(found: tuple[Line, ...]) -> list[dict[str, object]]:
    return [{"line": one.text, "runs": one.argv is not None, "why": one.why} for one in found]
