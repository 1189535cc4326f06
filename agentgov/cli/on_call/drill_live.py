"""A live drill: the drill agent fails at the gate, a rule finds it, people are told as of any alert, and act.

What the drill agent tells is sent by the real ingest, with that agent's own token, to a drill that the gate holds apart
from all that counts. Nothing here raises an alert: where no rule finds the failure, the drill shows just that.
"""

import secrets
import time
from typing import Any

from agentgov.cli.gate_client import GateClient, client_of
from agentgov.cli.on_call.drill_agent import DrillAgent, drill_agent
from agentgov.cli.options import show
from agentgov.cli.practice import Practice
from agentgov.errors import AgentgovError
from agentgov.incident.drill_live import Moments, is_over, wait_for
from agentgov.incident.drill_score import Course, Gap
from agentgov.journal.view import View
from agentgov.model.names import AgentId
from agentgov.model.playbook import SIGNALS, Drill
from agentgov.report.drill import clock, took
from agentgov.report.page import Page, Span

_LONGEST = 7200  # seconds that a gate holds a drill
_EVERY = 0.5  # seconds between two looks
_WORDS = {"time-to-alert": "told", "time-to-acknowledge": "acknowledged", "time-to-pause": "paused"}
_FAULTS = {
    "errors": "its runs fail",
    "cost": "its runs cost far too much",
    "loop": "far more of its runs come than ever",
    "unseen-tool": "its runs use a tool that it never used",
    "silence": "no run of it comes any more",
    "denials": "it asks for calls that are refused",
}


def live(found: Practice, view: View, drill: Drill, agent: AgentId, quiet: bool) -> Course:
    """Hold it to its end, or until the last objective is missed."""
    gate = client_of(view)
    document = found.agent(agent)
    player = drill_agent(gate.url, agent, document.spec.model.primary if document is not None else "")
    asked = {"drill": drill.name, "agent": str(agent), "title": drill.title or drill.name, "fault": drill.fault}
    held = gate.ask("POST", "/v1/drills", {**asked, "seconds": min(wait_for(drill) + 60, _LONGEST)})
    began = time.monotonic()
    try:
        problem = _fail(player, drill, int(held["began"]))
        show(begun(drill, agent, problem, held["rules"]), err=quiet)
        moments = _watch(gate, drill, held, began, quiet) if problem is None else Moments(int(held["began"]))
    finally:
        _end(gate, agent)
    lasted = max(round(time.monotonic() - began), 1)
    over = Page().blank().line(Span(f"  {clock(lasted)}  The drill is over; its alerts are ended.", "bold"))
    if moments.paused:
        over.line(f"         {agent} stays paused until: agentgov resume {agent}")
    show(over, err=quiet)
    measured = {**moments.measured(), "runs-taken": float(problem is None)}
    return Course(measured, lasted, gaps=tuple(_gaps(drill, agent, problem, held["rules"], moments)))


def _fail(player: DrillAgent, drill: Drill, began: int) -> AgentgovError | None:
    """Play a good week, then the failure; why that did not work, None where it did."""
    try:
        player.play(drill.fault, began, f"{drill.name}-{secrets.token_hex(4)}")
    except AgentgovError as error:
        return error
    return None


def _gaps(drill: Drill, agent: AgentId, problem: AgentgovError | None, rules: list[str], moments: Moments) -> list[Gap]:
    """What was seen to be missing on the way."""
    signal = SIGNALS[drill.fault]
    if problem is not None:
        gap = f"the failure of {agent} did not reach the gate: {problem.message}"
        return [Gap("ingest", gap, "", do=problem.hint or "mend it, and hold the drill again")]
    if not rules:
        do = f"add a rule with the signal {signal} to governance/alerts.yaml"
        return [Gap("no-rule", f"no alert rule watches {agent} for {signal}", "", do=do)]
    if not moments.raised:
        do = "let the rule find smaller failures (agentgov alert rules), or give the drill more time"
        return [Gap("not-found", f"no alert rule found the failure: {', '.join(rules)} stayed silent", "", do=do)]
    if not moments.told:
        do = "agentgov alert routes; try one: agentgov alert test ROUTE"
        return [Gap("nobody-told", "an alert was raised, and no route delivered it", "", do=do)]
    return []


def _watch(gate: GateClient, drill: Drill, held: dict[str, Any], began: float, quiet: bool) -> Moments:
    """Look at the gate until everything is measured, or it is too late for it."""
    until, moments = began + wait_for(drill), Moments(int(held["began"]))
    while not is_over(drill, moments) and time.monotonic() < until:
        now = _look(gate, drill, held, moments)
        at = clock(round(time.monotonic() - began))
        if now.raised and not moments.raised:
            show(Page().line(f"  {at}  ", Span("alert raised", "good"), f" by the rule {now.rule}"), err=quiet)
        for metric, seconds in now.measured().items():
            if metric not in moments.measured():
                show(Page().line(f"  {at}  ", Span(_WORDS[metric], "good"), f" after {took(seconds)}"), err=quiet)
        moments = now
        time.sleep(_EVERY)
    return moments


def _look(gate: GateClient, drill: Drill, held: dict[str, Any], before: Moments) -> Moments:
    """What has happened by now."""
    agent = held["agent"]
    ours = [one for one in gate.ask("GET", "/v1/alerts")["alerts"] if one["labels"].get("rehearsal") == drill.name]
    ours = [one for one in ours if one["labels"].get("agent") == agent and one["taken"] >= before.began]
    found = sorted((one for one in ours if one["labels"]["alertname"] in held["rules"]), key=lambda one: one["taken"])
    told = before.told or min((at for one in found for at in _deliveries(gate, one)), default=0)
    pauses = [one for one in gate.ask("GET", "/v1/pauses")["pauses"] if one["selector"] == agent]
    return Moments(
        before.began,
        before.raised or (found[0]["taken"] if found else 0),
        told,
        before.acknowledged or min((one["acknowledged"] for one in ours if one["acknowledged"]), default=0),
        before.paused or min((one["requested"] for one in pauses if one["requested"] >= before.began), default=0),
        before.rule or (found[0]["labels"]["alertname"] if found else ""),
    )


def _deliveries(gate: GateClient, alert: dict[str, Any]) -> list[int]:
    """When messages of an alert arrived since it stands; those of a drill before this one are of the same alert."""
    told = gate.ask("GET", f"/v1/alerts/{alert['fingerprint']}")
    sent = [one for route in told["routes"] for one in route["deliveries"] if one["state"] == "delivered"]
    return [one["ended"] for one in sent if one["ended"] >= alert["taken"]]


def begun(drill: Drill, agent: AgentId, problem: AgentgovError | None, rules: list[str]) -> Page:
    """What goes on, and what whoever is told of it does."""
    page = Page().blank().line(Span("NOW", "bold"))
    if problem is not None:
        return page.line("  ", Span("it did not begin ", "warn"), problem.message)
    page.line(f"  00:00  {agent}: {_FAULTS[drill.fault or 'errors']}")
    watching = f"one of these rules has to find that: {', '.join(rules)}" if rules else "no alert rule looks for that"
    page.line(f"         {watching}")
    page.line("         whoever is told of it, marked [DRILL], answers as on the day:")
    page.line(Span("         agentgov alert list", "dim"))
    page.line(Span("         agentgov alert ack FINGERPRINT", "dim"))
    if any(one.metric == "time-to-pause" for one in drill.objectives):  # else it may be an agent that works
        page.line(Span(f"         agentgov pause {agent} --reason 'A drill'", "dim"))
    return page.line(Span(f"         it is over when that is done, at the latest after {took(wait_for(drill))}", "dim"))


def _end(gate: GateClient, agent: AgentId) -> None:
    """End the drill at the gate; where its time was over, there is nothing to end."""
    try:
        gate.ask("POST", "/v1/drills/end", {"agent": str(agent)})
    except AgentgovError as error:
        if error.rule != "gate.refused":
            show(Page().line(Span("  not ended ", "warn"), error.message), err=True)
