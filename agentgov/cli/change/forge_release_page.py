"""`agentgov forge release-page`: the page of a release on the forge, with the semantic changelog of the agent.

Only of a tag that verifies and that the remote has; never makes a tag, and leaves pages alone that others wrote.
"""

from typing import Any

import click

from agentgov.cli.change.forge_access import forge_options
from agentgov.cli.context import Context, open_context
from agentgov.cli.options import answer, format_option, repo_option
from agentgov.errors import AgentgovError, ConfigurationError, IncompleteError, RefusedError
from agentgov.forge.where import ForgeOptions
from agentgov.journal.tags import tag_notes
from agentgov.journal.view import View
from agentgov.model.names import ReleaseName, release_name
from agentgov.release.changes import changes_of, prior_release
from agentgov.release.examine import Subject
from agentgov.release.refs import observe_refs
from agentgov.report.changelog import LIMIT, changelog_markdown
from agentgov.report.markup import prose
from agentgov.report.page import Page, Span

MARK = "<!-- agentgov:release v1 -->"
_MOST_NOTES = 10_000  # characters


@click.command("release-page")
@click.argument("release")
@click.option("--dry-run", is_flag=True, help="Print the page, and ask no forge.")
@forge_options
@repo_option
@format_option()
def command(release: str, dry_run: bool, forge: ForgeOptions, repo: str, output: str) -> int:
    """Write the page of RELEASE (support/refund-assistant/v1.4.0): what it changes, loosening first, and who reviewed.

    The tag has to verify, as `agentgov verify` says. The page is written once, and brought up to date in place; one
    that somebody else wrote is left alone. Needs a token that may write contents (docs/releases.md).
    """
    name = release_name(release.removeprefix("refs/tags/"))
    if name is None:
        raise click.BadParameter(f"{release!r} is no release; write support/refund-assistant/v1.4.0.")
    context = open_context(repo)
    view, subject = _verified(context, name)
    body = page_of(view, name, subject)
    project, written = "", None
    if not dry_run:
        from agentgov.cli.change.forge_access import connect

        port = connect(context.repo, forge)
        project = port.project.name
        written = port.publish_release(str(name), f"{name.agent} {name.version}", body)
    _tell(name, body, project, written, output)
    return 0


def page_of(view: View, name: ReleaseName, subject: Subject) -> str:
    """The page as Markdown: our mark, who signed, what was written into the tag, the changelog."""
    recorded = view.state.release(name)
    head = [MARK, f"Signed by {prose(recorded.by)}." if recorded is not None else "Not seen by the reconciler yet."]
    notes = tag_notes(view.repo.read(subject.tag, "tag"))[:_MOST_NOTES].splitlines()
    head += ["\n".join(f"> {prose(line)}" for line in notes)] if notes else []
    top = "\n\n".join(head)
    changes = changes_of(view, name.agent, subject.commit, prior_release(view, name))
    return f"{top}\n\n{changelog_markdown(name, changes, LIMIT - len(top.encode()) - 2)}"


def _verified(context: Context, name: ReleaseName) -> tuple[View, Subject]:
    """The journal and the tag, both fetched, where the verdict on it is yes."""
    from agentgov.cli.trust.verify import judged

    if context.journal.remote is None:
        raise ConfigurationError("there is no remote, so no forge has the tag", "git remote add origin URL")
    main = context.view(fetch=True).governance.fleet.main
    tags = observe_refs(context.journal, main).tags
    if str(name) not in tags:
        hint = f"push it: git push {context.journal.remote.name} {name.ref}"
        raise RefusedError(f"the remote has no tag {name}", hint)
    view, found, subject = judged(context, str(name), tags)
    if found.word == "accept" and view is not None:
        return view, subject
    why = found.first.reason.message if found.first is not None else "nothing says that it is one"
    error: type[AgentgovError] = IncompleteError if found.word == "incomplete" else RefusedError
    raise error(f"{name} does not verify, so it gets no page: {why} ({found.code})", f"agentgov verify {name}")


def _tell(name: ReleaseName, body: str, project: str, written: str | None, output: str) -> None:
    document: dict[str, Any] = {
        "schema": "agentgov.forge-release-page/1",
        "release": str(name),
        "project": project or None,
        "written": written,
        "body": body,
    }
    page = Page()
    if written is None:
        for line in body.splitlines():
            page.line(line)
    else:
        page.line(Span(f"{written} ", "good"), f"the page of {name} in {project}")
    answer(output, page, document)
