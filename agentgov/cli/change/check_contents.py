"""A pull request judged by its contents, in a clone of a fleet: fetched as data, compared with what is authorised, with
the reviews of the forge as if they were imported now. Checks nothing out, moves no ref of the clone, writes no act.
"""

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from agentgov.cli.change.check_told import Told, known_people, told_change
from agentgov.cli.context import Context, journal_json, journal_line, open_context
from agentgov.errors import AgentgovError, ConfigurationError, IncompleteError
from agentgov.forge.base import base_of
from agentgov.forge.port import Change as ForgeChange
from agentgov.forge.port import ForgePort, PullRequest
from agentgov.forge.preview import NotTaken, Preview, preview
from agentgov.forge.reasons import MOVED, incomplete
from agentgov.forge.reviewed import to_forge_reviews
from agentgov.journal.branch import Journal
from agentgov.journal.branch_name import journal_branch
from agentgov.journal.import_plan import commits_wanted
from agentgov.journal.reviewing import reviewable
from agentgov.journal.view import View
from agentgov.model.fleet import JournalSettings
from agentgov.model.governed import FLEET_FILE
from agentgov.report.markup import code
from agentgov.report.page import Span
from agentgov.report.pull_request_comment import Subject
from agentgov.report.review_told import Ignored
from agentgov.review.change import ChangeVerdict, with_assumed

if TYPE_CHECKING:
    from agentgov.report.diff import Answer


@dataclass(frozen=True, slots=True)
class Answered:
    """A verdict on what a forge asks about, and what a comment says of it. `facts` are empty where nobody asked."""

    told: Told
    subject: Subject
    facts: bytes = b""
    scope: str = ""  # of the status, where the verdict speaks of one branch alone


def trusted_context(start: str) -> Context:
    """The repository with the journal that the default branch of the remote names. What is checked out, or what a pull
    request goes to, names no journal: whoever can push a branch could bring one of their own."""
    context = open_context(start)
    remote = context.journal.remote
    if remote is None:
        return context
    default = remote.default_branch()
    tip = _tip(context, default) if default is not None else None
    branch = journal_branch(context.repo, tip) if tip is not None else JournalSettings().branch
    return Context(context.repo, Journal(context.repo, branch, remote))


def is_fleet(context: Context, commit: str) -> bool:
    """Whether a commit is of a fleet, whose changes are judged by contents: it says so, or there is a journal."""
    entry = context.repo.entry(context.repo.commit(commit).tree, FLEET_FILE)
    return (entry is not None and entry.is_file) or context.journal.fetch() is not None


def main_tip(context: Context, view: View) -> str:
    """The tip of the branch that the fleet's contents come from, fetched; the clone's own where there is no remote."""
    name = f"refs/heads/{view.governance.fleet.main}"
    tip = _tip(context, name) if context.journal.remote is not None else context.repo.ref(name)
    if tip is None:
        raise incomplete(MOVED, f"there is no branch {view.governance.fleet.main} to compare with")
    return tip


def _tip(context: Context, name: str) -> str | None:
    """Where a ref of the remote stands now, fetched."""
    remote = context.journal.remote
    tip = remote.ls(name).get(name) if remote is not None else None
    if tip is not None:
        fetch_commits(context, {name: tip})
    return tip


def fetch_pull_request(context: Context, forge: ForgePort, pull_request: PullRequest) -> None:
    """Have the base and the head of a pull request in this clone; IncompleteError where they cannot be had."""
    sources = {f"refs/heads/{pull_request.base_ref}": pull_request.base}
    sources |= dict.fromkeys(forge.refs_of(pull_request), pull_request.head)
    fetch_commits(context, sources)


def fetch_commits(context: Context, sources: dict[str, str]) -> None:
    """Have these commits, each from its ref or by its name. IncompleteError where the remote does not give one."""
    repo, remote = context.repo, context.journal.remote
    for source, commit in sources.items():
        if repo.has(commit):
            continue
        if remote is None:
            hint = "git remote add origin ADDRESS, in a clone of the repository on the forge"
            raise ConfigurationError("this repository has no remote to fetch the pull request from", hint)
        with suppress(IncompleteError):  # a ref that is gone or behind; the commit itself may be there
            remote.fetch(_ref(source))
        if not repo.has(commit):
            remote.fetch(commit)
        if not repo.has(commit):
            raise incomplete(MOVED, f"commit {commit[:12]} is not to be had from the remote", "try again")


def answer_contents(
    context: Context, forge: ForgePort, change: ForgeChange, assumed: tuple[str, ...] = (), *, record: bool = False
) -> Answered:
    """The verdict on a pull request whose commits are here already, with the reviews that were read of it.

    It is always compared with the branch that the fleet's contents come from: a status stands on a commit, whatever
    other branch a pull request of the same commit goes to.
    """
    pull_request = change.pull_request
    view = context.view(fetch=True)
    known_people(view.directory, assumed, "the authorised Access")
    fetch_reviewed(context, forge, view, change)
    main = view.governance.fleet.main
    base = base_of(context.repo, pull_request) if pull_request.base_ref == main else main_tip(context, view)
    found = reviewable(view, pull_request.head, base)
    given = preview(view, found.change, change, base)
    compared = diff_of(context, base, pull_request.head)
    answered = answered_of(view, given, pull_request.head, compared, assumed, record=record)
    notes = () if pull_request.base_ref == main else (_elsewhere(pull_request.base_ref, main),)
    newcomer = _is_newcomer(view, pull_request)
    return replace(answered, subject=replace(answered.subject, newcomer=newcomer, notes=notes))


def _elsewhere(ref: str, main: str) -> str:
    return f"It goes to {code(ref)}, and is compared with {code(main)}: reviews count for what would come there."


def _is_newcomer(view: View, pull_request: PullRequest) -> bool:
    author = pull_request.author
    return (
        author is not None
        and not author.bot
        and view.directory.by_account(pull_request.project.forge, author.id) is None
    )


def answered_of(
    view: View,
    given: Preview,
    head: str,
    compared: "Answer | None",
    assumed: tuple[str, ...] = (),
    *,
    record: bool = False,
) -> Answered:
    """The verdict on a change with the reviews that were previewed, in the forms in which it is told."""
    point = view.state.head

    def judged(people: tuple[str, ...]) -> ChangeVerdict:
        return given.verdict(view, with_assumed(given.reviews, given.change, people, point.seq, point.time))

    verdict = judged(assumed)
    line = (Span(f"commit {head[:9]} against ", "dim"), journal_line(view))
    told = told_change(verdict, given.reviews, head, journal_json(view), line, assumed, judged)
    for one in given.not_taken:
        told.page.line(Span("not imported ", "dim"), f"{one.login} ({one.opinion}): {one.message}")
    extra: dict[str, Any] = {"judged_by": "contents", "not_imported": [_document(one) for one in given.not_taken]}
    told = replace(told, document={**told.document, **extra})
    unread = tuple(Ignored(one.login, "", one.message, "not imported") for one in given.not_taken)
    subject = Subject(head, told.reviews, told.passing, compared, unread, _reasons(view, verdict))
    return Answered(told, subject, _facts(view, given) if record else b"")


def _ref(source: str) -> str:
    """A ref that a forge names, as git may be asked for it: never an option, never two refs in one."""
    if source.startswith("-") or any(char in source for char in ":*? \\^~["):
        raise incomplete(MOVED, f"the forge names a branch that git cannot have: {source}")
    return source


def fetch_reviewed(context: Context, forge: ForgePort, view: View, change: ForgeChange) -> None:
    """Have the reviewed commits as far as they still exist: a force push leaves some of them on no branch.

    IncompleteError where the remote does not answer, so that it cannot be told whether they exist.
    """
    taken = to_forge_reviews(change, change.pull_request.base, view.governance.fleet.main)
    wanted = commits_wanted(view, taken.reviews) if not taken.hold else ()
    missing = [commit for commit in wanted if not context.repo.has(commit)]
    remote = context.journal.remote
    if remote is None or not missing:
        return
    for commit in missing:
        with suppress(IncompleteError):
            remote.fetch(commit)
    remote.ls(*forge.refs_of(change.pull_request))


def diff_of(context: Context, base: str, head: str) -> "Answer | None":
    """What changes in each agent; None where that cannot be told, which stops no verdict."""
    from agentgov.cli.change.diff import compared
    from agentgov.cli.change.sides import read_sides

    start = context.repo.root or context.repo.git_dir
    try:
        sides = read_sides(str(start), f"{base}...{head}", None, None, staged=False)
        return compared(sides, f"agentgov diff {base[:9]}...{head[:9]}")
    except AgentgovError:
        return None


def _reasons(view: View, verdict: ChangeVerdict) -> str:
    """Why administrators let paths of this change through."""
    paths = {path.change.path for path in verdict.paths if path.overridden}
    said = [one.reason for one in view.state.overrides().values() if paths.intersection(one.left)]
    return "; ".join(dict.fromkeys(said))


def _facts(view: View, given: Preview) -> bytes:
    from agentgov.journal.recording import recorded
    from agentgov.review.recorded import encode

    return encode(recorded(view, given.change, given.reviews, given.imported))


def _document(one: NotTaken) -> dict[str, str]:
    return {"review": one.review, "login": one.login, "opinion": one.opinion, "reason": one.message}
