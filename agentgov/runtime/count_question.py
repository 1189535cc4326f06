"""What a reconciler asks a gate before it judges canaries: how many sessions were there, and how many were bad?

Signed by the reconciler's own key (SSHSIG, namespace `agentgov-counts`), like the question of pauses. It changes
nothing, so it may come twice. Pure.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from agentgov.model.names import AgentId, agent_id
from agentgov.model.verdict import Verdict, deny
from agentgov.runtime.pause_question import SKEW, decide_reconciler
from agentgov.trust.identity import Directory

NAMESPACE = "agentgov-counts"
MOST = 200  # agents of one question
LARGEST = 600 * MOST  # bytes of a text
_HEAD = re.compile(r"agentgov-counts/1\nfleet: ([0-9a-f-]{36})\ntime: ([0-9]{1,12})\n")
_LINE = re.compile(r"agent: ([a-z0-9/-]{3,127}) release: (\S{1,200}) stable: (\S{1,200}) since: ([0-9]{1,12})\Z")
_NONE = "-"


@dataclass(frozen=True, slots=True)
class Since:
    """Of which release sessions are wanted, beside which one ("" for none), and since when (epoch seconds)."""

    agent: AgentId
    release: str
    stable: str
    since: int


def question(fleet: str, now: int, wanted: Sequence[Since]) -> str:
    """The text to sign; `now` in epoch seconds."""
    lines = (
        f"agent: {one.agent} release: {one.release} stable: {one.stable or _NONE} since: {one.since}\n"
        for one in wanted
    )
    return f"agentgov-counts/1\nfleet: {fleet}\ntime: {now}\n" + "".join(lines)


def decide_question(
    text: str, signature: bytes, directory: Directory, fleet: str, now: int
) -> tuple[Since, ...] | Verdict:
    """What a reconciler of the fleet asks about, or why nobody does."""
    head = _HEAD.match(text) if len(text) <= LARGEST else None
    if head is None:
        return _no("the text is no question of this version")
    if head[1] != fleet or abs(now - int(head[2])) > SKEW:
        return _no("the question is for another fleet, or of another time")
    lines = text[head.end() :].splitlines()
    found = [one for line in lines if (one := _since(line)) is not None]
    if len(found) != len(lines) or not 0 < len(found) <= MOST:
        return _no("the question names what is no agent, or too many")
    refused = decide_reconciler(text, signature, NAMESPACE, directory)
    return tuple(found) if refused is None else refused


def _since(line: str) -> Since | None:
    found = _LINE.match(line)
    agent = agent_id(found[1]) if found is not None else None
    if found is None or agent is None:
        return None
    return Since(agent, found[2], "" if found[3] == _NONE else found[3], int(found[4]))


def _no(message: str) -> Verdict:
    return Verdict((deny("gate.unauthenticated", message),))
