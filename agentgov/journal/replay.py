"""Verify the journal: every act from its root, or from a view that was verified before, and name the first offence.

For each commit: the strict grammar, one parent, the envelope by somebody in Access, the act's signatures, an id that
has not been before, the judgement (`judge`), and that the tree is exactly what the act changes. Nothing is believed
because it is written there: contents are re-derived from the reviews, releases from the bytes of their tags.
"""

from collections.abc import Callable
from dataclasses import dataclass

from agentgov.journal.adopt import judge_introduction
from agentgov.journal.entry import Entry, appender_of, read_entry, refuse_tree, signers_of
from agentgov.journal.judge import judge
from agentgov.journal.outcome import Outcome, contents
from agentgov.journal.reading import read_ahead
from agentgov.journal.view import View, view_at
from agentgov.model.snapshot import FILE, TREE
from agentgov.model.state import AUTHORISED
from agentgov.model.transitions import Refusal
from agentgov.repo.objects import Commit, ObjectError, object_id
from agentgov.repo.repository import Repository
from agentgov.repo.treeedit import Change
from agentgov.trust.pins import Pins

RULES = (
    2  # what is accepted; raised by every change that refuses more, so that what was verified before is judged again
)


@dataclass(frozen=True, slots=True)
class Offence:
    """The first thing that does not hold, the commit of the journal where it stands, and the path where it is one."""

    code: str
    message: str
    commit: str
    path: str = ""


@dataclass(frozen=True, slots=True)
class Replayed:
    """What verification found: the view at the last valid commit, how many acts were judged, the offence if any."""

    view: View | None
    acts: int
    offence: Offence | None = None


def verify_journal(
    repo: Repository,
    tip: str,
    pins: Pins | None,
    now: int,
    *,
    trusted: View | None = None,
    tick: Callable[[], object] = int,
) -> Replayed:
    """Verify the chain that ends in `tip`.

    `trusted` is a view that was verified before under the same pins and rules: where the chain comes from it, only what
    follows is judged. IncompleteError where objects are missing; `tick` is called once for each act judged.
    """
    try:
        chain = _chain(repo, tip, trusted.tip if trusted is not None else None)
    except ObjectError as error:
        return Replayed(None, 0, Offence("journal.object", f"the chain of acts cannot be followed: {error}", tip))
    view = trusted if trusted is not None and chain[0][0] == trusted.tip else None
    if view is None:
        pinned = _against_pins([oid for oid, _ in chain], pins)
        if pinned is not None:
            return Replayed(None, 0, pinned)
    acts = 0
    for oid, commit in read_ahead(repo, chain[1:] if view is not None else chain):
        judged = _step(repo, view, oid, commit, pins, now)
        if isinstance(judged, Refusal):
            return Replayed(view, acts, Offence(judged.code, judged.message, oid, judged.path))
        view, acts = judged, acts + 1
        tick()
    return Replayed(view, acts)


def _chain(repo: Repository, tip: str, until: str | None) -> list[tuple[str, Commit | None]]:
    """Every commit from `until`, or from the root where that is not met, to the tip, by first parents; None for one
    that the strict grammar refuses. ObjectError where not even its parents are certain."""
    chain: list[tuple[str, Commit | None]] = []
    here: str | None = tip
    while here is not None:
        commit: Commit | None
        try:
            commit = parents_of = repo.commit(here, lenient=False)
        except ObjectError:
            commit, parents_of = None, repo.commit(here)
        chain.append((here, commit))
        here = parents_of.parents[0] if parents_of.parents and here != until else None
    return chain[::-1]


def _against_pins(chain: list[str], pins: Pins | None) -> Offence | None:
    if pins is None:
        return None
    if chain[0] != pins.journal_root:
        message = f"this journal begins elsewhere than the pinned one ({pins.journal_root[:12]})"
        return Offence("journal.forked", message, chain[0])
    if pins.journal_tip not in chain:
        message = f"this journal lacks the act that was pinned ({pins.journal_tip[:12]})"
        return Offence("journal.rewound", message, chain[-1])
    return None


def _step(
    repo: Repository, view: View | None, oid: str, commit: Commit | None, pins: Pins | None, now: int
) -> View | Refusal:
    """The view after one more act, or why it does not hold."""
    try:
        entry = read_entry(repo, oid, commit)
        if isinstance(entry, Refusal):
            return entry
        after = judge_introduction(repo, entry, pins, now) if view is None else _follow(repo, view, entry, now)
    except ObjectError as error:
        return Refusal("journal.object", f"an object of the act is malformed: {error}")
    if isinstance(after, View):
        after.memory.line.add(oid, view.tip if view is not None else None, entry.act.id, after.authorised)
    return after


def _follow(repo: Repository, view: View, entry: Entry, now: int) -> View | Refusal:
    if entry.parents != (view.tip,):
        return Refusal("journal.merge", "the journal is linear, and this is a merge")
    if view.memory.line.holds(entry.act.id, view.tip):
        return Refusal("journal.duplicate", f"the act {entry.act.id} stands in the journal already")
    appender = appender_of(entry, view.directory)
    if isinstance(appender, Refusal):
        return appender
    signers = signers_of(entry.text, entry.signatures, view.directory)
    if isinstance(signers, Refusal):
        return signers
    outcome = judge(view, entry.act, signers, now, lambda path: _file(repo, entry.tree, path))
    if isinstance(outcome, Refusal):
        return outcome
    changes = tree_changes(outcome)
    wrong = refuse_tree(repo, view.tree, changes, entry)
    if wrong is not None:
        return wrong
    for path, record in outcome.changes.items():
        spelled = changes[path]
        if record is not None and spelled is not None:
            view.memory.records.put(path, spelled[1], record)
    return view_at(repo, entry.oid, view, entry.tree)


def tree_changes(outcome: Outcome) -> dict[str, Change]:
    """What an outcome sets in the journal's tree, beside the signatures, by path."""
    changes: dict[str, Change] = {
        path: (FILE, object_id("blob", raw)) if raw is not None else None for path, raw in contents(outcome).items()
    }
    if outcome.advance is not None:
        changes[AUTHORISED] = (TREE, outcome.advance.authorised)
    return changes


def _file(repo: Repository, tree: str, path: str) -> bytes:
    entry = repo.entry(tree, path)
    if entry is None or not entry.is_file:
        raise KeyError(path)
    return repo.blob(entry.oid)
