"""A merge group, and a commit that was pushed, judged as `check` judges a pull request; told as a status, never in a
comment.

A group of a fleet is judged by what it would bring to main, with the reviews of every pull request in it. Elsewhere
nothing is judged anew: every pull request of the group must bear a pass that this token's own account recorded.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from agentgov.cli.change.check_contents import (
    Answered,
    answered_of,
    diff_of,
    fetch_commits,
    fetch_pull_request,
    fetch_reviewed,
    is_fleet,
    main_tip,
    trusted_context,
)
from agentgov.cli.change.check_forge import Judged, Wanted, finished
from agentgov.cli.change.check_publish import NAME, publish_unknown, publish_verdict
from agentgov.cli.change.check_told import Told
from agentgov.cli.context import Context
from agentgov.errors import ConfigurationError
from agentgov.forge.events import Asked
from agentgov.forge.port import ForgePort, PullRequest, State
from agentgov.forge.preview import Preview, preview
from agentgov.forge.reading import read_change
from agentgov.forge.reasons import EVENT, MERGE_GROUP, incomplete, misconfigured
from agentgov.journal.reviewing import reviewable
from agentgov.report.page import Page, Span
from agentgov.report.pull_request_comment import Subject
from agentgov.report.review_told import PathTold, ReviewsTold

if TYPE_CHECKING:
    from agentgov.journal.view import View

_MOST = 200  # commits of a group
_NUMBER = re.compile(r"\A(?:Merge pull request #([1-9][0-9]{0,9}) |[^\n]*\(#([1-9][0-9]{0,9})\)\n?(?:\n|\Z))")


def judge_group(start: str, forge: ForgePort, asked: Asked, wanted: Wanted) -> Judged:
    """The verdict on what a merge queue is about to bring to main."""
    return _told(forge, asked.head, partial(_group, start, forge, asked, wanted), wanted)


def judge_push(start: str, forge: ForgePort, asked: Asked, wanted: Wanted) -> Judged:
    """The verdict on a commit, by the journal alone: everything in it that is not authorised yet."""
    return _told(forge, asked.head, partial(_push, start, asked, wanted), wanted)


def _told(forge: ForgePort, commit: str, answer: Callable[[], Answered], wanted: Wanted) -> Judged:
    try:
        answered = answer()
    except Exception:  # also of our own making: an earlier pass must not stand
        if wanted.status:
            publish_unknown(forge, commit, None)
        raise
    published = publish_verdict(forge, commit, answered.subject, None, status=wanted.status, explain=False)
    return finished(answered.told, answered.facts, published)


def _push(start: str, asked: Asked, wanted: Wanted) -> Answered:
    context = trusted_context(start)
    fetch_commits(context, {asked.head: asked.head})
    if wanted.by == "commits" or not is_fleet(context, asked.head):
        raise misconfigured(EVENT, "a push is judged by a journal, and there is none", "judge a pull request")
    view = context.view(fetch=True)
    given = Preview(reviewable(view, asked.head).change, view.state.reviews(), view.state.imported())
    return answered_of(view, given, asked.head, None, wanted.assumed, record=wanted.record)


def _group(start: str, forge: ForgePort, asked: Asked, wanted: Wanted) -> Answered:
    context = trusted_context(start)
    fetch_commits(context, {asked.head: asked.head})
    if wanted.by != "commits" and wanted.policy is None and is_fleet(context, asked.head):
        view = context.view(fetch=True)
        base = main_tip(context, view)
        members = {one.number: one for _, found in _members(context, forge, asked, base) for one in found}
        return _by_contents(context, forge, view, asked.head, base, tuple(members.values()), wanted)
    fetch_commits(context, {asked.base: asked.base})
    return _by_record(forge, asked, list(_members(context, forge, asked, asked.base)))


def _by_contents(
    context: Context,
    forge: ForgePort,
    view: "View",
    head: str,
    base: str,
    members: tuple[PullRequest, ...],
    wanted: Wanted,
) -> Answered:
    found = reviewable(view, head, base)
    given = Preview(found.change, dict(view.state.reviews()), dict(view.state.imported()))
    for member in members:
        fetch_pull_request(context, forge, member)
        change = read_change(forge, member.number, commits=False, files=False)
        fetch_reviewed(context, forge, view, change)
        own = reviewable(view, change.pull_request.head, base).change
        given = preview(view, given.change, change, base, given, frozenset(path.path for path in own.paths))
    compared = diff_of(context, base, head)
    return answered_of(view, given, head, compared, wanted.assumed, record=wanted.record)


def _by_record(forge: ForgePort, asked: Asked, group: list[tuple[str, list[PullRequest]]]) -> Answered:
    """Whether every commit of the group is of pull requests that all bear our own pass."""
    paths = []
    for commit, members in group:
        if not members:
            said = f"it is of no pull request that the forge knows ({MERGE_GROUP})"
            paths.append(PathTold(f"commit {commit[:9]}", "pending", (), said))
        for member in members:
            own = [one for one in forge.statuses(member.head, NAME) if one.own]
            good = bool(own) and all(one.state is State.PASS for one in own)
            said = "" if good else f"it has no recorded pass ({MERGE_GROUP})"
            paths.append(PathTold(f"pull request {member.number}", "pass" if good else "pending", (), said))
    told = ReviewsTold(
        "pending" if not paths or any(one.state != "pass" for one in paths) else "pass", "", tuple(paths)
    )
    return _answer_by_record(asked, told)


def _answer_by_record(asked: Asked, told: ReviewsTold) -> Answered:
    page = Page().line(Span(f"{told.state} ", "good" if told.state == "pass" else "warn"), "by what was recorded")
    for path in told.paths:
        page.line(f"  {path.state:<8}", path.path, f": {path.message}" if path.message else "")
    document = {
        "schema": "agentgov.check/1",
        "verdict": told.state,
        "head": asked.head,
        "judged_by": "record",
        "missing_paths": [path.path for path in told.waiting],
        "blocked_by": [],
        "requirements": [],
        "reviews": [],
        "assumed": [],
    }
    subject = Subject(asked.head, told)
    return Answered(Told(told.state == "pass", page, document, page.text, told), subject)


def _members(context: Context, forge: ForgePort, asked: Asked, base: str) -> Iterator[tuple[str, list[PullRequest]]]:
    """Every commit that the group adds to `base` along its first parents, with the open pull requests that it may be
    of. A number in a message is whoever's wrote it, and only ever a place where reviews are looked for."""
    repo, commit = context.repo, asked.head
    for count in range(_MOST + 1):
        if repo.is_ancestor(commit, base):
            return
        if count == _MOST:
            raise incomplete(MERGE_GROUP, f"the merge group has more than {_MOST} commits", "queue fewer at once")
        found = repo.commit(commit)
        members = {one.number: one for source in (commit, *found.parents[1:]) for one in forge.pull_requests_of(source)}
        for number in _named(found.message, asked.number if commit == asked.head else 0):
            if number not in members:
                with suppress(ConfigurationError):  # there is none of that number
                    members[number] = forge.pull_request(number)
        yield commit, [one for one in members.values() if one.state == "open"]
        if not found.parents:
            return
        commit = found.parents[0]


def _named(message: bytes | str, number: int) -> list[int]:
    """The numbers that a queue's branch and a commit's message name."""
    text = message.decode("utf-8", "replace") if isinstance(message, bytes) else message
    said = _NUMBER.match(text)
    return [one for one in (number, int(said[1] or said[2]) if said else 0) if one]
