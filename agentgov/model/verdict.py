"""The one shape of every answer: reasons with stable rule ids, and a verdict over them.

A verdict is allowed only if something allowed it and nothing denied it or could not be told. Empty means no. No reason
is ever thrown away.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from types import MappingProxyType
from typing import NoReturn


class Effect(IntEnum):
    """What one reason does to the verdict; the worst (highest) wins."""

    NOTE = 0
    ALLOW = 1
    UNKNOWN = 2
    DENY = 3


@dataclass(frozen=True, slots=True)
class Location:
    """A place in a file: `line` and `column` count from 1 and 0 means the file as a whole; `pointer` is RFC 6901."""

    file: str
    line: int = 0
    column: int = 0
    pointer: str = ""

    def __str__(self) -> str:
        if not self.line:
            return self.file
        return f"{self.file}:{self.line}:{self.column}" if self.column else f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a decision went as it did: one plain sentence under a stable, documented rule id."""

    rule: str
    effect: Effect
    message: str
    subject: str = ""
    where: Location | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """All reasons of one decision, with the facts that renderers show (who is missing, what would pass)."""

    reasons: tuple[Reason, ...] = ()
    facts: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def effect(self) -> Effect:
        """The worst effect of all reasons; a verdict without an allowing reason is DENY."""
        worst = max((reason.effect for reason in self.reasons), default=Effect.DENY)
        return Effect.DENY if worst is Effect.NOTE else worst

    @property
    def allowed(self) -> bool:
        """True only if something allowed and nothing denied or was unknown."""
        return self.effect is Effect.ALLOW

    @property
    def first_offence(self) -> Reason | None:
        """The first reason with the worst effect, None when allowed."""
        if self.allowed:
            return None
        return next((reason for reason in self.reasons if reason.effect is self.effect), None)

    def __bool__(self) -> NoReturn:
        raise TypeError("ask `.allowed`: the truth of a verdict object is not the verdict")


def allow(rule: str, message: str, subject: str = "", where: Location | None = None) -> Reason:
    """A reason that allows."""
    return Reason(rule, Effect.ALLOW, message, subject, where)


def deny(rule: str, message: str, subject: str = "", where: Location | None = None) -> Reason:
    """A reason that denies."""
    return Reason(rule, Effect.DENY, message, subject, where)


def unknown(rule: str, message: str, subject: str = "", where: Location | None = None) -> Reason:
    """A reason that cannot tell, which is never a yes."""
    return Reason(rule, Effect.UNKNOWN, message, subject, where)


def note(rule: str, message: str, subject: str = "", where: Location | None = None) -> Reason:
    """A reason that informs and decides nothing."""
    return Reason(rule, Effect.NOTE, message, subject, where)
