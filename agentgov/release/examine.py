"""Would the reconciler release this? The whole trust verdict on a tag, or on a commit of main.

A tag that the journal has not seen is judged as at first sight. One that it has seen is judged again, from the bytes
of its tag at the act that recorded it, and not believed because it is recorded: signature and closure then, the chain
of acts that brought it where it stands, and what validation finds in its content today. Findings belong here and to the
reconciler, never to replay: rules of validation grow, and replay is for ever. Writes nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from agentgov.errors import IncompleteError
from agentgov.journal.commits import UNSIGNED
from agentgov.journal.overriding import overrides_of, release_override
from agentgov.journal.query import acts_naming
from agentgov.journal.reviewing import reviewable
from agentgov.journal.revoked import revoked_tags
from agentgov.journal.tags import judge_tag
from agentgov.journal.verdicts import FIRST_USE, Point, Where
from agentgov.journal.view import View, view_at
from agentgov.model.names import ReleaseName
from agentgov.model.state import Release
from agentgov.model.transitions import Refusal
from agentgov.model.verdict import allow, deny, note, unknown
from agentgov.release.chain import Step, promotion_chain
from agentgov.release.sightings import sight
from agentgov.release.tagging import refuse_content
from agentgov.repo.objects import ObjectError
from agentgov.repo.snapshot import commit_snapshot
from agentgov.review.change import Change, PathVerdict


@dataclass(frozen=True, slots=True)
class Subject:
    """What was judged: the commit, and the tag object where it is a tag's."""

    commit: str = ""
    tag: str = ""


Examined = tuple[Subject, tuple[Point, ...]]


def examine_tag(view: View, name: ReleaseName, oid: str | None, pinned: bool) -> Examined:
    """The verdict on a release tag; `oid` is where its ref points here. IncompleteError where an object is missing."""
    recorded = view.state.release(name)
    if oid is None:
        if recorded is None:
            raise IncompleteError(f"this clone has no tag {name}", "fetch it: git fetch origin --tags")
        gone = deny("tag.gone", f"the journal has seen {name}, and its ref is gone here")
        return Subject(recorded.commit), (Point(gone, Where(recorded.commit, rule="tag.gone")),)
    untrusted = () if pinned else (Point(deny("trust.first-use", f"{FIRST_USE}, and production takes them")),)
    if recorded is not None:
        return Subject(recorded.commit, oid), (*_recorded(view, recorded, oid), *untrusted)
    seen = sight(view, name, oid).found
    if isinstance(seen, Refusal):
        return Subject("", oid), (_refused(seen), *untrusted)
    return Subject(seen.commit, oid), (
        Point(allow("tag.signed", f"signed by {seen.by}, who may release {name.agent}")),
        Point(allow("tag.closure", f"its content stands authorised since act {seen.authorised_at}")),
        *untrusted,
    )


def examine_commit(view: View, commit: str) -> Examined:
    """The verdict on a commit of main: whether everything governed in it is authorised, or may be."""
    found = reviewable(view, commit)
    waiting = [path for path in found.verdict.paths if path.state != "pass"]
    count = len(found.verdict.paths)
    if waiting:
        return Subject(commit), tuple(_pending(found.change, path) for path in waiting)
    if not count:
        return Subject(commit), (Point(allow("contents.authorised", "everything governed here is authorised")),)
    over = [path for path in found.verdict.paths if path.overridden]
    if over:
        told = tuple(Point(note("override.used", f"{path.change.path}: {path.message}")) for path in over)
        said = f"{count - len(over)} of {count} changed paths have every review, the others an override"
        return Subject(commit), (Point(allow("contents.reviewed", said)), *told)
    have = "changed paths have" if count > 1 else "changed path has"
    return Subject(commit), (Point(allow("contents.reviewed", f"{count} {have} every review that is needed")),)


def _pending(change: Change, path: PathVerdict) -> Point:
    """Why a path is not authorised: its first missing requirement, or the commit that is not signed as it must be."""
    name, authors = path.change.path, change.authors.get(path.change.path)
    message = f"{name}: {path.message}"
    if authors is not None and authors.unsigned and path.message == authors.unsigned:
        return Point(deny(UNSIGNED, message, name), Where(authors.unsigned_commit, name, UNSIGNED))
    missing = next((state.requirement.rule for state in path.requirements if state.missing), "")
    rule = "review.changes-requested" if path.objectors else missing or "contents.pending"
    return Point(deny("contents.pending", message, name), Where(change.head, name, rule))


def _refused(refusal: Refusal, commit: str = "") -> Point:
    return Point(deny(refusal.code, refusal.message), Where(commit, refusal.path, refusal.code))


def _recorded(view: View, recorded: Release, oid: str) -> Iterator[Point]:
    """A release that the journal has seen, judged again."""
    if oid != recorded.tag:
        message = f"the tag was moved: it was {recorded.tag[:12]} when it was first seen, and is {oid[:12]} now"
        yield Point(deny("tag.moved", message), Where(recorded.commit, rule="tag.moved"))
        return
    if revoked_tags(view, [recorded]):
        message = f"{recorded.name} rests on a revoked key: it runs where it runs, and goes no further"
        yield Point(deny("release.revoked", message), Where(recorded.commit, rule="release.revoked"))
    steps = _steps(view, recorded)
    yield from _again(view, recorded, steps)
    yield from _chain(view, recorded, steps)
    yield from _content(view, recorded)
    for one in overrides_of(view, recorded.release_name.agent):
        if one.record.used:
            yield Point(note("override.overdue" if one.overdue else "override.used", one.words))


def _steps(view: View, recorded: Release) -> tuple[Step, ...]:
    agent = str(recorded.release_name.agent)
    found = acts_naming(view, agent)
    return tuple(Step(seq, commit, act) for seq, commit, act in found)[::-1]


def _again(view: View, recorded: Release, steps: tuple[Step, ...]) -> Iterator[Point]:
    """The tag, judged as it was at first sight, by the journal before that act."""
    name = recorded.release_name
    act = next((one for one in steps if one.act.kind == "release-seen" and _names(one, recorded)), None)
    if act is None:
        yield Point(deny("tag.recorded", f"no act of the journal recorded {name}"))
        return
    before = view_at(view.repo, view.repo.commit(act.commit).parents[0], view)
    try:
        judged = judge_tag(before, name, recorded.tag, view.repo.read(recorded.tag, "tag"))
    except ObjectError as error:
        judged = Refusal("tag.object", f"the tag object cannot be read: {error}")
    if isinstance(judged, Refusal):
        yield Point(deny(judged.code, judged.message), Where(act.commit, judged.path, judged.code, act.seq))
        return
    if (judged.commit, judged.closure, judged.by) != (recorded.commit, recorded.closure, recorded.by):
        yield Point(deny("release.bound", f"the journal records {name} otherwise than its tag says"), _place(act))
        return
    since = f"authorised since act {recorded.authorised_at}"
    if release_override(view, recorded.tag) is not None:
        since = f"let through by the override of act {recorded.authorised_at}, without its reviews"
    yield Point(allow("tag.recorded", f"recorded in act {act.seq}, signed by {recorded.by}, {since}"))


def _names(step: Step, recorded: Release) -> bool:
    return step.act.get("Release").split(" ")[0] == recorded.name


def _place(step: Step) -> Where:
    """An act as a place."""
    return Where(step.commit, seq=step.seq)


def _chain(view: View, recorded: Release, steps: tuple[Step, ...]) -> Iterator[Point]:
    releases = {one.tag: one for one in view.state.releases(recorded.release_name.agent)}
    chain = promotion_chain(steps, recorded, releases)
    if chain.offence is not None and chain.at is not None:
        where = Where(chain.at.commit, rule=chain.offence.code, seq=chain.at.seq)
        yield Point(deny(chain.offence.code, chain.offence.message), where)
    elif chain.words:
        yield Point(allow("promotion.chain", chain.words))
    else:
        yield Point(note("promotion.chain", "it has not entered staging yet"))


def _content(view: View, recorded: Release) -> Iterator[Point]:
    """Errors that validation finds in it today. That its day of review has passed stops new releases alone."""
    agent = recorded.release_name.agent
    try:
        refusal = refuse_content(view, agent, commit_snapshot(view.repo, recorded.commit))
    except ObjectError as error:
        yield Point(unknown("tag.commit", f"the commit of the tag cannot be read: {error}"), Where(recorded.commit))
        return
    if refusal is not None and refusal.code == "tag.overdue":
        yield Point(note(refusal.code, refusal.message))
    elif refusal is not None:
        yield _refused(refusal, recorded.commit)
