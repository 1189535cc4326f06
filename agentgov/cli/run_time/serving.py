"""Makes the gate from a clone: the journal as it stands or as it was last seen, the gate's key, the store."""

import os
from dataclasses import dataclass
from functools import partial

from agentgov.cli.context import Context, open_context
from agentgov.cli.gate_client import ADDRESS
from agentgov.cli.options import show
from agentgov.cli.release.reconcile_loop import PATIENCE, Setup
from agentgov.cli.run_time.serve_reconciling import Reconciling
from agentgov.cli.run_time.store_visit import store_url
from agentgov.errors import IncompleteError
from agentgov.gate.gate import Settings
from agentgov.gate.process import Beside, Parts, run
from agentgov.gate.server import Listen
from agentgov.gate.telling import tell_as_json
from agentgov.journal.view import View
from agentgov.report.page import Page, Span
from agentgov.runtime.seen import seen_path
from agentgov.store.open import open_store
from agentgov.store.whereabouts import whereabouts

GATE_KEY = "AGENTGOV_GATE_KEY_FILE"


@dataclass(frozen=True, slots=True)
class Serving:
    """What the keeper asked for; `every` is how often the reconciler in this process looks, None without one."""

    repo: str
    store: str | None
    listen: Listen
    settings: Settings
    poll: float
    every: int | None = None
    counts: str | None = None
    accept_unreviewed: bool = False


def serve_gate(asked: Serving) -> int:
    """Serve until ended; the exit code."""
    context = open_context(asked.repo)
    view = _view(context)
    actor = context.bot(view, "gate", os.environ.get(GATE_KEY, ""))
    beside = _reconciling(asked)
    url = asked.store or store_url(view.state.head.fleet)
    opened = open_store(url)
    if asked.settings.vault is not None:
        opened.read(asked.settings.vault.require_fit).result()
    tell_as_json()

    def started(port: int) -> None:
        shown = Listen(asked.listen.host, port, asked.listen.certificate).url
        page = Page().line(Span("serving ", "good"), shown, f", journal act {view.state.head.seq}")
        if not (asked.settings.url or view.governance.fleet.gate.url or os.environ.get(ADDRESS)):
            told = f"  commands find it with {ADDRESS}={shown}, or by gate: {{url: ...}} in agentgov.yaml"
            page.line(Span(told, "dim"))
        show(page)

    who = (context.journal, view, actor, opened)
    try:
        place = partial(whereabouts, url), seen_path(view.state.head.fleet, url)
        return run(Parts(*who, asked.listen, asked.settings, asked.poll, os.environ, beside, started, *place))
    finally:
        opened.close()


def _reconciling(asked: Serving) -> tuple[Beside, ...]:
    """The reconciler of this process. Its key is asked for now, so that a missing one ends the start and not a tick."""
    if asked.every is None:
        return ()
    own = open_context(asked.repo)
    own.bot(own.view(), "reconciler")
    return (Reconciling(Setup(own, asked.counts, asked.accept_unreviewed, patience=PATIENCE), asked.every),)


def _view(context: Context) -> View:
    """The journal as the remote has it; where that is away, as this clone verified it last: a gate has to come back
    also when git is down."""
    try:
        return context.view(fetch=True)
    except IncompleteError as error:
        view = context.view()
        show(Page().line(Span("waiting ", "warn"), f"{error.message}; serving what this clone verified last"), err=True)
        return view
