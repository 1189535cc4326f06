"""`agentgov release`: tag an agent, signed, annotated and bound to its closure."""

import click

from agentgov.cli import parameters
from agentgov.cli.context import Context, open_context
from agentgov.cli.known import require_agent
from agentgov.cli.options import answer, format_option, repo_option
from agentgov.cli.worktree import note_uncommitted
from agentgov.errors import IncompleteError, RefusedError
from agentgov.journal.view import View
from agentgov.model.names import AgentId, ReleaseName
from agentgov.model.state import Release
from agentgov.release.orders import by_tag
from agentgov.release.refs import known_refs, observe_refs
from agentgov.release.tagging import Bump, make_release, next_version
from agentgov.repo import clock
from agentgov.report.page import Page, Span


@click.command()
@parameters.agent_argument(required=False)
@click.option(
    "--bump",
    type=click.Choice(["major", "minor", "patch", "auto"]),
    help="Which part goes up (default: minor; --changed: auto, minor where something loosens, else patch).",
)
@click.option("--version", "version", metavar="V", help="This very version instead of the next one.")
@click.option("--rev", default="HEAD", show_default=True, help="The commit to release.")
@click.option("-m", "--message", default="", help="Notes for the tag.")
@click.option("--for-override", is_flag=True, help="Tag what lacks its reviews, for `override release`; not pushed.")
@click.option("--push/--no-push", default=True, help="Push the tag to the remote.")
@click.option(
    "--from-merge",
    is_flag=False,
    flag_value="HEAD",
    metavar="[REV]",
    help="Say which releases are due at REV (default: HEAD), and the command that signs each; make none.",
)
@click.option("--changed", is_flag=True, help="Make every release that is due, after showing them; all in one push.")
@click.option("--only", type=parameters.named, metavar="SELECTOR", help="With --changed: an agent or workspace/*.")
@click.option("--yes", is_flag=True, help="With --changed: do not ask first.")
@repo_option
@format_option("markdown")
def release(
    agent: AgentId | None,
    bump: str | None,
    version: str | None,
    rev: str,
    message: str,
    for_override: bool,
    push: bool,
    from_merge: str | None,
    changed: bool,
    only: str | None,
    yes: bool,
    repo: str,
    output: str,
) -> int:
    """Make a release of AGENT: its content must be reviewed and free of errors, and you must hold `release` there.

    With --changed: of every agent that differs from its last release, all of them or none.

    With --from-merge, in CI after a merge: which agents (or whether AGENT) differ from their last release, what that
    changes, and the one command that a person runs to sign it. Needs no key; with --no-push the remote is not asked.
    """
    if bump is not None and version is not None:
        raise click.UsageError("--bump and --version exclude each other.")
    if from_merge is not None:
        if bump or version or message or for_override or changed or only or yes or rev != "HEAD":
            raise click.UsageError("--from-merge makes no release: leave out what says how to make one.")
        from agentgov.cli.release.release_proposal import tell_proposals

        return tell_proposals(repo, from_merge, agent, push, output)
    if output == "markdown":
        raise click.UsageError("--format markdown goes with --from-merge.")
    if changed:
        if agent is not None or version is not None or for_override or bump == "major":
            raise click.UsageError("--changed chooses agents (--only) and versions itself, and no major one.")
        from agentgov.cli.release.release_changed import release_changed

        part: Bump | None = "minor" if bump == "minor" else "patch" if bump == "patch" else None
        return release_changed(repo, rev, only or "", part, message, yes, push, output)
    if only is not None or yes or bump == "auto":
        raise click.UsageError("--only, --yes and --bump auto go with --changed.")
    if agent is None:
        raise click.UsageError("Missing argument 'AGENT'.")
    single: Bump = "major" if bump == "major" else "patch" if bump == "patch" else "minor"
    return _make(agent, single, version, rev, message, for_override, push, repo, output)


def _make(
    agent: AgentId,
    bump: Bump,
    version: str | None,
    rev: str,
    message: str,
    for_override: bool,
    push: bool,
    repo: str,
    output: str,
) -> int:
    context, push = open_context(repo), push and not for_override
    remote = context.journal.remote
    view = context.view(fetch=push and remote is not None)
    commit = context.repo.resolve(rev)
    if context.repo.entry(context.repo.commit(commit).tree, agent.file) is None:
        require_agent(view, agent)
    note_uncommitted(context.repo, commit, rev, f"{agent.folder}/")
    actor = context.person(view)
    main = view.governance.fleet.main
    refs = observe_refs(context.journal, main) if push and remote is not None else known_refs(context.journal, main)
    name = parameters.release_of(agent, version) if version else next_version(view, agent, bump, frozenset(refs.tags))
    made = make_release(view, actor, name, commit, now=clock.now(), notes=message, for_override=for_override)
    if push and remote is not None:
        _push(context, name.ref, made.oid)
    page = Page().line(Span("released ", "good"), f"{name} at commit {commit[:9]}, signed by {actor.identity.id}")
    page.line(f"  closure {made.release.closure[:16]}, tag object {made.oid[:12]}")
    notes = _what_follows(view, name, made.release, remote.name if remote is not None else "", push)
    for line in notes:
        page.line(f"  {line}")
    document = {
        "schema": "agentgov.release/1",
        "release": str(name),
        "tag": made.oid,
        "commit": commit,
        "closure": made.release.closure,
        "pushed": push and remote is not None,
        "notes": notes,
    }
    answer(output, page, document)
    return 0


def _what_follows(view: View, name: ReleaseName, made: Release, remote: str, push: bool) -> list[str]:
    """Where the release goes from here, as far as it can be told."""
    lines = []
    if not remote:
        lines.append("there is no remote: it is in this repository alone")
    elif not push:
        lines.append(f"it goes nowhere until it is pushed: git push {remote} {name.ref}")
    running = by_tag(view, name.agent, view.state.deployment(name.agent).production.release)
    if running is not None and not running.release_name.precedence < name.precedence:
        return [
            *lines,
            f"it never enters the pipeline: production runs v{running.release_name.version}, which is newer",
        ]
    if running is not None and running.closure == made.closure:
        return [*lines, f"production runs this very content as v{running.release_name.version}: only the name is new"]
    return [*lines, "the reconciler takes it from here, at its next tick"]


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
