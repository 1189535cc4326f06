"""Gathers what a timeline is built from: the journal of this clone, and the gate where one is asked."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from agentgov.cli.gate_client import GateClient, client_of, has_gate
from agentgov.errors import AgentgovError, RefusedError
from agentgov.incident.brought import brought
from agentgov.incident.timeline import Moment, of_acts, ordered, window
from agentgov.journal.query import acts, concerns_agent
from agentgov.journal.view import View
from agentgov.model.act import made_at
from agentgov.model.incident import Incident
from agentgov.model.names import agent_id
from agentgov.report.findings import plural

_EARLIEST = 86_400_000  # milliseconds before an incident at which looking back ends
_MOST = 100  # records of one agent


def moments_of(view: View, incident: Incident, gate: bool | None) -> tuple[tuple[Moment, ...], list[str]]:
    """The timeline, and what it lacks with the reason. `gate` None asks the gate where it can be asked."""
    found, notes = brought(view, incident)
    found += of_acts(incident, _acts(view, incident))
    if gate or (gate is None and has_gate(view)):
        try:
            client = client_of(view)
            found += [moment for one in incident.alerts for moment in _alert(client, one)]
            found += _of_ledger(client, incident, notes)
        except AgentgovError as error:
            if gate:
                raise
            notes.append(f"what the gate recorded: {error.message}")
    elif gate is None:
        notes.append("what a gate recorded: this fleet names none")
    return ordered(found), notes


def impact_of(incident: Incident, moments: tuple[Moment, ...]) -> list[str]:
    """The numbers of its impact, as far as its moments tell them."""
    start = incident.opened.said_at
    during = [one for one in moments if one.at >= start]
    denied = sum(one.source == "ledger" and one.what.startswith(("action.deny", "budget.deny")) for one in during)
    orders = sum(one.source == "act" and one.what.startswith(("pause", "roll back", "hold")) for one in during)
    counted = [plural(len(incident.agents), "agent"), plural(len(incident.alerts), "alert")]
    counted.append(f"{plural(orders, 'order')} to contain it")
    if any(one.source == "ledger" for one in moments):
        counted.append(f"{denied} calls denied while it went on (of the last {_MOST} records of each agent)")
    return counted


def _acts(view: View, incident: Incident) -> Iterator[tuple[int, Any]]:
    """The acts on its agents from a day before it on, newest first."""
    agents = [one for one in map(agent_id, incident.agents) if one is not None]
    earliest = incident.opened.said_at - _EARLIEST
    for logged in acts(view.repo, view.tip):
        if made_at(logged.act.id) < earliest and logged.head.seq < incident.opened.seq:
            return
        if any(concerns_agent(view.repo, logged, agent) for agent in agents):
            yield logged.head.seq, logged.act


def _of_ledger(gate: GateClient, incident: Incident, notes: list[str]) -> Iterator[Moment]:
    """What the ledger has of its agents; whoever may not read it is told so, and has all the rest."""
    start, end = window(incident)
    for agent in incident.agents:
        words = {"agent": agent, "since": start, "until": end, "limit": _MOST}
        try:
            records = gate.ask("GET", f"/v1/ledger/records?{urlencode(words)}")["records"]
        except RefusedError as error:
            notes.append(f"what the ledger has of {agent}: {error.in_one_line}")
            continue
        yield from (moment for record in records if (moment := _record(record)) is not None)


def _alert(gate: GateClient, fingerprint: str) -> Iterator[Moment]:
    try:
        told = gate.ask("GET", f"/v1/alerts/{fingerprint}")["alert"]
    except AgentgovError:
        return  # older than alerts are kept
    place = f"alert {fingerprint[:12]}"
    yield Moment(int(told["starts"]), "alert", place, "alert", str(told["summary"]))
    if told.get("resolved"):
        yield Moment(int(told["resolved"]), "alert", place, "alert", f"over: {told['summary']}")


_TOLD = ("pause", "action.deny", "permit.approve", "permit.deny", "budget.deny", "alert")


def _record(record: dict[str, Any]) -> Moment | None:
    kind = str(record["type"])
    if not kind.startswith(_TOLD):
        return None
    tool = dict(record.get("refs") or {}).get("tool", "")
    what = f"{kind}{f' of {tool}' if tool else ''} by {record['actor']}"
    place = f"ledger {record['tree']}/{record['seq']}"
    return Moment(int(record["time"]) * 1000, "ledger", place, str(record["actor"]), what)
