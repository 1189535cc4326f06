"""agentgov.yaml and the workspaces as types, and all governance together.

The public contract is the JSON Schemas in `schemas/`; these types hold what a schema has accepted.
"""

from collections.abc import Mapping
from typing import Literal

import msgspec

from agentgov.model.access import Access
from agentgov.model.agent import OnLimit
from agentgov.model.document import Classification, Document, Environment, Risk
from agentgov.model.pipeline import Pipeline
from agentgov.model.policies import ActionPolicy, AlertPolicy, PriceList, Retention


class When(Document, frozen=True):
    """When a review rule matches: every key given must match; an empty `when` matches everything."""

    risk: tuple[Risk, ...] = ()  # any agent touched, stricter of base and result
    changed: tuple[str, ...] = ()  # names of the semantic diff, with their direction: tools, budget.raised
    paths: tuple[str, ...] = ()  # patterns in the CODEOWNERS dialect
    classes: tuple[Literal["loosens", "tightens", "neutral"], ...] = msgspec.field(default=(), name="class")
    environments: tuple[Environment, ...] = ()  # environments whose effective config differs


class ReviewRule(Document, frozen=True):
    """One requirement: so many approvals from owners, or from the people and teams named."""

    approvals: int = 1
    sources: Literal["owners"] | tuple[str, ...] = msgspec.field(default="owners", name="from")
    when: When = When()
    name: str = ""
    mode: Literal["any", "all"] = "any"
    signed: Literal["any", "personal"] = "any"  # personal: reviews imported from a forge do not serve it


class Reviews(Document, frozen=True):
    """The review rules of a fleet; every matching rule must hold, one review may serve several."""

    default: ReviewRule = ReviewRule()
    rules: tuple[ReviewRule, ...] = ()
    stale: Literal["any-push", "owned-paths"] = "owned-paths"
    last_push: bool = False
    handover: Literal["base", "both"] = "base"  # whose word counts when ownership changes
    exempt: tuple[str, ...] = ()
    expire: str = ""  # a duration; a review older than this by journal time is not counted; empty: never


class Codeowners(Document, frozen=True):
    """Which dialect of CODEOWNERS decides."""

    dialect: Literal["github", "gitlab"] = "github"


class JournalSettings(Document, frozen=True):
    """Where the journal lives, and how old its time may be before nothing that raises risk happens."""

    branch: str = "agentgov/journal"
    max_age: str = "6h"


class Gate(Document, frozen=True):
    """Where the gate of this fleet answers."""

    url: str = ""


class Validation(Document, frozen=True):
    """Which findings may be suppressed in the files of this fleet, by a mark with a reason."""

    suppress: Literal["none", "warnings", "all"] = "all"
    never: tuple[str, ...] = ()  # codes or families that no mark takes out


class WebhookTarget(Document, frozen=True):
    """One receiver of events; no `events` is every one that there is."""

    url: str
    events: tuple[str, ...] = ()


class Delivery(Document, frozen=True):
    """How consumers without a gate learn what runs."""

    rendered: tuple[Environment, ...] = ()
    webhooks: tuple[WebhookTarget, ...] = ()


class SharedBudget(Document, frozen=True):
    """Money for all agents of a workspace, or of the fleet, together. `rolling`: the most in any stretch of so much
    time; without a `zone`, that of the fleet, and UTC without one."""

    day: str = ""
    month: str = ""
    rolling: Mapping[str, str] = msgspec.field(default_factory=dict)
    zone: str = ""
    alert_at: tuple[float, ...] = ()
    on_limit: OnLimit = "deny"


class Fleet(Document, frozen=True):
    """agentgov.yaml, kind Fleet."""

    id: str
    name: str
    main: str = "main"
    codeowners: Codeowners = Codeowners()
    reviews: Reviews = Reviews()
    commits: Literal["signed", "forge-merges", "any"] = "forge-merges"
    journal: JournalSettings = JournalSettings()
    gate: Gate = Gate()
    delivery: Delivery = Delivery()
    budget: SharedBudget = SharedBudget()
    validation: Validation = Validation()


class AllowDeny(Document, frozen=True):
    """Glob patterns; deny wins, an empty allow list allows everything."""

    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()


class RiskFloor(Document, frozen=True):
    """The lowest risk that an agent of the workspace may claim."""

    floor: Risk = "low"


class DataCeiling(Document, frozen=True):
    """The highest data classification in the workspace."""

    ceiling: Classification = "restricted"


class Workspace(Document, frozen=True):
    """One business function: budget, allowed models and tools, risk floor."""

    name: str
    owner: str
    description: str = ""
    budget: SharedBudget = SharedBudget()
    models: AllowDeny = AllowDeny()
    tools: AllowDeny = AllowDeny()
    risk: RiskFloor = RiskFloor()
    data: DataCeiling = DataCeiling()


class Governance(Document, frozen=True):
    """What the fleet allows: everything that takes effect at once for all agents when it is authorised."""

    fleet: Fleet
    access: Access
    pipeline: Pipeline
    workspaces: Mapping[str, Workspace] = msgspec.field(default_factory=dict)
    codeowners: str = ""  # text of the CODEOWNERS file that decides
    codeowners_file: str = ""  # its path; empty where there is none
    actions: ActionPolicy | None = None
    prices: PriceList | None = None
    retention: Retention | None = None
    alerts: AlertPolicy | None = None
