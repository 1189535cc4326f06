"""The one comment on a pull request: written once, edited in place, left alone where it says the same already.

Ours is what this token's own account wrote with the marker on its first line; a comment of somebody else that carries
the marker is theirs, and stays as it is. Decides nothing about reviews.
"""

from typing import Literal

from agentgov.errors import IncompleteError
from agentgov.forge.marker import marked, ours, same_text
from agentgov.forge.port import Account, Comment, ForgePort

Done = Literal["created", "updated", "unchanged", "left out"]
_SECOND = "The check of agentgov is told in an earlier comment on this page, which is kept up to date."


def keep_comment(forge: ForgePort, number: int, body: str, *, quiet: bool = False) -> Done:
    """Let the comment say this; `quiet`: only where there is one already, as on drafts.

    IncompleteError and RefusedError as the forge gives them.
    """
    me = forge.whoami()
    known = ours(forge.comments(number), me)
    if known:
        return _edit(forge, number, known[0], marked(body))
    if quiet:
        return "left out"
    return _create(forge, number, marked(body), me)


def _edit(forge: ForgePort, number: int, known: Comment, body: str) -> Done:
    if same_text(known.body, body):
        return "unchanged"
    forge.update_comment(number, known.id, body)
    return "updated"


def _create(forge: ForgePort, number: int, body: str, me: Account) -> Done:
    """Write it; where the forge does not say whether it is written, or another run wrote one meanwhile, look again."""
    try:
        forge.create_comment(number, body)
    except IncompleteError:
        found = ours(forge.comments(number), me)
        if not found:
            raise
        return _edit(forge, number, found[0], body) if not same_text(found[0].body, body) else "created"
    found = ours(forge.comments(number), me)
    for second in found[1:]:
        forge.update_comment(number, second.id, _SECOND)
    if found and not same_text(found[0].body, body):
        forge.update_comment(number, found[0].id, body)
    return "created"
