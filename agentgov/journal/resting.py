"""What rests on the acts of one key since an act: reviewed contents, governance, votes, tags.

The test is what would be had the key never signed since then: each advance is decided once more without its reviews,
and what does not pass then rests on it, with everything that was taken over after it on the same path. Governance that
rests on it carries all that was taken over under it. An advance that the key itself signed counts as its word whole,
since it chose which history of main was looked at. Reads the journal; changes nothing.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import takewhile

from agentgov.journal.authorise import decide_advance, observe_change
from agentgov.journal.parts import Overlay, agent_part, shared_folder
from agentgov.journal.query import Logged, acts
from agentgov.journal.view import TreeReader, View, view_at
from agentgov.model.closure import closure_paths
from agentgov.model.governed import ROOTS, in_governance_set
from agentgov.model.names import AgentId
from agentgov.model.snapshot import Entry
from agentgov.model.state import AUTHORISED, SIGNATURES_FILE, Record, Release, State
from agentgov.repo.changes import Changes, changed_paths
from agentgov.repo.objects import ObjectError, parse_tag
from agentgov.trust.signatures import claimed_key
from agentgov.trust.sshsig import SignatureError, split
from agentgov.validate.load import load_agent

_HIDDEN = ("reviews", "overrides", "imported")  # where records lie under the id of their act


@dataclass(frozen=True, slots=True)
class Before:
    """What stood at a path before the first advance that rests on the key: the number of that advance, the entry, and
    the commit of main where it was last authorised."""

    seq: int
    entry: Entry | None
    main: str


@dataclass(slots=True)
class Resting:
    """All that rests on a key."""

    paths: dict[str, Before] = field(default_factory=dict)
    acts: set[str] = field(default_factory=set)  # ids of what it signed
    votes: set[int] = field(default_factory=set)  # numbers of the promotes among them
    tags: set[str] = field(default_factory=set)  # releases whose tag it signed, or that it overrode
    governance: View | None = None  # the journal before governance that rests on it came into force


def resting_on(view: View, key: str, since: int) -> Resting:
    """What rests on the acts that the key of this fingerprint signed from act `since` on."""
    found = Resting()
    for seq, logged in _acts_from(view, since):
        signed = key in _signers(view, logged)
        if signed:
            found.acts.add(logged.act.id)
        if signed and logged.act.kind == "promote":
            found.votes.add(seq)
        elif _vouches(view, logged, key, signed):
            found.tags.add(logged.act.get("Release").split(" ")[0])
        elif logged.act.kind == "advance" and logged.parent is not None:
            _look_at(view, seq, logged, signed, found)
    if found.governance is not None:
        _take_governance(view, found.governance, found)
    return found


def touched_releases(view: View, found: Resting) -> Iterator[Release]:
    """The releases that hold contents which rest on the key, or whose tags it signed."""
    for agent in view.state.released():
        places = (f"{agent.folder}/", f"{shared_folder(agent)}/")
        near = {path: before.seq for path, before in found.paths.items() if path.startswith(places)}
        for release in view.state.releases(agent):
            late = [path for path, seq in near.items() if seq <= release.authorised_at]
            if release.name in found.tags or (late and _holds(view, agent, release, late)):
                yield release


def _acts_from(view: View, since: int) -> Sequence[tuple[int, Logged]]:
    """Every act from this number on, oldest first."""
    last = view.state.head.seq
    counted = ((last - back, logged) for back, logged in enumerate(acts(view.repo, view.tip)))
    return list(takewhile(lambda item: item[0] >= since, counted))[::-1]


def _signers(view: View, logged: Logged) -> frozenset[str]:
    """The fingerprints that the signatures of an act name; they held when the act was verified."""
    entry = view.repo.entry(logged.tree, SIGNATURES_FILE)
    try:
        armours = tuple(split(view.repo.blob(entry.oid))) if entry is not None else ()
    except SignatureError:
        return frozenset()
    keys = [claimed_key(armour, view.directory.certificate) for armour in armours]
    return frozenset(key.fingerprint for key in keys if key is not None)


def _vouches(view: View, logged: Logged, key: str, signed: bool) -> bool:
    """Whether the act brings in a release on the word of the key: its tag, or an override."""
    if logged.act.kind == "override":
        return signed and bool(logged.act.get("Release"))
    return logged.act.kind == "release-seen" and _tagged_by(view, logged, key)


def _tagged_by(view: View, logged: Logged, key: str) -> bool:
    name = logged.act.get("Release").split(" ")[0]
    entry = view.repo.entry(logged.tree, f"releases/{name}.tag")
    try:
        signature = parse_tag(view.repo.blob(entry.oid)).signature if entry is not None else None
    except ObjectError:
        return False
    signer = claimed_key(signature, view.directory.certificate) if signature is not None else None
    return signer is not None and signer.fingerprint == key


def _look_at(view: View, seq: int, logged: Logged, signed: bool, found: Resting) -> None:
    """One advance: which of the paths that it took over rest on the key."""
    assert logged.parent is not None
    before = view_at(view.repo, logged.parent, view)
    after = view.repo.entry(logged.tree, AUTHORISED)
    if after is None or after.oid == before.authorised:
        return
    taken = changed_paths(view.repo, before.authorised, after.oid, ROOTS)
    rests = taken
    if not signed and found.governance is None:
        words = found.acts & (before.state.reviews().keys() | before.state.overrides().keys())
        kept = _without(before, logged, words) if words else taken
        rests = {path: entries for path, entries in taken.items() if path not in kept}
    _put(found, rests, before, seq)
    if found.governance is None and any(map(in_governance_set, rests)):
        found.governance = before


def _put(found: Resting, rests: Changes, before: View, seq: int) -> None:
    pending, last = before.state.pending, before.state.head.main
    for path, (old, _) in rests.items():
        found.paths.setdefault(path, Before(seq, old, pending.get(path, last)))


def _without(before: View, logged: Logged, hidden: Collection[str]) -> Mapping[str, Entry | None]:
    """What the advance would have taken over without the reviews of these ids."""
    reader = _Hiding(TreeReader(before.repo, before.tree, before.memory.records), hidden)
    other = replace(before, state=State(reader))
    return decide_advance(other, observe_change(other, logged.act.get("Main"), whole=False), logged.head.time).accepted


def _take_governance(view: View, before: View, found: Resting) -> None:
    """The governance set moves as one unit, also back."""
    seq = before.state.head.seq + 1
    changed = changed_paths(view.repo, before.authorised, view.authorised, ROOTS)
    unit = {path: entries for path, entries in changed.items() if in_governance_set(path)}
    for path in [path for path in found.paths if in_governance_set(path)]:
        del found.paths[path]
    _put(found, unit, before, seq)


def _holds(view: View, agent: AgentId, release: Release, paths: Sequence[str]) -> bool:
    """Whether one of the paths belongs to the release: to its closure, or to its agent's folder where it is deleted."""
    try:
        part = agent_part(Overlay(view.repo), view.repo.commit(release.commit).tree, agent, "the release")
        document, _ = load_agent(part, agent)
        entries = part.entries()
    except ObjectError:
        return True
    inside = closure_paths(agent, document, entries) if document is not None else entries
    gone = [path for path in paths if path not in entries and path.startswith(f"{agent.folder}/")]
    return bool(gone) or any(path in inside for path in paths)


class _Hiding:
    """The records of a state without those of some acts."""

    def __init__(self, reader: TreeReader, hidden: Collection[str]) -> None:
        self._reader, self._hidden = reader, hidden

    def record(self, path: str) -> Record | None:
        """The record at a path."""
        folder, _, name = path.partition("/")
        hidden = folder in _HIDDEN and name.removesuffix(".yaml") in self._hidden
        return None if hidden else self._reader.record(path)

    def names(self, folder: str) -> Sequence[str]:
        """The names in a folder."""
        found = self._reader.names(folder)
        return [name for name in found if name.removesuffix(".yaml") not in self._hidden]
