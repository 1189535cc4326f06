"""`agentgov can`: may this person do that, and by which binding. Asks `trust.permissions` and prints its reasons."""

from typing import TYPE_CHECKING

import click

from agentgov.cli import parameters
from agentgov.cli.options import AT_HELP, answer, format_option, repo_option
from agentgov.model.document import ENVIRONMENTS, Environment
from agentgov.model.names import AgentId

if TYPE_CHECKING:
    from agentgov.cli.access.moments import Moment
    from agentgov.model.verdict import Verdict
    from agentgov.report.page import Page


@click.command()
@click.argument("who")
@click.argument("verb", type=parameters.verb_or_act)
@parameters.agent_argument(required=False)
@click.option("--environment", type=click.Choice(ENVIRONMENTS), help="Where (default: production, the strictest).")
@click.option("--at", "at", metavar="MOMENT", help=AT_HELP)
@repo_option
@format_option()
def can(
    who: str, verb: str, agent: AgentId | None, environment: Environment | None, at: str | None, repo: str, output: str
) -> int:
    """May WHO do VERB to AGENT, and by which binding.

    WHO is a person's id or e-mail address, or a bot. Without AGENT the question is about the fleet as a whole.
    Without --at it is about the working tree; an act or a time asks what was authorised then.
    Exit 0: yes, 1: no.
    """
    from agentgov.cli.access.moments import moment
    from agentgov.cli.governance import location_json

    then = moment(repo, at)
    source = then.source
    person, verdict = _decide(then, who, verb, agent, environment)
    document = {
        "schema": "agentgov.can/1",
        "allowed": verdict.allowed,
        "who": person,
        "verb": verb,
        "agent": str(agent) if agent else None,
        "environment": verdict.facts.get("environment"),
        "source": source.snapshot.name,
        "act": then.document,
        "reasons": [
            {
                "rule": reason.rule,
                "effect": reason.effect.name.lower(),
                "message": reason.message,
                "where": location_json(source.locate(reason.where)) if reason.where else None,
            }
            for reason in verdict.reasons
        ],
    }
    answer(output, _page(document, verdict, then), document)
    return 0 if verdict.allowed else 1


def _decide(
    then: "Moment", who: str, verb: str, agent: AgentId | None, environment: Environment | None
) -> tuple[str, "Verdict"]:
    """Whose id WHO means, and the verdict of that day."""
    from agentgov.trust.identity import Directory
    from agentgov.trust.permissions import decide_bot_act, decide_permission

    access = then.source.governance.access
    directory = Directory(access)
    if directory.is_bot(who):
        return who, decide_bot_act(access, who, verb)
    person = directory.by_email(who) or who
    return person, decide_permission(access, person, verb, agent, environment, then.day)


def _page(document: dict[str, object], verdict: "Verdict", then: "Moment") -> "Page":
    """The answer, then why: what gives the right, or everything that was looked at and does not."""
    from agentgov.model.verdict import Effect
    from agentgov.report.page import Page, Span
    from agentgov.trust.verbs import VERBS

    verb, agent = str(document["verb"]), document["agent"] or "the whole fleet"
    what = VERBS[verb].on(agent) if verb in VERBS else f"{verb} {agent}"  # a bot's act is no verb
    place = f" in {document['environment']}" if document["environment"] else ""
    word = Span("yes", "good") if verdict.allowed else Span("no", "bad")
    may = "may" if verdict.allowed else "may not"
    page = Page().line(word, f"  {document['who']} {may} {what}{place}")
    for reason in verdict.reasons:
        if reason.effect is Effect.ALLOW or not verdict.allowed:
            where = then.source.locate(reason.where) if reason.where else None
            page.line("  ", reason.message, Span(f"  {where.file}:{where.line}" if where else "", "dim"))
    return page.line(Span(then.words, "dim"))
