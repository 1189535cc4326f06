"""What the journal says of a ledger: the keys that sign it, what it anchored, and what its trees are called."""

from collections.abc import Mapping, Sequence

from agentgov.errors import IncompleteError, RefusedError
from agentgov.journal.query import anchors_in
from agentgov.journal.view import View
from agentgov.model.anchored import Anchored
from agentgov.model.names import is_label
from agentgov.runtime.notes import VerifierKey
from agentgov.runtime.sequencing import origin_of
from agentgov.trust.keys import parse_public_key


def keys_of(view: View, origin: str) -> tuple[VerifierKey, ...]:
    """The keys of the gates that the authorised Access names, under the name of a tree. RefusedError without any."""
    lines = [key for bot in view.governance.access.bots if bot.kind == "gate" for key in bot.keys]
    if not lines:
        raise RefusedError("no bot of kind gate has a key in the authorised Access", "agentgov access add-bot")
    return tuple(VerifierKey.of(origin, parse_public_key(line)) for line in lines)


def origin(view: View, log: str, tree: str) -> str:
    """What a tree is called in its checkpoints. IncompleteError for what can be the name of none."""
    if not is_label(tree.removeprefix("_")):
        raise IncompleteError(f"{tree!r} is no tree of a ledger", "a tree is called like a workspace, or _fleet")
    return origin_of(view.state.head.fleet, log, tree)


def anchors_by_log(view: View) -> Mapping[str, Sequence[Anchored]]:
    """Everything that the journal anchored, by the name of the ledger, oldest first."""
    found: dict[str, list[Anchored]] = {}
    for one in anchors_in(view):
        found.setdefault(one.log, []).append(one)
    return found
