"""The route of leases: what an agent runs on."""

from typing import Any

from agentgov.gate.call import Call
from agentgov.gate.conditional import has_already
from agentgov.gate.errors import bad_request
from agentgov.gate.leasing import journal_header
from agentgov.gate.route import Parameter, Route

LONGEST = 512  # characters of a sticky key, and of a release


async def lease(call: Call) -> int:
    """The lease of the agent that asks, for a sticky key, or for the release that its run began on."""
    gate, caller, fleet = call.gate, call.agent_caller, call.fleet
    key, pinned = (_short(call.query.get(name, ""), name) for name in ("key", "release"))
    signed = await gate.leasing.lease(caller, fleet, key, call.now_ms, pinned)
    await gate.leasing.hand_out(caller, signed, call.now_ms, "enforced")
    headers = (*signed.headers, journal_header(fleet))
    if has_already(call.scope["headers"], headers[0][1]):
        return await call.reply(304, b"", headers, b"")
    return await call.reply(200, signed.lease.body, headers)


def _short(text: str, name: str) -> str:
    if len(text) > LONGEST:
        raise bad_request(f"the {name} is longer than {LONGEST} characters")
    return text


ROUTES = (
    Route(
        "GET",
        "/v1/agents/{workspace}/{name}/lease",
        "What the agent runs on, signed by the gate",
        lease,
        "agent",
        answers={200: dict[str, Any], 304: None},
        query=(
            Parameter("key", "The sticky key: decides while a canary takes a share of the traffic"),
            Parameter("release", "The name or tag of the release that a run began on, which it may keep"),
        ),
        hot=True,
        tag="leases",
    ),
)
