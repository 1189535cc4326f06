"""How our own comment on a pull request is known again: a hidden first line, and the account that wrote it. Pure.

The line alone proves nothing, since anybody can write it: only a comment that this token's own account wrote is ours.
"""

from collections.abc import Iterable

from agentgov.forge.port import Account, Comment

MARKER = "<!-- agentgov:check v1 -->"


def marked(body: str) -> str:
    """The comment as it is written: the marker, then what it says."""
    return f"{MARKER}\n{body}"


def ours(comments: Iterable[Comment], me: Account) -> list[Comment]:
    """The comments that this account wrote as the check, oldest first."""
    found = [one for one in comments if one.by is not None and one.by.id == me.id and _has_marker(one.body)]
    return sorted(found, key=lambda one: one.id)


def same_text(first: str, second: str) -> bool:
    """Whether two comments say the same: forges keep lines as CRLF, and cut white space at the end."""
    return _normal(first) == _normal(second)


def _normal(text: str) -> str:
    return text.replace("\r\n", "\n").strip()


def _has_marker(body: str) -> bool:
    return body.lstrip("\ufeff").split("\n", 1)[0].strip() == MARKER
