"""`agentgov alert silence`, `silences`, `unsilence`: alerts of which nobody is told for a while."""

from collections.abc import Mapping, Sequence
from typing import Any

import click

from agentgov.alerts.silence import LONGEST, Matcher, parse_matcher
from agentgov.cli.context import open_context
from agentgov.cli.gate_client import client_of
from agentgov.cli.options import answer, format_option, repo_option
from agentgov.errors import RefusedError, UsageError
from agentgov.model.names import agent_id
from agentgov.model.units import parse_duration
from agentgov.repo import clock
from agentgov.report.alerts import silences_page
from agentgov.report.page import Page, Span

_ID = 32


@click.command()
@click.argument("matchers", metavar="LABEL=VALUE...", nargs=-1, required=True)
@click.option("--for", "span", required=True, metavar="TIME", help="How long: 30m, 2h, 3d; at most 30d.")
@click.option("--reason", "-m", required=True, help="Why, for whoever wonders later.")
@repo_option
@format_option()
def silence(matchers: tuple[str, ...], span: str, reason: str, repo: str, output: str) -> int:
    """Keep alerts quiet that match all of LABEL=VALUE (or LABEL!=VALUE; * for any text), for a while.

    They stand all the same, and what they ask for is done.

    agentgov alert silence agent=support/triage --for 2h --reason "planned"
    """
    meant, seconds = [_matcher(text) for text in matchers], _seconds(span)
    gate = client_of(open_context(repo).view())
    ask = {"matchers": list(matchers), "until": (clock.now() + seconds) * 1000, "reason": reason}
    found = gate.ask("POST", "/v1/silences", ask)
    page = Page().line(Span("quiet ", "good"), f"for {span}; end it: agentgov alert unsilence {found['id']}")
    page.line(_reach(meant, gate.ask("GET", "/v1/alerts")["alerts"]))
    answer(output, page, {"schema": "agentgov.alert-silence/1", "silence": found})
    return 0


def _matcher(text: str) -> Matcher:
    found = parse_matcher(text)
    if found is None:
        meant = f", such as agent={text}" if agent_id(text) is not None else ", * for any text"
        raise UsageError(f"{text!r} is no matcher", f"write label=value or label!=value{meant}")
    return found


def _seconds(span: str) -> int:
    try:
        seconds = parse_duration(span)
    except ValueError as error:
        raise UsageError(str(error), "--for 2h") from None
    if not 0 < seconds * 1000 <= LONGEST:
        raise UsageError(f"a silence lasts 30 days at most, and {span} is not within that", "--for 2h")
    return seconds


def _reach(matchers: Sequence[Matcher], alerts: Sequence[Mapping[str, Any]]) -> Span:
    """How many alerts it keeps quiet now: a word that is spelled wrong keeps none."""
    labels = [one["labels"] for one in alerts if one["state"] == "firing"]
    count = sum(all(matcher.meets(one) for matcher in matchers) for one in labels)
    if not count:
        return Span("  no alert that stands is meant by it: agentgov alert list", "warn")
    return Span(f"  meant by it now: {count} of {len(labels)} alerts that stand", "dim")


@click.command()
@repo_option
@format_option()
def silences(repo: str, output: str) -> int:
    """Silences, newest first, with those that are over: who made each, until when, and why."""
    found = client_of(open_context(repo).view()).ask("GET", "/v1/silences")["silences"]
    answer(output, silences_page(found), {"schema": "agentgov.alert-silences/1", "silences": found})
    return 0


@click.command()
@click.argument("silence", metavar="SILENCE")
@repo_option
@format_option()
def unsilence(silence: str, repo: str, output: str) -> int:
    """End a silence before its time."""
    if len(silence) != _ID or not set(silence) <= set("0123456789abcdef"):
        raise UsageError("a silence has an id of 32 digits from 0 to f", "all of them: agentgov alert silences")
    gate = client_of(open_context(repo).view())
    try:
        found = gate.ask("DELETE", f"/v1/silences/{silence}")
    except RefusedError as error:
        if error.rule != "gate.not-found":
            raise
        message = f"there is no silence {silence}, or none that you may view"
        raise RefusedError(message, "all of them: agentgov alert silences", rule=error.rule) from error
    page = Page().line(Span("lifted ", "good"), " ".join(found["matchers"]))
    answer(output, page, {"schema": "agentgov.alert-unsilence/1", "silence": found})
    return 0
