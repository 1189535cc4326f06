"""Verify the journal: every act from its root, or from a view that was verified before, and name the first offence.

For each commit: the strict grammar, one parent, the envelope by somebody in Access, the act's signatures, an id that
has not been before, the judgement (`judge`), and that the tree is exactly what the act changes. Nothing is believed
because it is written there: contents are re-derived from the reviews, releases from the bytes of their tags.

A commit that is no act begins a stretch: the view stays at the last act that holds, and only what contains counts on
top (`stretch`), until a waive. What a waive calls ahead of the clock is judged by the time that it sets, so that it
stays what it was when the clock has gone on.
"""

from collections.abc import Callable
from dataclasses import dataclass

from agentgov.journal.adopt import judge_introduction
from agentgov.journal.authority import refuse_signers
from agentgov.journal.chain import Chain, chain_of
from agentgov.journal.entry import Entry, appender_of, read_entry, refuse_tree, signers_of
from agentgov.journal.judge import judge
from agentgov.journal.outcome import Outcome, contents
from agentgov.journal.reading import read_ahead
from agentgov.journal.replayed import Offence, Replayed
from agentgov.journal.stretch import lengthened
from agentgov.journal.view import View, view_after, view_past
from agentgov.journal.waiving import time_set
from agentgov.model.snapshot import FILE, TREE
from agentgov.model.state import AUTHORISED
from agentgov.model.transitions import Refusal
from agentgov.repo.objects import Commit, ObjectError, object_id
from agentgov.repo.repository import Repository
from agentgov.repo.treeedit import Change
from agentgov.trust.pins import Pins


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

    `trusted` is a view without a stretch that was verified before under the same pins and rules: where the chain comes
    from it, only what follows is judged. IncompleteError where objects are missing; `tick` is called for each act.
    """
    try:
        chain = chain_of(repo, tip, trusted.tip if trusted is not None else None)
    except ObjectError as error:
        code = error.code if error.code == "journal.merge" else "journal.object"
        return Replayed(None, 0, Offence(code, f"the chain of acts cannot be followed: {error}", tip))
    view = trusted if trusted is not None and chain[0][0] == trusted.tip else None
    if view is None:
        pinned = _against_pins([oid for oid, _ in chain], pins)
        if pinned is not None:
            return Replayed(None, 0, pinned)
    found = _Replay(repo, pins, now, chain[1:] if view is not None else chain, tick).run(view)
    if found is None:  # a waive speaks of what stood before the trusted view
        return verify_journal(repo, tip, pins, now, tick=tick)
    return found


class _Replay:
    """Judges a chain of commits from its beginning, and again where a waive says what time it was."""

    def __init__(self, repo: Repository, pins: Pins | None, now: int, chain: Chain, tick: Callable[[], object]) -> None:
        self._repo, self._pins, self._now, self._chain, self._tick = repo, pins, now, chain, tick
        self._clocks: dict[str, _Clock] = {}  # by the waive that says so
        self._void: set[str] = set()  # waives that do not hold by their own time either

    def run(self, start: View | None) -> Replayed | None:
        """What is found; None where only an older start can tell."""
        while True:
            view, acts, passed = start, 0, list[str]()
            for at, (oid, commit) in enumerate(read_ahead(self._repo, self._chain)):
                judged = _step(self._repo, view, oid, commit, self._pins, self._time_at(at))
                if not isinstance(judged, Refusal):
                    view, acts = judged, acts + 1
                    self._tick()
                    continue
                if view is None:
                    return Replayed(None, 0, Offence(judged.code, judged.message, oid, judged.path))
                clock = self._clock_of(view, at)
                if clock is not None and clock.first < 0:
                    return None
                if self._judge_again(oid, clock):
                    break
                view = view_past(view, lengthened(view.stretch, oid, judged, view.state.head.seq + 1))
                passed.append(oid)
            else:
                return Replayed(view, acts, _offence(view), frozenset(passed))

    def _time_at(self, at: int) -> int:
        """The time by which a commit of the chain is judged."""
        said = [clock.time for clock in self._clocks.values() if clock.first <= at < clock.end]
        return min([self._now, *said])

    def _judge_again(self, oid: str, clock: "_Clock | None") -> bool:
        """Whether a commit that does not hold is a waive that changes by what time others are judged."""
        if self._clocks.pop(oid, None) is not None:
            self._void.add(oid)
            return True
        if clock is None or oid in self._void:
            return False
        self._clocks[oid] = clock
        return True

    def _clock_of(self, view: View, at: int) -> "_Clock | None":
        """What a commit says of the time, where it is a waive that enough administrators signed; `first` is -1 where it
        speaks of what is not in the chain."""
        oid, commit = self._chain[at]
        try:
            entry = read_entry(self._repo, oid, commit) if commit is not None else None
        except ObjectError:
            return None
        if not isinstance(entry, Entry) or entry.act.kind != "waive":
            return None
        time, first = time_set(entry.act), entry.act.get("Stretch").partition(" ")[0]
        signers = signers_of(entry.text, entry.signatures, view.directory)
        if time is None or isinstance(signers, Refusal) or refuse_signers(view, entry.act, signers) is not None:
            return None
        before = {one: place for place, (one, _) in enumerate(self._chain[:at])}
        root = self._chain[0][1]
        if first not in before and (root is None or not root.parents):
            return None
        return _Clock(before.get(first, -1), at, time)


@dataclass(frozen=True, slots=True)
class _Clock:
    """What time it was at most, at the commits of the chain from `first` up to `end`."""

    first: int
    end: int
    time: int


def _offence(view: View | None) -> Offence | None:
    if view is None:
        return Offence("journal.object", "there is no act at all", "")
    stretch = view.stretch
    return Offence(stretch.code, stretch.message, stretch.first, stretch.path) if stretch is not None else None


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
    if entry.parents != (view.end,):
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
    return view_after(view, entry.oid, entry.act.kind, entry.tree)


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
