"""Commits on the journal's branch that are no acts: what counts on top of them, until administrators waive them.

Whoever can push can append anything. Everything goes on from the last act that holds; on top of what does not, only
acts that contain are acts, and everything else is part of the stretch, however well it is signed. Pure.
"""

from dataclasses import dataclass, replace

from agentgov.model.act import Act
from agentgov.model.acts_table import ACTS
from agentgov.model.transitions import Refusal

# What stops, takes back or says that somebody is there, and never raises risk.
CONTAINMENT = frozenset(
    {rule.kind for rule in ACTS.values() if rule.risk == "reduces"} | {"hold", "checkpoint", "waive", "incident"}
)
_CLOCK = "act.time"


@dataclass(frozen=True, slots=True)
class Stretch:
    """Commits that are no acts: the first and the last, and why the first is none (`path` where that is at one); `seq`
    is the number that it would have had.

    `timed`: one of them is none only by this machine's clock, and will look like one when it has gone on.
    """

    first: str
    last: str
    code: str
    message: str
    seq: int
    timed: bool = False
    path: str = ""

    @property
    def is_of_clock(self) -> bool:
        """Whether the first of them would be an act if this machine's clock were later."""
        return self.code == _CLOCK


def may_follow(act: Act) -> bool:
    """Whether an act counts on top of a stretch."""
    if act.kind == "incident":
        return act.get("Step") not in ("close", "cancel")
    return act.kind in CONTAINMENT and (act.kind != "hold" or act.get("State") == "set")


def lengthened(stretch: Stretch | None, commit: str, why: Refusal, seq: int) -> Stretch:
    """The stretch with one more commit that is no act, in the place of the act of this number."""
    timed = why.code == _CLOCK
    if stretch is None:
        return Stretch(commit, commit, why.code, why.message, seq, timed, why.path)
    return replace(stretch, last=commit, timed=stretch.timed or timed)
