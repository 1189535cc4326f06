"""Anchors of the ledger: a gate's checkpoint says how far each tree was, and the journal lets none go back.

`Agentgov-Ledger` is `<log> <tree> <records> <root> <signature>`: the name of the ledger, a workspace or a tree of the
fleet's own, how many records it had, the root of them in hexadecimal (RFC 6962), and the signature of the checkpoint
that says so, so that its note can be written again by who has nothing but the journal.

So a tree that was anchored can neither be shortened nor be told otherwise, not even by who has the gate's machine and
key: the act that says so is signed, in a line that everybody has. Whether one anchor follows from another is shown by
proofs of the ledger, not here.
"""

import re
from collections.abc import Iterable, Iterator

from msgspec import structs

from agentgov.journal.view import View
from agentgov.model.act import Act
from agentgov.model.anchored import Anchored, anchored_path
from agentgov.model.state import Changes
from agentgov.model.transitions import Refusal
from agentgov.trust.identity import Identity

FIELD = "Ledger"
_LINE = re.compile(
    r"([0-9a-f]{16}) (_?[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?) ([1-9][0-9]{0,18}) ([0-9a-f]{64}) "
    r"([A-Za-z0-9+/]{91}=)\Z",
    re.ASCII,
)


def anchor_fields(log: str, trees: Iterable[tuple[str, int, str, str]]) -> tuple[tuple[str, str], ...]:
    """The trailers that anchor trees of a ledger (tree, records, root, signature), in the order that they have to stand
    in."""
    return tuple((FIELD, f"{log} {tree} {size} {root} {signature}") for tree, size, root, signature in sorted(trees))


def read_anchors(act: Act) -> Iterator[Anchored]:
    """What an act anchors, without its place in the journal. ValueError for a line that is none."""
    for line in act.all(FIELD):
        match = _LINE.match(line)
        if match is None or int(match[3]) >= 2**63:
            raise ValueError(f"{line[:100]!r} does not say how far a tree of the ledger was")
        yield Anchored(match[2], match[1], int(match[3]), match[4], match[5])


def judge_anchors(view: View, act: Act, signers: frozenset[Identity], time: int) -> Changes | Refusal:
    """The trees that a checkpoint anchors; each is as long as it was, or longer."""
    try:
        anchors = list(read_anchors(act))
    except ValueError as error:
        return Refusal("checkpoint.ledger", str(error))
    if anchors and (act.is_personal or any(who.bot_kind != "gate" for who in signers)):
        return Refusal("checkpoint.ledger", "only a gate says how far the ledger is")
    places = [(one.log, one.tree) for one in anchors]
    if places != sorted(set(places)):
        return Refusal("checkpoint.ledger", "trees of the ledger stand in order, each once")
    changes: Changes = {}
    for one in anchors:
        before = view.state.anchored(one.log, one.tree)
        if before is not None and (one.size < before.size or (one.size == before.size and one.root != before.root)):
            message = (
                f"act {before.seq} has {before.size} records of {one.tree}: they do not become fewer, or other ones"
            )
            return Refusal("checkpoint.ledger", message)
        path = anchored_path(one.log, one.tree)
        changes[path] = structs.replace(one, seq=view.state.head.seq + 1, time=time)
    return changes
