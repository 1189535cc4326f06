"""What the journal says is so: the records that lie as small files in its tree, and how to look them up.

Records are values; `State` finds them through a reader, so that the present is read from the tip of the journal one
file at a time, and replay keeps them in memory. Times are journal times: epoch seconds that only bots' acts move.
"""

from collections.abc import Iterator
from typing import Literal

import msgspec

from agentgov.errors import IncompleteError
from agentgov.model.anchored import Anchored, anchored_path
from agentgov.model.document import Document
from agentgov.model.evidence import Evidence, evidence_path
from agentgov.model.imported import Imported, Landed, landed_path
from agentgov.model.incident import DrillRun, Incident, drill_path, incident_path, is_incident_id
from agentgov.model.names import AgentId, ReleaseName, agent_id, is_label, release_name
from agentgov.model.record_reader import Reader, by_name, files_in, one_below
from agentgov.model.skipped import Skipped

HEAD_FILE = "fleet.yaml"
PENDING_FILE = "pending.yaml"
AUTHORISED = "authorised"
SIGNATURES_FILE = "act.sig"


class Head(Document, frozen=True):
    """fleet.yaml: where the journal stands."""

    fleet: str
    introduction: str  # commit of main whose governed contents the first act authorised
    main: str  # commit of main that was last looked at
    governance: str  # digest of the authorised governance
    previous_governance: str  # the digest before it; an act may still name that one
    seq: int = 0  # number of acts after the first
    time: int = 0  # journal time


class Pending(Document, frozen=True):
    """pending.yaml: governed paths of main that are not authorised, and the commit of main where each last was."""

    paths: dict[str, str] = msgspec.field(default_factory=dict)


class ReviewedPath(Document, frozen=True):
    """One path under review: contents as `<mode>:<sha256>`, `-` where there is nothing."""

    path: str
    old: str
    new: str


class OpenReview(Document, frozen=True):
    """reviews/<act id>.yaml: a review that no advance has used up yet."""

    by: str
    verdict: Literal["approve", "request-changes"]
    seq: int
    time: int
    paths: tuple[ReviewedPath, ...]


class Release(Document, frozen=True):
    """releases/<release>.yaml: a release as it was at first sight; the tag's bytes lie beside it (.tag)."""

    name: str
    tag: str  # object id of the tag
    commit: str
    closure: str  # SHA-256
    authorised_at: int  # seq of the act from which this closure stood authorised
    seen: int  # journal time
    by: str  # who signed the tag

    @property
    def release_name(self) -> ReleaseName:
        """The parsed name; records hold only valid ones."""
        name = release_name(self.name)
        assert name is not None
        return name


class Staging(Document, frozen=True):
    """The candidate in staging."""

    state: Literal["EMPTY", "SOAKING", "PASSED", "FAILED", "SUPERSEDED"] = "EMPTY"
    release: str = ""  # tag object id; "" when EMPTY
    since: int = 0


class Canary(Document, frozen=True):
    """The candidate in canary; `step` counts from 0, `share` is in buckets of 1/100,000."""

    state: Literal["NONE", "RAMP", "INCONCLUSIVE", "GRADUATED", "FAILED", "ABORTED", "WITHDRAWN"] = "NONE"
    release: str = ""
    step: int = 0
    share: int = 0
    since: int = 0


class Production(Document, frozen=True):
    """What all other traffic gets."""

    state: Literal["EMPTY", "STABLE", "BAKING", "ROLLED_BACK", "RETIRED"] = "EMPTY"
    release: str = ""
    since: int = 0


class Vote(Document, frozen=True):
    """A person's `promote`, bound to one tag object and one stage."""

    by: str
    release: str
    stage: Literal["canary", "production"]
    seq: int


class Prior(Document, frozen=True):
    """A release that production ran before, newest first in the deployment."""

    release: str
    since: int
    until: int


class Hold(Document, frozen=True):
    """Why an agent stays where it is."""

    by: str
    seq: int
    reason: str = ""


class Deployment(Document, frozen=True):
    """deployments/<workspace>/<agent>.yaml: where an agent stands in the pipeline. Releases are tag object ids."""

    agent: str
    staging: Staging = Staging()
    canary: Canary = Canary()
    production: Production = Production()
    prior: tuple[Prior, ...] = ()
    bad: tuple[str, ...] = ()  # closures that never return by themselves
    withdrawn: tuple[str, ...] = ()  # tag objects
    votes: tuple[Vote, ...] = ()
    hold: Hold | None = None
    alarms: tuple[str, ...] = ()  # `<tag object> <observed>` of refs that moved or disappeared, each recorded once
    formerly: str = ""  # the agent whose bad marks and hold it took over when it was first released

    @property
    def agent_id(self) -> AgentId:
        """The parsed id; records hold only valid ones."""
        found = agent_id(self.agent)
        assert found is not None
        return found


class Pause(Document, frozen=True):
    """pauses/<act id>.yaml: an order that stops the agents of a selector."""

    selector: str
    by: str
    seq: int
    time: int
    mode: Literal["stop", "read-only"] = "stop"
    until: int = 0  # epoch seconds; 0 means until somebody resumes it
    reason: str = ""


class Revoked(Document, frozen=True):
    """revoked/<act id>.yaml: a key that is dead from this act on, and what stood on it."""

    key: str  # fingerprint, SHA256:...
    by: str
    seq: int
    time: int
    since: int = 0  # seq from which its acts no longer count for what comes; 0 where the past stands
    # Contents that became pending, each with the number of the first act that took over what rests on the key.
    paths: dict[str, int] = msgspec.field(default_factory=dict)
    releases: tuple[str, ...] = ()  # that hold such contents, or whose tag the key signed: none of them advances


class Override(Document, frozen=True):
    """overrides/<act id>.yaml: one content or one release that administrators let through without its reviews."""

    by: tuple[str, ...]
    seq: int
    time: int
    paths: tuple[ReviewedPath, ...] = ()
    release: str = ""  # tag object id
    closures: tuple[str, ...] = ()  # `<agent> <SHA-256>`
    due: int = 0  # journal time by which a follow-up review is owed; 0 where none is
    confirmed: str = ""  # id of the act that gave it
    reason: str = ""
    agent: str = ""  # of the release
    left: tuple[str, ...] = ()  # paths that no advance has taken over yet
    used: bool = False  # whether anything passed by it
    authors: tuple[str, ...] = ()  # who wrote what passed by it, as far as is known


_Kept = Override | Imported | Landed | Skipped | Evidence | Anchored | Incident | DrillRun
Record = Head | Pending | OpenReview | Release | Deployment | Pause | Revoked | _Kept
Changes = dict[str, Record | None]  # path in the journal's tree to its new record; None removes it


def record_type(path: str) -> type[Record] | None:
    """The type of the record at a path of the journal's tree, None where no record can stand."""
    if path in (HEAD_FILE, PENDING_FILE):
        return Head if path == HEAD_FILE else Pending
    folder = path.partition("/")[0]
    types: dict[str, type[Record]] = {
        "reviews": OpenReview,
        "releases": Release,
        "deployments": Deployment,
        "pauses": Pause,
        "revoked": Revoked,
        "overrides": Override,
        "imported": Imported if path.count("/") == 1 else Landed,
        "skipped": Skipped,
        "evidence": Evidence,
        "ledger": Anchored,
        "incidents": Incident,
        "drills": DrillRun,
    }
    return types.get(folder) if path.endswith(".yaml") else None


def deployment_path(agent: AgentId) -> str:
    """Where the deployment of an agent lies."""
    return f"deployments/{agent}.yaml"


def release_path(name: ReleaseName) -> str:
    """Where the record of a release lies."""
    return f"releases/{name}.yaml"


class State:
    """Looks records up by what they mean."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    @property
    def head(self) -> Head:
        """Where the journal stands; IncompleteError where nothing says so, as in a branch that is no journal."""
        head = self._reader.record(HEAD_FILE)
        if not isinstance(head, Head):
            raise IncompleteError(f"there is no {HEAD_FILE}: this is no journal", "run: agentgov journal verify")
        return head

    @property
    def pending(self) -> dict[str, str]:
        """Pending paths, each with the commit of main where it last was authorised."""
        pending = self._reader.record(PENDING_FILE)
        return pending.paths if isinstance(pending, Pending) else {}

    def deployment(self, agent: AgentId) -> Deployment:
        """Where an agent stands; an agent that never entered the pipeline stands nowhere."""
        found = self._reader.record(deployment_path(agent))
        return found if isinstance(found, Deployment) else Deployment(agent=str(agent))

    def deployments(self) -> Iterator[Deployment]:
        """All deployments, by agent id."""
        found = map(self._reader.record, one_below(self._reader, "deployments"))
        return (one for one in found if isinstance(one, Deployment))

    def released(self) -> tuple[AgentId, ...]:
        """Every agent of which the journal has a release, by id."""
        found = []
        for workspace in self._reader.names("releases"):
            names = self._reader.names(f"releases/{workspace[:-1]}") if workspace.endswith("/") else ()
            found += [one for name in names if (one := agent_id(f"{workspace}{name[:-1]}")) is not None]
        return tuple(sorted(found))

    def release(self, name: ReleaseName) -> Release | None:
        """The record of a release."""
        found = self._reader.record(release_path(name))
        return found if isinstance(found, Release) else None

    def releases(self, agent: AgentId) -> tuple[Release, ...]:
        """All releases of an agent that the journal has seen, lowest version first."""
        folder = f"releases/{agent}"
        paths = [f"{folder}/{name}" for name in files_in(self._reader, folder)]
        found = [one for path in paths if isinstance(one := self._reader.record(path), Release)]
        return tuple(sorted(found, key=lambda release: (release.release_name.precedence, release.name)))

    def evidence(self, agent: AgentId, closure: str) -> Evidence | None:
        """The results that stand for a content of an agent."""
        found = self._reader.record(evidence_path(agent, closure))
        return found if isinstance(found, Evidence) else None

    def reviews(self) -> dict[str, OpenReview]:
        """Open reviews by the id of their act."""
        return by_name(self._reader, "reviews", OpenReview)

    def pauses(self) -> dict[str, Pause]:
        """Pauses by the id of their act."""
        return by_name(self._reader, "pauses", Pause)

    def incidents(self) -> dict[str, Incident]:
        """Every incident by its id."""
        return by_name(self._reader, "incidents", Incident)

    def incident(self, incident: str) -> Incident | None:
        """The incident of an id; None where the journal has none, or the text is no id."""
        found = self._reader.record(incident_path(incident)) if is_incident_id(incident) else None
        return found if isinstance(found, Incident) else None

    def drill(self, name: str) -> DrillRun | None:
        """The last run of a drill."""
        found = self._reader.record(drill_path(name)) if is_label(name) else None
        return found if isinstance(found, DrillRun) else None

    def drills(self) -> dict[str, DrillRun]:
        """The last run of every drill that was done, by name."""
        return by_name(self._reader, "drills", DrillRun)

    def revoked(self) -> dict[str, Revoked]:
        """Keys that are dead, by the id of the act that said so."""
        return by_name(self._reader, "revoked", Revoked)

    def overrides(self) -> dict[str, Override]:
        """What passed without its reviews, by the id of its act."""
        return by_name(self._reader, "overrides", Override)

    def imported(self) -> dict[str, Imported]:
        """Where open reviews were imported from, by the id of their act."""
        return by_name(self._reader, "imported", Imported)

    def landed(self, forge: str, review_id: str) -> Landed | None:
        """Whether a review of a forge has landed."""
        found = self._reader.record(landed_path(forge, review_id))
        return found if isinstance(found, Landed) else None

    def skipped(self) -> dict[str, Skipped]:
        """Commits that are no acts and were passed over, by the id of the act that did."""
        return by_name(self._reader, "skipped", Skipped)

    def anchored(self, log: str, tree: str) -> Anchored | None:
        """How far a tree of a ledger was when it was last anchored."""
        found = self._reader.record(anchored_path(log, tree))
        return found if isinstance(found, Anchored) else None

    def anchors(self) -> Iterator[Anchored]:
        """Every tree of every ledger that was anchored, as it was last."""
        found = map(self._reader.record, one_below(self._reader, "ledger"))
        return (one for one in found if isinstance(one, Anchored))
