"""How the gate says no over HTTP: one shape, one rule id, what to do. Everything that ends a request early is one.

401 nobody known; 403 known and may not; 404 outside scope or not there, which nobody can tell apart; 409 conflict; 429
too much; 503 it cannot be told, and never a yes.
"""

from collections.abc import Mapping

import msgspec

from agentgov.errors import AgentgovError

Details = Mapping[str, str | int]


class RefusalError(AgentgovError):
    """A request that ends here: status, rule, one sentence, and what to do; `details` are the same in fields, for
    programs. `retry_after` is in whole seconds."""

    def __init__(
        self,
        status: int,
        rule: str,
        message: str,
        hint: str = "",
        *,
        retry_after: int = 0,
        details: Details | None = None,
    ) -> None:
        super().__init__(message, hint, rule=rule)
        self.status = status
        self.retry_after = retry_after
        self.details = details


class Told(msgspec.Struct, frozen=True):
    """What was refused, and why. `details`, where there are any: of `runtime.paused`, the order that stops the agent
    (id, mode, by, reason, since, until; times in epoch seconds, `until` 0 where somebody has to resume it)."""

    rule: str
    message: str
    hint: str = ""
    details: dict[str, str | int] | msgspec.UnsetType = msgspec.UNSET


class ErrorBody(msgspec.Struct, frozen=True):
    """The body of every answer that refuses."""

    error: Told


def error_body(refusal: RefusalError) -> bytes:
    """The body of a refusal, as JSON."""
    details = dict(refusal.details) if refusal.details is not None else msgspec.UNSET
    return msgspec.json.encode(ErrorBody(Told(refusal.rule, refusal.message, refusal.hint, details)))


def unknown_caller() -> RefusalError:
    """Nobody known: no token, or one that is unknown, expired or revoked. Which of them is not told."""
    hint = "send Authorization: Bearer TOKEN; people get one with agentgov login, agents with agentgov token create"
    return RefusalError(401, "gate.unauthenticated", "no valid token came with the request", hint)


def not_found() -> RefusalError:
    """Outside of the caller's scope, or not there."""
    return RefusalError(404, "gate.not-found", "there is nothing here for you", "look at the address and your rights")


def forbidden(rule: str, message: str, hint: str = "") -> RefusalError:
    """The caller is known, and may not."""
    return RefusalError(403, rule, message, hint)


def unregistered(agent: object) -> RefusalError:
    """Whose agent the fleet does not know."""
    message = f"{agent} is no agent of this fleet"
    return forbidden("gate.unregistered", message, "an agent is registered by its agent.yaml, once it is reviewed")


def bad_request(message: str, hint: str = "see /openapi.json") -> RefusalError:
    """The request makes no sense."""
    return RefusalError(400, "gate.request", message, hint)


def cannot_tell(rule: str, message: str, hint: str = "try again") -> RefusalError:
    """It could not be decided now; safe to ask again."""
    return RefusalError(503, rule, message, hint, retry_after=1)


def store_away() -> RefusalError:
    """The store gave no answer, so that nothing that rests on it can be decided."""
    return cannot_tell("gate.store", "the gate cannot reach its store", "it is tried again by itself: ask again")


def too_many(seconds: float) -> RefusalError:
    """More requests than the caller may make."""
    wait = max(1, int(seconds + 0.999))
    message = "more requests than this caller may make"
    return RefusalError(429, "gate.rate", message, f"wait {wait} s", retry_after=wait)
