"""Where rendered branches stand on the remote, and moving them there: each by compare-and-swap, many in one push.

A question and a push cost the same for one branch and for all of them. Without a remote these are refs of this clone.
What stands on a branch is `branch`'s to tell.
"""

from collections.abc import Collection, Mapping

from agentgov.journal.branch import Journal


def tips_of(journal: Journal, refs: Collection[str]) -> dict[str, str]:
    """The tip of each of these branches, "" for none, fetched. IncompleteError where the remote cannot be reached."""
    remote, repo = journal.remote, journal.repo
    if remote is None:
        return {ref: repo.ref(ref) or "" for ref in refs}
    found = remote.ls(*refs)
    missing = [ref for ref in refs if ref in found and not repo.has(found[ref])]
    if missing:
        tracking = f"refs/remotes/{remote.name}/"
        remote.fetch(*(f"+{ref}:{tracking}{ref.removeprefix('refs/heads/')}" for ref in missing))
    return {ref: found.get(ref, "") for ref in refs}


def publish(journal: Journal, moves: Mapping[str, tuple[str, str]], *, together: bool = True) -> set[str]:
    """Move branches from one commit ("" for none) to another; those that landed.

    Together they are one push, of which each lands or does not by itself. A remote may refuse such a push whole for
    the sake of one branch (`pre-receive`); not together, each is a push of its own. IncompleteError where it cannot be
    told what became of them.
    """
    remote = journal.remote
    if remote is None:
        return {ref for ref, (old, new) in moves.items() if journal.repo.update_ref(ref, new, old or None)}
    landed = set[str]()
    for refs in [list(moves)] if together else [[ref] for ref in moves]:
        updates, expected = {ref: moves[ref][1] for ref in refs}, {ref: moves[ref][0] or None for ref in refs}
        fates = remote.push(updates, expected, apart=True).fates if refs else {}
        landed |= {ref for ref, fate in fates.items() if fate == "landed"}
    return landed
