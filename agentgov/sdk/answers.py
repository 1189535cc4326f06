"""What is asked of a gate, or of the same functions in this process, and what they answer. Values and one port."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol

import msgspec

from agentgov.model.told import EventTell
from agentgov.model.verdict import Reason

Decision = Literal["allow", "deny", "ask"]


class Receipt(NamedTuple):
    """Where the ledger has a record; a second later `agentgov ledger prove` shows that to anybody."""

    tree: str  # "" where no ledger is kept
    record: int  # its place in the tree, from 0; -1 where none is
    signed: int  # how many records of the tree were under a checkpoint then

    @property
    def place(self) -> str:
        """As the command line names it, `support/12`; "" where there is none."""
        return f"{self.tree}/{self.record}" if self.tree and self.record >= 0 else ""


class Why(msgspec.Struct, frozen=True):
    """One reason of a decision."""

    rule: str
    effect: str
    message: str


def why(reason: Reason) -> Why:
    """A reason as it is told."""
    return Why(reason.rule, reason.effect.name.lower(), reason.message)


class PermitRef(msgspec.Struct, frozen=True):
    """A permit; `expires` in epoch milliseconds. `outcome` is what was told of it, if anything."""

    id: str
    state: str
    expires: int
    outcome: str = ""


class Decided(msgspec.Struct, frozen=True):
    """One decision. `record` is its place in the `tree` of the ledger, of which `signed` records were under a
    checkpoint then; `again` whether the key was used before, `paused` the order that stops the agent, where that is
    known at once."""

    decision: Decision
    reasons: tuple[Why, ...] = ()
    permit: PermitRef | None = None
    record: int = -1
    again: bool = False
    paused: dict[str, str | int] | None = None
    tree: str = ""
    signed: int = 0


class Reserved(msgspec.Struct, frozen=True):
    """Money that is set aside, in nano-units of its currency; `expires` in epoch milliseconds; `again`: the key was
    used before; `tree`, `record` and `signed` as of a decision."""

    id: str
    amount: int = 0
    currency: str = ""
    expires: int = 0
    again: bool = False
    tree: str = ""
    record: int = -1
    signed: int = 0


@dataclass(frozen=True, slots=True)
class Offer:
    """A lease as it came: no body where it is the one that was known. `signature` is that of the header."""

    body: bytes | None
    etag: str
    signature: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One use of a tool, fixed: `raw` is the JSON of the arguments, `args` what it says."""

    tool: str
    args: Mapping[str, Any]
    raw: bytes
    subject: str
    release: str  # the closure that the agent runs on
    purpose: str = ""
    refs: Mapping[str, str] = field(default_factory=dict)


class Backend(Protocol):
    """Who decides. Every method blocks; it raises Stopped where the agent may not run, Unreachable where there is no
    answer. Any thread may call it."""

    quick: bool  # whether nothing goes over a network

    def lease(self, known: str, key: str, pinned: str) -> Offer:
        """A lease for a sticky key, or for the release that a run began on; `known` is the ETag of the one at hand."""

    def decide(self, wanted: Wanted, key: str) -> Decided:
        """May the agent do this."""

    def permit(self, id_: str) -> PermitRef:
        """What has become of a permit."""

    def consume(self, id_: str, wanted: Wanted) -> Decided:
        """Use a permit. InDoubt where no answer came."""

    def outcome(self, permit: str, *, ok: bool, done: bool, note: str) -> None:
        """Tell what came of it; the first word counts."""

    def running(self, instance: str, closure: str, release: str, heard: tuple[str, ...]) -> None:
        """Say what runs, and which pauses were heard of."""

    def reserve(self, estimate: Mapping[str, Any]) -> Reserved:
        """Set money aside. NotSupported where there are no budgets."""

    def end_reservation(self, id_: str, how: Literal["settle", "release"], actual: Mapping[str, Any]) -> None:
        """Book what was really spent, or that nothing was."""

    def events(self, told: Sequence[EventTell]) -> None:
        """Take events down, at most MOST_EVENTS; told twice, they count once."""

    def exporting(self) -> tuple[str, Mapping[str, str]]:
        """Where traces are sent, with which headers. NotSupported where there is no gate."""

    def listen(self, heard: Callable[[Mapping[str, Any]], None]) -> None:
        """Tell of events until there are none any more."""

    def hush(self) -> None:
        """End what listens, from another thread, for good."""

    def close(self) -> None:
        """Let go of everything."""

    def renew(self) -> None:
        """Go on in a child process, where no other thread is."""
