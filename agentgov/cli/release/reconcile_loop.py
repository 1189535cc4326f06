"""The loop of a watching reconciler: look, tell, wait; served beside it is how it is doing."""

import math
import os
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar

from agentgov.cli.context import Context
from agentgov.cli.options import show
from agentgov.cli.release.counts_option import counts_source
from agentgov.cli.release.gate_counts import GateCounts
from agentgov.cli.release.gate_stops import GateStops
from agentgov.cli.release.reconcile_told import acts_page, tell_news
from agentgov.cli.watch import Stop, watch
from agentgov.delivery.choose import Deliveries
from agentgov.delivery.folder import RenderedFolder
from agentgov.errors import AgentgovError
from agentgov.model.document import Environment
from agentgov.release.health import Pulse
from agentgov.release.memory import MemoryStore
from agentgov.release.reconcile import Reconciler
from agentgov.release.tick_report import Report
from agentgov.repo import clock
from agentgov.report.page import Page, Span
from agentgov.trust.places import state_path

PATIENCE = 0.5  # seconds of a tick of a watch: whoever wakes it meanwhile waits about so long
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Setup:
    """What a reconciler is made of: the clone, where counts come from, what its keeper allows, and the folders that it
    keeps up to date."""

    context: Context
    counts: str | None
    accept_unreviewed: bool
    folders: tuple[tuple[Environment, Path], ...] = ()
    patience: float = math.inf  # seconds of one tick in which rendered branches are computed again

    def reconciler(self, stopped: Callable[[], bool]) -> Reconciler:
        """The reconciler of this machine, with its key and memory."""
        view = self.context.view(fetch=True)
        actor = self.context.bot(view, "reconciler")
        gate = partial(GateCounts, signer=actor.appender.signer, view=self.context.view)
        folders = [RenderedFolder(folder, environment) for environment, folder in self.folders]
        return Reconciler(
            self.context.journal,
            actor,
            MemoryStore(state_path("reconciler", view.state.head.fleet)),
            counts_source(self.counts, os.environ, time.monotonic, gate),
            clock.now,
            self.accept_unreviewed,
            stopped,
            (Deliveries(self.context.journal, actor.appender, folders, self.patience),),
            GateStops(actor.appender.signer),
        )


def told_early(reconciler: Reconciler, ask: Callable[[Reconciler], Answer], output: str) -> Answer:
    """What is asked of it. Where that ends early, what it had written by then is told all the same."""
    try:
        return ask(reconciler)
    except AgentgovError:
        if output == "text" and reconciler.acts:
            show(acts_page(reconciler.acts, "done "))
        raise


def watch_fleet(setup: Setup, every: int, address: tuple[str, int] | None, output: str) -> int:
    """Look every so many seconds until stopped; the exit code."""
    stop = Stop()
    turning = _Turning(setup, every, output, stop)
    with stop.listening(), ExitStack() as beside:
        if address is not None:
            turning.serve(address, beside)
        return watch(turning.turn, every, stop, turning.failed)


@dataclass(slots=True)
class _Turning:
    setup: Setup
    every: int
    output: str
    stop: Stop
    pulse: Pulse = field(default_factory=Pulse)
    told: set[str] = field(default_factory=set)
    reconciler: Reconciler | None = None

    def turn(self) -> None:
        """One look. Also the first one may find the remote away, so the reconciler is made here."""
        self.pulse.turned(time.monotonic(), self.pulse.reached)
        if self.reconciler is None:
            self.reconciler = self.setup.reconciler(self.stop)
            if self.output == "text":
                show(Page().line(Span(f"watching, a look every {self.every} s", "dim")))
        started = time.monotonic()
        report = told_early(self.reconciler, Reconciler.look, self.output)
        self.pulse.turned(time.monotonic())
        if report is not None:
            self._tell(self.reconciler, report, time.monotonic() - started)
        if report is not None and report.busy:
            self.stop.wake()  # it looks at the remote, and goes on

    def failed(self, error: AgentgovError) -> None:
        """A look failed; the loop says so, and goes on."""
        self.pulse.failed(time.monotonic())

    def serve(self, address: tuple[str, int], beside: ExitStack) -> None:
        """Answer beside the loop, until it ends."""
        from agentgov.cli.release.reconcile_listen import Served
        from agentgov.net.listening import Listening

        self.pulse.turned(time.monotonic(), reached=False)
        listening = Listening(*address, Served(self.pulse, self.every, self.stop.wake))
        beside.enter_context(listening.serving())
        if self.output == "text":
            show(Page().line(Span(f"listening http://{address[0]}:{listening.port}/metrics", "dim")))

    def _tell(self, reconciler: Reconciler, report: Report, seconds: float) -> None:
        self.pulse.ticked(report, reconciler.turns, reconciler.journal.lost, seconds, clock.now())
        tell_news(report, self.output, self.told)
