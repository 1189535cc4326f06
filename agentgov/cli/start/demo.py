"""`agentgov demo`: the whole story on a throw-away fleet, with real keys and a real remote."""

import shlex
import tempfile
import time
from pathlib import Path

import click

from agentgov.cli.options import show
from agentgov.cli.start.demo_story import Story
from agentgov.cli.start.demo_world import DemoWorld
from agentgov.errors import UsageError
from agentgov.report.page import Page, Span


@click.command()
@click.argument("folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path))
def demo(folder: Path | None) -> int:
    """Build a fleet from the example in DIR (default: a new temporary folder), and play its story in under a minute.

    Everything is real and nothing outside DIR is touched: repositories, keys, signatures, pushes. It stays there to
    play with: DIR/fleet, DIR/remote.git, DIR/keys, DIR/env.sh.
    """
    if folder is None:
        folder = Path(tempfile.mkdtemp(prefix="agentgov-demo-"))
    elif folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} exists and is not an empty folder", "name a new one: agentgov demo my-demo")
    base = folder.resolve()
    base.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    show(Page().line(Span("agentgov: git-backed governance of AI agents", "bold")).line(Span(f"in {base}", "dim")))
    world = DemoWorld(base)
    world.build()
    Story(world, show).play()
    show(_farewell(base, time.monotonic() - started))
    return 0


def _farewell(base: Path, seconds: float) -> Page:
    page = Page().blank().line(Span(f"That took {seconds:.0f} seconds. ", "good"), "The fleet is yours to play with:")
    page.line(Span(f"   cd {shlex.quote(str(base / 'fleet'))} && AGENTGOV_AS=bob . ../env.sh", "accent"))
    for command, what in (
        ("agentgov status", "where everything stands"),
        ("agentgov history support/refund-assistant", "what happened to one agent, and why"),
        ("agentgov hold support/refund-assistant --lift", "let it move again (Bob may)"),
        ("agentgov doctor", "what there is to think about"),
        ("AGENTGOV_AS=reconciler . ../env.sh", "be the reconciler: agentgov reconcile"),
    ):
        page.line(Span(f"   {command:<47}", "accent"), what)
    return page
