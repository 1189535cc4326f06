"""Verify the journal: every act from its root, or from a tip that was verified before, and name the first offence.

For each commit: the strict grammar, one parent, the envelope by somebody in Access, the act's signatures, an id that
has not been before, the judgement (`judge`), and that the tree is exactly what the act changes. Nothing is believed
because it is written there: contents are re-derived from the reviews, releases from the bytes of their tags.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from agentgov.errors import IncompleteError
from agentgov.journal.adopt import judge_introduction
from agentgov.journal.authorise import authorised_matches
from agentgov.journal.entry import Entry, appender_of, read_entry, signers_of
from agentgov.journal.judge import Outcome, contents, judge
from agentgov.journal.view import View, view_at
from agentgov.model.act import ActError
from agentgov.model.act import parse as parse_act
from agentgov.model.snapshot import FILE, path_text
from agentgov.model.state import AUTHORISED, SIGNATURES_FILE
from agentgov.model.transitions import Refusal
from agentgov.repo.changes import changed_paths
from agentgov.repo.objects import ObjectError, object_id, parse_commit
from agentgov.repo.repository import Repository
from agentgov.trust.pins import Pins

_FOLDERS = ("deployments", "pauses", "releases", "reviews")
_ROOTS = frozenset({AUTHORISED, SIGNATURES_FILE, "fleet.yaml", "pending.yaml", *_FOLDERS})


@dataclass(frozen=True, slots=True)
class Offence:
    """The first thing that does not hold, and the commit of the journal where it stands."""

    code: str
    message: str
    commit: str


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
    trusted: str | None = None,
    tick: Callable[[], object] = int,
) -> Replayed:
    """Verify the chain that ends in `tip`.

    `trusted` is a tip that this verifier has verified before under the same pins: only what follows it is judged.
    IncompleteError where objects are missing; `tick` is called once for each act judged, for progress.
    """
    chain = _chain(repo, tip)
    if isinstance(chain, Offence):
        return Replayed(None, 0, chain)
    start = chain.index(trusted) if trusted in chain else 0
    pinned = _against_pins(chain, pins)
    if pinned is not None:
        return Replayed(None, 0, pinned)
    ids = set(_ids(repo, chain[:start]))
    view: View | None = view_at(repo, chain[start]) if trusted in chain else None
    acts = 0
    for commit in chain[start + 1 :] if view is not None else chain:
        judged = _step(repo, view, commit, pins, now, ids)
        if isinstance(judged, Refusal):
            return Replayed(view, acts, Offence(judged.code, judged.message, commit))
        view, acts = judged, acts + 1
        tick()
    return Replayed(view, acts)


def _chain(repo: Repository, tip: str) -> list[str] | Offence:
    """Every commit from the root to the tip; an offence where it is not linear."""
    chain = [tip]
    while True:
        try:
            parents = parse_commit(repo.read(chain[-1], "commit")).parents
        except ObjectError as error:
            return Offence("journal.object", f"the commit is malformed: {error}", chain[-1])
        if not parents:
            return chain[::-1]
        if len(parents) > 1:
            return Offence("journal.merge", "the journal is linear, and this is a merge", chain[-1])
        chain.append(parents[0])


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


def _ids(repo: Repository, commits: list[str]) -> Iterator[str]:
    for commit in commits:
        try:
            yield parse_act(repo.commit(commit).message).id
        except ActError as error:
            raise IncompleteError(f"journal commit {commit[:12]} cannot be read: {error}") from error


def _step(
    repo: Repository, view: View | None, commit: str, pins: Pins | None, now: int, ids: set[str]
) -> View | Refusal:
    entry = read_entry(repo, commit)
    if isinstance(entry, Refusal):
        return entry
    if entry.act.id in ids:
        return Refusal("journal.duplicate", f"the act {entry.act.id} stands in the journal already")
    ids.add(entry.act.id)
    if view is None:
        return judge_introduction(repo, entry, pins, now)
    appender = appender_of(entry, view.directory)
    if isinstance(appender, Refusal):
        return appender
    signers = signers_of(entry.text, entry.signatures, view.directory)
    if isinstance(signers, Refusal):
        return signers
    outcome = judge(view, entry.act, signers, now, lambda path: _file(repo, entry.tree, path))
    if isinstance(outcome, Refusal):
        return outcome
    wrong = _tree_differs(repo, view, entry, outcome)
    if wrong is not None:
        return wrong
    return view_at(repo, commit, view)


def _file(repo: Repository, tree: str, path: str) -> bytes:
    entry = repo.entry(tree, path)
    if entry is None or not entry.is_file:
        raise KeyError(path)
    return repo.blob(entry.oid)


def _tree_differs(repo: Repository, view: View, entry: Entry, outcome: Outcome) -> Refusal | None:
    """Whether the tree of an entry is anything else than its parent's with exactly what the act changes."""
    roots = {path_text(item.name): item.oid for item in repo.tree(entry.tree)}
    if set(roots) - _ROOTS:
        return Refusal("journal.tree", "the act's tree holds what no act writes")
    if not authorised_matches(repo, view.authorised, roots.get(AUTHORISED, ""), outcome.advance):
        return Refusal("journal.authorised", "the act's tree authorises other contents than the act")
    wanted: dict[str, str | None] = {}
    for path, raw in contents(outcome).items():
        oid = object_id("blob", raw) if raw is not None else None
        there = repo.entry(view.tree, path)
        if (there.oid if there is not None else None) != oid:
            wanted[path] = oid
    found: dict[str, str | None] = {}
    for path, (_, new) in changed_paths(repo, view.tree, entry.tree, sorted(_ROOTS - {AUTHORISED})).items():
        if new is not None and new.mode != FILE:
            return Refusal("journal.tree", f"{path} in the act's tree is no ordinary file")
        if path != SIGNATURES_FILE:
            found[path] = new.oid if new is not None else None
    different = sorted(set(wanted.items()) ^ set(found.items()), key=str)
    if different:
        return Refusal("journal.replay", f"the act's tree says something else at {different[0][0]} than the act does")
    return None
