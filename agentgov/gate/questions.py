"""What reconcilers ask without a token: a question that they sign with their own key."""

from collections.abc import Callable
from typing import TypeVar

import msgspec

from agentgov.gate.call import Call
from agentgov.gate.errors import unknown_caller
from agentgov.model.verdict import Verdict
from agentgov.trust.identity import Directory

T = TypeVar("T")


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A reconciler's question: its text (`agentgov-pauses/1`, `agentgov-counts/1`), and its armoured SSH signature."""

    text: str
    signature: str


def asked_of(call: Call, decide: Callable[[str, bytes, Directory, str, int], T | Verdict]) -> T:
    """What a reconciler asks about, as `decide` reads it. Raises RefusalError: 401 where no reconciler of the fleet
    signed it, 503 while the gate does not know who is one."""
    ask: Question = call.body
    call.gate.require_control()
    fleet = call.fleet
    signature = ask.signature.encode("ascii", "replace")
    found = decide(ask.text, signature, fleet.directory, fleet.id, call.now_ms // 1000)
    if isinstance(found, Verdict):
        raise unknown_caller()
    return found
