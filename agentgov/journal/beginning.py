"""A journal that begins anew where another one ended: the old one is set aside, never lost."""

from typing import TYPE_CHECKING

from agentgov.errors import RefusedError

if TYPE_CHECKING:
    from agentgov.journal.branch import Journal


def begin_anew(journal: "Journal", commit: str, after: str) -> str:
    """Put a new journal in the place of the one that ends in `after`. In two steps, each of which can be done
    again: the old one is set aside under a name of its own, then the new one is published."""
    there, aside = journal.fetch(), f"{journal.ref}-until-{after[:12]}"
    if there not in (after, None):
        raise RefusedError(f"the journal ends in {there}, not in {after}", "look at it: agentgov journal verify")
    if journal.remote is None:
        done = journal.repo.ref(aside) == after or journal.repo.update_ref(aside, after, None)
        done = done and journal.repo.update_ref(journal.ref, commit, there)
    else:
        done = there is None or journal.remote.push({aside: after, journal.ref: None}, {journal.ref: after}).landed
        done = done and journal.publish(None, commit)
        for name in (journal.ref, journal.remote_ref):  # what this clone had fetched is the old one
            journal.repo.update_ref(name, commit, journal.repo.ref(name))
    if not done:
        hint = "whoever runs the remote has to allow that the branch is replaced, this once"
        raise RefusedError(f"the journal could not be put in the place of {after[:12]}", hint)
    return commit
