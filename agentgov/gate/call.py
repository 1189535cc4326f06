"""One request as a handler sees it: who asks, about what, with which body, and what rights the caller has."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from agentgov.gate.answer import JSON, Headers
from agentgov.gate.asgi import LARGEST, read_body, send_body
from agentgov.gate.callers import AgentCaller, Caller, PersonCaller
from agentgov.gate.errors import bad_request, forbidden, not_found
from agentgov.model.document import Environment
from agentgov.model.names import AgentId, agent_id
from agentgov.net.asgi import Receive, Scope, Send
from agentgov.runtime.fleet import Fleet
from agentgov.trust.verbs import VERBS, who_may

if TYPE_CHECKING:
    from agentgov.gate.gate import Gate

_MOST_PARAMETERS = 20
_DRILL = "agentgov-drill"  # the header of what a live drill plays


@dataclass
class Call:
    """A request that is being answered. `fleet` is the state of the journal that all of it is judged by; `now_ms` is
    when it came, in epoch milliseconds; `values` are those of the path."""

    gate: "Gate"
    fleet: Fleet
    caller: Caller
    values: Mapping[str, str]
    scope: Scope
    receive: Receive
    send: Send
    now_ms: int
    body: Any = None

    @cached_property
    def headers(self) -> Mapping[str, str]:
        """Headers by their lower-case names; the last of those that stand twice."""
        return {name.decode("latin-1"): value.decode("latin-1") for name, value in self.scope["headers"]}

    @cached_property
    def query(self) -> Mapping[str, str]:
        """The query's parameters. 400 for one that stands twice, or is no text."""
        try:
            raw = self.scope["query_string"].decode("ascii")
            pairs = parse_qsl(raw, keep_blank_values=True, errors="strict", max_num_fields=_MOST_PARAMETERS)
        except ValueError as error:
            raise bad_request("the query cannot be read") from error
        found = dict(pairs)
        if len(found) != len(pairs) or any("\0" in text for pair in pairs for text in pair):
            raise bad_request("a parameter of the query stands twice, or holds a NUL")
        return found

    @property
    def is_drill(self) -> bool:
        """Whether this is what a live drill plays, and so counts nowhere but in the drill."""
        return self.headers.get(_DRILL) == "true"

    # --- who and what ----------------------------------------------------------------------------------------------

    @property
    def agent(self) -> AgentId:
        """The agent that the path names; 404 where it can name none."""
        found = agent_id(f"{self.values['workspace']}/{self.values['name']}")
        if found is None:
            raise not_found()
        return found

    @property
    def agent_caller(self) -> AgentCaller:
        """The agent that asks. For routes that are open to agents alone."""
        if not isinstance(self.caller, AgentCaller):
            raise forbidden("gate.caller", "this is for agents, and a person asks", "use the token of an agent")
        return self.caller

    @property
    def person(self) -> str:
        """The id of the person who asks. For routes that are open to people alone."""
        if not isinstance(self.caller, PersonCaller):
            raise forbidden("gate.caller", "this is for people, and an agent asks", "agentgov login")
        return self.caller.person

    def may(self, verb: str, agent: AgentId | None, environment: Environment | None = None) -> bool:
        """Whether the person who asks has a right, today: a binding that ended by this machine's clock has ended, also
        where nobody told the journal."""
        today = max(self.fleet.view.today, datetime.fromtimestamp(self.now_ms / 1000, UTC).date())
        return self.fleet.directory.permission(self.person, verb, agent, environment, today).allowed

    def require(self, verb: str, agent: AgentId | None, environment: Environment | None = None) -> None:
        """Refuse unless the person who asks has a right: 403 where they may at least look at the agent, else 404."""
        if self.may(verb, agent, environment):
            return
        if agent is not None and not self.may("view", agent):
            raise not_found()
        where = f"{agent or 'the whole fleet'}{f' in {environment}' if environment else ''}"
        message = f"{self.person} may not {VERBS[verb].on(where)}"
        raise forbidden("gate.forbidden", message, who_may(verb, agent, environment))

    # --- the fast lane ---------------------------------------------------------------------------------------------

    async def read(self, largest: int = LARGEST, *, packed: bool = False) -> bytes:
        """The whole body, for a handler that decodes it itself, and unpacks it where it may be packed."""
        return await read_body(self.scope, self.receive, largest, packed=packed)

    async def reply(self, status: int, body: bytes, headers: Headers = (), content_type: bytes = JSON) -> int:
        """Write the answer; returns its status."""
        await send_body(self.send, status, body, headers, content_type)
        return status
