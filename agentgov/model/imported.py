"""What the journal keeps of reviews that were given on a forge. Decides nothing; `journal.imports` does.

Accounts are the forge's numbers: logins change hands, numbers do not.
"""

from typing import Literal

from agentgov.model.document import Document


class Imported(Document, frozen=True):
    """imported/<act id>.yaml: where the review of the same act id comes from, and who wrote what it speaks of.

    It stays when the review is withdrawn, for its claims about authors still hold, until its paths are authorised.
    """

    by: str  # the person whom the account belongs to, `<forge>:<account>` where it was nobody's
    bot: str  # whose signature vouches for it
    forge: Literal["github", "gitlab"]
    account: int
    login: str  # for people to read; it decides nothing
    review_id: str
    commit: str  # what was reviewed
    opener: int  # of the pull request
    pushers: tuple[int, ...]
    paths: tuple[str, ...] = ()  # those that no advance has taken over since


class Landed(Document, frozen=True):
    """imported/<forge>/<review id>.yaml: a review of a forge lands once, whatever becomes of it."""

    act: str
    withdrawn: bool = False


def imported_path(act_id: str) -> str:
    """Where it lies what the review of that act was imported from."""
    return f"imported/{act_id}.yaml"


def proof_path(act_id: str) -> str:
    """Where the raw objects lie that show what the reviewed commit holds."""
    return f"imported/{act_id}.proof"


def landed_path(forge: str, review_id: str) -> str:
    """Where it stands that a review has landed."""
    return f"imported/{forge}/{review_id}.yaml"
