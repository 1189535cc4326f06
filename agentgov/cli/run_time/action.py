"""`agentgov action`: what agents want to do and people decide about, at the gate."""

from typing import Any

import click

from agentgov.cli.context import open_context
from agentgov.cli.gate_client import GateClient, client_of
from agentgov.cli.options import answer, format_option, repo_option
from agentgov.errors import UsageError
from agentgov.repo import clock
from agentgov.report.page import Page, Span
from agentgov.report.permit import habits_page, permit_page, permits_page

_STATES = ("pending", "approved", "consumed", "denied", "expired")
_ID = 32


@click.group()
def action() -> None:
    """What agents want to do and people decide about, at the gate.

    The gate is that of AGENTGOV_GATE, else of agentgov.yaml; you are who is logged in, or whose token lies in the file
    that AGENTGOV_TOKEN_FILE names.
    """


@action.command("list")
@click.option("--state", type=click.Choice(_STATES), default="pending", show_default=True, help="In which state.")
@click.option("--all", "every", is_flag=True, help="In any state, newest first.")
@repo_option
@format_option()
def list_(state: str, every: bool, repo: str, output: str) -> int:
    """Permits that agents wait for, of agents that you may view or that ask you."""
    pages = _gate(repo).pages("/v1/permits", {} if every else {"state": state}, "before")
    found = [one for each in pages for one in each["permits"]]
    shown = permits_page(found, clock.now()) if found else Page().line("no agent waits for anybody")
    answer(output, shown, {"schema": "agentgov.action-list/1", "permits": found})
    return 0


@action.command()
@click.argument("permit", metavar="PERMIT")
@repo_option
@format_option()
def show(permit: str, repo: str, output: str) -> int:
    """One permit: what is asked for, who has to agree, who said what."""
    found = _gate(repo).ask("GET", _place(permit))
    answer(output, permit_page(found, clock.now()), {"schema": "agentgov.action-show/1", "permit": found})
    return 0


@action.command()
@click.argument("permit", metavar="PERMIT")
@click.option("--reason", default="", metavar="TEXT", help="Why, for whoever reads it later.")
@repo_option
@format_option()
def approve(permit: str, reason: str, repo: str, output: str) -> int:
    """Say yes to exactly what is asked for, where the rule names you. Look at it first: agentgov action show."""
    return _decide("approve", permit, reason, repo, output)


@action.command()
@click.argument("permit", metavar="PERMIT")
@click.option("--reason", default="", metavar="TEXT", help="Why, for whoever reads it later.")
@repo_option
@format_option()
def deny(permit: str, reason: str, repo: str, output: str) -> int:
    """Say no, where the rule names you; also after others said yes, until it is used."""
    return _decide("deny", permit, reason, repo, output)


@action.command()
@click.option("--days", type=click.IntRange(1, 400), default=30, show_default=True, help="How far back.")
@repo_option
@format_option()
def statistics(days: int, repo: str, output: str) -> int:
    """How people decide: how often, how fast, how often with yes, and how often without having looked."""
    found = _gate(repo).ask("GET", f"/v1/permits/statistics?days={days}")
    page = habits_page(found["people"], days)
    answer(output, page, {"schema": "agentgov.action-statistics/1", "days": days, "people": found["people"]})
    return 0


def _decide(decision: str, permit: str, reason: str, repo: str, output: str) -> int:
    found: dict[str, Any] = _gate(repo).ask("POST", f"{_place(permit)}/{decision}", {"reason": reason})
    page = Page().line(Span("done ", "good"), f"you said {decision}").then(permit_page(found, clock.now()))
    answer(output, page, {"schema": f"agentgov.action-{decision}/1", "permit": found})
    return 0


def _gate(repo: str) -> GateClient:
    return client_of(open_context(repo).view())


def _place(permit: str) -> str:
    """The path of a permit; UsageError for what can be none, so that no text gets into an address."""
    if len(permit) != _ID or not set(permit) <= set("0123456789abcdef"):
        raise UsageError("a permit has an id of 32 digits from 0 to f", "all that wait: agentgov action list")
    return f"/v1/permits/{permit}"
