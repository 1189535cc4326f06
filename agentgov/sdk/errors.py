"""What an agent's code may meet, each with what to do about it. All are `AgentgovError`: one `except` catches them.

`Stopped` and its kinds say that the agent may not run: end the run, or wait and ask again. `Denied` says no to one use
of a tool, and a model may be told so. The rest could not be decided, and is never a yes.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

from agentgov.errors import AgentgovError, IncompleteError, RefusedError, UsageError
from agentgov.model.rule_ids import rule
from agentgov.model.verdict import Effect, Verdict

if TYPE_CHECKING:
    from agentgov.sdk.answers import Why

_WAIT = "stop what you are doing and wait; a person ends it: agentgov resume"
_FOR_EVER = 253_402_300_800  # epoch seconds that no calendar of Python's has

# The names are what agents' authors read in their own `except` lines, where "Error" tells nothing.


class Stopped(RefusedError):  # noqa: N818
    """The agent may not run now."""

    def fresh(self) -> Self:
        """The same once more, without the traceback of the last time."""
        return type(self)(self.message, self.hint, rule=self.rule)


class Paused(Stopped):
    """Somebody paused it. `pause` is the id of the order, `by` who gave it and `reason` why; `since` and `until` are
    epoch seconds (`until` 0: until somebody resumes it). Empty, and 0, where the gate told only a sentence."""

    def __init__(
        self,
        message: str,
        hint: str = "",
        *,
        rule: str = "runtime.paused",
        pause: str = "",
        by: str = "",
        reason: str = "",
        since: int = 0,
        until: int = 0,
    ) -> None:
        super().__init__(message, hint or _WAIT, rule=rule)
        self.pause, self.by, self.reason, self.since, self.until = pause, by, reason, since, until

    def fresh(self) -> Self:
        """The same once more, without the traceback of the last time."""
        told: dict[str, Any] = {name: getattr(self, name) for name in ("pause", "by", "reason", "since", "until")}
        return type(self)(self.message, self.hint, rule=self.rule, **told)


def paused(agent: str, told: Mapping[str, object], message: str = "") -> Paused:
    """The pause of an agent that somebody tells of: who, why, since when; `message` where none of that is told."""
    pause, by, reason = (str(told.get(name, "")) for name in ("id", "by", "reason"))
    since, until = (found if isinstance(found := told.get(name), int) else 0 for name in ("since", "until"))
    if by:
        message = f"{agent} is paused by {by}{_moment(' since', since)}{_moment(', until', until)}"
        message += f": {reason.splitlines()[0]}" if reason.strip() else ""
    hint = _WAIT if not until else f"{_WAIT}; it ends by itself{_moment(' at', until)}"
    message = message or f"{agent} is paused"
    return Paused(message, hint, pause=pause, by=by, reason=reason, since=since, until=until)


def _moment(word: str, seconds: int) -> str:
    if not 0 < seconds < _FOR_EVER:
        return ""
    return f"{word} {datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"


class Expired(Stopped):
    """The lease is over and no new one could be had."""


class Denied(RefusedError):  # noqa: N818
    """A use of a tool is refused; `reasons` says why, `rules` their ids."""

    def __init__(self, message: str, hint: str = "", *, rule: str = "", reasons: "Sequence[Why]" = ()) -> None:
        super().__init__(message, hint, rule=rule)
        self.reasons = tuple(reasons)

    @property
    def rules(self) -> tuple[str, ...]:
        """The ids of the reasons, docs/rules.md explains them."""
        return tuple(one.rule for one in self.reasons)


class Repeated(Denied):
    """The key was used before, and what it was for may have happened: `outcome` is done, failed, not-done, or "" where
    nobody told. Nothing is done twice."""

    def __init__(self, message: str, hint: str = "", *, rule: str = "action.key", outcome: str = "") -> None:
        super().__init__(message, hint, rule=rule)
        self.outcome = outcome


class Undecided(IncompleteError):  # noqa: N818
    """People did not decide in time; `permit` is the id of what they are still asked about."""

    def __init__(self, message: str, hint: str = "", *, rule: str = "permit.pending", permit: str = "") -> None:
        super().__init__(message, hint, rule=rule)
        self.permit = permit


class InDoubt(IncompleteError):  # noqa: N818
    """A permit may have been used, and no answer came: it counts as used."""


class Unreachable(IncompleteError):  # noqa: N818
    """No answer came, or the gate cannot tell now: try again."""


class PromptError(UsageError):
    """The variables of a prompt are not what agent.yaml declares."""


class NotSupported(AgentgovError):  # noqa: N818
    """This gate cannot do that."""


def refusal_of(agent: str, verdict: Verdict) -> AgentgovError:
    """Why an agent has no lease, of those that are decided in this process."""
    reason = verdict.first_offence
    assert reason is not None, "what is refused has a reason"
    known = rule(reason.rule)
    hint = known.mend if known is not None else ""
    if reason.effect is Effect.UNKNOWN:
        return Unreachable(reason.message, hint, rule=reason.rule)
    told: Any = verdict.facts.get("paused")
    if told is not None:
        return paused(agent, told)
    return Stopped(reason.message, hint, rule=reason.rule)
