"""What a reconciler asks a gate before it brings a release to real traffic: is one of these agents paused there?

The question is signed by the reconciler's own key (SSHSIG, namespace `agentgov-pauses`), so that the gate tells nobody
else, and names the fleet and the time. It changes nothing, so it may come twice. Pure.
"""

import re
from collections.abc import Sequence

from agentgov.model.names import AgentId, agent_id
from agentgov.model.verdict import Verdict, deny
from agentgov.trust.identity import Directory
from agentgov.trust.sshsig import SignatureError, verify

NAMESPACE = "agentgov-pauses"
SKEW = 300  # seconds between the two clocks
MOST = 1000  # agents of one question
LARGEST = 160 * MOST  # bytes of a text
_TEXT = re.compile(
    r"agentgov-pauses/1\nfleet: ([0-9a-f-]{36})\ntime: ([0-9]{1,12})\n((?:agent: [a-z0-9/-]{3,127}\n)+)\Z"
)


def question(fleet: str, now: int, agents: Sequence[AgentId]) -> str:
    """The text to sign; `now` in epoch seconds."""
    return f"agentgov-pauses/1\nfleet: {fleet}\ntime: {now}\n" + "".join(f"agent: {one}\n" for one in agents)


def decide_question(
    text: str, signature: bytes, directory: Directory, fleet: str, now: int
) -> tuple[AgentId, ...] | Verdict:
    """The agents that a reconciler of the fleet asks about, or why nobody does."""
    found = _TEXT.match(text) if len(text) <= LARGEST else None
    if found is None:
        return _no("the text is no question of this version")
    if found[1] != fleet or abs(now - int(found[2])) > SKEW:
        return _no("the question is for another fleet, or of another time")
    named = [agent_id(line.removeprefix("agent: ")) for line in found[3].splitlines()]
    agents = tuple(one for one in named if one is not None)
    if len(agents) != len(named) or len(agents) > MOST:
        return _no("the question names what is no agent, or too many")
    refused = decide_reconciler(text, signature, NAMESPACE, directory)
    return agents if refused is None else refused


def decide_reconciler(text: str, signature: bytes, namespace: str, directory: Directory) -> Verdict | None:
    """Why no reconciler of the fleet signed a question; None where one did."""
    try:
        key = verify(signature, text.encode("ascii"), namespace)
    except (SignatureError, UnicodeEncodeError) as error:
        return _no(str(error))
    who = directory.by_key(key)
    if who is None or who.bot_kind != "reconciler":
        return _no("the question is signed by no reconciler in Access")
    return None


def _no(message: str) -> Verdict:
    return Verdict((deny("gate.unauthenticated", message),))
