"""`check --pr` and `check --event`: read everything from the forge, decide, look again, and only then tell it there.

Whatever fails on the way is no verdict: it is raised, after the commit was told that its reviews could not be judged,
where a status was asked for and the forge lets it be said.
"""

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import IO, TYPE_CHECKING, Any, Literal, Self

import click

from agentgov.cli.change.check_contents import (
    Answered,
    answer_contents,
    fetch_commits,
    fetch_pull_request,
    is_fleet,
    trusted_context,
)
from agentgov.cli.change.check_publish import Published, publish_unknown, publish_verdict
from agentgov.cli.change.check_told import Told, judge_facts
from agentgov.cli.context import open_context
from agentgov.errors import AgentgovError, IncompleteError, UsageError
from agentgov.forge.port import Change, ForgePort, PullRequest
from agentgov.forge.reading import read_change
from agentgov.forge.reasons import EVENT, MOVED, incomplete, misconfigured
from agentgov.report.page import Span, safe
from agentgov.report.pull_request_comment import Subject

if TYPE_CHECKING:
    from agentgov.forge.events import Asked
    from agentgov.forge.where import ForgeOptions
    from agentgov.review.facts import Policy

DEADLINE = 120.0  # seconds that the forge has for all answers together
By = Literal["", "contents", "commits"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a pull request is to be judged, and where the verdict is to be told. `by` is "" where the repository says."""

    by: By = ""
    policy: "Policy | None" = None
    assumed: tuple[str, ...] = ()
    record: bool = False
    comment: bool = False
    status: bool = False

    @classmethod
    def of(cls, by: str | None, policy: IO[bytes] | None, assumed: tuple[str, ...], **flags: bool) -> Self:
        """From the words of the command line; ConfigurationError for a policy that cannot be read."""
        from agentgov.review.facts import Policy, decoded

        hint = "it holds the keys of `policy` in a facts file (docs/reviews.md)"
        found = decoded(policy.read(), Policy, getattr(policy, "name", "policy"), hint) if policy else None
        if found is not None and by == "contents":
            raise UsageError("--policy is for --by commits", "a fleet is judged by its own agentgov.yaml")
        return cls(by or "", found, assumed, **flags)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict, what it rests on where that was to be recorded, where it was told, and the exit code."""

    told: Told
    facts: bytes
    published: Published
    code: int


def open_port(start: str, options: "ForgeOptions") -> ForgePort:
    """The forge of the repository around a folder."""
    from agentgov.cli import ahead
    from agentgov.cli.change.forge_access import connect

    return connect(ahead.repository(start), options, DEADLINE)


def judge_pull_request(start: str, forge: ForgePort, number: int, wanted: Wanted | None = None) -> Judged:
    """The verdict on a pull request as it stands, told where that is wanted.

    `start` is a folder in a clone, bare or not. Everything is read before anything is decided, and looked at again
    before anything is told. IncompleteError where that cannot be done.
    """
    wanted = wanted or Wanted()
    seen: list[PullRequest] = []
    try:
        pull_request, answered = _settled(start, forge, number, wanted, seen)
    except Exception:  # also of our own making: an earlier pass must not stand
        if wanted.status and seen:
            _withdraw(start, forge, seen[-1], wanted)
        raise
    told = answered.told
    document: dict[str, Any] = {**told.document, "pull_request": _document(pull_request)}
    published = publish_verdict(
        forge,
        pull_request.head,
        answered.subject,
        pull_request,
        status=wanted.status,
        explain=wanted.comment,
        scope=answered.scope,
    )
    return finished(replace(told, document=document), answered.facts, published)


def finished(told: Told, facts: bytes, published: Published) -> Judged:
    """The verdict with what became of telling it: said on stderr where something went wrong."""
    for what, why in published.problems.items():
        click.echo(f"warning: the {what} could not be published: {safe(why)}", err=True)
    done = published.document()
    for what, became in done.items():
        if became is not None:
            told.page.line(Span("told ", "dim"), f"{what} {became}")
    told = replace(told, document={**told.document, "published": done})
    return Judged(told, facts, published, 3 if published.unseen else 0 if told.passes else 1)


def judge_event(start: str, forge: ForgePort, file: IO[bytes], wanted: Wanted) -> Judged:
    """The verdict on what the event of a CI run is about."""
    from agentgov.forge.events import MOST, read_event

    asked = read_event(file.read(MOST + 1))
    if asked.kind == "merge_group":
        from agentgov.cli.change.check_group import judge_group

        return judge_group(start, forge, asked, wanted)
    if asked.kind == "commit":
        from agentgov.cli.change.check_group import judge_push

        return judge_push(start, forge, asked, wanted)
    judged = judge_pull_request(start, forge, asked.number or _number_of(forge, asked), wanted)
    if asked.head and asked.head != judged.told.document["pull_request"]["head"]:
        click.echo(f"note: the event is of commit {asked.head[:9]}, and the pull request has moved on", err=True)
    return judged


def _number_of(forge: ForgePort, asked: "Asked") -> int:
    """The one open pull request with that head: those from forks are not named in the event."""
    found = [one for one in forge.pull_requests_of(asked.head) if one.head == asked.head and one.state == "open"]
    if len(found) != 1:
        what = "no open pull request" if not found else f"{len(found)} open pull requests"
        raise misconfigured(EVENT, f"{what} have the head {asked.head[:12]}", "name it: --pr N")
    return found[0].number


def _settled(
    start: str, forge: ForgePort, number: int, wanted: Wanted, seen: list[PullRequest]
) -> tuple[PullRequest, Answered]:
    """A verdict on a pull request that stood still while it was judged; where it did not, it is judged once over."""
    for last in (False, True):
        pull_request = forge.pull_request(number)
        seen.append(pull_request)
        try:
            answered = _answer(start, forge, pull_request, wanted)
            after = forge.pull_request(number)
            _same(after, pull_request)
        except IncompleteError as error:
            if last or error.rule != MOVED:
                raise
        else:
            return after, answered
    raise AssertionError("the last attempt returns or raises")


def _answer(start: str, forge: ForgePort, pull_request: PullRequest, wanted: Wanted) -> Answered:
    number = pull_request.number
    if wanted.by != "commits" and wanted.policy is None:
        context = trusted_context(start)
        fetch_pull_request(context, forge, pull_request)
        if wanted.by == "contents" or is_fleet(context, pull_request.base):
            change = read_change(forge, number, commits=False, files=False)
            _same(change.pull_request, pull_request)
            answered = answer_contents(context, forge, change, wanted.assumed, record=wanted.record)
            _same_reviews(change.reviews, forge.reviews(pull_request), number)
            return answered
    return _answer_commits(start, forge, pull_request, wanted)


def _answer_commits(start: str, forge: ForgePort, pull_request: PullRequest, wanted: Wanted) -> Answered:
    """The verdict by what the forge tells of commits, for repositories that are no fleet."""
    import msgspec

    from agentgov.forge.gathering import gather_facts
    from agentgov.review.facts import Policy

    before = forge.reviews(pull_request)
    updates_of = partial(_updates_of, start, forge)
    facts = gather_facts(forge, pull_request.number, wanted.policy or Policy(), updates_of=updates_of)
    _same_reviews(before, forge.reviews(pull_request), pull_request.number)
    data = msgspec.json.format(msgspec.json.encode(facts, order="deterministic"), indent=1) + b"\n"
    told = judge_facts(data, f"pull request {pull_request.number}", wanted.assumed)
    told = replace(told, document={**told.document, "judged_by": "commits"})
    subject = Subject(pull_request.head, told.reviews, told.passing)
    scope = _scope(start, pull_request) if wanted.status else ""
    return Answered(told, subject, data if wanted.record else b"", scope)


def _updates_of(start: str, forge: ForgePort, change: Change, tip: str) -> Collection[str]:
    """The clean merges of the target branch, which is at `tip`; none where this clone cannot have what tells."""
    from agentgov.forge.updating import update_merges

    if all(len(commit.parents) < 2 for commit in change.commits):
        return ()
    asked = change.pull_request
    with suppress(AgentgovError):
        context = open_context(start)
        fetch_commits(context, {f"refs/heads/{asked.base_ref}": tip, **dict.fromkeys(forge.refs_of(asked), asked.head)})
        return update_merges(context.repo, [commit.sha for commit in change.commits], tip)
    return ()


def _scope(start: str, pull_request: PullRequest) -> str:
    """The branch that a verdict by commits speaks of, "" for the default one: CODEOWNERS of another branch decides
    there, and whoever can push a branch can write one."""
    from agentgov.repo.remote import Remote

    remote = Remote.of(open_context(start).repo)
    default = remote.default_branch() if remote is not None else None
    if default is None:
        hint = "git clone the repository, or set its default branch"
        raise misconfigured(EVENT, "the default branch is not known, and a status speaks of it", hint)
    return "" if default == f"refs/heads/{pull_request.base_ref}" else pull_request.base_ref


def _withdraw(start: str, forge: ForgePort, pull_request: PullRequest, wanted: Wanted) -> None:
    """Let no earlier pass stand where nothing could be decided: under every name that it may have."""
    publish_unknown(forge, pull_request.head, pull_request)
    if wanted.by == "commits" or wanted.policy is not None:
        with suppress(AgentgovError):
            scope = _scope(start, pull_request)
            if scope:
                publish_unknown(forge, pull_request.head, pull_request, scope)


def _same(now: PullRequest, before: PullRequest) -> None:
    if not now.same_question(before):
        raise incomplete(MOVED, f"pull request {before.number} changed while it was read", "try again")


def _same_reviews(before: object, after: object, number: int) -> None:
    if before != after:
        raise incomplete(MOVED, f"the reviews of pull request {number} changed while they were judged", "try again")


def _document(pull_request: PullRequest) -> dict[str, object]:
    return {
        "number": pull_request.number,
        "head": pull_request.head,
        "base": pull_request.base,
        "url": pull_request.url,
        "draft": pull_request.draft,
    }
