"""What `agentgov forge listen` does when it is woken: each errand as a command of its own, which anybody could run.

A command in its own process can neither take the listener down nor outlast its time, gets the one key that it needs,
and no secret of a webhook. What it says is told; what could not be done now is tried again later and later.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from agentgov.cli.context import Context
from agentgov.cli.options import show
from agentgov.cli.watch import pause_after
from agentgov.errors import ConfigurationError, IncompleteError, RefusedError
from agentgov.forge.hook_events import Errand, Work
from agentgov.forge.hook_secrets import VARIABLES
from agentgov.forge.waking import Waking
from agentgov.forge.where import ForgeOptions
from agentgov.journal.view import View
from agentgov.model.access import BotKind
from agentgov.net.tokens import TOKEN, TOKEN_FILE
from agentgov.repo.signing import KEY_FILE_VARIABLE
from agentgov.report.page import Page, Span
from agentgov.trust.keys import parse_public_key
from agentgov.trust.signers import KeyFileSigner, bot_signer, stored_bot_key

KEYS: Mapping[Work, tuple[BotKind, str]] = {
    Work.IMPORT: ("importer", "AGENTGOV_IMPORTER_KEY_FILE"),
    Work.RECONCILE: ("reconciler", "AGENTGOV_RECONCILER_KEY_FILE"),
}
_LONGEST = 900  # seconds of one errand
_FIRST_PAUSE = 5  # seconds
_MOST_LINES = 12  # of what an errand says
Run = Callable[[Sequence[str], Mapping[str, str]], "Ended"]


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended: its exit code, None where it was stopped for its time; and what it said."""

    code: int | None
    said: str


def served(context: Context, view: View, check: bool) -> frozenset[Work]:
    """What can be done here: by the bots' keys that are at hand, and checks where they are wanted.

    RefusedError for a key that is another bot's than the variable says, ConfigurationError where nothing can be done.
    """
    found = {work for work, (kind, variable) in KEYS.items() if _has_key(context, view, kind, variable)}
    found |= {Work.CHECK} if check else set()
    if not found:
        either = " or ".join(variable for _, variable in KEYS.values())
        hint = f"point {either} at the private key of a bot; or --check, which takes none"
        raise ConfigurationError("there is nothing that a webhook could wake here: no key of a bot is at hand", hint)
    return frozenset(found)


def _has_key(context: Context, view: View, kind: BotKind, variable: str) -> bool:
    named = os.environ.get(variable)
    signer = KeyFileSigner(named) if named else bot_signer() or stored_bot_key(view.state.head.fleet, kind)
    identity = view.directory.by_key(parse_public_key(signer.public_key)) if signer is not None else None
    right = identity is not None and identity.bot_kind == kind
    if named and not right:
        raise RefusedError(f"the key that {variable} names is no {kind}'s in the authorised Access")
    return right


@dataclass(slots=True)
class Errands:
    """Does one errand after the other. `run` starts a command and waits for its end."""

    waking: Waking
    works: frozenset[Work]
    repo: str
    forge: ForgeOptions
    run: Run = field(default_factory=lambda: _run)
    failed: int = 0  # errands that were given up

    def wake(self, errands: Collection[Errand]) -> bool:
        """Let those errands wait that can be done here; whether there was room."""
        return self.waking.put([one for one in errands if one.work in self.works], time.monotonic())

    def next(self) -> bool:
        """Do the errand that is due; False where none is."""
        taken = self.waking.take(time.monotonic())
        if taken is None:
            return False
        errand, failures = taken
        started = time.monotonic()
        ended = self.run(self.words(errand), environment(errand, os.environ))
        spent = time.monotonic() - started
        self._tell(errand, ended, spent)
        if ended.code in (None, IncompleteError.exit_code) or (ended.code or 0) < 0:
            due = time.monotonic() + pause_after(_FIRST_PAUSE, failures + 1)
            if not self.waking.again(errand, failures + 1, due):
                self.failed += 1
                show(Page().line(Span("given up ", "bad"), f"{errand}: the schedule has to bring it"), err=True)
        elif ended.code:
            self.failed += ended.code != RefusedError.exit_code
        return True

    def words(self, errand: Errand) -> list[str]:
        """The command of an errand, without the program's name."""
        where = [f"--repo={self.repo}"]
        if errand.work is Work.RECONCILE:
            return ["reconcile", "--once", *where]
        flags = {"--forge": self.forge.forge, "--project": self.forge.project, "--api-url": self.forge.api_url}
        where += [f"{name}={value}" for name, value in flags.items() if value]
        if errand.work is Work.IMPORT:
            return ["forge", "import-reviews", "--pr", str(errand.number), *where]
        return ["check", "--pr", str(errand.number), "--comment", "--status", *where]

    def _tell(self, errand: Errand, ended: Ended, spent: float) -> None:
        page = Page()
        if ended.code == 0 or (ended.code == 1 and errand.work is Work.CHECK):  # a verdict that waits is told there
            page.line(Span("done ", "good"), f"{errand} ", Span(f"({spent:.1f} s)", "dim"))
        elif ended.code is None:
            page.line(Span("stopped ", "bad"), f"{errand}: it took longer than {_LONGEST} s")
        else:
            page.line(Span("failed ", "bad"), f"{errand}: exit {ended.code} ", Span(f"({spent:.1f} s)", "dim"))
        lines = [line for line in ended.said.splitlines() if line.strip()]
        for line in lines[:_MOST_LINES]:
            page.line(f"  {line[:300]}")
        if len(lines) > _MOST_LINES:
            page.line(f"  and {len(lines) - _MOST_LINES} more lines")
        show(page)


def environment(errand: Errand, environ: Mapping[str, str]) -> dict[str, str]:
    """What a command gets to know: its own bot's key and no other; the forge's token where it asks the forge; never
    what deliveries are judged by."""
    hidden = {*VARIABLES.values(), *(variable for _, variable in KEYS.values())}
    hidden |= {TOKEN, TOKEN_FILE} if errand.work is Work.RECONCILE else set()
    found = {name: value for name, value in environ.items() if name not in hidden}
    if errand.work is Work.CHECK:
        found.pop(KEY_FILE_VARIABLE, None)
    elif key := environ.get(KEYS[errand.work][1]):
        found[KEY_FILE_VARIABLE] = key
    return {**found, "NO_COLOR": "1"}


def _run(words: Sequence[str], environ: Mapping[str, str]) -> Ended:
    """Run a command of this program in a session of its own, so that an interrupt at the terminal does not reach it."""
    command = [sys.executable, "-m", "agentgov", *words]
    try:
        done = subprocess.run(  # noqa: S603 - our own program, and words that hold numbers and this command's options
            command,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_LONGEST,
            check=False,
            start_new_session=True,
        )
    except subprocess.TimeoutExpired as late:
        return Ended(None, _text(late.stdout))
    return Ended(done.returncode, _text(done.stdout))


def _text(said: bytes | None) -> str:
    return (said or b"").decode("utf-8", "replace")
