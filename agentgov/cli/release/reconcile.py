"""`agentgov reconcile`: take what is due one step further, once or every so many seconds."""

from dataclasses import replace
from pathlib import Path

import click

from agentgov.cli.context import Context, open_context
from agentgov.cli.options import format_option, listen_address, repo_option
from agentgov.cli.release.reconcile_loop import PATIENCE, Setup, told_early, watch_fleet
from agentgov.cli.release.reconcile_told import tell
from agentgov.model.document import ENVIRONMENTS, Environment
from agentgov.release.memory import MemoryStore
from agentgov.release.preview import preview
from agentgov.release.reconcile import Reconciler
from agentgov.release.refs import observe_refs
from agentgov.release.tick_report import Report
from agentgov.repo import clock
from agentgov.trust.places import state_path


def _folders(_: click.Context, __: click.Parameter, texts: tuple[str, ...]) -> tuple[tuple[Environment, Path], ...]:
    """Environments and folders of `--render-to`."""
    named = {f"{one}=": one for one in ENVIRONMENTS}
    found = []
    for text in texts:
        prefix = next((one for one in named if text.startswith(one)), "")
        found.append((named.get(prefix, "production"), Path(text.removeprefix(prefix))))
    if len({environment for environment, _ in found}) < len(found):
        raise click.BadParameter("name each environment once: --render-to staging=DIR --render-to production=DIR")
    return tuple(found)


@click.command()
@click.option("--once", is_flag=True, help="One tick (the default).")
@click.option(
    "--watch", "every", type=click.IntRange(1), metavar="SECONDS", help="A look every so often, till stopped."
)
@click.option("--dry-run", is_flag=True, help="Say what a tick would do, and write nothing.")
@click.option(
    "--counts",
    envvar="AGENTGOV_COUNTS",
    metavar="SOURCE",
    help="Where units of canaries are counted: a file, an address, a program (docs/counts.md) [env: AGENTGOV_COUNTS].",
)
@click.option(
    "--listen",
    "address",
    metavar="HOST:PORT",
    callback=listen_address,
    help="With --watch: serve /metrics, /healthz, /readyz, and webhooks that wake it (docs/reconciler.md).",
)
@click.option(
    "--render-to",
    "folders",
    multiple=True,
    metavar="[ENVIRONMENT=]DIR",
    callback=_folders,
    help="Keep what may run there as files in DIR, as `agentgov render` does; production unless said.",
)
@click.option("--accept-unreviewed", is_flag=True, help="Let a fleet of one person go to production.")
@repo_option
@format_option()
def reconcile(
    once: bool,
    every: int | None,
    dry_run: bool,
    counts: str | None,
    address: tuple[str, int] | None,
    folders: tuple[tuple[Environment, Path], ...],
    accept_unreviewed: bool,
    repo: str,
    output: str,
) -> int:
    """Observe the remote, verify, plan, apply: one line for each act written, and what everything else waits for.

    Signs with the reconciler's key: AGENTGOV_KEY_FILE, or the one that `init` made on this machine. Exit 0 also where
    tags are refused, 1 where the remote takes no pushes or the journal does not verify, 3 where it cannot be reached.

    With --watch the remote is asked one question each time, and nothing else is done while nothing can happen. Only
    what is new is told, JSON as one document a line. SIGTERM and SIGINT end it between two acts.
    """
    if once and every:
        raise click.UsageError("--once and --watch exclude each other.")
    if folders and dry_run:
        raise click.UsageError("--render-to and --dry-run exclude each other.")
    if address is not None and every is None:
        raise click.UsageError("--listen goes with --watch.")
    context = open_context(repo)
    if dry_run:
        return tell(_preview(context, accept_unreviewed), output, dry_run=True)
    setup = Setup(context, counts, accept_unreviewed, folders)
    if every is None:
        return tell(told_early(setup.reconciler(bool), Reconciler.tick, output), output)
    return watch_fleet(replace(setup, patience=PATIENCE), every, address, output)


def _preview(context: Context, accept_unreviewed: bool) -> Report:
    view = context.view(fetch=True)
    refs = observe_refs(context.journal, view.governance.fleet.main)
    memories, _ = MemoryStore(state_path("reconciler", view.state.head.fleet)).load()
    return preview(context.journal, view, refs, memories, clock.now(), accept_unreviewed)
