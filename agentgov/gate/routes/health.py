"""Routes for operations: is it alive, is it ready, its metrics, its description. They name no agent and nobody."""

from time import monotonic
from typing import Literal

import msgspec

from agentgov.gate.answer import Answer, answered, plain
from agentgov.gate.call import Call
from agentgov.gate.gate import Gate
from agentgov.gate.metrics import CONTENT_TYPE
from agentgov.gate.route import Route

State = Literal["ready", "stopping", "store", "journal"]


class Ready(msgspec.Struct, frozen=True):
    """Whether this process should be asked, and how old what it serves is; ages in seconds.

    `state`: `store` where tokens and pauses were not confirmed lately, `journal` where this process could not look at
    the journal for longer than the fleet's maxAge. `stale` says that journal time itself is older than that: the
    reconciler sleeps, which no other process of the gate could mend, so it is told and serving goes on.
    """

    state: State
    seq: int
    tip: str
    journal_age: int
    unseen: int
    control_age: float
    stale: bool
    trouble: str = ""
    pausing: str = ""  # why the last test of pausing failed
    ledger: str = ""  # which trees of the ledger are signed no further
    budgets: str = ""  # what of budgets does not add up


async def healthz(call: Call) -> Answer:
    """The process turns."""
    return plain("ok")


async def readyz(call: Call) -> Answer:
    """The process can answer, on a state that is fresh enough."""
    found = ready(call)
    return answered(found, 200 if found.state == "ready" else 503)


def ready(call: Call) -> Ready:
    """How this process stands."""
    gate, fleet = call.gate, call.fleet
    following, now = gate.following, call.now_ms // 1000
    unseen = int(monotonic() - following.looked_at)
    state: State = "ready"
    if gate.stopping.is_set():
        state = "stopping"
    elif not gate.control.is_confirmed:
        state = "store"
    elif unseen > fleet.view.max_age:
        state = "journal"
    age = min(gate.control.age, 1e9)
    told = (fleet.seq, fleet.tip, max(0, now - fleet.time), unseen, round(age, 1), fleet.view.is_stale(now))
    trouble = gate.outgrown or ("the last look at the journal failed" if following.trouble else "")
    return Ready(state, *told, trouble, gate.probed.trouble, " ".join(sorted(gate.ledger.broken)), unsound(gate))


def unsound(gate: Gate) -> str:
    """How many budgets do not add up: which, the log says, since this names no agent."""
    number = len(gate.unsound)
    return f"{number} budgets do not add up: agentgov budget check" if number else ""


async def metrics(call: Call) -> Answer:
    """What Prometheus reads."""
    return Answer(200, call.gate.metrics.text(call.gate), content_type=CONTENT_TYPE)


ROUTES = (
    Route("GET", "/healthz", "Is the process alive", healthz, "anyone", answers={200: None}, media="text/plain"),
    Route(
        "GET", "/readyz", "Can it answer on a state that is fresh", readyz, "anyone", answers={200: Ready, 503: Ready}
    ),
    Route("GET", "/metrics", "Metrics for Prometheus", metrics, "anyone", answers={200: None}, media="text/plain"),
)
