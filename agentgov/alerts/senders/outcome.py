"""What came of an attempt, and what that means: it arrived, try later, never, or nobody is there any more. Pure.

After RFC 9110: 408, 425, 429 and 5xx may pass, with Retry-After if it is said; 410 says that it is gone for good.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from agentgov.net.patience import asked_to_wait

Then = Literal["delivered", "later", "refused", "dead"]


@dataclass(frozen=True, slots=True)
class Request:
    """What is posted where. `secret` says that the address is one, so that nothing tells it."""

    url: str
    body: bytes
    headers: Mapping[str, str]
    secret: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an attempt; `status` is 0 where no answer came, `said` is "" where it was taken, `wait` is for how
    many seconds the receiver wants to be left alone."""

    then: Then
    status: int = 0
    said: str = ""
    wait: float = 0.0


def judge(
    status: int,
    headers: Mapping[str, str],
    *,
    refused: frozenset[int] = frozenset(),
    dead: frozenset[int] = frozenset({410}),
) -> Outcome:
    """What an answer means. `refused` are the statuses that say that this very message will never be taken, `dead`
    those that say the same of the whole route; all others are tried again."""
    if 200 <= status < 300:
        return Outcome("delivered", status)
    said = f"it answers {status}"
    if status in dead:
        return Outcome("dead", status, f"{said}: nobody is there any more")
    if status in refused:
        return Outcome("refused", status, f"{said}: it does not take this message")
    return Outcome("later", status, said, asked_to_wait(headers))


def short(text: str, most: int) -> str:
    """A text within a limit of characters, with a mark where something is left out."""
    return text if len(text) <= most else f"{text[: most - 1]}…"
