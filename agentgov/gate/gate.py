"""What one process of the gate holds: the store, the state of the journal it serves, the control state, its key."""

import asyncio
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from time import monotonic, time_ns
from typing import TypeVar

from agentgov.alerts.noticed import Noticed
from agentgov.alerts.routing import Way
from agentgov.gate.alert_acts import Doer
from agentgov.gate.budget_alerts import BudgetAlerts
from agentgov.gate.control import Control
from agentgov.gate.errors import store_away
from agentgov.gate.hooks import receiver
from agentgov.gate.intake import Intake
from agentgov.gate.leasing import Leasing
from agentgov.gate.limits import Limit
from agentgov.gate.metrics import Metrics
from agentgov.gate.oidc import Client, Provider
from agentgov.gate.streams import Streams
from agentgov.gate.tickets import Tickets
from agentgov.gate.watches.ledger import Kept
from agentgov.gate.watches.rehearsal import Rehearsals
from agentgov.journal.draft import Actor
from agentgov.runtime import outbox, pause_orders, tokens
from agentgov.runtime.fleet import Fleet
from agentgov.runtime.known_terms import KnownTerms
from agentgov.runtime.pause import NONE, Order, Pauses
from agentgov.runtime.rules import Rulebooks
from agentgov.runtime.tokens import TokenTable
from agentgov.runtime.vault import Vault
from agentgov.store.awaiting import answered
from agentgov.store.port import Store, Transaction
from agentgov.trust.signers import Signer

T = TypeVar("T")
Item = TypeVar("Item")
Done = TypeVar("Done")


def now_ms() -> int:
    """Whole milliseconds since the epoch."""
    return time_ns() // 1_000_000


@dataclass(frozen=True, slots=True)
class Settings:
    """What the keeper of a gate may choose. Rates are requests a second, 0 for no limit."""

    token_rate: float = 1000.0
    address_rate: float = 20.0
    access_log: bool = True
    url: str = ""  # how the gate is reached, where agentgov.yaml does not say it
    oidc: Client | None = None  # where people may log in, beside by their keys
    hooks: tuple[Way, ...] = ()  # routes of the command line, beside those of the fleet
    self_test: float = 300.0  # seconds between two tests of pausing; 0 for none
    session_end: float = 300.0  # seconds of silence after which a session is over
    vault: Vault | None = None  # where payloads are kept encrypted
    prune: bool = False  # dispose of what need not be kept any longer, every hour


class Gate:
    """One process of the gate. Made inside of the event loop that serves it."""

    def __init__(
        self,
        store: Store,
        fleet: Fleet,
        actor: Actor,
        clock: Callable[[], int] = now_ms,
        settings: Settings | None = None,
    ) -> None:
        self.store, self.actor, self.clock = store, actor, clock
        self.wake: Callable[[], None] = lambda: None  # look at the journal at once
        self.end: Callable[[int], None] = lambda _: None  # serve no more, and exit with this code
        self.outgrown = ""  # which other version changed the store under this one
        self.hooks = receiver({}, lambda: None)
        self.pagerduty_secrets: tuple[bytes, ...] = ()  # of its webhooks
        self.settings = settings or Settings()
        self.following = Following(fleet)
        self.control = Control(store)
        self.probed = Probed()
        self.unsound: tuple[str, ...] = ()  # which budgets do not add up, as `BudgetWatch` found
        self.ledger = Kept()
        self.metrics = Metrics()
        oidc = self.settings.oidc
        self.provider = Provider(oidc) if oidc is not None else None
        self.stopping = asyncio.Event()
        self.local: tuple[str, ...] = ()  # its addresses on this machine, once it listens
        self.by_token = Limit(self.settings.token_rate, 2 * self.settings.token_rate)
        self.by_address = Limit(self.settings.address_rate, 5 * self.settings.address_rate)
        self._tokens = self.control.keep(tokens.TOPIC, lambda tx: tokens.load(tx, clock()), TokenTable({}))
        self._orders = self.control.keep(pause_orders.TOPIC, pause_orders.read_orders, NONE)
        self._outbox = self.control.keep(outbox.TOPIC, outbox.waiting, (0, 0))
        self._pauses = Pauses(fleet.view)
        self.leasing, self.streams, self.tickets = Leasing(self), Streams(self), Tickets(actor.appender.signer)
        self.rulebooks = Rulebooks()
        self.budget_alerts, self.terms = BudgetAlerts(self), KnownTerms()
        self.control.heard = self.streams.changed
        self.intake, self.noticed, self.rehearsals = Intake(self), Noticed(), Rehearsals(self)
        self.doers: dict[str, Doer] = {}  # who does what alerts ask for, by act, beside pausing
        self.used: dict[str, int] = {}  # tokens that were used since it was last written down

    @property
    def fleet(self) -> Fleet:
        """The state of the journal that is served now."""
        return self.following.fleet

    @property
    def signer(self) -> Signer:
        """The gate's own key."""
        return self.actor.appender.signer

    @property
    def url(self) -> str:
        """The address by which people reach it."""
        told = self.settings.url or self.fleet.governance.fleet.gate.url
        return (told or next(iter(self.local), "")).rstrip("/")

    @property
    def urls(self) -> frozenset[str]:
        """The addresses that this gate goes by: what is signed for another is not for this one."""
        told = (self.settings.url, self.fleet.governance.fleet.gate.url, *self.local)
        return frozenset(one.rstrip("/") for one in told if one)

    @property
    def tokens(self) -> TokenTable:
        """Every token that may be good."""
        return self._tokens.value

    @property
    def pauses(self) -> Pauses:
        """Every order that is obeyed now, by the store as last read and the journal that is served."""
        return self.pauses_by(self._orders.value)

    def pauses_by(self, stored: tuple[Order, ...]) -> Pauses:
        """The same, by rows of the store that somebody has just read. From any thread."""
        view, kept = self.fleet.view, self._pauses
        if kept.view is not view or kept.stored != stored:
            kept = self._pauses = Pauses(view, stored)
        return kept

    @property
    def unsent(self) -> tuple[int, int]:
        """How many acts wait for the journal, and since when the oldest does (epoch milliseconds, 0 for none)."""
        return self._outbox.value

    def serve(self, fleet: Fleet) -> None:
        """Serve another state from now on. From any thread."""
        self.following.fleet = fleet
        self.streams.changed()

    def require_control(self) -> None:
        """Refuse where what pauses and who is known was not confirmed lately: 503, never a yes."""
        if not self.control.is_confirmed:
            raise store_away()

    async def write(self, work: Callable[[Transaction], T], *, urgent: bool = False) -> T:
        """Some work, once it is on disk; what is urgent goes before all that waits."""
        return await answered(partial(self.store.write, urgent=urgent), work)

    async def together(self, work: Callable[[Transaction, Sequence[Item]], Sequence[Done]], item: Item) -> Done:
        """What a work for many that wait answers to one, once it is on disk."""
        return await answered(partial(self.store.together, work), item)

    async def read(self, work: Callable[[Transaction], T]) -> T:
        """What is committed."""
        return await answered(self.store.read, work)

    @staticmethod
    def new_id() -> str:
        """An id that nobody can guess."""
        return secrets.token_hex(16)


@dataclass(slots=True)
class Probed:
    """How the last test of pausing went; `seconds` from an order to its effect, `trouble` "" where it went well."""

    seconds: float = 0.0
    trouble: str = ""


@dataclass(slots=True)
class Following:
    """The state that is served, and how the last look for a newer one went; moments are seconds of a steady clock."""

    fleet: Fleet
    looked_at: float = field(default_factory=monotonic)  # when the remote last answered
    trouble: str = ""  # why the last look failed, "" where it did not
    refused: str = ""  # why what is there now is not believed, "" where it is

    @property
    def age(self) -> float:
        """Seconds since the remote last answered."""
        return monotonic() - self.looked_at
