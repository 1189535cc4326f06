"""Doctor on clocks: this machine's beside those of the gate and of the remote, and beside journal time.

Five minutes is what a verifier lets an act's time be ahead of its own clock.
"""

import time

from agentgov.cli.start.doctor_check import Check, Checks, Fleet
from agentgov.cli.start.doctor_gate import Gate
from agentgov.errors import AgentgovError
from agentgov.journal.clock import MAX_SKEW
from agentgov.net.address import parse_base
from agentgov.net.asking import Asking
from agentgov.net.exchange import BrokenError
from agentgov.net.patience import moment_of
from agentgov.report.moments import age

_PATIENCE = 3.0
_FIX = "timedatectl set-ntp true"
_REFS = "/info/refs?service=git-upload-pack"  # gitprotocol-http: every server of git answers there, if only with 401


def clocks(fleet: Fleet, gate: Gate | None) -> Checks:
    """Every clock that tells its time."""
    ahead = fleet.view.state.head.time - fleet.now
    if ahead > MAX_SKEW:
        message = f"journal time is {age(ahead)} ahead of this machine's clock"
        yield Check("doctor.clock-journal", "bad", message, _FIX, "or the clock of the reconciler's machine is wrong")
    else:
        yield Check("doctor.clock-journal", "good", "journal time is not ahead of this machine")
    if gate is not None:
        yield from _beside("doctor.clock-gate", "the gate's", gate.date, fleet.now)
    if fleet.asks and fleet.answers:
        yield from _beside("doctor.clock-remote", "the remote's", _remote_date(fleet), fleet.now)


def _beside(rule: str, whose: str, said: str, now: int) -> Checks:
    there = moment_of(said)
    if there is None:
        return  # it tells no time: a folder, ssh
    off = int(there) - now
    if abs(off) <= MAX_SKEW:
        yield Check(rule, "good", f"{whose} clock agrees with this one")
        return
    message = f"{whose} clock is {age(abs(off))} {'ahead of' if off > 0 else 'behind'} this machine's"
    yield Check(rule, "bad", message, _FIX, "on whichever of the two is wrong")


def _remote_date(fleet: Fleet) -> str:
    """The clock of the server that holds the repository, where that is asked over HTTP; "" else."""
    remote = fleet.context.journal.remote
    if remote is None or not remote.url.startswith(("https://", "http://")):
        return ""
    try:
        base = parse_base(remote.url, "the remote", "", rule="doctor.clock-remote")
        asking = Asking(base, {}, clock=time.monotonic, other="the remote")
        return asking.ask("GET", _REFS, seconds=_PATIENCE).headers.get("date", "")
    except (AgentgovError, BrokenError, OSError):
        return ""  # `git ls-remote` got through another way: whether the clocks agree is not known
