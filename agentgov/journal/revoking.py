"""An administrator's word that a key is dead from here on, and with `Since` that nothing rests on what it signed.

The past stays as recorded. From the act on, contents that rest on the key go back to what stood before and are pending,
as they are on main, until somebody else reviews them; its open reviews and votes are gone; governance that rests on it
goes back as one unit. Releases that hold such contents run where they run, and never advance again. Revoked keys stay
dead whatever governance is in force: they lie in the journal's state, not in Access.
"""

import re

from msgspec.structs import replace

from agentgov.journal.authorise import Advance, authorised_changes, governance_digest
from agentgov.journal.outcome import Outcome
from agentgov.journal.parts import Overlay, governance_part
from agentgov.journal.resting import Resting, resting_on, touched_releases
from agentgov.journal.reviews import with_paths
from agentgov.journal.view import View, governance_of
from agentgov.model.act import Act
from agentgov.model.imported import imported_path, proof_path
from agentgov.model.snapshot import Entry
from agentgov.model.state import PENDING_FILE, Changes, Pending, Revoked, deployment_path
from agentgov.model.transitions import Refusal
from agentgov.review.verdict import ChangeVerdict
from agentgov.trust.identity import Directory, Identity

_FINGERPRINT = re.compile(r"SHA256:[A-Za-z0-9+/]{43}\Z|openpgp4fpr:[0-9a-f]{40,64}\Z")


def judge_revoke(view: View, act: Act, signers: frozenset[Identity], time: int) -> Outcome | Refusal:
    """What changes with a key that is dead; who may say so is `authority`'s. IncompleteError where an object is missing
    that tells what rests on it."""
    key, wanted = act.get("Key"), act.get("Since")
    if _FINGERPRINT.match(key) is None:
        return Refusal("revoke.key", f"{key[:80]!r} is no fingerprint of a key")
    if not wanted and key in view.revoked:
        return Refusal("revoke.done", f"the key {key} is revoked already")
    since = view.memory.line.number_of(wanted, view.tip) if wanted else None
    if wanted and not since:  # the first act is what trust begins with
        return Refusal("revoke.since", f"{wanted} is no act of this journal after its first one")
    found = resting_on(view, key, since) if since else Resting()
    taken_back = _taken_back(view, found)
    refusal = _refuse_administrators(view, found, signers)
    if refusal is not None:
        return refusal
    record = Revoked(
        key=key,
        by=act.actor_id,
        seq=view.state.head.seq + 1,
        time=time,
        since=since or 0,
        paths={path: found.paths[path].seq for path in sorted(taken_back.accepted)} if taken_back is not None else {},
        releases=tuple(release.name for release in touched_releases(view, found)),
    )
    changes: Changes = {f"revoked/{act.id}.yaml": record, **_unsaid(view, found)}
    if taken_back is not None:
        changes[PENDING_FILE] = Pending(taken_back.pending)
    return Outcome(changes, advance=taken_back)


def _taken_back(view: View, found: Resting) -> Advance | None:
    """The authorised contents with everything that rests on the key set back; None where nothing does."""
    wanted = {path: before.entry for path, before in found.paths.items()}
    restored = {path: _room(view, path, entry, wanted) for path, entry in wanted.items()}
    if not restored:
        return None
    trees = Overlay(view.repo)
    authorised = trees.put_files(view.authorised, authorised_changes(restored))
    digest = governance_digest(governance_part(trees, authorised, "governance")) if found.governance else ""
    pending = {**view.state.pending, **{path: found.paths[path].main for path in restored}}
    head = view.state.head
    moved = digest if digest != head.governance else ""
    return Advance(head.main, restored, dict(sorted(pending.items())), authorised, moved, ChangeVerdict(()))


def _room(view: View, path: str, entry: Entry | None, wanted: dict[str, Entry | None]) -> Entry | None:
    """The entry that a path goes back to, None where what stands now, and stays, leaves it no room."""
    if entry is None:
        return None
    parts = path.split("/")
    for depth in range(1, len(parts)):
        above = "/".join(parts[:depth])
        there = view.repo.entry(view.authorised, above)
        if there is not None and there.is_file and wanted.get(above, there) is not None:
            return None
    here = view.repo.entry(view.authorised, path)
    return entry if here is None or here.is_file else None


def _refuse_administrators(view: View, found: Resting, signers: frozenset[Identity]) -> Refusal | None:
    """Governance goes back only on the word of somebody who administers what it goes back to, or a thief could."""
    if found.governance is None:
        return None
    access = governance_of(view.repo, found.governance.authorised).access
    known = Directory(access, view.revoked).administrators
    strangers = sorted(who.id for who in signers if who.kind == "person" and who.id not in known)
    if not strangers:
        return None
    message = f"governance would go back to one that {strangers[0]} does not administer; one who did signs this"
    return Refusal("revoke.administrator", message)


def _unsaid(view: View, found: Resting) -> Changes:
    """Open reviews that the key signed are gone, and all words on the paths that go back; so are its votes."""
    changes: Changes = {}
    for key, review in view.state.reviews().items():
        left = () if key in found.acts else tuple(one for one in review.paths if one.path not in found.paths)
        if left != review.paths:
            changes[f"reviews/{key}.yaml"] = with_paths(review, left)
    for key in view.state.imported():
        if key in found.acts:  # else its claims about authors stay
            changes |= {imported_path(key): None, proof_path(key): None}
    changes |= _overridden(view, found)
    for at in view.state.deployments() if found.votes else ():
        votes = tuple(vote for vote in at.votes if vote.seq not in found.votes)
        if votes != at.votes:
            changes[deployment_path(at.agent_id)] = replace(at, votes=votes)
    return changes


def _overridden(view: View, found: Resting) -> Changes:
    """Overrides that the key signed have no effect any more, and none has on the paths that go back. The record of what
    had an effect stays; that of what had none goes, and its act is in the journal."""
    changes: Changes = {}
    for key, record in view.state.overrides().items():
        left = () if key in found.acts else tuple(path for path in record.left if path not in found.paths)
        if key in found.acts and not record.used:
            changes[f"overrides/{key}.yaml"] = None
        elif left != record.left:
            changes[f"overrides/{key}.yaml"] = replace(record, left=left)
    return changes
