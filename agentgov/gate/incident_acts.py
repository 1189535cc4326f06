"""Steps of incidents that the gate takes by its own key: by itself, or for somebody who is logged in.

A step that is due by itself has the id that it would have in every replica, so that it is taken once whoever is first.
"""

import secrets
from collections.abc import Callable
from hashlib import sha256
from typing import TYPE_CHECKING

import msgspec

from agentgov.errors import RefusedError
from agentgov.journal.appending import judge_draft
from agentgov.journal.draft import Actor, Draft
from agentgov.journal.draft_text import write_draft
from agentgov.journal.view import View
from agentgov.model.act import new_id
from agentgov.model.transitions import Refusal
from agentgov.runtime.ledger import SALT
from agentgov.runtime.pausing import take_step
from agentgov.store.port import Transaction

if TYPE_CHECKING:
    from agentgov.gate.gate import Gate

Write = Callable[[View, Actor], Draft]


class _Queued(msgspec.Struct):
    text: str


def written(gate: "Gate", write: Write, now_ms: int) -> Draft:
    """An act by the gate that holds on the journal as it is served. RefusedError where it does not."""
    draft = write(gate.fleet.view, gate.actor)
    outcome = judge_draft(gate.fleet.view, draft, gate.actor.appender, now_ms // 1000)
    if isinstance(outcome, Refusal):
        raise RefusedError(f"{outcome.message} ({outcome.code})")
    return draft


def take(tx: Transaction, draft: Draft, now_ms: int) -> bool:
    """Have it brought to the journal, and obey the pauses that it sets; False where it was taken before."""
    salt = secrets.token_bytes(SALT)
    return take_step(tx, draft.act, write_draft(draft), now_ms, salt=salt, actor="gate")


def id_for(due_ms: int, *what: str) -> str:
    """The id of an act that is due at a moment, the same in every replica."""
    return new_id(due_ms, int.from_bytes(sha256("\0".join(what).encode()).digest()[:10]))


def is_on_its_way(tx: Transaction, agent: str, seq: int) -> bool:
    """Whether a step about an agent is not in the journal up to an act: until it is seen there, nobody can tell what
    stands."""
    rows = tx.all("SELECT draft FROM outbox WHERE kind = 'incident' AND (state = 'queued' OR landed > ?)", seq)
    return any(f"Agentgov-Agent: {agent}\n" in msgspec.json.decode(row[0], type=_Queued).text for row in rows)
