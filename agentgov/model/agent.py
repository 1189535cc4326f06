"""agent.yaml as types: what one agent is."""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from agentgov.model.document import Classification, Document, Risk


class Metadata(Document, frozen=True):
    """Name, labels, and the id it had before a move."""

    name: str
    labels: Mapping[str, str] = msgspec.field(default_factory=dict)
    formerly: str = ""


class FileRef(Document, frozen=True):
    """A file named from agent.yaml, relative to its folder."""

    file: str


class Variable(Document, frozen=True):
    """A prompt variable."""

    type: Literal["string", "number", "integer", "boolean"] = "string"
    max_length: int | None = None
    untrusted: bool = False
    description: str = ""


class Prompts(Document, frozen=True):
    """The texts of an agent and the variables in them."""

    system: FileRef
    partials: tuple[str, ...] = ()
    variables: Mapping[str, Variable] = msgspec.field(default_factory=dict)


class Model(Document, frozen=True):
    """Which model, with which parameters; `max_output_tokens` is required in params."""

    primary: str
    params: Mapping[str, Any]
    fallback: tuple[str, ...] = ()


class Data(Document, frozen=True):
    """What data the agent may see."""

    classification: Classification = "internal"
    categories: tuple[str, ...] = ()


class Tool(Document, frozen=True):
    """One thing an agent may do; what is not listed is refused."""

    name: str
    effect: Literal["read", "write", "irreversible"]
    description: str = ""
    args: FileRef | None = None
    cost: str = ""


class Ask(Document, frozen=True):
    """Whom to ask for a permit, and how."""

    who: tuple[str, ...]
    count: int = 1
    four_eyes: bool = True
    within: str = "30m"
    show: tuple[str, ...] = ()


class Then(Document, frozen=True):
    """An action rule that asks people."""

    ask: Ask


class Match(Document, frozen=True):
    """What an action rule is about: glob patterns on tool names."""

    tools: tuple[str, ...]


class ActionRule(Document, frozen=True):
    """First match wins, no match denies, an error denies."""

    match: Match
    then: Literal["allow", "deny"] | Then
    when: str = ""


class Quota(Document, frozen=True):
    """A limit on the effect in the world."""

    tool: str
    per: str
    max: int
    sum: str = ""


OnLimit = Literal["deny", "pause", "alert"]
ROLLING = (600, 31 * 86_400)  # seconds: the shortest and the longest rolling window of a budget


class Budget(Document, frozen=True):
    """Money an agent may spend. `rolling`: the most in any stretch of so much time; without a `zone`, that of its
    workspace."""

    day: str = ""
    month: str = ""
    run: str = ""
    rolling: Mapping[str, str] = msgspec.field(default_factory=dict)
    zone: str = ""
    alert_at: tuple[float, ...] = ()
    on_limit: OnLimit = "deny"


class Schedule(Document, frozen=True):
    """When an agent may run."""

    cron: str
    tz: str = "UTC"


class Eval(Document, frozen=True):
    """An evaluation suite and what it must reach before a stage."""

    suite: str
    min: Mapping[str, float] = msgspec.field(default_factory=dict)
    before: tuple[Literal["staging", "canary", "production"], ...] = ("canary",)


class Lease(Document, frozen=True):
    """The stalest config an agent may run on; empty means the default of its risk."""

    ttl: str = ""
    hard_expiry: str = ""


class Audit(Document, frozen=True):
    """How the ledger records this agent."""

    mode: Literal["async", "write-ahead"] = "async"
    payloads: Literal["none", "hashed", "encrypted", "full"] = "hashed"
    retention: str = ""


class OnCall(Document, frozen=True):
    """Who answers when it goes wrong."""

    escalate: tuple[str, ...] = ()
    ack_within: str = "15m"


class Lifecycle(Document, frozen=True):
    """Draft agents cannot be released, retired ones do not run."""

    state: Literal["draft", "active", "retired"] = "active"
    review_by: str = ""


class Secret(Document, frozen=True):
    """A reference to a secret, never the secret."""

    secret_ref: str


class AgentSpec(Document, frozen=True):
    """What one agent is."""

    description: str
    owner: str
    risk: Risk
    model: Model
    prompts: Prompts
    data: Data = Data()
    tools: tuple[Tool, ...] = ()
    connections: Mapping[str, Secret] = msgspec.field(default_factory=dict)
    actions: tuple[ActionRule, ...] = ()
    quotas: tuple[Quota, ...] = ()
    budget: Budget = Budget()
    schedule: Schedule | None = None
    evals: tuple[Eval, ...] = ()
    environments: Mapping[str, Mapping[str, Any]] = msgspec.field(default_factory=dict)
    lease: Lease = Lease()
    audit: Audit = Audit()
    oncall: OnCall = OnCall()
    playbook: str = ""
    lifecycle: Lifecycle = Lifecycle()
    runtime: Mapping[str, Any] = msgspec.field(default_factory=dict)


class Agent(Document, frozen=True):
    """agent.yaml, kind Agent. `extensions` holds what stands under keys that start with `x-`, at any depth, by JSON
    pointer (RFC 6901): the loader collects it, so that no part of the file is outside the typed value."""

    metadata: Metadata
    spec: AgentSpec
    extensions: Mapping[str, Any] = msgspec.field(default_factory=dict, name="x-")
