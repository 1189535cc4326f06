"""`agentgov check`: the required-review verdict. Reads what there is to judge; `review` judges it."""

from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from agentgov.cli.change.check_told import Told, judge_facts, known_people, told_change
from agentgov.cli.change.forge_access import forge_options
from agentgov.cli.options import json_text, repo_option, report_options
from agentgov.cli.publish import Renderers, ReportFile, publish, write_reports
from agentgov.errors import UsageError

if TYPE_CHECKING:
    from agentgov.cli.change.check_forge import Judged, Wanted
    from agentgov.forge.where import ForgeOptions
    from agentgov.review.change import ChangeVerdict


@click.command()
@click.option(
    "--facts", type=click.File("rb"), metavar="FILE", help="Judge the facts in a file (- reads standard input)."
)
@click.option("--head", metavar="REV", help="The commit to judge (default: HEAD).")
@click.option("--base", metavar="REV", help="Judge only the paths that differ from this commit's merge base.")
@click.option("--pr", "number", type=click.IntRange(1, 10**10 - 1), metavar="N", help="Judge a pull request.")
@click.option("--event", type=click.File("rb"), metavar="FILE", help="Judge what the event of a CI run is about.")
@click.option("--comment", is_flag=True, help="Keep one comment on the pull request.")
@click.option("--status", is_flag=True, help="Publish the verdict as the status agentgov/reviews.")
@click.option("--by", type=click.Choice(["contents", "commits"]), help="What a pull request is judged by.")
@click.option("--policy", type=click.File("rb"), metavar="FILE", help="The policy for --by commits, as JSON.")
@click.option(
    "--assume-approval", "assumed", multiple=True, metavar="WHO", help="As if WHO approved what is there now."
)
@click.option("--write-facts", "target", metavar="FILE", help="Write what the verdict rests on, for --facts.")
@forge_options
@repo_option
@report_options("markdown", "github")
def check(
    facts: IO[bytes] | None,
    head: str | None,
    base: str | None,
    number: int | None,
    event: IO[bytes] | None,
    comment: bool,
    status: bool,
    by: str | None,
    policy: IO[bytes] | None,
    assumed: tuple[str, ...],
    target: str | None,
    forge: "ForgeOptions",
    repo: str,
    output: str,
    reports: tuple[ReportFile, ...],
) -> int:
    """Who approved, who is missing, and why a review was not counted.

    Compares the contents that are authorised with those of a commit, under the authorised governance. With --pr or
    --event, asks the forge: a pull request is judged as if its reviews were imported at this moment. With --facts,
    judges by the facts alone. Exit 0: every requirement is met, 1: pending or blocked, 3: it could not be told.
    """
    on_forge = number is not None or event is not None
    _refuse_combinations(facts, head or base, number, event, (comment or status, by, policy), assumed)
    code = None
    if on_forge:
        from agentgov.cli.change.check_forge import Wanted

        wanted = Wanted.of(by, policy, assumed, record=target is not None, comment=comment, status=status)
        judged = _judge_on_forge(repo, forge, number, event, wanted)
        told, data, code = judged.told, judged.facts, judged.code
    elif facts is not None:
        data = facts.read()
        told = judge_facts(data, getattr(facts, "name", "standard input"), assumed)
    else:
        told, data = _judge_change(repo, head or "HEAD", base, assumed, record=target is not None)
    renderers: Renderers = {
        "json": lambda: json_text(told.document),
        "markdown": told.markdown,
        "text": told.page.text,
        "github": partial(_github, told),
    }
    if target is not None:
        write_reports((ReportFile("facts", Path(target)),), {"facts": lambda: data.decode("utf-8", "replace")})
    publish(output, reports, renderers, lambda: told.page, lambda _: told.markdown())
    return code if code is not None else 0 if told.passes else 1


def _refuse_combinations(
    facts: object, commits: object, number: object, event: object, forge_only: tuple[object, ...], assumed: object
) -> None:
    """UsageError for options that contradict each other."""
    given = {"--facts": facts, "--head or --base": commits, "--pr": number, "--event": event}
    named = [name for name, value in given.items() if value]
    if len(named) > 1:
        raise UsageError(f"{named[0]} and {named[1]} name two things to judge", "give one of them")
    if any(forge_only) and not (number or event):
        raise UsageError("--comment, --status, --by and --policy are for a pull request", "name it: --pr N")
    if assumed and forge_only[0]:
        raise UsageError("what is only assumed is not published", "leave --comment and --status out")


def _judge_on_forge(
    repo: str, options: "ForgeOptions", number: int | None, event: IO[bytes] | None, wanted: "Wanted"
) -> "Judged":
    from agentgov.cli.change.check_forge import judge_event, judge_pull_request, open_port

    forge = open_port(repo, options)
    if event is not None:
        return judge_event(repo, forge, event, wanted)
    assert number is not None
    return judge_pull_request(repo, forge, number, wanted)


def _github(told: Told) -> str:
    from agentgov.report.check_github import github

    return github(told.document, told.page.text())


def _judge_change(
    repo: str, head: str, base: str | None, assumed: tuple[str, ...], *, record: bool
) -> tuple[Told, bytes]:
    """What a commit changes of the authorised contents, and where it is to be recorded its facts."""
    from agentgov.cli.context import journal_json, journal_line, open_context
    from agentgov.cli.worktree import WorkTreeNote
    from agentgov.journal.reviewing import reviewable, with_approvals
    from agentgov.report.page import Span

    context = open_context(repo)
    with WorkTreeNote(context.repo, head) as note:
        view = context.view()
        known_people(view.directory, assumed, "the authorised Access")
        commit = context.repo.resolve(head)
        found = reviewable(view, commit, since=context.repo.resolve(base) if base is not None else None)
        facts = b""
        if record:
            from agentgov.journal.recording import recorded
            from agentgov.review.recorded import encode

            facts = encode(recorded(view, found.change))
        verdict = with_approvals(view, found, assumed) if assumed else found.verdict
        note.tell(commit)
    line = (Span(f"commit {commit[:9]} against ", "dim"), journal_line(view))

    def judged(people: tuple[str, ...]) -> "ChangeVerdict":
        return with_approvals(view, found, people)

    give = f"agentgov review approve {commit[:9]}"
    return told_change(verdict, view.state.reviews(), commit, journal_json(view), line, assumed, judged, give), facts
