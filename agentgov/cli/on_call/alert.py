"""`agentgov alert`: what is wrong now, who takes care of it, and who was told, at the gate."""

import time
from typing import Any
from urllib.parse import quote, urlencode

import click

from agentgov.cli import parameters
from agentgov.cli.context import open_context
from agentgov.cli.gate_client import GateClient, client_of
from agentgov.cli.known import require_agent
from agentgov.cli.on_call import alert_add_route, alert_lint, alert_rules, alert_silence
from agentgov.cli.options import answer, format_option, repo_option
from agentgov.errors import IncompleteError, RefusedError, UsageError
from agentgov.model.names import AgentId
from agentgov.repo import clock
from agentgov.report.alerts import alert_page, alerts_page, delivery_page, routes_page
from agentgov.report.page import Page, Span

_DIGITS = frozenset("0123456789abcdef")
_FINGERPRINT = 32
_EVERY = 0.2  # seconds between two questions about a test


@click.group()
def alert() -> None:
    """What is wrong now, who takes care of it, and who was told.

    The gate is that of AGENTGOV_GATE, else of agentgov.yaml; you are who is logged in, or whose token lies in the file
    that AGENTGOV_TOKEN_FILE names.
    """


@alert.command("list")
@click.option("--days", type=click.IntRange(0, 90), default=0, metavar="N", help="Also what ended within N days.")
@repo_option
@format_option()
def list_(days: int, repo: str, output: str) -> int:
    """Alerts that stand, of agents that you may view; exit code 1 where there are any."""
    found = _gate(repo).ask("GET", f"/v1/alerts?days={days}" if days else "/v1/alerts")["alerts"]
    answer(output, alerts_page(found, clock.now()), {"schema": "agentgov.alert-list/1", "alerts": found})
    return 1 if any(one["state"] == "firing" for one in found) else 0


@alert.command()
@click.argument("fingerprint", metavar="FINGERPRINT")
@repo_option
@format_option()
def show(fingerprint: str, repo: str, output: str) -> int:
    """One alert: its numbers, what was done, who was told on which route."""
    return _shown(_told(_gate(repo), fingerprint), "alert-show", output)


@alert.command()
@click.argument("what", metavar="FINGERPRINT|RULE")
@click.argument("agent", type=parameters.agent, metavar="[AGENT]", required=False)
@repo_option
@format_option()
def explain(what: str, agent: AgentId | None, repo: str, output: str) -> int:
    """Why people were told of an alert, or were not: route by route, with silences, inhibitions and every attempt.

    Name an alert by its fingerprint, or the last one of a rule about an agent: then also what the rule sees now, and
    what holds it back.
    """
    if agent is None:
        return _shown(_told(_gate(repo), what), "alert-explain", output)
    view, query = open_context(repo).view(), urlencode({"rule": what, "agent": str(agent)})
    found = client_of(view).ask("GET", f"/v1/alerts/explain?{query}")
    if found["alert"] is None and not found["now"]:
        require_agent(view, agent)
    return _shown(found, "alert-explain", output)


@alert.command()
@click.argument("fingerprint", metavar="FINGERPRINT")
@repo_option
@format_option()
def ack(fingerprint: str, repo: str, output: str) -> int:
    """Take care of an alert: it is not repeated any more, and whoever pages people is told."""
    return _done(fingerprint, "acknowledge", "you take care of it", repo, output)


@alert.command()
@click.argument("fingerprint", metavar="FINGERPRINT")
@repo_option
@format_option()
def resolve(fingerprint: str, repo: str, output: str) -> int:
    """End an alert, and tell whoever was told of it; it starts again where its rule still finds it."""
    return _done(fingerprint, "resolve", "you ended it", repo, output)


@alert.command()
@repo_option
@format_option()
def routes(repo: str, output: str) -> int:
    """The ways to people: when each speaks, what last arrived, when it was last tested; 1 where one is dead."""
    found = _gate(repo).ask("GET", "/v1/alert-routes")["routes"]
    answer(output, routes_page(found, clock.now()), {"schema": "agentgov.alert-routes/1", "routes": found})
    return 1 if any(one["dead"] for one in found) else 0


@alert.command()
@click.argument("route", metavar="ROUTE")
@click.option("--wait", type=click.IntRange(1, 600), default=30, show_default=True, metavar="SECONDS", help="How long.")
@repo_option
@format_option()
def test(route: str, wait: int, repo: str, output: str) -> int:
    """Send a marked test the whole way: through the outbox and the sender of a route, and wait until it arrived.

    A route that was dead is alive again when a test arrives.
    """
    gate = _gate(repo)
    sent = gate.ask("POST", f"/v1/alert-routes/{quote(route, safe='')}/test", {})
    page, found = Page(), []
    for id_ in sent["deliveries"]:
        one = _over(gate, id_, time.monotonic() + wait)
        found.append(one)
        page.then(delivery_page(route, one))
    answer(output, page, {"schema": "agentgov.alert-test/1", "route": route, "deliveries": found})
    if any(one["state"] == "queued" for one in found):
        said = next(one["said"] for one in found if one["state"] == "queued")
        raise IncompleteError(f"the test has not arrived: {said or 'the gate has not sent it'}", "it is tried again")
    return 0 if all(one["state"] == "delivered" for one in found) else 1


for _command in (
    alert_rules.rules,
    alert_lint.lint,
    alert_silence.silence,
    alert_silence.silences,
    alert_silence.unsilence,
    alert_add_route.add_route,
):
    alert.add_command(_command)


def _gate(repo: str) -> GateClient:
    """The gate of the fleet in a folder."""
    return client_of(open_context(repo).view())


def _told(gate: GateClient, fingerprint: str, verb: str = "") -> Any:
    """What the gate answers about an alert, to a question or to what is done with it. RefusedError in words of alerts
    where it tells of none."""
    place = _place(fingerprint)
    try:
        return gate.ask("POST", f"{place}/{verb}", {}) if verb else gate.ask("GET", place)
    except RefusedError as error:
        if error.rule != "gate.not-found":
            raise
        message = f"there is no alert {fingerprint}, or none that you may view or that still stands"
        raise RefusedError(message, "those there are: agentgov alert list --days 7", rule=error.rule) from error


def _shown(found: Any, schema: str, output: str) -> int:
    answer(output, alert_page(found, clock.now()), {"schema": f"agentgov.{schema}/1", **found})
    return 0


def _done(fingerprint: str, verb: str, said: str, repo: str, output: str) -> int:
    found: dict[str, Any] = _told(_gate(repo), fingerprint, verb)
    page = Page().line(Span("done ", "good"), said).then(alerts_page([found], clock.now()))
    name = "alert-ack" if verb == "acknowledge" else "alert-resolve"
    answer(output, page, {"schema": f"agentgov.{name}/1", "alert": found})
    return 0


def _over(gate: GateClient, id_: str, until: float) -> dict[str, Any]:
    """A delivery once it is over, or after its first attempt that failed, or when nobody waits any longer."""
    while True:
        found: dict[str, Any] = gate.ask("GET", f"/v1/deliveries/{id_}")
        failed = any(one["took"] or one["status"] for one in found["attempts"]) and found["said"]
        if found["state"] != "queued" or failed or time.monotonic() > until:
            return found
        time.sleep(_EVERY)


def _place(fingerprint: str) -> str:
    """The path of an alert; UsageError for what can be none, so that no text gets into an address."""
    if len(fingerprint) != _FINGERPRINT or not set(fingerprint) <= _DIGITS:
        hint = "all that stand: agentgov alert list; of a rule: agentgov alert explain RULE AGENT"
        raise UsageError("an alert has a fingerprint of 32 digits from 0 to f", hint)
    return f"/v1/alerts/{fingerprint}"
