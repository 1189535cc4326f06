"""Makes the gate from a clone: the journal as it stands or as it was last seen, the gate's key, the store."""

from agentgov.cli.context import Context, open_context
from agentgov.cli.options import show
from agentgov.cli.store_visit import store_url
from agentgov.errors import IncompleteError
from agentgov.gate.gate import Settings
from agentgov.gate.process import Parts, run
from agentgov.gate.server import Listen
from agentgov.journal.view import View
from agentgov.report.page import Page, Span
from agentgov.store.open import open_store


def serve_gate(repo: str, store: str | None, listen: Listen, settings: Settings, poll: float) -> int:
    """Serve until ended; the exit code."""
    context = open_context(repo)
    view = _view(context)
    actor = context.bot(view, "gate")
    opened = open_store(store or store_url(view.state.head.fleet))

    def started(port: int) -> None:
        shown = Listen(listen.host, port, listen.certificate).url
        show(Page().line(Span("serving ", "good"), shown, f", journal act {view.state.head.seq}"))

    try:
        return run(Parts(context.journal, view, actor, opened, listen, settings, poll, started))
    finally:
        opened.close()


def _view(context: Context) -> View:
    """The journal as the remote has it; where that is away, as this clone verified it last: a gate has to come back
    also when git is down."""
    try:
        return context.view(fetch=True)
    except IncompleteError as error:
        view = context.view()
        show(Page().line(Span("waiting ", "warn"), f"{error.message}; serving what this clone verified last"), err=True)
        return view
