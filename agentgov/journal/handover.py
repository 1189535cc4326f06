"""What a change of CODEOWNERS hands over: the paths whose owners are others afterwards, for fleets that ask both sides.

Reads the result's list of files, no contents; who has to agree is decided in `review.rules`.
"""

from agentgov.journal.view import View
from agentgov.model.fleet import Governance
from agentgov.model.governed import GOVERNANCE_ROOTS, ROOTS, in_governance_set, is_governed
from agentgov.repo.changes import changed_paths
from agentgov.review.verdict import Handover, OwnersFile

_CONTENT_ROOTS = tuple(root for root in ROOTS if root not in GOVERNANCE_ROOTS)


def handovers(view: View, tree: str, result: Governance) -> tuple[Handover, ...]:
    """Every pair of owners, before and after, between which files of a tree pass; each once, in the order of paths."""
    before, after = OwnersFile.of(view.governance), OwnersFile.of(result)
    found: dict[tuple[tuple[str, ...], tuple[str, ...]], tuple[str, int]] = {}
    for path in changed_paths(view.repo, None, tree, _CONTENT_ROOTS):
        if not is_governed(path) or in_governance_set(path):
            continue
        old, new = before.match(path).owners, after.match(path).owners
        if set(old) != set(new):
            example, count = found.get((old, new), (path, 0))
            found[old, new] = (example, count + 1)
    return tuple(Handover(old, new, example, count) for (old, new), (example, count) in found.items())
