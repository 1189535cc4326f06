"""`agentgov who`: everyone who may, and by which binding. Asks `trust.permissions` and prints its grants."""

from typing import TYPE_CHECKING

import click

from agentgov.cli import parameters
from agentgov.cli.options import AT_HELP, answer, format_option, repo_option
from agentgov.model.document import ENVIRONMENTS, Environment
from agentgov.model.names import AgentId
from agentgov.trust.verbs import VERBS

if TYPE_CHECKING:
    from agentgov.cli.access.moments import Moment
    from agentgov.cli.governance import Source
    from agentgov.report.page import Page
    from agentgov.trust.permissions import Grant


@click.command()
@click.argument("verb", type=parameters.verb)
@parameters.agent_argument(required=False)
@click.option("--environment", type=click.Choice(ENVIRONMENTS), help="Only who may there (default: anywhere).")
@click.option("--at", "at", metavar="MOMENT", help=AT_HELP)
@repo_option
@format_option()
def who(
    verb: str, agent: AgentId | None, environment: Environment | None, at: str | None, repo: str, output: str
) -> int:
    """Everyone who may do VERB to AGENT, and by which binding.

    Without AGENT: everyone who may do it to any agent, with the agents they may do it to. Without --at: by the
    working tree; an act or a time asks what was authorised then.
    """
    from agentgov.cli.access.moments import moment
    from agentgov.cli.governance import location_json
    from agentgov.trust.permissions import standing

    then = moment(repo, at)
    source = then.source
    grants = [
        grant
        for grant in standing(source.governance.access, verb, then.day)
        if (agent is None or grant.covers(agent)) and _reaches(grant, verb, environment)
    ]
    document = {
        "schema": "agentgov.who/1",
        "verb": verb,
        "agent": str(agent) if agent else None,
        "environment": environment,
        "source": source.snapshot.name,
        "act": then.document,
        "grants": [
            {
                "person": grant.person,
                "via": grant.via,
                "agents": list(grant.agents),
                "environments": list(grant.environments) if VERBS[verb].environments else [],
                "until": grant.until.isoformat() if grant.until else None,
                "where": location_json(source.locate(grant.where)),
            }
            for grant in grants
        ],
    }
    answer(output, _page(verb, agent, grants, then), document)
    return 0


def _reaches(grant: "Grant", verb: str, environment: Environment | None) -> bool:
    """Whether a grant is good in the environment asked for; one that lists none never gives a verb that needs one."""
    if not VERBS[verb].environments:
        return True
    return environment in grant.environments if environment else bool(grant.environments)


def _page(verb: str, agent: AgentId | None, grants: "list[Grant]", then: "Moment") -> "Page":
    from agentgov.report.page import Page, Span

    page = Page()
    if grants:
        page.table(("PERSON", "BY", "UNTIL", "WHERE"), (_row(grant, then.source) for grant in grants))
    else:
        page.line(f"nobody may {VERBS[verb].on(agent or 'any agent')}")
        if roles := VERBS[verb].roles:
            page.line(f"who has it by their role: {' or '.join(roles)}, in a binding of governance/access.yaml")
    if VERBS[verb].withheld == "action-rule":
        page.line("an agent's action rules name who decides its pending actions")
    return page.line(Span(then.words, "dim"))


def _row(grant: "Grant", source: "Source") -> tuple[str, ...]:
    where = source.locate(grant.where)
    return grant.person, grant.via, grant.until.isoformat() if grant.until else "", f"{where.file}:{where.line}"
