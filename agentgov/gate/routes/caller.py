"""The route that tells callers who they are: what a token or a session is good for."""

import msgspec

from agentgov.gate.answer import Answer, answered
from agentgov.gate.call import Call
from agentgov.gate.callers import AgentCaller, PersonCaller
from agentgov.gate.route import Route


class WhoAmI(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who asks: an agent in an environment, or a person and how they proved it."""

    kind: str
    agent: str = ""
    environment: str = ""
    person: str = ""
    how: str = ""


async def whoami(call: Call) -> Answer:
    """Who asks."""
    caller = call.caller
    if isinstance(caller, AgentCaller):
        return answered(WhoAmI("agent", agent=str(caller.agent), environment=caller.environment))
    assert isinstance(caller, PersonCaller)
    return answered(WhoAmI("person", person=caller.person, how=caller.how))


ROUTES = (Route("GET", "/v1/whoami", "Who asks", whoami, "either", answers={200: WhoAmI}, tag="identity"),)
