"""Silences: alerts of which nobody is told for a while, because somebody says so, with a reason and an end. Pure.

A matcher is `label=value` or `label!=value`; `*` in a value stands for any text. A silence has at least one that says
what it is about, and it ends: one without an end would be a rule that was deleted without review.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import translate
from functools import lru_cache
from typing import Literal

LONGEST = 30 * 86_400_000  # milliseconds
MOST = 10  # matchers of one
_LABEL = re.compile(r"([a-z][a-z_]{0,62})(!?=)(.{0,256})\Z")


@dataclass(frozen=True, slots=True)
class Matcher:
    """One condition on a label; a label that is not there has the value ""."""

    label: str
    equal: bool
    value: str

    def __str__(self) -> str:
        return f"{self.label}{'=' if self.equal else '!='}{self.value}"

    def meets(self, labels: Mapping[str, str]) -> bool:
        """Whether labels fulfil it."""
        return bool(_pattern(self.value).match(labels.get(self.label, ""))) is self.equal


@dataclass(frozen=True, slots=True)
class Silence:
    """One of them; moments are epoch milliseconds, `lifted` is 0 unless somebody ended it before its time."""

    id: str
    matchers: tuple[Matcher, ...]
    since: int
    until: int
    by: str
    reason: str
    made: int
    lifted: int = 0
    lifted_by: str = ""

    def state(self, now_ms: int) -> Literal["pending", "active", "expired", "lifted"]:
        """What it is at a moment."""
        if self.lifted and self.lifted <= now_ms:
            return "lifted"
        return "pending" if now_ms < self.since else "active" if now_ms < self.until else "expired"

    def mutes(self, labels: Mapping[str, str], now_ms: int) -> bool:
        """Whether nobody is told of an alert with these labels, at a moment."""
        return self.state(now_ms) == "active" and all(one.meets(labels) for one in self.matchers)


def parse_matcher(text: str) -> Matcher | None:
    """A matcher as people write it, None where it is none."""
    found = _LABEL.match(text)
    return Matcher(found[1], found[2] == "=", found[3]) if found is not None and "\0" not in text else None


def next_change(silences: Iterable[Silence], now_ms: int) -> int | None:
    """When one of them begins or ends next."""
    moments = (moment for one in silences if not one.lifted for moment in (one.since, one.until) if moment > now_ms)
    return min(moments, default=None)


@lru_cache(maxsize=512)
def _pattern(value: str) -> "re.Pattern[str]":
    escaped = value.replace("[", "[[]").replace("?", "[?]")
    while "**" in escaped:  # says the same, and takes no longer
        escaped = escaped.replace("**", "*")
    return re.compile(translate(escaped))
