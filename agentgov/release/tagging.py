"""Make a release: a signed annotated tag that binds the agent's closure and the journal as it stands.

Refuses what the reconciler would refuse, before anything is signed. Says nothing about where the release goes next.
"""

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Literal

from agentgov.errors import RefusedError, UsageError
from agentgov.journal.draft import Actor
from agentgov.journal.tags import TagText, judge_tag, tag_message
from agentgov.journal.view import View
from agentgov.model.closure import Closure, closure_of
from agentgov.model.finding import Severity
from agentgov.model.names import AgentId, ReleaseName, release_name
from agentgov.model.state import Release
from agentgov.model.transitions import Refusal
from agentgov.repo.compose import ident, signed_tag, tag_bytes
from agentgov.repo.objects import object_id
from agentgov.repo.repository import Repository
from agentgov.repo.snapshot import TreeSnapshot, commit_snapshot
from agentgov.trust.sshsig import GIT
from agentgov.validate.load import load_agent

if TYPE_CHECKING:
    from agentgov.validate.neighbours import Neighbours

Bump = Literal["major", "minor", "patch"]


@dataclass(frozen=True, slots=True)
class Tagged:
    """A release that was made: its name, the tag object, what it would be in the journal."""

    name: ReleaseName
    oid: str
    release: Release


def next_version(view: View, agent: AgentId, bump: Bump, tags: frozenset[str]) -> ReleaseName:
    """The version after the agent's highest so far, in the journal or as a tag; the first one is 1.0.0."""
    seen = [release.release_name for release in view.state.releases(agent)]
    known = [*seen, *(name for tag in tags if (name := release_name(tag)) is not None and name.agent == agent)]
    final = [name for name in known if not name.is_prerelease]
    if not final:
        return ReleaseName(agent, "1.0.0")
    major, minor, patch, *_ = max(name.precedence for name in final)
    after: dict[Bump, str] = {
        "major": f"{major + 1}.0.0",
        "minor": f"{major}.{minor + 1}.0",
        "patch": f"{major}.{minor}.{patch + 1}",
    }
    return ReleaseName(agent, after[bump])


def closure_at(repo: Repository, agent: AgentId, commit: str) -> tuple[Closure, TreeSnapshot]:
    """The closure of an agent at a commit; UsageError where there is no such agent or it cannot be read."""
    snapshot = commit_snapshot(repo, commit)
    document, findings = load_agent(snapshot, agent)
    if document is None:
        why = f"{findings[0].where}: {findings[0].message}" if findings else f"there is no {agent.file} there"
        hint = f"run: agentgov validate {agent.folder} --rev {commit[:9]}"
        raise UsageError(f"{agent} cannot be read at commit {commit[:9]}: {why}", hint)
    return closure_of(agent, document, snapshot), snapshot


def refuse_content(
    view: View, agent: AgentId, snapshot: TreeSnapshot, among: "Neighbours | None" = None
) -> Refusal | None:
    """Why an agent's content in this snapshot may not be released: an error, a draft, a review that is overdue on the
    day of the journal. ObjectError where a tree cannot be read. `among` as `findings_of_agent` takes it."""
    from agentgov.validate.run import findings_of_agent  # all checks: only a release pays for them

    found = findings_of_agent(snapshot, view.governance, agent, among)
    errors = [finding for finding in found if finding.severity is Severity.ERROR]
    document, _ = load_agent(snapshot, agent)
    if errors or document is None:
        first = f", first {errors[0].where}: {errors[0].message} ({errors[0].code})" if errors else ""
        return Refusal("tag.findings", f"{agent} has {len(errors)} error(s) there{first}")
    lifecycle = document.spec.lifecycle
    if lifecycle.state == "draft":
        return Refusal(
            "tag.draft", f"{agent} is a draft there, and drafts are not released: lifecycle: {{state: active}}"
        )
    if lifecycle.review_by and view.today > date.fromisoformat(lifecycle.review_by):
        return Refusal("tag.overdue", f"{agent} was to be looked at again by {lifecycle.review_by}: lifecycle.reviewBy")
    return None


@dataclass(frozen=True, slots=True)
class Signed:
    """A release that is signed and written nowhere yet: the raw tag object beside what it would be in the journal."""

    name: ReleaseName
    oid: str
    raw: bytes
    release: Release


def make_release(
    view: View,
    actor: Actor,
    name: ReleaseName,
    commit: str,
    *,
    now: int,
    notes: str = "",
    for_override: bool = False,
) -> Tagged:
    """Write the tag object and its local ref. RefusedError where the reconciler would not take it; `for_override`
    leaves the reviews to administrators."""
    repo = view.repo
    closure, snapshot = closure_at(repo, name.agent, commit)
    refusal = refuse_content(view, name.agent, snapshot)
    if refusal is not None:
        hint = (
            f"run: agentgov validate {name.agent.folder} --rev {commit[:9]}" if refusal.code == "tag.findings" else ""
        )
        raise RefusedError(f"{refusal.message} ({refusal.code})", hint)
    made = sign_release(view, actor, name, commit, closure.digest, now=now, notes=notes, for_override=for_override)
    oid = repo.write_object("tag", made.raw)
    if not repo.update_ref(name.ref, oid, None):
        raise _exists(name)
    return Tagged(name, oid, made.release)


def sign_release(
    view: View,
    actor: Actor,
    name: ReleaseName,
    commit: str,
    closure: str,
    *,
    now: int,
    notes: str = "",
    for_override: bool = False,
) -> Signed:
    """Sign the tag of a content that was looked at, and write nothing. RefusedError where the reconciler would not take
    the tag."""
    if view.repo.ref(name.ref) is not None or view.state.release(name) is not None:
        raise _exists(name)
    head = view.state.head
    message = tag_message(name, TagText(head.fleet, closure, head.seq, view.tip), notes)
    who = ident(actor.appender.name, actor.appender.email, now)
    payload = tag_bytes(commit, "commit", str(name), who, message.encode())
    raw = signed_tag(payload, actor.appender.signer.sign(GIT, payload))
    oid = object_id("tag", raw)
    judged = judge_tag(view, name, oid, raw)
    if for_override and isinstance(judged, Refusal) and judged.code == "tag.closure":
        judged = Release(str(name), oid, commit, closure, 0, head.time, actor.identity.id)
    if isinstance(judged, Refusal):
        hint = f"see who is missing: agentgov check --head {commit[:9]}"
        if judged.code == "tag.closure":
            hint += "; where nobody is, the reconciler has not taken it over yet: agentgov reconcile --once"
        raise RefusedError(f"{judged.message} ({judged.code})", hint)
    return Signed(name, oid, raw, judged)


def _exists(name: ReleaseName) -> RefusedError:
    return RefusedError(f"{name} exists already", "a release is never changed: choose the next version")
