"""The reviews of one pull request as a forge has them, read from a file: what `review import` takes.

The types are the contract, as schemas/input/forge-reviews.schema.json is; a test proves that both agree. Accounts are
numbers: a login decides nothing. Nothing is judged here.
"""

from typing import Annotated, Literal

import msgspec

from agentgov.errors import ConfigurationError
from agentgov.review.facts import decoded
from agentgov.review.votes import Submitted
from agentgov.trust.identity import Forge

SCHEMA: Literal["agentgov.forge-reviews/1"] = "agentgov.forge-reviews/1"
MOST = 16 * 2**20  # bytes of a file
_HINT = "see docs/reviews.md, and schemas/input/forge-reviews.schema.json"
Account = Annotated[int, msgspec.Meta(ge=1, le=10**18 - 1)]
Commit = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{40}$(?!\n)")]


class SubmittedReview(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One review, oldest first: its id on the forge, who gave it, what it says, the commit that was looked at (null
    where the forge does not say), and when it was given, in epoch seconds (0 where nobody says)."""

    id: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-z][0-9a-z._-]{0,63}$(?!\n)")]
    account: Account
    login: Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z_][0-9A-Za-z_.\[\]-]{0,99}$(?!\n)")]
    state: Submitted
    commit: Commit | None
    submitted: Annotated[int, msgspec.Meta(ge=0, le=10**12)] = 0


class ForgeReviews(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One pull request: its target (a commit of main, from which it is told what it changes), who opened it, every
    account that pushed to it, and what was said."""

    schema: Literal["agentgov.forge-reviews/1"]
    forge: Forge
    base: Commit
    opener: Account
    pushers: Annotated[tuple[Account, ...], msgspec.Meta(min_length=1)]
    reviews: tuple[SubmittedReview, ...]


def read_forge_reviews(data: bytes, name: str) -> ForgeReviews:
    """The file's contents; ConfigurationError with one sentence for what cannot be read."""
    found = decoded(data, ForgeReviews, name, _HINT)
    if len({review.id for review in found.reviews}) != len(found.reviews):
        raise ConfigurationError(f"{name}: two reviews have one id", _HINT)
    return found
