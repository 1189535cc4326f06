"""Tickets for streams, for clients that can send no header: what the `EventSource` of browsers and OpenFeature is.

A ticket is good for hearing that something changed, and for nothing else: no config, no name, no reason. It ends with
the token that it was given for, is the same for all processes with the gate's key, and never changes, so that an answer
that holds one keeps its tag.
"""

from functools import cached_property
from hashlib import sha256
from hmac import compare_digest, digest

from agentgov.gate.callers import AgentCaller
from agentgov.trust.signers import Signer

NAMESPACE = "agentgov-stream"
_LENGTH = 32  # hexadecimal digits of a token's id, and of what proves it


class Tickets:
    """Makes and reads the tickets of a gate's key."""

    def __init__(self, signer: Signer) -> None:
        self._signer = signer

    def of(self, caller: AgentCaller) -> str:
        """The ticket of a caller."""
        return f"{caller.token}.{self._proof(caller.token)}"

    def token(self, ticket: str) -> str:
        """The id of the token that a ticket was given for, "" for one that this gate never gave."""
        token, _, proof = ticket.partition(".")
        good = ticket.isascii() and compare_digest(proof, self._proof(token))
        return token if good else ""

    def _proof(self, token: str) -> str:
        return digest(self._key, token.encode("utf-8"), "sha256").hex()[:_LENGTH]

    @cached_property
    def _key(self) -> bytes:
        """Known to whoever has the gate's key: signatures of ed25519 are the same each time."""
        return sha256(self._signer.sign(NAMESPACE, b"tickets for streams")).digest()
