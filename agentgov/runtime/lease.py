"""Which config an agent runs on, for how long, or why it may not run: decided from values.

A lease is one JSON document without a time in it: the same for everybody who gets the same release in the same way, so
that it is spelled and signed once. How long it holds are durations, counted from the request by whoever runs the
agent: after `ttl` it asks again, after `hardExpiry` without an answer it stops. In this order:

1. What may not run at all (never released, retired, damaged) gets no lease.
2. A run that began on a release may keep it, by its name or tag, while that release is stable or canary: `pinned`.
3. While a canary takes a share of the traffic the sticky key decides; a canary that may not run gets no traffic.
4. What the fleet's limits forbid today gets no lease.
5. A pause stops the agent, or leaves it the tools that only read.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from types import MappingProxyType
from typing import Any, Literal, Protocol

from agentgov.model.agent import Agent
from agentgov.model.document import Environment, Risk
from agentgov.model.names import AgentId
from agentgov.model.units import parse_duration
from agentgov.model.verdict import Effect, Reason, Verdict, deny
from agentgov.runtime.bucketing import in_canary
from agentgov.runtime.deployed import Deployed, Release, VariantName
from agentgov.runtime.limits import HARD_EXPIRY

SCHEMA = "agentgov.lease/1"
NAMESPACE = "agentgov-lease"  # of the gate's signature over a lease (SSHSIG)
TTL: Mapping[Risk, int] = MappingProxyType({"low": 900, "medium": 300, "high": 60, "critical": 20})  # seconds
Mode = Literal["run", "read-only"]
_IN_LEASE = frozenset(("id", "by", "reason", "until"))  # of a pause: what every replica tells alike


class Stop(Protocol):
    """The order that pauses an agent; `until` in epoch seconds, 0 until somebody resumes it; `since` in epoch
    milliseconds."""

    @property
    def id(self) -> str: ...
    @property
    def mode(self) -> Literal["stop", "read-only"]: ...
    @property
    def by(self) -> str: ...
    @property
    def reason(self) -> str: ...
    @property
    def until(self) -> int: ...
    @property
    def since(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Grounds:
    """What every lease of one state of the journal rests on: the fleet's id, the digest of the governance."""

    fleet: str
    governance: str


@dataclass(frozen=True, slots=True)
class Terms:
    """What is leased to an agent, and how; `paused` is the order that leaves it nothing but tools that read."""

    agent: AgentId
    environment: Environment
    release: Release
    variant: VariantName
    split: bool = False  # whether the sticky key decided it
    paused: Stop | None = None

    @property
    def mode(self) -> Mode:
        """What the agent may do with it."""
        return "run" if self.paused is None else "read-only"

    def same_as(self, grounds: Grounds) -> Hashable:
        """What two terms have in common that are leased in the same bytes."""
        return self.release.tag, self.variant, self.environment, grounds, self.paused


@dataclass(frozen=True, slots=True)
class Lease:
    """A lease as it is answered; `ttl` and `hard_expiry` in seconds."""

    terms: Terms
    body: bytes
    etag: str
    ttl: int
    hard_expiry: int


def decide_lease(
    deployed: Deployed, paused: Stop | None, key: str, grounds: Grounds, pinned: str = ""
) -> Lease | Verdict:
    """The lease of an agent under a sticky key, or why there is none."""
    terms = decide_terms(deployed, paused, key, pinned)
    return terms if isinstance(terms, Verdict) else lease_of(terms, grounds)


def decide_terms(deployed: Deployed, paused: Stop | None, key: str, pinned: str = "") -> Terms | Verdict:
    """What a sticky key gets, or the release that a run began on (its name or tag); or why that is nothing."""
    chosen = _pinned(deployed, pinned) if pinned else _chosen(deployed, key)
    if isinstance(chosen, Verdict):
        return chosen
    against = offences(chosen.release)
    if against:
        return Verdict(against)
    if paused is None:
        return chosen
    if paused.mode == "stop":
        return Verdict((_stopped(deployed.agent, paused),), MappingProxyType({"paused": pause_details(paused)}))
    return Terms(chosen.agent, chosen.environment, chosen.release, chosen.variant, chosen.split, paused)


def offences(release: Release) -> tuple[Reason, ...]:
    """Why a release may not run today."""
    return tuple(reason for reason in release.limits if reason.effect > Effect.ALLOW)


def lease_of(terms: Terms, grounds: Grounds) -> Lease | Verdict:
    """Terms as they are answered; a Verdict where the config cannot be spelled in JSON that everybody reads alike."""
    import rfc8785

    document = _document(terms, grounds)
    try:
        body = rfc8785.dumps(document)
    except rfc8785.CanonicalizationError as error:
        message = f"{terms.release.name} holds a value that has no canonical JSON: {error}"
        return Verdict((deny("runtime.unreadable", message, str(terms.agent)),))
    etag = f'"{sha256(body).hexdigest()[:32]}"'
    return Lease(terms, body, etag, document["ttl"], document["hardExpiry"])


def pause_details(paused: Stop) -> dict[str, str | int]:
    """A pause as programs are told of it; times in epoch seconds."""
    told = {"id": paused.id, "mode": paused.mode, "by": paused.by, "reason": paused.reason}
    return {**told, "since": paused.since // 1000, "until": paused.until}


def lifetimes(agent: Agent) -> tuple[int, int]:
    """(ttl, hard expiry) of an agent's leases in seconds: its own, or the defaults of its risk."""
    spec = agent.spec
    hard = parse_duration(spec.lease.hard_expiry) if spec.lease.hard_expiry else HARD_EXPIRY[spec.risk]
    ttl = parse_duration(spec.lease.ttl) if spec.lease.ttl else TTL[spec.risk]
    return min(ttl, hard), hard


def _pinned(deployed: Deployed, pinned: str) -> Terms | Verdict:
    if deployed.refused:
        return Verdict(deployed.refused)
    for release in (deployed.stable, deployed.canary):
        if release is not None and pinned in (release.name, release.tag):
            return Terms(deployed.agent, deployed.environment, release, "pinned")
    message = f"{pinned} is neither stable nor canary of {deployed.agent} in {deployed.environment} any more"
    return Verdict((deny("runtime.pinned", message, str(deployed.agent)),))


def _chosen(deployed: Deployed, key: str) -> Terms | Verdict:
    if deployed.refused:
        return Verdict(deployed.refused)
    agent, environment, stable, canary = deployed.agent, deployed.environment, deployed.stable, deployed.canary
    if canary is None or (stable is not None and offences(canary)):
        assert stable is not None, "what is not refused has a release"
        return Terms(agent, environment, stable, "stable")
    if not key:
        message = f"a canary of {agent} takes a share of the traffic: a sticky key has to say who asks"
        return Verdict((deny("runtime.key", message, str(agent)),))
    try:
        ours = in_canary(deployed.rollout, key, deployed.share)
    except ValueError:
        return Verdict((deny("runtime.key", "the sticky key is no text that has UTF-8", str(agent)),))
    if ours:
        return Terms(agent, environment, canary, "canary", split=True)
    if stable is None:
        message = f"{agent} has only a canary in {environment}, and this key is not in its share"
        return Verdict((deny("runtime.never-released", message, str(agent)),))
    return Terms(agent, environment, stable, "stable", split=True)


def _stopped(agent: AgentId, paused: Stop) -> Reason:
    why = f": {paused.reason}" if paused.reason else ""
    until = f" until {datetime.fromtimestamp(paused.until, UTC):%Y-%m-%d %H:%M:%S} UTC" if paused.until else ""
    return deny("runtime.paused", f"{agent} is paused by {paused.by}{until}{why}", str(agent))


def _document(terms: Terms, grounds: Grounds) -> dict[str, Any]:
    release = terms.release
    ttl, hard_expiry = lifetimes(release.agent)
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "fleet": grounds.fleet,
        "agent": str(terms.agent),
        "environment": terms.environment,
        "release": {"name": release.name, "tag": release.tag, "commit": release.commit},
        "closure": release.closure,
        "governance": grounds.governance,
        "variant": terms.variant,
        "mode": terms.mode,
        "ttl": ttl,
        "hardExpiry": hard_expiry,
        "config": _config(terms),
        "files": release.files,
        "limits": [{"rule": one.rule, "message": one.message} for one in release.limits],
    }
    paused = terms.paused
    if paused is not None:
        document["paused"] = {name: told for name, told in pause_details(paused).items() if name in _IN_LEASE}
    return document


def _config(terms: Terms) -> Mapping[str, Any]:
    config = terms.release.config
    if terms.mode == "run":
        return config
    spec = config["spec"]
    return {**config, "spec": {**spec, "tools": [tool for tool in spec.get("tools", ()) if tool["effect"] == "read"]}}
