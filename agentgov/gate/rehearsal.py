"""What a live drill plays at one gate: an agent that fails, in a store of its own.

What the drill agent tells is taken, understood and added up by the very code that serves everybody, and the alert rules
of the fleet are asked about it by the very code that asks them; only the store is another one, in a temporary folder.
So nothing of it can be in budgets, use, baselines, canaries or the ledger. What came before the drill began is what was
normal; what comes after it is what goes wrong.
"""

import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from agentgov.alerts import sensed
from agentgov.alerts.alert import DRILL, REHEARSAL, Alert, Scope, labels_of
from agentgov.alerts.baseline import WEEK
from agentgov.alerts.evaluating import Evaluating, Known
from agentgov.alerts.noticed import Noticed, write_noticed
from agentgov.alerts.sensed import Where
from agentgov.alerts.slots import MINUTE
from agentgov.alerts.watched import Watched
from agentgov.gate.errors import RefusalError
from agentgov.model.document import Environment
from agentgov.model.names import AgentId
from agentgov.runtime.telemetry import keeping, sessions
from agentgov.runtime.telemetry.events import Event, tell
from agentgov.runtime.telemetry.keeping import Batch
from agentgov.runtime.telemetry.late import SETTLED
from agentgov.store.open import open_store
from agentgov.store.port import Store, Transaction

LONGEST = 2 * 3_600_000  # milliseconds of a drill
MOST_SPANS = 20_000  # of one drill
_ACTS = ("alert", "incident")  # all that the alert of a drill may ask for
_PATIENCE = 30.0  # seconds for one work
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Played:
    """Which drill, about which agent and environment, held by whom; moments in epoch milliseconds."""

    drill: str
    agent: AgentId
    environment: Environment
    title: str
    by: str
    began: int
    until: int

    @property
    def where(self) -> Where:
        """As what is told of it is kept."""
        return str(self.agent), self.environment

    def scope(self, rules: frozenset[str]) -> Scope:
        """The alerts that are this drill's, and nobody else's."""
        return Scope(rules, frozenset((str(self.agent),)), self.drill)


class Rehearsal:
    """One drill that is being held. Its methods wait for a disk: not for an event loop."""

    def __init__(self, played: Played, fleet: str, silence: int) -> None:
        """`silence`: milliseconds after which a session is over."""
        self.played, self._silence = played, silence
        self.folder = Path(tempfile.mkdtemp(prefix="agentgov-drill-"))
        self._store: Store = open_store(str(self.folder / "store.db"))
        self._evaluating, self._fleet = Evaluating(fleet), fleet
        self.noticing, self._heard, self._spans = Noticed(), False, 0  # of calls that the agent asks for
        self._after: tuple[int, int] | None = None  # how far was looked: run and minute; None before the first time

    def close(self) -> None:
        """Forget all of it."""
        self._store.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def keep(self, batch: Batch) -> keeping.Kept:
        """Take spans as any are taken, without their contents. What was over before the drill is over."""
        self._spans += len(batch.spans)
        if self._spans > MOST_SPANS:
            raise RefusalError(413, "gate.request", f"a drill tells at most {MOST_SPANS} spans")
        kept = self._write(lambda tx: keeping.keep(tx, replace(batch, contents=()), looked=False))
        if all(one.end < self.played.began for one in batch.spans):
            while self._write(lambda tx: sessions.end(tx, batch.now_ms + 1)):
                pass
        self._heard = True
        return kept

    def tell(self, scope: bytes, actor: str, events: Sequence[Event], now_ms: int) -> tuple[int, tuple[int, ...]]:
        """Take events as any are taken."""
        return self._write(lambda tx: tell(tx, self.played.where, scope, actor, events, now_ms))

    def look(self, rules: tuple[Watched, ...], known: Known, now_ms: int) -> list[Alert]:
        """What the rules make of it now."""
        where, ours = self.played.where, self._evaluating
        self._write(lambda tx: self._settle(tx, now_ms))
        if not self._heard:
            return []
        ours.rules, since = rules, self.played.began // MINUTE * MINUTE
        if self._after is None:
            self._after = self._begin(since, now_ms)
        after = self._after
        minute = max((now_ms - SETTLED) // MINUTE * MINUTE, after[1])
        news = self._read(lambda tx: sensed.read_news(tx, *after, minute))
        ours.look((where,), news, {where: replace(known, idle=False)}, now_ms)
        self._after = news.run, minute
        return [self._marked(one) for one in ours.firing()]

    def _begin(self, since: int, now_ms: int) -> tuple[int, int]:
        """Learn what was normal."""
        where, ours = self.played.where, self._evaluating
        run = self._read(lambda tx: sensed.last_before(tx, where, since))
        ours.load(where, self._read(lambda tx: sensed.read_windows(tx, where, run, since, ours.longest, now_ms)))
        ours.rebase(where, self._read(lambda tx: sensed.read_history(tx, where, "", since - WEEK, since)), now_ms)
        return run, since

    def _settle(self, tx: Transaction, now_ms: int) -> None:
        write_noticed(tx, self.noticing.take())
        while sessions.end(tx, now_ms - self._silence):
            pass

    def _marked(self, alert: Alert) -> Alert:
        """An alert as the rule raises it, told as that of a drill."""
        labels = labels_of({**dict(alert.labels), DRILL: "true", REHEARSAL: self.played.drill})
        said = f"{self.played.title}. {alert.summary} This is a drill, held by {self.played.by}."
        return replace(alert, labels=labels, summary=said, do=tuple(one for one in alert.do if one in _ACTS))

    def _write(self, work: Callable[[Transaction], T]) -> T:
        return self._store.write(work).result(_PATIENCE)

    def _read(self, work: Callable[[Transaction], T]) -> T:
        return self._store.read(work).result(_PATIENCE)
