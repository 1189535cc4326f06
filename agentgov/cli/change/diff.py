"""`agentgov diff`: what a change does to each agent, riskiest first. Reads and prints; `diff.compare` decides."""

import shutil
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import click

from agentgov.cli import parameters
from agentgov.cli.options import json_text, repo_option, report_options, show, wants_colour
from agentgov.cli.publish import Renderers, ReportFile, publish
from agentgov.model.finding import Finding
from agentgov.model.names import AgentId

if TYPE_CHECKING:
    from agentgov.cli.change.sides import Sides
    from agentgov.diff.change import FieldChange
    from agentgov.diff.compare import AgentDiff
    from agentgov.report.diff import Answer
    from agentgov.review.needs import Need


@click.command()
@click.argument("base", required=False, metavar="[BASE]")
@click.argument("head", required=False, metavar="[HEAD]")
@click.option("--agent", "agent_text", metavar="ID", help="Only this agent.", shell_complete=parameters.complete_agent)
@click.option("--staged", is_flag=True, help="Compare with what is staged, not with the working tree.")
@click.option("--exit-code", is_flag=True, help="Exit 1 when something differs.")
@repo_option
@report_options("markdown")
def diff(
    base: str | None,
    head: str | None,
    agent_text: str | None,
    staged: bool,
    exit_code: bool,
    repo: str,
    output: str,
    reports: tuple[ReportFile, ...],
) -> int:
    """What a change does to each agent, riskiest first.

    BASE (default: HEAD) and HEAD (default: the working tree) are commits, branches or tags; releases, as
    support/refunds@1.2.0; or env:production, what runs there now. With --agent also 1.2.0 and production. main:staging
    is main with the overrides of staging. BASE...HEAD starts where HEAD left BASE.

    `loosens` is what lets an agent do more, or checks it less, or cannot be told. Key order, comments and moved texts
    are no change. Exit 0; with --exit-code 1 when something differs; 2 when an agent cannot be read.
    """
    from agentgov.cli.change.sides import read_sides
    from agentgov.report import diff as render

    only = parameters.agent(agent_text) if agent_text is not None else None
    answer = compared(read_sides(repo, base, head, only, staged), _command(base, head, only, staged))
    renderers: Renderers = {"json": partial(_json, answer), "markdown": partial(_markdown, answer)}
    renderers = {**renderers, "text": lambda: render.page(answer, marks=True).text()}
    if answer.problems:
        show(render.problems_page(answer.problems), err=True)
    publish(output, reports, renderers, lambda: render.page(answer, marks=not wants_colour(), width=_width()))
    return 2 if answer.problems else 1 if exit_code and answer.differs else 0


def compared(sides: "list[Sides]", command: str) -> "Answer":
    """Everything there is to say about one pair of sides, or about one for each agent."""
    from agentgov.cli.change.comparison import Comparison
    from agentgov.diff.compare import riskiest_agents_first
    from agentgov.report.diff import Answer, Sharing, Side

    agents: list[AgentDiff] = []
    governance: list[FieldChange] = []
    practice: list[FieldChange] = []
    problems: list[Finding] = []
    sharing: list[Sharing] = []
    needs: dict[AgentId, Sequence[Need]] | None = None
    for pair in sides:
        comparison = Comparison.of(pair)
        compared = comparison.agents()
        agents += compared
        governance += comparison.governance()
        practice += comparison.practice()
        problems += comparison.problems
        sharing += [Sharing(*found_in) for found_in in comparison.sharing]
        if compared and (asked := comparison.needs(compared)) is not None:
            needs = {**(needs or {}), **asked}
    nothing = Side("", None, "nothing")
    base, head = (sides[0].base, sides[0].head) if sides else (nothing, nothing)
    found = riskiest_agents_first(agents)
    return Answer(
        base, head, found, tuple(governance), tuple(problems), needs, tuple(sharing), command, tuple(practice)
    )


def _command(base: str | None, head: str | None, only: AgentId | None, staged: bool) -> str:
    """The command line that asks the same."""
    words = ["agentgov diff", *(["--staged"] if staged else []), *(name for name in (base, head) if name)]
    return " ".join([*words, *(["--agent", str(only)] if only is not None else [])])


def _json(answer: "Answer") -> str:
    from agentgov.report.diff_json import document

    return json_text(document(answer))


def _markdown(answer: "Answer") -> str:
    from agentgov.report.diff_markdown import markdown

    return markdown(answer)


def _width() -> int:
    """How wide texts are shown on this terminal."""
    return max(40, min(shutil.get_terminal_size((114, 24)).columns - 4, 110))
