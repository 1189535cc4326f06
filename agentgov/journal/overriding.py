"""`override`: administrators let one content or one release through without its reviews; `confirm` is its follow-up.

Bound as tightly as a review: to the old and the new content of each path, or to one tag object. It never reaches the
governance set, forgives no bad mark and skips no stage, is spent by the advance that uses it, and its record stays for
ever. Where one administrator is enough, somebody else owes it a review, and is waited for.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from agentgov.journal.content_paths import parse_content_path
from agentgov.journal.view import View
from agentgov.model.act import Act
from agentgov.model.governed import in_governance_set
from agentgov.model.names import SHARED, AgentId, agent_of_path, release_name
from agentgov.model.state import Changes, Override, ReviewedPath
from agentgov.model.transitions import Refusal
from agentgov.repo.objects import is_object_id
from agentgov.trust.identity import Identity
from agentgov.trust.permissions import standing

if TYPE_CHECKING:
    from agentgov.journal.authorise import Advance
    from agentgov.review.change import Change

LATEST = 7 * 86_400  # seconds after the override by which a follow-up review is owed at the latest
_TIME = re.compile(r"[1-9][0-9]{0,11}\Z")
_DIGEST = re.compile(r"[0-9a-f]{64}\Z")


def judge_override(view: View, act: Act, signers: frozenset[Identity], time: int) -> Changes | Refusal:
    """The record of an override; its effect comes with the advance, or the release, that needs it."""
    paths = _paths(act)
    if isinstance(paths, Refusal):
        return paths
    release = _release(view, act) if not paths else ""
    if isinstance(release, Refusal):
        return release
    by = tuple(sorted(signer.id for signer in signers if signer.kind == "person"))
    due = _due(act, by, time)
    if isinstance(due, Refusal):
        return due
    record = Override(
        by=by,
        seq=view.state.head.seq + 1,
        time=time,
        paths=paths,
        release=release,
        closures=act.all("Closure"),
        due=due,
        reason=act.reason,
        left=tuple(path.path for path in paths),
        agent=act.get("Agent"),
    )
    return {f"overrides/{act.id}.yaml": record}


def judge_confirm(view: View, act: Act) -> Changes | Refusal:
    """The override whose follow-up review this is, confirmed."""
    found = view.state.overrides().get(act.get("Override"))
    if found is None:
        return Refusal("confirm.override", f"the journal has no override {act.get('Override')}")
    if not found.due or found.confirmed or not found.used:
        why = "is confirmed already" if found.confirmed else "has had no effect yet" if found.due else "owes no review"
        return Refusal("confirm.nothing", f"the override of act {found.seq} {why}")
    refusal = _refuse_reviewer(view, found, act.actor_id)
    if refusal is not None:
        return refusal
    return {f"overrides/{act.get('Override')}.yaml": msgspec.structs.replace(found, confirmed=act.id)}


def spent(view: View, advance: "Advance", change: "Change") -> Changes:
    """The overrides that an advance uses up: a content that was taken over is passed over once."""
    changes: Changes = {}
    passed = {path.change.path for path in advance.verdict.paths if path.overridden}
    for key, record in view.state.overrides().items():
        taken = set(record.left) & advance.accepted.keys()
        if taken:
            known = [change.authors[path].people for path in taken & passed if path in change.authors]
            wrote = frozenset[str]().union(*known)
            changes[f"overrides/{key}.yaml"] = msgspec.structs.replace(
                record,
                left=tuple(path for path in record.left if path not in taken),
                used=record.used or bool(taken & passed),
                authors=tuple(sorted({*record.authors, *wrote})),
            )
    return changes


def release_override(view: View, tag: str) -> tuple[str, Override] | None:
    """The override that names this tag object, with the id of its act."""
    return next(((key, one) for key, one in view.state.overrides().items() if one.release == tag), None)


def used_for_release(view: View, tag: str, authorised_at: int) -> Changes:
    """The override that a release rests on, as used; nothing for a release that has its reviews."""
    found = release_override(view, tag)
    if found is None or found[1].seq != authorised_at:
        return {}
    return {f"overrides/{found[0]}.yaml": msgspec.structs.replace(found[1], used=True)}


@dataclass(frozen=True, slots=True)
class Shown:
    """One override as everybody is told of it."""

    id: str
    record: Override
    overdue: bool

    @property
    def words(self) -> str:
        """What it let through, and where its follow-up review stands; without a final stop."""
        record = self.record
        what = record.agent and f"a release of {record.agent}" if record.release else _count(record.paths)
        said = f"{what} overridden by {' and '.join(record.by)} in act {record.seq}"
        if record.confirmed:
            return f"{said}, confirmed since"
        if self.overdue:
            return f"{said}; its follow-up review is overdue"
        return f"{said}; its follow-up review is due" if record.due and record.used else said


def overrides_of(view: View, agent: AgentId | None = None, time: int = 0) -> list[Shown]:
    """All overrides, oldest first, or those that concern one agent, at this journal time or the journal's if later."""
    time = max(time, view.state.head.time)
    found = sorted(view.state.overrides().items(), key=lambda item: item[1].seq)
    return [
        Shown(key, record, is_overdue(record, time))
        for key, record in found
        if agent is None or concerns(record, agent)
    ]


def overdue_of(view: View, agent: AgentId, time: int) -> Override | None:
    """The override whose follow-up review is overdue and keeps an agent where it is; None where none does."""
    records = view.state.overrides().values()
    return next((one for one in records if is_overdue(one, time) and concerns(one, agent)), None)


def is_overdue(record: Override, time: int) -> bool:
    """Whether an override that had an effect still owes a review after its time."""
    return bool(record.due) and record.used and not record.confirmed and time > record.due


def concerns(record: Override, agent: AgentId) -> bool:
    """Whether an override let something of this agent through; what is no agent's own may be everybody's."""
    if record.release:
        return record.agent == str(agent)
    return any(_may_hold(path.path, agent) for path in record.paths)


def _may_hold(path: str, agent: AgentId) -> bool:
    owner, parts = agent_of_path(path), path.split("/")
    if owner is not None:
        return owner == agent
    return parts[1] == agent.workspace if parts[0] == "agents" and parts[2:3] == [SHARED] else True


def _paths(act: Act) -> tuple[ReviewedPath, ...] | Refusal:
    found = [parse_content_path(value) for value in act.all("Path")]
    known = tuple(path for path in found if path is not None)
    if len(known) != len(found) or len({path.path for path in known}) != len(known):
        return Refusal("override.words", "the override does not name its paths as it must")
    if bool(known) == bool(act.get("Release")):
        return Refusal("override.words", "an override names either contents or one release")
    governed = next((path.path for path in known if in_governance_set(path.path)), "")
    if governed:
        return Refusal(
            "override.governance", f"{governed} takes the administrators' reviews, and nothing else", governed
        )
    return known


def _release(view: View, act: Act) -> str | Refusal:
    parts = act.get("Release").split(" ")
    name = release_name(parts[0])
    good = name is not None and len(parts) == 4 and str(name.agent) == act.get("Agent") and _DIGEST.match(parts[3])
    bound = act.all("Closure") == (f"{act.get('Agent')} {parts[-1]}",)
    if name is None or not good or not bound or not all(map(is_object_id, parts[1:3])):
        return Refusal("override.words", "the override does not name its release as it must")
    if view.state.release(name) is not None:
        return Refusal("override.release", f"the journal has seen {name} already: it needs no override")
    return parts[1]


def _due(act: Act, by: tuple[str, ...], time: int) -> int | Refusal:
    text = act.get("Follow-Up")
    if not text:
        needed = len(by) < 2
        return (
            Refusal("override.follow-up", "one administrator alone owes a follow-up review, and says by when")
            if (needed)
            else 0
        )
    if _TIME.match(text) is None or not time < int(text) <= time + LATEST:
        return Refusal("override.follow-up", "the follow-up review is due later than now, and within a week")
    return int(text)


def _refuse_reviewer(view: View, record: Override, person: str) -> Refusal | None:
    alone = len(view.governance.access.people) == 1
    if not alone and person in (*record.by, *record.authors):
        return Refusal("confirm.own", f"{person} wrote or overrode it: the follow-up review is somebody else's")
    if person in view.directory.administrators:
        return None
    grants = [grant for grant in standing(view.governance.access, "review", view.today) if grant.person == person]
    agents = [agent for agent in view.agents() if concerns(record, agent)]
    if grants and all(any(grant.covers(agent) for grant in grants) for agent in agents):
        return None
    return Refusal("confirm.permission", f"{person} may not review everything that was overridden")


def _count(paths: Iterable[ReviewedPath]) -> str:
    names = [path.path for path in paths]
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
