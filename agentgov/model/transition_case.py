"""What every act on a deployment is judged by: the setting, the releases it touches, and the guards that several share.

`model.transitions` is the entry. Nothing here changes a deployment.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from agentgov.model.act import Act
from agentgov.model.evidence import StageName
from agentgov.model.pipeline import Judge, Pipeline, Stage
from agentgov.model.state import Deployment, Release, Vote
from agentgov.model.units import parse_duration, rough_duration

NONE = "none"  # what `Leaves` says where nothing stood
_COUNTS = re.compile(r"\S{1,128} canary (\d{1,18})/(\d{1,18}) stable (\d{1,18})/(\d{1,18})\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an act is not legal here: a stable code `transition.<word>` and one plain sentence; `path` where it is about
    one path of a tree."""

    code: str
    message: str
    path: str = ""


@dataclass(frozen=True, slots=True)
class Setting:
    """Where an act lands. `time` is journal time with this act counted in (a bot's own `Time` where it carries one)."""

    time: int
    seq: int
    pipeline: Pipeline
    paused: bool
    release_of: Callable[[str], Release | None]  # by tag object id
    may_promote: Callable[[Vote], bool]  # is this vote by somebody whom the stage's promoters name, today
    people: int = 1  # distinct people who signed the act; some rollbacks take two
    overdue: bool = False  # whether an override owes a follow-up review that is overdue
    revoked: frozenset[str] = frozenset()  # tag objects of releases that rest on a revoked key
    owed: Callable[[], str] = lambda: ""  # what an incident of the agent owes and is overdue, in words
    unpractised: Callable[[], str] = lambda: ""  # which drill about the agent is overdue, in words
    aborting: frozenset[str] = frozenset()  # alert rules of the governance that abort canaries
    missing_evidence: Callable[[Release, StageName], tuple[str, ...]] = lambda _release, _stage: ()


@dataclass(frozen=True, slots=True)
class Case:
    """One act before its deployment, with the releases that it and the stages name looked up."""

    act: Act
    at: Deployment
    setting: Setting
    release: Release  # the one that the act names
    staging: Release | None
    canary: Release | None
    production: Release | None
    last: Release | None  # what production runs, or ran last before the agent was retired


def case_of(act: Act, deployment: Deployment, setting: Setting) -> Case | Refusal:
    """The case of an act that names a release; Refusal where a name does not agree with what the journal recorded."""
    parts = act.get("Release").split(" ")
    release = setting.release_of(parts[1]) if len(parts) == 4 else None
    if release is None:
        return Refusal("transition.release", "the journal has not seen the release that the act names")
    if act.get("Release") != release_trailer(release):
        return Refusal("transition.release", f"the act describes {release.name} otherwise than the journal recorded it")
    if str(release.release_name.agent) != deployment.agent:
        return Refusal("transition.agent", f"{release.name} is not a release of {deployment.agent}")
    at = deployment
    stages = (at.staging.release, at.canary.release, at.production.release, last_running(at))
    found = [setting.release_of(tag) for tag in stages]
    if any(tag and record is None for tag, record in zip(stages, found, strict=True)):
        return Refusal("transition.record", f"the journal has no record of a release that {deployment.agent} holds")
    return Case(act, deployment, setting, release, *found)


def is_retired(deployment: Deployment) -> bool:
    """Whether the agent has no traffic because somebody ended it."""
    return deployment.production.state == "RETIRED"


def last_running(deployment: Deployment) -> str:
    """The tag object that production runs, or of a retired agent the one that it ran last; "" where there is none.
    What comes next is newer, so retiring an agent opens no way to older content."""
    if is_retired(deployment) and deployment.prior:
        return deployment.prior[0].release
    return deployment.production.release


def release_trailer(release: Release) -> str:
    """How an act spells a release: `<name> <tag object> <commit> <closure>`."""
    return f"{release.name} {release.tag} {release.commit} {release.closure}"


def is_ramping(deployment: Deployment) -> bool:
    """Whether a canary holds traffic."""
    return deployment.canary.state in ("RAMP", "INCONCLUSIVE")


def is_staged(deployment: Deployment) -> bool:
    """Whether staging holds a release that is soaking or has passed."""
    return deployment.staging.state in ("SOAKING", "PASSED")


def candidate(deployment: Deployment) -> str:
    """The tag object of the one release on its way to production, "" where there is none."""
    if is_ramping(deployment):
        return deployment.canary.release
    staged = deployment.staging.release if is_staged(deployment) else ""
    return "" if staged == deployment.production.release else staged


def is_newer(release: Release, than: Release | None) -> bool:
    """Whether a release is newer by SemVer precedence; anything is newer than nothing."""
    return than is None or release.release_name.precedence > than.release_name.precedence


def judge_of(deployment: Deployment, pipeline: Pipeline) -> Judge | None:
    """The judge that a canary of this agent must satisfy, None where it goes unjudged.

    Unjudged are an agent's first release (nothing to compare with, as after it was retired), `judge: none`, and a
    judge without a gating metric, which could never say yes.
    """
    judge = pipeline.stage("canary").judge
    if not isinstance(judge, Judge) or deployment.production.state in ("EMPTY", "RETIRED"):
        return None
    return judge if any(metric.gate for metric in judge.metrics.values()) else None


def promoters(deployment: Deployment, release: Release, stage: Stage, setting: Setting) -> frozenset[str]:
    """The people whose promote counts for this release and stage today. Where the stage names no promoters, every
    recorded promote counts: its author was allowed to give it."""
    return frozenset(
        vote.by
        for vote in deployment.votes
        if vote.release == release.tag
        and vote.stage == stage.name
        and (stage.promoters is None or setting.may_promote(vote))
    )


def missing_promoters(case: Case, stage: Stage, at_least: int = 0) -> Refusal | None:
    """Refusal while too few distinct people promoted the release to the stage. As people are distinct, the release's
    tagger alone never satisfies a count of two."""
    needed = max(at_least, stage.promoters.count if stage.promoters else 0)
    have = len(promoters(case.at, case.release, stage, case.setting))
    if have >= needed:
        return None
    who = ", ".join(stage.promoters.sources) if stage.promoters else "anyone who may promote"
    return Refusal(
        "transition.promoters", f"{have} of {needed} promotes to {stage.name}; {needed - have} to come from {who}"
    )


def raises_risk(case: Case) -> Refusal | None:
    """The guards on everything that changes what users get: no pause, no hold, no bad or withdrawn release."""
    at, name = case.at, case.release.name
    if case.setting.paused:
        return Refusal("transition.paused", f"{at.agent} is paused")
    if at.hold is not None:
        return Refusal("transition.hold", f"{at.agent} is on hold by {at.hold.by}")
    if case.setting.overdue:
        return Refusal("transition.override-overdue", f"the follow-up review of an override of {at.agent} is overdue")
    return (
        unfit(case)
        or _owes(case)
        or (
            None
            if is_newer(case.release, case.last)
            else Refusal("transition.version", f"{name} is not newer than what production runs, or ran last")
        )
    )


def _owes(case: Case) -> Refusal | None:
    """Refusal while an incident of the agent owes what is overdue, or a drill about it is, if its risk asks for it."""
    words = case.setting.owed()
    if words:
        return Refusal("transition.incident-overdue", words)
    words = case.setting.unpractised()
    return Refusal("transition.drill-overdue", words) if words else None


def unfit(case: Case) -> Refusal | None:
    """Refusal for a release that never advances: marked bad (by closure), withdrawn, or resting on a revoked key."""
    if case.release.closure in case.at.bad:
        return Refusal("transition.bad", f"the content of {case.release.name} is marked bad")
    if case.release.tag in case.at.withdrawn:
        return Refusal("transition.withdrawn", f"{case.release.name} is withdrawn")
    return rests_on_revoked(case)


def rests_on_revoked(case: Case) -> Refusal | None:
    """Refusal for a release that rests on a revoked key: what runs goes on, and nothing brings it further, or back."""
    if case.release.tag not in case.setting.revoked:
        return None
    name = case.release.name
    return Refusal(
        "transition.revoked", f"{name} rests on a revoked key; its contents, once reviewed, are released anew"
    )


def leaves(case: Case, standing: str) -> Refusal | None:
    """Refusal unless the act names what stands there now, so that an act decided on an older state does nothing."""
    return leaving(case.act, standing)


def leaving(act: Act, standing: str) -> Refusal | None:
    """The same of an act that names no release."""
    if act.get("Leaves") == (standing or NONE):
        return None
    return Refusal("transition.leaves", "the act was decided on a state that is no more")


def lacks_evidence(case: Case, stage: StageName) -> Refusal | None:
    """Refusal while results are missing, or failed, that the content is asked for before a stage."""
    missing = case.setting.missing_evidence(case.release, stage)
    return Refusal("transition.evidence", f"{case.release.name} lacks {', '.join(missing)}") if missing else None


def unsoaked(case: Case, since: int, soak: str) -> Refusal | None:
    """Refusal before a soak can have been observed: journal time is a lower bound that no bot can argue with."""
    passed, needed = case.setting.time - since, parse_duration(soak)
    if passed >= needed:
        return None
    return Refusal("transition.soak", f"{rough_duration(passed)} of {soak} have passed")


def bad_counts(case: Case) -> Refusal | None:
    """Refusal for counts outside their grammar, or with more bad units than units."""
    for text in case.act.all("Counts"):
        match = _COUNTS.match(text)
        if match is None or int(match[1]) > int(match[2]) or int(match[3]) > int(match[4]):
            return Refusal("transition.counts", "the counts of the act are malformed")
    return None
