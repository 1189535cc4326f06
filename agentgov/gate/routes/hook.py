"""Webhooks that wake the gate: one that is signed has it look at the journal at once, and carries nothing else in."""

from agentgov.gate.call import Call
from agentgov.gate.route import Route
from agentgov.net.asgi import Message


async def hook(call: Call) -> int:
    """Judge one delivery."""
    statuses: list[int] = []

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])
        await call.send(message)

    await call.gate.hooks(call.scope, call.receive, send)
    return statuses[0] if statuses else 499


def _route(sender: str, says: str) -> Route:
    told = {202: None, 204: None}
    return Route(
        "POST", f"/hooks/{sender}", says, hook, "anyone", answers=told, hot=True, tag="hooks", media="text/plain"
    )


ROUTES = (
    _route("github", "A webhook of GitHub wakes the gate"),
    _route("gitlab", "A webhook of GitLab wakes the gate"),
    _route("wake", "Anybody's webhook that is signed wakes the gate"),
)
