"""Doctor on what only the gate knows: the ways to people and when each was last tried, and what instances run."""

import shlex
from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from agentgov.alerts.defaults import effective
from agentgov.alerts.routing import ways
from agentgov.cli.gate_client import has_gate
from agentgov.cli.start.doctor_check import DAY, Check, Checks, Fleet
from agentgov.cli.start.doctor_gate import Gate
from agentgov.cli.start.doctor_store import secrets
from agentgov.report.moments import age

_TRIED = 90 * DAY  # how long ago something may last have arrived on a route
_PAGES = 20  # of instances that are read at most


def routes(fleet: Fleet, gate: Gate | None) -> Checks:
    """Whether a page reaches anybody, and whether every route is known to work."""
    policy = fleet.view.governance.alerts
    ours = ways(policy.routes) if policy is not None else ()
    pages = [one for one in ours if not one.route.match.severity or "page" in one.route.match.severity]
    if not has_gate(fleet.view) and fleet.store is None:  # whoever has the store is the gate
        ways_to = f"{len(ours)} route{'s' if len(ours) != 1 else ''} to people" if ours else "no route to people"
        yield Check("doctor.routes", "skipped", f"{ways_to}, and no gate that tells anybody of anything")
        return
    if not pages:
        loud = sum(one.rule.severity == "page" for one in effective(policy))
        message = f"{loud} rules of alerts page somebody, and no route takes a page: nobody is told"
        fix = "agentgov alert add-route on-call --to slack --key-from env:SLACK_WEBHOOK"
        yield Check(
            "doctor.routes", "bad" if fleet.agents else "warn", message, fix, "or another way: docs/alert-routes.md"
        )
    yield from secrets(fleet)
    told = gate.tell("/v1/alert-routes") if gate is not None else None
    for one in told["routes"] if told is not None else ():
        yield from _route(one, fleet.now)


def _route(one: dict[str, Any], now: int) -> Checks:
    name, last = one["name"], max(one["tested"], one["delivered"]) // 1000
    fix = f"agentgov alert test {shlex.quote(name)}"
    if one["dead"]:
        yield Check("doctor.route-dead", "bad", f"the route {name} is dead: {one['said']}", fix, "once it is mended")
    elif not last:
        yield Check("doctor.route-untested", "warn", f"nothing was ever sent on the route {name}", fix)
    elif now - last > _TRIED:
        message = f"nothing has arrived on the route {name} for {age(now - last)}"
        yield Check("doctor.route-untested", "warn", message, fix)
    else:
        yield Check("doctor.routes", "good", f"{name} worked {age(now - last)} ago")


def leases(gate: Gate) -> Checks:
    """Agents whose instances run another config than they may, or have not been heard of."""
    drift = Counter((one["agent"], one["environment"]) for one in _instances(gate, "drift"))
    silent = Counter((one["agent"], one["environment"]) for one in _instances(gate, "silent"))
    for (agent, where), many in sorted(drift.items()):
        message = f"{_count(many)} of {agent} in {where} run{'s' if many == 1 else ''} another config than it may"
        note = "it gets the right one with its next lease; begin it again where it does not"
        yield Check("doctor.lease-old", "bad", message, f"agentgov status {agent}", note)
    for (agent, where), many in sorted(silent.items()):
        message = f"{_count(many)} of {agent} in {where} said nothing lately: what it runs is not known"
        yield Check("doctor.lease-silent", "warn", message, f"agentgov status {agent}", "is it meant to run?")
    if not drift and not silent:
        yield Check("doctor.leases", "good", "every instance that was heard of runs what it may")


def _instances(gate: Gate, state: str) -> Iterator[dict[str, Any]]:
    after = ""
    for _ in range(_PAGES):
        found = gate.tell(f"/v1/running?state={state}&after={quote(after, safe='')}")
        yield from found["instances"]
        after = found["next"]
        if not after:
            return


def _count(number: int) -> str:
    return f"{number} instance{'s' if number > 1 else ''}"
