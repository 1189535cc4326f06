"""Who is let in to a route: whose token or session came along, and whether that kind of caller may ask there at all."""

import asyncio
import contextlib

from agentgov.gate.call import Call
from agentgov.gate.callers import AgentCaller, Caller, PersonCaller, bearer, caller_of
from agentgov.gate.cookies import SESSION, cookie_of, is_own_request
from agentgov.gate.errors import forbidden, not_found, store_away, unknown_caller, unregistered
from agentgov.gate.gate import Gate
from agentgov.gate.route import Route
from agentgov.net.asgi import Scope
from agentgov.runtime.logins import still_holds
from agentgov.runtime.oidc_logins import is_still
from agentgov.runtime.tokens import is_shaped

_PATIENCE = 1.0  # seconds that an unknown token waits for the store


def who_asks(gate: Gate, scope: Scope, now_ms: int) -> Caller:
    """Whose token came along; without one, whose session, for requests that began on the gate's own pages."""
    secret = bearer(scope["headers"])
    if secret:
        return caller_of(gate.tokens, secret, now_ms)
    if gate.provider is None:
        return None
    session = cookie_of(gate, scope["headers"], SESSION)
    found = caller_of(gate.tokens, session, now_ms) if session else None
    is_session = isinstance(found, PersonCaller) and found.how == "oidc"
    return found if is_session and is_own_request(gate, scope["method"], scope["headers"]) else None


async def who_asks_now(gate: Gate, scope: Scope, now_ms: int) -> Caller:
    """The same for a token that is not known, after a look at the store: it may have been made a moment ago."""
    secret = bearer(scope["headers"]) or (cookie_of(gate, scope["headers"], SESSION) if gate.provider else "")
    if not is_shaped(secret):
        return None
    with contextlib.suppress(Exception):  # a store that is away is told of by all that needs it
        async with asyncio.timeout(_PATIENCE):
            await gate.control.look()
    return who_asks(gate, scope, now_ms)


def admit(call: Call, route: Route, of_agent: bool) -> None:
    """Refuse a caller of the wrong kind, and an agent on a path that is not its own."""
    caller = call.caller
    if route.who == "anyone":
        return
    if caller is None:
        if not call.gate.control.is_confirmed:
            raise store_away()  # a token that was made meanwhile is missing here
        raise unknown_caller()
    if isinstance(caller, AgentCaller):
        if route.who == "person":
            raise forbidden("gate.caller", "this is for people, and an agent asks", "agentgov login")
        if of_agent and call.agent != caller.agent:
            raise not_found()
        if not route.strangers and not call.fleet.knows(caller.agent):
            raise unregistered(caller.agent)
        return
    if route.who == "agent":
        raise forbidden("gate.caller", "this is for agents, and a person asks", "use the token of an agent")
    _admit_person(call, caller)


def _admit_person(call: Call, caller: PersonCaller) -> None:
    """Refuse whom Access does not know any more, and logins whose proof it does not."""
    directory = call.fleet.directory
    if directory.person(caller.person) is None:
        raise forbidden("access.unknown-person", f"{caller.person} is not among the people of Access")
    if caller.how == "login" and not still_holds(directory, caller.person, caller.proof).allowed:
        raise unknown_caller()
    if caller.how == "oidc" and not is_still(directory.person(caller.person), caller.proof):
        raise unknown_caller()
