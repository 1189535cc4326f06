"""A lease as an agent reads it: checked to be the one that was asked for, signed by whom it must be. Pure.

Never decides how long it holds: that is counted by whoever asked for it.
"""

from collections.abc import Collection, Mapping
from functools import cached_property
from typing import Any, Literal

import msgspec

from agentgov.errors import ConfigurationError
from agentgov.model.agent import Agent
from agentgov.sdk.answers import Offer
from agentgov.trust.keys import PublicKey
from agentgov.trust.sshsig import SignatureError

_HINT = "do not run on it; ask who runs the gate, and compare the key that you pin"
SCHEMA = "agentgov.lease/1"  # as `runtime.lease` says it, of which an agent loads nothing else
LONGEST = 400 * 86_400  # seconds


class ReleaseName(msgspec.Struct, frozen=True):
    """Which release; `tag` and `commit` are ids of git objects."""

    name: str
    tag: str
    commit: str


class LeasePause(msgspec.Struct, frozen=True):
    """The order that leaves the agent only tools that read."""

    id: str
    by: str = ""
    reason: str = ""
    until: int = 0


class Terms(msgspec.Struct, frozen=True, rename="camel", dict=True):
    """What a lease says; `ttl` and `hard_expiry` in seconds."""

    schema: str
    agent: str
    environment: str
    release: ReleaseName
    closure: str
    variant: Literal["stable", "canary", "pinned"]
    mode: Literal["run", "read-only"]
    ttl: int
    hard_expiry: int
    config: dict[str, Any]
    files: dict[str, dict[str, str]]
    paused: LeasePause | None = None

    @cached_property
    def typed(self) -> Agent:
        """The agent's document, typed."""
        return msgspec.convert(self.config, Agent)

    def text(self, path: str) -> str | None:
        """A text of the release, None where it has none there."""
        return self.files.get(path, {}).get("text")


_decode = msgspec.json.Decoder(Terms).decode


def read_terms(offer: Offer, agent: str, keys: Collection[PublicKey]) -> Terms:
    """The terms of a lease for an agent. ConfigurationError (`runtime.lease`) where it is none, another's, or signed by
    nobody of the keys; without keys the connection alone vouches for it."""
    if keys:
        _check_signature(offer, keys)
    try:
        found = _decode(offer.body or b"")
        found.typed  # noqa: B018 - what cannot be read is told now, not in the middle of a run
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError, RecursionError) as error:
        raise _bad(f"what was answered is no lease: {error}") from None
    if found.schema != SCHEMA or found.agent != agent:
        raise _bad(f"a lease of {found.agent[:100]} ({found.schema[:40]}) was answered, and {agent} asked")
    if not 0 <= found.ttl <= found.hard_expiry <= LONGEST:
        raise _bad("the lease does not say how long it holds")
    return found


def _check_signature(offer: Offer, keys: Collection[PublicKey]) -> None:
    from agentgov.runtime.lease_signature import key_behind

    try:
        signer = key_behind(offer.body or b"", offer.signature)
    except SignatureError as error:
        raise _bad(f"the lease is not signed by the gate: {error}") from None
    if all(signer.blob != one.blob for one in keys):
        raise _bad(f"the lease is signed by {signer.fingerprint}, which is none of the gate's keys that are pinned")


def _bad(message: str) -> ConfigurationError:
    return ConfigurationError(message, _HINT, rule="runtime.signature")


def copied(value: Mapping[str, Any]) -> dict[str, Any]:
    """The same JSON once more, so that nobody can change the lease by changing what he was given."""
    found: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(value))
    return found
