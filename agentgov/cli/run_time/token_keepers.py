"""Where tokens are kept: in the store on this machine, or at a gate that is asked over HTTP. Four words for both.

The keeper of the store may make any token; at a gate it takes the verb `token` in the
environment of the token, and people's tokens are not made there.
"""

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from agentgov.cli.context import open_context
from agentgov.cli.gate_client import GateClient, client_of
from agentgov.cli.run_time.store_visit import Visit, visiting
from agentgov.errors import RefusedError, UsageError
from agentgov.model.document import Environment
from agentgov.model.names import AgentId, agent_id
from agentgov.repo import clock
from agentgov.runtime import tokens
from agentgov.runtime.tokens import Made, Token
from agentgov.store.open import file_of
from agentgov.store.port import Transaction

_KEEPER = "keeper"  # who made a token by writing to the store
_DAY = 86_400


class Keeper(Protocol):
    """Whoever keeps tokens. RefusedError for what is not there, or not allowed."""

    @property
    def where(self) -> str:
        """Which gate a new token is good at, in words."""

    def create(
        self, agent: AgentId | None, environment: Environment | None, person: str, label: str, days: int
    ) -> Made:
        """A new token."""

    def listed(self) -> Sequence[Token]:
        """Every token that is good now, or those in one's scope."""

    def revoke(self, token_id: str) -> None:
        """A token opens nothing any more."""

    def rotate(self, token_id: str, overlap: int, days: int) -> Made:
        """A token in the place of another, which goes on for the overlap (hours)."""


@contextmanager
def keeper(repo: str, store: str | None, gate: str | None) -> Iterator[Keeper]:
    """The gate that is named, or the store that is named, or the one that `agentgov serve` uses unless told."""
    if gate is None:
        with visiting(repo, store, make=True) as visit:  # tokens come before the first gate
            yield StoreKeeper(visit)
        return
    yield GateKeeper(client_of(open_context(repo).view(), gate))


class StoreKeeper:
    """The store on this machine."""

    def __init__(self, visit: Visit) -> None:
        self._visit = visit

    @property
    def where(self) -> str:
        """A gate that serves this very store. No URL is told, since there may be a password in it."""
        file = file_of(self._visit.url)
        return f"the gate that serves {file if file is not None else 'the database that --store names'}"

    def create(
        self, agent: AgentId | None, environment: Environment | None, person: str, label: str, days: int
    ) -> Made:
        """A new token, for anybody that the fleet knows."""
        self._visit.require(agent, person or None)
        now = clock.now() * 1000
        kind: tokens.Kind = "agent" if agent is not None else "person"
        expires = now + days * _DAY * 1000
        new = Token(secrets.token_hex(16), kind, agent, environment, person, label, now, _KEEPER, expires)
        random = secrets.token_bytes(tokens.SECRET)
        return self._visit.write(lambda tx: tokens.create(tx, new, random))

    def listed(self) -> Sequence[Token]:
        """Every token that is good now."""
        return self._visit.read(lambda tx: tokens.listed(tx, clock.now() * 1000))

    def revoke(self, token_id: str) -> None:
        """A token opens nothing any more."""
        if not self._visit.write(lambda tx: tokens.revoke(tx, token_id, clock.now() * 1000)):
            raise _no_such(token_id)

    def rotate(self, token_id: str, overlap: int, days: int) -> Made:
        """A token in the place of another."""
        now = clock.now() * 1000
        new_id, random = secrets.token_hex(16), secrets.token_bytes(tokens.SECRET)

        def work(tx: Transaction) -> Made:
            old = tokens.one_token(tx, token_id)
            if old is None or not old.is_good(now) or old.is_login:
                raise _no_such(token_id)
            new = tokens.successor(old, new_id, now, _KEEPER, now + days * _DAY * 1000)
            return tokens.rotate(tx, old, new, random, overlap * 3_600_000)

        return self._visit.write(work)


class GateKeeper:
    """A gate, as whoever is logged in there."""

    def __init__(self, client: GateClient) -> None:
        self._client = client

    @property
    def where(self) -> str:
        """The gate that was asked, and others over its store."""
        return self._client.url

    def create(
        self, agent: AgentId | None, environment: Environment | None, person: str, label: str, days: int
    ) -> Made:
        """A new token of an agent."""
        if agent is None:
            raise UsageError("people's tokens are made on the gate's machine alone", "people log in: agentgov login")
        body = {"agent": str(agent), "environment": environment, "label": label, "seconds": days * _DAY}
        return _made(self._client.ask("POST", "/v1/tokens", body))

    def listed(self) -> Sequence[Token]:
        """Those of agents in one's scope, and one's own."""
        return [_token(one) for one in self._client.ask("GET", "/v1/tokens")["tokens"]]

    def revoke(self, token_id: str) -> None:
        """A token opens nothing any more."""
        self._client.ask("DELETE", f"/v1/tokens/{_plain(token_id)}")

    def rotate(self, token_id: str, overlap: int, days: int) -> Made:
        """A token in the place of another."""
        body = {"overlap": overlap * 3600, "seconds": days * _DAY}
        return _made(self._client.ask("POST", f"/v1/tokens/{_plain(token_id)}/rotate", body))


def _plain(token_id: str) -> str:
    """An id as it may stand in a path."""
    if not token_id.isalnum() or not token_id.isascii():
        raise _no_such(token_id)
    return token_id


def _made(told: Any) -> Made:
    return Made(_token(told["token"]), str(told["secret"]))


def _token(told: Any) -> Token:
    """A token as a gate tells of it."""
    agent, environment = agent_id(told.get("agent", "")), told.get("environment") or None
    whose = agent, environment, told.get("person", ""), told.get("label", "")
    times = {"created": told["created"] * 1000, "expires": told["expires"] * 1000, "used": told.get("used", 0) * 1000}
    return Token(told["id"], told["kind"], *whose, created_by=told["created_by"], **times)


def _no_such(token_id: str) -> RefusedError:
    return RefusedError(f"there is no token {token_id[:64]} that is good", "all of them: agentgov token list")
