"""Who is told of a tick: by what agentgov.yaml asks for at that tick, and the folders that the command names.

So a change of `delivery` is followed by whoever watches, once it is taken over. What is no longer asked for stays as it
was last. Events go out while files and branches are written, and neither waits for the other. What branches held is
computed again only after everybody was told.
"""

import math
import os
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from agentgov.delivery.branch import RenderedBranch
from agentgov.delivery.branches import follow_all
from agentgov.delivery.folder import RenderedFolder
from agentgov.delivery.webhook import VARIABLE, Webhooks, outbox
from agentgov.journal.branch import Journal
from agentgov.journal.draft import Appender
from agentgov.journal.view import View
from agentgov.model.document import Environment
from agentgov.model.verdict import Reason
from agentgov.trust.places import state_path


@dataclass(slots=True)
class Deliveries:
    """One branch for each environment that is rendered, the folders, and all receivers of events."""

    journal: Journal
    appender: Appender
    folders: Sequence[RenderedFolder] = ()
    patience: float = math.inf  # seconds of one tick in which branches are computed again
    lag: Mapping[str, int] = field(default_factory=dict)  # how many acts each target is behind, by its name
    name: str = "deliveries"
    _branches: dict[Environment, RenderedBranch] = field(default_factory=dict)
    _webhooks: Webhooks | None = None

    def follow(self, view: View, acts: Sequence[str], now: int) -> tuple[Reason, ...]:
        """Bring the present to all of them; what did not work."""
        self._branches = {one: self._branch(one) for one in view.governance.fleet.delivery.rendered}
        if self._webhooks is None:
            cursors = state_path("webhooks", view.state.head.fleet)
            self._webhooks = Webhooks(cursors, os.environ.get(VARIABLE, ""), time.monotonic)
        with ThreadPoolExecutor(1, "webhooks") as beside:
            sent = beside.submit(self._webhooks.send, outbox(view), now)
            told = list(follow_all(self.journal, self._branches.values(), view))
            told += [reason for one in self.folders for reason in one.follow(view, acts, now)]
        told += sent.result()
        enough = self._timer()
        told += [reason for one in self._branches.values() for reason in one.check(view, now, enough)]
        everybody: tuple[RenderedFolder | RenderedBranch | Webhooks, ...]
        everybody = (*self.folders, *self._branches.values(), self._webhooks)
        self.lag = {name: behind for one in everybody for name, behind in one.lag.items()}
        return tuple(told)

    @property
    def busy(self) -> bool:
        """Whether some branch is not computed to its end yet."""
        return any(one.busy for one in self._branches.values())

    def _timer(self) -> Callable[[], bool]:
        until = time.monotonic() + self.patience
        return lambda: time.monotonic() >= until

    def _branch(self, environment: Environment) -> RenderedBranch:
        return self._branches.get(environment) or RenderedBranch(self.journal, self.appender, environment)
