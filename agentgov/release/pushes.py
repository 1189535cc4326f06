"""May this push land? What a git server or a laptop asks before refs move: the verdicts of `check` and `verify`.

    the journal    grows, by acts that hold, also where what it holds does not; nothing of it is taken away, nor deleted
    main           grows, and every governed path that the push changes has the reviews it needs
    release tags   are releases when they are made, and are neither moved nor deleted afterwards
    kept history   (agentgov/kept) grows
    everything else is free, but for names that a file system may take for one of these

A journal that comes with the same push is judged first, and the rest by what it then says. What cannot be told is
refused. Judges values and objects that are here already: never fetches, never writes, reads no clock.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from agentgov.errors import IncompleteError
from agentgov.journal.replayed import Replayed
from agentgov.journal.reviewing import reviewable
from agentgov.journal.view import View
from agentgov.model.governed import ROOTS
from agentgov.model.names import ReleaseName, release_name
from agentgov.model.state import Release
from agentgov.model.verdict import Reason, Verdict, allow, deny, note, unknown
from agentgov.release.refs import KEPT
from agentgov.release.sightings import sight
from agentgov.repo.changes import changed_paths
from agentgov.repo.objects import ObjectError
from agentgov.repo.repository import Repository

_TAGS = "refs/tags/"
_HEADS = "refs/heads/"


@dataclass(frozen=True, slots=True)
class RefUpdate:
    """One ref of a push: what it points to before and after; None is "there is no such ref"."""

    ref: str
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True)
class PushVerdict:
    """What is said of one ref of a push."""

    update: RefUpdate
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of the journal before a push lands, and what a journal that comes with it is found to be."""

    repo: Repository
    journal: str  # the full name of its branch
    before: Replayed | None  # None where there is no journal
    after: Replayed | None = None  # None where the push brings none
    doubt: Reason | None = field(default=None)  # why nothing that is governed can be judged here


def judge_push(standing: Standing, updates: Sequence[RefUpdate]) -> tuple[PushVerdict, ...]:
    """The verdict on every ref of a push, in the order of its updates; it lands only if all of them allow."""
    journal = {one.ref: _judge_journal(standing, one) for one in updates if one.ref == standing.journal}
    landed = all(verdict.allowed for verdict in journal.values())
    view, doubt = _present(standing, moved=bool(journal) and landed)
    return tuple(
        PushVerdict(one, journal[one.ref] if one.ref in journal else _judge_other(standing, view, doubt, one))
        for one in updates
    )


def refusals(verdicts: Iterable[PushVerdict]) -> tuple[PushVerdict, ...]:
    """Those that do not allow."""
    return tuple(one for one in verdicts if not one.verdict.allowed)


def _present(standing: Standing, *, moved: bool) -> tuple[View | None, Reason | None]:
    """The journal that other refs are judged by, and why they cannot be."""
    known = standing.after if moved else standing.before
    if standing.doubt is not None:
        return None, standing.doubt
    if known is None:
        return None, unknown("push.no-journal", "there is no journal here to judge by")
    if known.offence is not None:
        return known.view, deny(known.offence.code, f"the journal does not verify: {known.offence.message}")
    return known.view, None


def _judge_journal(standing: Standing, update: RefUpdate) -> Verdict:
    if update.new is None:
        return _no("push.deleted", "the journal is never deleted", update)
    if standing.doubt is not None:
        return Verdict((standing.doubt,))
    after = standing.after
    if after is None or (after.view is None and after.offence is None):
        return _no("journal.incomplete", "it cannot be told whether the journal holds", update)
    if after.offence is not None and not _is_no_worse(standing.before, after):
        offence = after.offence
        return _no(offence.code, f"{offence.message} (journal commit {offence.commit[:12]})", update)
    known = standing.before.view if standing.before is not None else None
    if known is not None and update.new != known.tip and not standing.repo.is_ancestor(known.tip, update.new):
        return _no("journal.rewound", f"act {known.tip[:12]} would be taken away", update)
    return _yes("journal.verified", "every act of it holds", update)


def _is_no_worse(before: Replayed | None, after: Replayed) -> bool:
    """Whether everything that the push adds to a broken journal holds: what contains, and the waive."""
    known = before.view.stretch if before is not None and before.view is not None else None
    stretch = after.view.stretch if after.view is not None else None
    return known is not None and stretch is not None and stretch.last == known.last


def _judge_other(standing: Standing, view: View | None, doubt: Reason | None, update: RefUpdate) -> Verdict:
    main = f"{_HEADS}{view.governance.fleet.main}" if view is not None else ""
    name = release_name(update.ref.removeprefix(_TAGS)) if update.ref.startswith(_TAGS) else None
    if view is None:
        return Verdict((doubt or unknown("push.no-journal", "there is no journal here to judge by"),))
    if update.ref not in (main, KEPT) and name is None:
        return _judge_free(standing, main, update)
    if doubt is not None:
        return Verdict((doubt,))
    try:
        if name is not None:
            return _judge_tag(view, name, update)
        return _judge_main(view, update) if update.ref == main else _judge_kept(standing.repo, update)
    except ObjectError as error:
        return _no(error.code, error.message, update)
    except IncompleteError as error:
        return Verdict((unknown("push.incomplete", f"it cannot be told: {error.message}", update.ref),))


def _judge_free(standing: Standing, main: str, update: RefUpdate) -> Verdict:
    """Any other ref, unless a file system that folds case would take it for a governed one."""
    folded = update.ref.casefold()
    governed = {name.casefold() for name in (standing.journal, main, KEPT)}
    tag = folded.removeprefix(_TAGS) if folded.startswith(_TAGS) else ""
    if folded in governed or (tag and release_name(tag) is not None):
        return _no("push.look-alike", "only its case tells the name from one that is governed", update)
    return _yes("push.free", "nothing is asked of it", update)


def _judge_main(view: View, update: RefUpdate) -> Verdict:
    repo, old, new = view.repo, update.old, update.new
    if new is None:
        return _no("push.deleted", "the branch that is governed is never deleted", update)
    if repo.kind(new) != "commit":
        return _no("main.unreadable", "it would not point to a commit", update)
    if old is not None and not repo.is_ancestor(old, new):
        return _no("main.rewritten", f"commit {old[:9]} would be taken away", update)
    found = reviewable(view, new)
    mine = changed_paths(repo, repo.commit(old).tree if old is not None else None, found.change.tree, ROOTS)
    missing = [
        deny("contents.pending", f"{path.change.path}: {path.message}", update.ref)
        for path in found.verdict.paths
        if path.state != "pass" and path.change.path in mine
    ]
    if missing:
        return Verdict(tuple(missing))
    before = sum(path.state != "pass" for path in found.verdict.paths)
    more = (note("contents.pending", f"{before} paths are pending from before", update.ref),) if before else ()
    return Verdict((allow("contents.authorised", "what changes has its reviews", update.ref), *more))


def _judge_tag(view: View, name: ReleaseName, update: RefUpdate) -> Verdict:
    """A release tag: made once. One that the journal has seen may be put back where it was."""
    recorded = view.state.release(name)
    if recorded is not None:
        if update.new == recorded.tag:
            return _yes("tag.recorded", "it points where the journal has seen it", update)
        code = "tag.gone" if update.new is None else "tag.moved"
        return _no(code, f"the journal has seen {name} as {recorded.tag[:12]}, and that stays", update)
    if update.old is not None and isinstance(sight(view, name, update.old).found, Release):
        code = "tag.gone" if update.new is None else "tag.moved"
        return _no(code, f"{name} is a release, and a release stays where it is", update)
    if update.new is None:
        return _yes("push.free", "it is no release", update)
    found = sight(view, name, update.new).found
    if isinstance(found, Release):
        return _yes("tag.signed", f"signed by {found.by}, who may release {name.agent}", update)
    return _no(found.code, found.message, update)


def _judge_kept(repo: Repository, update: RefUpdate) -> Verdict:
    if update.new is None:
        return _no("push.deleted", "history that the journal rests on is never deleted", update)
    if repo.kind(update.new) != "commit" or (update.old is not None and not repo.is_ancestor(update.old, update.new)):
        return _no("push.rewound", "history that the journal rests on would be taken away", update)
    return _yes("push.free", "it grows", update)


def _yes(rule: str, message: str, update: RefUpdate) -> Verdict:
    return Verdict((allow(rule, message, update.ref),))


def _no(rule: str, message: str, update: RefUpdate) -> Verdict:
    return Verdict((deny(rule, message, update.ref),))


def updates_of(lines: Iterable[str]) -> Mapping[str, RefUpdate]:
    """What git tells a pre-receive hook: `<old> <new> <ref>` a line. ValueError where it is something else."""
    found = {}
    for line in lines:
        old, new, ref = line.rstrip("\n").split(" ", 2)
        found[ref] = RefUpdate(ref, _or_none(old), _or_none(new))
    return found


def _or_none(oid: str) -> str | None:
    return oid if oid.strip("0") else None
