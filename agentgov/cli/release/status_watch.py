"""`agentgov status --watch`: look again every few seconds; a board on a terminal, a line a change elsewhere.

It only reads. While the remote is away the last look stays, with its age and what is wrong, and the next looks come
later and later.
"""

import json
import os
import select
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from itertools import islice, takewhile
from typing import Any, Protocol

import click

from agentgov.cli.context import Context
from agentgov.cli.known import require_agent
from agentgov.cli.options import show, wants_colour
from agentgov.cli.release.status import FleetStatus, Looks
from agentgov.cli.trust.journal import as_json
from agentgov.cli.watch import Stop, pause_after
from agentgov.errors import AgentgovError
from agentgov.journal.clock import stale_words
from agentgov.journal.pipelines import pipeline_of
from agentgov.journal.query import Logged, acts, concerns_agent
from agentgov.journal.view import View
from agentgov.model.names import AgentId
from agentgov.release.observations import observed
from agentgov.report.board import Look, board
from agentgov.report.moments import age, stamp
from agentgov.report.page import Page, Span
from agentgov.report.standing import Standing

_LONGEST = 60  # seconds between two looks while the remote is away
_REDRAW = 5.0  # seconds after which the board says anew how old it is
_LATEST = 5  # acts on the board
_BEFORE = 200  # acts before the first look among which those are looked for


class _Screen(Protocol):
    """Where looks are shown."""

    def show(self, fleet: FleetStatus, new: tuple[Logged, ...]) -> None:
        """One look, and the acts since the last one (newest first)."""

    def trouble(self, message: str, shown: float) -> None:
        """Why there is nothing new to show since that moment (of the monotonic clock)."""

    def wait(self, seconds: float, stop: Stop) -> bool:
        """Wait for the next look; whether somebody asked to end."""


def watch_status(context: Context, agent: AgentId | None, seconds: int, fetch: bool, output: str) -> int:
    """Look again until somebody ends it: 0 by q or SIGTERM, 130 by Ctrl-C."""
    stop, seen, looks = Stop(), -1, Looks(context, agent)
    failures, shown = 0, 0.0
    fetch = fetch and context.journal.remote is not None
    with stop.listening(), _screen(context, output) as screen:
        while not stop():
            try:
                view = context.view(fetch=fetch)
                if agent is not None and seen < 0:
                    require_agent(view, agent)
                screen.show(looks.look(view), _since(context, view, agent, seen))
                failures, shown, seen = 0, time.monotonic(), view.state.head.seq
            except AgentgovError as error:
                if error.exit_code == 2 or seen < 0:
                    raise
                failures += 1
                screen.trouble(f"{error.message}{f' ({error.hint})' if error.hint else ''}", shown)
            if screen.wait(pause_after(seconds, failures, _LONGEST) if failures else seconds, stop):
                break
    return stop.code


def _since(context: Context, view: View, agent: AgentId | None, seq: int) -> tuple[Logged, ...]:
    """The acts after one, newest first; at the first look (-1), the latest few."""
    after = seq if seq >= 0 else view.state.head.seq - _BEFORE
    newer = takewhile(lambda one: one.head.seq > after, acts(context.repo, view.tip))
    found = (one for one in newer if agent is None or concerns_agent(context.repo, one, agent))
    return tuple(found if seq >= 0 else islice(found, _LATEST))


@contextmanager
def _screen(context: Context, output: str) -> Iterator[_Screen]:
    terminal = sys.stdout.isatty() and os.environ.get("TERM", "") != "dumb"
    if output == "json":
        yield _Documents()
    elif not terminal:
        yield _Lines()
    else:
        with _Keyboard() as keys, _Board(keys) as found:
            yield found


class _Told:
    """What is wrong, on standard error, once."""

    def __init__(self) -> None:
        self._said = ""

    def trouble(self, message: str, shown: float) -> None:
        self._say(message, _aged(message, shown))

    def wait(self, seconds: float, stop: Stop) -> bool:
        return stop.wait(seconds)

    def _say(self, message: str, words: str) -> None:
        if message and message != self._said:
            show(Page().line(Span("waiting ", "warn"), words), err=True)
        self._said = message


class _Documents(_Told):
    """One JSON document a line: all agents first, then those that changed, with the acts that came in between."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: dict[AgentId, Standing] | None = None
        self._fleet: dict[str, Any] = {}

    def show(self, fleet: FleetStatus, new: tuple[Logged, ...]) -> None:
        self._say("", "")
        before, self._rows = self._rows, {row.agent: row for row in fleet.rows}
        changed = fleet.rows if before is None else [row for row in fleet.rows if _is_news(before.get(row.agent), row)]
        document = fleet.document(changed)
        whole = {name: told for name, told in document.items() if name not in ("agents", "journal")}
        others = before is None or before.keys() != self._rows.keys() or whole != self._fleet
        self._fleet = whole
        if changed or new or others:
            told = [as_json(one) for one in reversed(new)] if before is not None else []
            click.echo(json.dumps({**document, "acts": told}, ensure_ascii=False))
        sys.stdout.flush()


def _is_news(before: Standing | None, now: Standing) -> bool:
    """Whether something is told of an agent that was not told before; most are the very same value."""
    return before is not now and (before is None or _settled(before.document()) != _settled(now.document()))


def _settled(agent: dict[str, Any]) -> dict[str, Any]:
    """What is told of an agent without what counts by itself: that alone is no change, and a verdict is one."""
    counting = ("remaining", "etaSeconds")
    waits = [{name: told for name, told in wait.items() if name not in counting} for wait in agent["waits"]]
    judged = agent["judged"] and (agent["judged"]["stage"], agent["judged"]["outcome"])
    return {**agent, "waits": waits, "judged": judged}


class _Lines(_Told):
    """The table once, then one line for every act."""

    def __init__(self) -> None:
        super().__init__()
        self._begun = False

    def show(self, fleet: FleetStatus, new: tuple[Logged, ...]) -> None:
        page = Page()
        if not self._begun:
            self._begun, new = True, ()
            page.then(board(replace(_look(fleet, ()), problem=""), sys.maxsize))
        for logged in reversed(new):
            page.line(f"{stamp(logged.head.time)}  {logged.act.actor_id:<12} {logged.act.subject}")
        show(page)
        sys.stdout.flush()
        self._say(_stale(fleet), _stale(fleet))


class _Board:
    """The whole terminal, drawn anew at every look, and as it was before when it ends."""

    def __init__(self, keys: "_Keyboard") -> None:
        from rich.console import Console
        from rich.live import Live

        self._keys, self._latest = keys, tuple[Logged, ...]()
        self._last: Look | None = None
        self._away: tuple[str, float] | None = None  # what is wrong, and since when nothing new is shown
        self._live = Live(console=Console(highlight=False), screen=True, auto_refresh=False)

    def __enter__(self) -> "_Board":
        self._live.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.__exit__(None, None, None)

    def show(self, fleet: FleetStatus, new: tuple[Logged, ...]) -> None:
        self._latest = (*new, *self._latest)[:_LATEST]
        self._last, self._away = _look(fleet, self._latest), None
        self._draw()

    def trouble(self, message: str, shown: float) -> None:
        self._away = message, shown
        self._draw()

    def wait(self, seconds: float, stop: Stop) -> bool:
        end = time.monotonic() + seconds
        while not stop() and (left := end - time.monotonic()) > 0:
            stop.wait(min(left, _REDRAW) if self._away else left, *self._keys.files)
            if self._keys.end_it():
                return True
            if self._away:
                self._draw()
        return stop()

    def _draw(self) -> None:
        from rich.text import Text

        look = self._last
        if look is None:
            return
        if self._away is not None:
            look = replace(look, problem="; ".join(filter(None, (_aged(*self._away), look.problem))))
        width, height = shutil.get_terminal_size()
        page = board(look, height - 1).line(Span("q ends", "dim"))
        text = Text.from_ansi(page.text(colour=wants_colour(), width=width), no_wrap=True, overflow="ellipsis")
        self._live.update(text, refresh=True)


class _Keyboard:
    """Hears single keys where there is a keyboard, and leaves the terminal as it was."""

    def __enter__(self) -> "_Keyboard":
        import termios
        import tty

        self.files = (sys.stdin.fileno(),) if sys.stdin is not None and sys.stdin.isatty() else ()
        self._before = [(file, termios.tcgetattr(file)) for file in self.files]
        for file in self.files:
            tty.setcbreak(file, termios.TCSADRAIN)  # the default would drop what was typed meanwhile
        return self

    def __exit__(self, *_: object) -> None:
        import termios

        for file, before in self._before:
            termios.tcsetattr(file, termios.TCSADRAIN, before)

    def end_it(self) -> bool:
        """Whether q was typed since the last time, or the keyboard is gone. Never waits."""
        ready, _, _ = select.select(self.files, [], [], 0)
        typed = [os.read(file, 1024) for file in ready]
        return any(not keys or b"q" in keys.lower() for keys in typed)


def _look(fleet: FleetStatus, latest: tuple[Logged, ...]) -> Look:
    view, memories = fleet.view, fleet.memories
    seen = {
        one.agent: observed(memories[one.agent], pipeline_of(view, one.agent))
        for one in fleet.rows
        if not one.is_quiet and one.agent in memories
    }
    head = view.state.head
    pipelines = partial(pipeline_of, view)
    return Look(fleet.rows, seen, pipelines, latest, head.seq, head.time, fleet.now, _stale(fleet))


def _aged(message: str, shown: float) -> str:
    """How old what is shown became, and by what: in this order, since a narrow terminal cuts the end off."""
    return f"{age(round(time.monotonic() - shown))} old: {message}"


def _stale(fleet: FleetStatus) -> str:
    return stale_words(fleet.view) if fleet.view.is_stale(fleet.now) else ""
