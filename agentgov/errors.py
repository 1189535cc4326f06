"""The few exceptions of the product: the world failed, or the caller erred.

A decision that says no is a value (`model.verdict`), never an exception. These are raised in shells, carry one
plain sentence and what to do about it, and are turned into an exit code at one place, `cli/main.py`.
"""

from typing import ClassVar


class AgentgovError(Exception):
    """Base of everything that the command line reports without a traceback.

    `message` is one sentence without markup, `hint` says what to do next (may be empty), `rule` is the id under which
    docs/rules.md explains it (may be empty). The exit code follows the command contract: 1 refused, 2 usage or
    configuration, 3 could not decide.
    """

    exit_code: ClassVar[int] = 2

    def __init__(self, message: str, hint: str = "", *, rule: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.rule = rule

    @property
    def in_one_line(self) -> str:
        """What is wrong and what to do about it."""
        return f"{self.message}; {self.hint}" if self.hint else self.message


class ConfigurationError(AgentgovError):
    """A set-up is missing or a governed file cannot be read: exit 2."""


class UsageError(AgentgovError):
    """The command was called with arguments that make no sense: exit 2."""


class RefusedError(AgentgovError):
    """The act is understood and not allowed (a key that is not in Access, a pending review): exit 1."""

    exit_code = 1


class IncompleteError(AgentgovError):
    """It could not be decided: unreachable, shallow, missing object. Safe to retry, never a yes: exit 3."""

    exit_code = 3
