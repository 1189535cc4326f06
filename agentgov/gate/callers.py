"""Who asks: an agent by its token, a person by a token or a session. Told from a header, without touching the store."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from agentgov.model.document import Environment
from agentgov.model.names import AgentId
from agentgov.runtime.tokens import TokenTable

How = Literal["token", "login", "oidc"]


@dataclass(frozen=True, slots=True)
class AgentCaller:
    """An agent in one environment; `token` is the id of the token it showed."""

    agent: AgentId
    environment: Environment
    token: str

    def __str__(self) -> str:
        return f"agent:{self.agent}@{self.environment}"


@dataclass(frozen=True, slots=True)
class PersonCaller:
    """A person of Access, by id; `how` they proved it, `token` the id of the token or session."""

    person: str
    how: How
    token: str
    proof: str = ""  # of a login: the public key, or issuer and subject

    def __str__(self) -> str:
        return f"person:{self.person}"


Caller = AgentCaller | PersonCaller | None


def caller_of(tokens: TokenTable, secret: str, now_ms: int) -> Caller:
    """Whose token it is, None where it is nobody's now."""
    found = tokens.find(secret, now_ms)
    if found is None:
        return None
    if found.agent is not None and found.environment is not None:
        return AgentCaller(found.agent, found.environment, found.id)
    how: How = "token" if not found.is_login else "oidc" if found.kind == "oidc" else "login"
    return PersonCaller(found.person, how, found.id, found.proof)


def bearer(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """The token of an Authorization header, "" without exactly one that is well-formed."""
    found = [value for name, value in headers if name == b"authorization"]
    if len(found) != 1 or found[0][:7].lower() != b"bearer ":
        return ""
    return found[0][7:].strip().decode("latin-1")
