"""Whose a span is and what it costs: the release that ran, the model by the price list, the session, what was said.

The agent and its environment are those of the token that sent it. What a span says of agents and services is
information, and is not looked at; what it says of its release counts only where that release is deployed.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from re import compile as pattern
from typing import NamedTuple

import msgspec

from agentgov.model.agent import Audit
from agentgov.model.policies import PriceList
from agentgov.model.units import parse_money
from agentgov.model.verdict import Reason
from agentgov.runtime.actions import running
from agentgov.runtime.deployed import Deployed, Release
from agentgov.runtime.prices import Price, price_of
from agentgov.runtime.telemetry.counting import Span
from agentgov.runtime.telemetry.dialects import ARGUMENTS
from agentgov.runtime.telemetry.rollups import bounded
from agentgov.runtime.telemetry.sessions import session_id
from agentgov.runtime.telemetry.spans import LONGEST_NAME, Use
from agentgov.runtime.vault import Seal, Vault, seal_of

LARGEST_CONTENT = 256 * 1024  # bytes of one span that are kept; more is hashed only
MOST_NAMES = 100  # models and tools of one request
OTHER = "(other)"  # what comes after them
_DATED = pattern(r"[-@](?:\d{8}|\d{4}-\d{2}-\d{2}|latest)\Z")
_CLOSURE = pattern(r"[0-9a-f]{64}\Z")
_canonical = msgspec.json.Encoder(order="sorted")


@dataclass(frozen=True, slots=True)
class Ran:
    """Which release a span is of; "" where nobody knows."""

    closure: str = ""
    variant: str = ""
    models: tuple[str, ...] = ()
    payloads: str = "hashed"
    most: int = 0  # nano-units that a run may cost; 0 where nobody says
    audit: Audit | None = None  # how the release is recorded


class Said(NamedTuple):
    """What the spans of one trace say together; "" where none of them does."""

    session: str = ""
    release: str = ""


class Called(NamedTuple):
    """A call of a tool whose arguments a span tells; they are compared with others, and not kept. `canary`: the
    release, where that is in canary."""

    span: bytes
    tool: str
    said: bytes
    session: bytes
    canary: str = ""


class Content(NamedTuple):
    """What was said in a span, whom it is about, and how it is kept: encrypted, or in clear without a seal."""

    span: bytes
    said: bytes
    subject: str = ""
    seal: Seal | None = None


@dataclass
class Attributing:
    """What the spans of one request are attributed by: the agent (`scope` tells it from all others), what of it is
    deployed, today's prices, and randomness of this request. Without a `vault` nothing is kept encrypted."""

    scope: bytes
    deployed: Deployed
    prices: PriceList | None
    salt: bytes
    now_ms: int
    vault: Vault | None = None
    timed: bool = False  # whether runs are timed
    contents: list[Content] = field(default_factory=list)
    calls: list[Called] = field(default_factory=list)
    aside: Counter[tuple[str, str]] = field(default_factory=Counter)  # (reason, subject) -> spans

    def spans(self, uses: Sequence[Use]) -> list[Span]:
        """The spans as they are kept, before it is decided which count."""
        traces = _traces(uses)
        return [self._span(one, traces.get(one.id[:16])) for one in uses]

    @property
    def most(self) -> Mapping[str, int]:
        """What a run may cost, by closure."""
        return {ran.closure: ran.most for ran in self._ran.values()}

    @cached_property
    def _ran(self) -> dict[str, Ran]:
        return {}

    @cached_property
    def _priced(self) -> dict[tuple[str, str, str], tuple[str, Price | None]]:
        return {}

    @cached_property
    def _names(self) -> set[tuple[str, str]]:
        return set()

    def _span(self, use: Use, said: Said | None) -> Span:
        id_ = self.scope + use.id
        found = Span(id_, self.scope + use.parent if use.parent else b"", self.now_ms, kind=use.kind)
        found.start, found.end, found.failed, found.sampled = use.start, use.end, use.failed, use.sampled
        if said is None:  # a trace without any model, tool or agent in it: nothing of ours
            return found
        named = use.release or said.release
        ran = self._ran.get(named) or self._find(named)
        found.closure, found.variant = ran.closure, ran.variant
        found.broke = use.root and use.failed
        if use.root and self.timed:
            found.took = max(use.end - use.start, 0)
        if use.kind or found.broke or found.took is not None:
            found.session = session_id(self.scope, ran.closure, use.session or said.session or use.id[:16].hex())
        if use.kind:
            found.error, found.finish, found.response = use.error, use.finish, use.response
            found.subject, found.purpose = use.subject, use.purpose
            self._keep(found, use, ran)
        if use.kind == "model":
            self._price(found, use, ran)
        elif use.kind == "tool":
            found.name = self._named("tool", use.tool)
            told = dict(use.contents) if ran.payloads != "none" else {}
            said = next((told[name] for name in ARGUMENTS if name in told), None)
            if said is not None:
                canary = ran.closure if ran.variant == "canary" else ""
                self.calls.append(Called(found.id, found.name, _canonical.encode(said), found.session, canary))
        return found

    def _price(self, found: Span, use: Use, ran: Ran) -> None:
        key = use.provider, use.asked, use.model
        priced = self._priced.get(key)
        if priced is None:
            priced = self._priced[key] = priced_name(self.prices, *key)
        name, price = priced
        found.name = self._named("model", name)
        found.measured = use.input is not None or use.output is not None
        found.input, found.cached = use.input or 0, min(use.cached, use.input or 0)
        found.output, found.reasoning = use.output or 0, use.reasoning
        if price is not None and self.prices is not None:
            written = min(use.written, found.input - found.cached)
            found.currency = self.prices.currency
            found.cost = bounded(price.cost(found.input, found.cached, found.output, written))
        else:
            self.aside["unpriced", found.name] += 1
        if ran.models and not any(one in ran.models for one in _candidates(*key)):
            self.aside["undeclared-model", found.name] += 1

    def _keep(self, found: Span, use: Use, ran: Ran) -> None:
        if not use.contents or ran.payloads == "none":
            return
        content = _canonical.encode(dict(use.contents))
        found.salt, found.digest = self.salt, sha256(self.salt + found.id + content).hexdigest()
        seal = seal_of(self.vault, ran.audit) if ran.audit is not None else None
        if (seal is not None or ran.payloads == "full") and len(content) <= LARGEST_CONTENT:
            self.contents.append(Content(found.id, content, found.subject, seal))

    def _find(self, said: str) -> Ran:
        ran = kept_of(self.deployed, said, self.prices)
        if len(self._ran) < MOST_NAMES:
            self._ran[said] = ran
        return ran

    def _named(self, kind: str, name: str) -> str:
        if (kind, name) not in self._names:
            if len(self._names) >= MOST_NAMES:
                return OTHER
            self._names.add((kind, name))
        return name


def scope_of(agent: str, environment: str) -> bytes:
    """What ids of spans of one agent in one environment begin with."""
    return sha256(f"{agent}@{environment}".encode()).digest()[:8]


def priced_name(prices: PriceList | None, provider: str, asked: str, model: str) -> tuple[str, Price | None]:
    """Under which name of the price list a model falls, and its price; where it is not there, its own name."""
    for name in _candidates(provider, asked, model):
        found = price_of(prices, name)
        if isinstance(found, Price):
            return name, found
    own = asked or model or "(unnamed)"
    return (f"{provider}/{own}" if provider else own)[:LONGEST_NAME], None


def _candidates(provider: str, asked: str, model: str) -> list[str]:
    """Names of a model, the most exact first: as it answered, as it was asked for, without its date."""
    plain = [one for one in (model, asked) if one]
    plain += [short for one in plain if (short := _DATED.sub("", one)) != one]
    full = [f"{provider}/{one}" for one in plain if provider]
    return list(dict.fromkeys([*full, *plain]))


def kept_of(deployed: Deployed, said: str, prices: PriceList | None) -> Ran:
    """Which release something is of that says so, "" where it does not. Where nobody knows, the strictest rule of those
    that are deployed decides what is kept."""
    if said or deployed.canary is None:
        release = running(deployed, said)
        if not isinstance(release, Reason):
            return _ran(release, "canary" if release is deployed.canary else "stable", prices)
    every = {one.agent.spec.audit.payloads for one in (deployed.stable, deployed.canary) if one is not None}
    kept = "none" if "none" in every else "full" if every == {"full"} else "hashed"
    if _CLOSURE.match(said):
        return Ran(said, "other", payloads=kept)
    return Ran(payloads=kept)


def _ran(release: Release, variant: str, prices: PriceList | None) -> Ran:
    spec = release.agent.spec
    amount, currency = parse_money(spec.budget.run) if spec.budget.run else (0, "")
    most = amount if prices is not None and currency == prices.currency else 0
    models = (spec.model.primary, *spec.model.fallback)
    return Ran(release.closure, variant, models, spec.audit.payloads, most, spec.audit)


def _traces(uses: Iterable[Use]) -> dict[bytes, Said]:
    """What each trace that is any of ours says of its session and release, "" where none of its spans does."""
    found: dict[bytes, Said] = {}
    for one in uses:
        if one.kind or one.session or one.release:
            at = found.get(one.id[:16], Said())
            found[one.id[:16]] = Said(at.session or one.session, at.release or one.release)
    return found
