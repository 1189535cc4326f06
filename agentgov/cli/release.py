"""`agentgov release`: tag an agent, signed, annotated and bound to its closure."""

import click

from agentgov.cli import parameters
from agentgov.cli.context import Context, open_context
from agentgov.cli.options import answer, format_option, repo_option
from agentgov.errors import IncompleteError, RefusedError
from agentgov.model.names import AgentId
from agentgov.release.refs import known_refs, observe_refs
from agentgov.release.tagging import Bump, make_release, next_version
from agentgov.repo import clock
from agentgov.report.page import Page, Span


@click.command()
@click.argument("agent", type=parameters.agent)
@click.option("--bump", type=click.Choice(["major", "minor", "patch"]), default="minor", show_default=True)
@click.option("--version", "version", metavar="V", help="This very version instead of the next one.")
@click.option("--rev", default="HEAD", show_default=True, help="The commit to release.")
@click.option("-m", "--message", default="", help="Notes for the tag.")
@click.option("--push/--no-push", default=True, help="Push the tag to the remote.")
@repo_option
@format_option()
def release(
    agent: AgentId, bump: Bump, version: str | None, rev: str, message: str, push: bool, repo: str, output: str
) -> int:
    """Make a release of AGENT: its content must be reviewed and free of errors, and you must hold `release` there."""
    context = open_context(repo)
    remote = context.journal.remote
    view = context.view(fetch=push and remote is not None)
    actor = context.person(view)
    main = view.governance.fleet.main
    refs = observe_refs(context.journal, main) if push and remote is not None else known_refs(context.journal, main)
    commit = context.repo.resolve(rev)
    name = parameters.release_of(agent, version) if version else next_version(view, agent, bump, frozenset(refs.tags))
    made = make_release(view, actor, name, commit, now=clock.now(), notes=message)
    if push and remote is not None:
        _push(context, name.ref, made.oid)
    page = Page().line(Span("released ", "good"), f"{name} at commit {commit[:9]}, signed by {actor.identity.id}")
    page.line(f"  closure {made.release.closure[:16]}, tag object {made.oid[:12]}")
    if remote is None or not push:
        page.line(
            f"  it goes nowhere until it is pushed: git push origin {name}" if remote else "  no remote: it is local"
        )
    page.line("  the reconciler takes it from here: agentgov reconcile --once")
    document = {
        "schema": "agentgov.release/1",
        "release": str(name),
        "tag": made.oid,
        "commit": commit,
        "closure": made.release.closure,
        "pushed": push and remote is not None,
    }
    answer(output, page, document)
    return 0


def _push(context: Context, ref: str, oid: str) -> None:
    remote, repo = context.journal.remote, context.repo
    assert remote is not None
    try:
        result = remote.push({ref: oid}, {ref: None})
    except IncompleteError as error:
        hint = f"the tag is in this clone; push it when the remote answers: git push {remote.name} {ref}"
        raise IncompleteError(error.message, hint) from error
    if not result.landed:
        repo.update_ref(ref, None, oid)
        said = f": {result.message}" if result.message else ""
        raise RefusedError(f"the remote did not take the tag{said}", "the local tag was taken back")
