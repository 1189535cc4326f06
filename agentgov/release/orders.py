"""What people say in the pipeline, as acts: promote, abort, withdraw, hold, rollback, pause, resume.

Each function writes and signs one act on the present view; whether it holds is judged by the journal, before it is
appended and for ever after. On call needs no reconciler running.
"""

from agentgov.errors import RefusedError, UsageError
from agentgov.journal.draft import Actor, Draft, draft
from agentgov.journal.revoked import revoked_tags
from agentgov.journal.view import View
from agentgov.model.names import AgentId, ReleaseName
from agentgov.model.state import Release
from agentgov.model.transitions import candidate, release_trailer, rollback_target

TAKES_TWO = ("transition.bad", "transition.window")  # rollbacks that the law refuses one person and lets two do


def by_tag(view: View, agent: AgentId, tag: str) -> Release | None:
    """The recorded release of a tag object."""
    return next((release for release in view.state.releases(agent) if release.tag == tag), None)


def recorded(view: View, name: ReleaseName) -> Release:
    """The recorded release of a name. RefusedError where the journal has seen none such."""
    release = view.state.release(name)
    if release is None:
        raise RefusedError(f"{name} is no recorded release", f"its releases: agentgov history {name.agent}")
    return release


def candidate_of(view: View, agent: AgentId) -> Release | None:
    """The release that is on its way: in canary, else in staging."""
    tag = candidate(view.state.deployment(agent))
    return by_tag(view, agent, tag) if tag else None


def target_of(view: View, agent: AgentId, wanted: ReleaseName | None) -> Release | None:
    """The release that a rollback returns to: the one wanted, else the newest good prior one; None without one."""
    if wanted is not None:
        return view.state.release(wanted)
    dead = revoked_tags(view, view.state.releases(agent))
    return rollback_target(view.state.deployment(agent), lambda tag: by_tag(view, agent, tag), dead)


def order_promote(view: View, actor: Actor, agent: AgentId, stage: str, *, now: int, reason: str = "") -> Draft:
    """A person's word that the candidate may enter a stage."""
    release = _candidate(view, agent)
    subject = f"vouch for {agent} v{release.release_name.version} in {stage}"
    fields = [("Agent", str(agent)), ("Release", release_trailer(release)), ("Stage", stage)]
    return draft(view, actor, "promote", subject, fields, now=now, reason=reason)


def order_abort(view: View, actor: Actor, agent: AgentId, *, now: int, reason: str = "", rule: str = "") -> Draft:
    """Take the candidate out of the pipeline; `rule` names the alert rule by which a bot does it."""
    release = _candidate(view, agent)
    fields = [("Agent", str(agent)), ("Release", release_trailer(release)), *([("Rule", rule)] if rule else [])]
    subject = f"abort {agent} v{release.release_name.version}"
    return draft(view, actor, "abort", subject, fields, now=now, reason=reason)


def order_withdraw(view: View, actor: Actor, agent: AgentId, wanted: ReleaseName, *, now: int, reason: str) -> Draft:
    """A recorded release never advances again. RefusedError for one that the journal has not seen."""
    release = recorded(view, wanted)
    fields = [("Agent", str(agent)), ("Release", release_trailer(release))]
    subject = f"withdraw {agent} v{release.release_name.version}"
    return draft(view, actor, "withdraw", subject, fields, now=now, reason=reason)


def order_retire(view: View, actor: Actor, agent: AgentId, *, now: int, reason: str) -> Draft:
    """All traffic of an agent ends."""
    fields = [("Agent", str(agent)), ("Leaves", view.state.deployment(agent).production.release or "none")]
    return draft(view, actor, "retire", f"retire {agent}", fields, now=now, reason=reason)


def order_hold(view: View, actor: Actor, agent: AgentId, *, lift: bool, now: int, reason: str = "") -> Draft:
    """Keep an agent where it is, or lift that."""
    fields = [("Agent", str(agent)), ("State", "lifted" if lift else "set")]
    subject = f"{'lift the hold on' if lift else 'hold'} {agent}"
    return draft(view, actor, "hold", subject, fields, now=now, reason=reason)


def order_clear(
    view: View, actor: Actor, agent: AgentId, wanted: ReleaseName | None, *, now: int, reason: str
) -> Draft:
    """Take the bad mark off a release, or start an inconclusive canary anew. UsageError without either."""
    release = view.state.release(wanted) if wanted is not None else candidate_of(view, agent)
    if release is None:
        what = f"{wanted} is no recorded release" if wanted else f"{agent} has no candidate to clear"
        raise UsageError(what, f"name the release whose bad mark goes: agentgov clear {agent} VERSION --reason ...")
    fields = [("Agent", str(agent)), ("Release", release_trailer(release))]
    subject = f"clear {agent} v{release.release_name.version}"
    return draft(view, actor, "clear", subject, fields, now=now, reason=reason)


def running(view: View, agent: AgentId) -> Release | None:
    """The release that production runs, None for none: what a rollback that is ordered now leaves."""
    return by_tag(view, agent, view.state.deployment(agent).production.release)


def order_rollback(
    view: View,
    actor: Actor,
    agent: AgentId,
    wanted: ReleaseName | None,
    *,
    leaves: Release | None = None,
    now: int,
    reason: str,
) -> Draft:
    """Production back to a prior release. RefusedError where there is none to return to.

    `leaves` is the release that the person saw running. Where somebody else was faster and production has left it
    already, the act says so and changes nothing: two people who roll back at once go back one release, not two.
    """
    here = running(view, agent)
    if here is None:
        stop = f"to stop it anyway: agentgov pause {agent} --reason ..."
        raise RefusedError(f"{agent} runs nothing in production", stop)
    leaves = leaves or here
    target = target_of(view, agent, wanted) if leaves.closure == here.closure else here
    if target is None:
        what = f"{wanted} is no recorded release" if wanted else f"{agent} has no good release to return to"
        raise RefusedError(what, f"stop it instead: agentgov pause {agent} --reason ...")
    fields = [("Agent", str(agent)), ("Release", release_trailer(target)), ("Leaves", leaves.tag)]
    subject = f"roll back {agent} from v{leaves.release_name.version} to v{target.release_name.version}"
    return draft(view, actor, "rollback", subject, fields, now=now, reason=reason)


def order_pause(view: View, actor: Actor, selector: str, *, mode: str, until: int, now: int, reason: str) -> Draft:
    """Stop the agents of a selector, until a time or until somebody resumes them (0)."""
    fields = [("Selector", selector), ("Mode", mode), *([("Until", str(until))] if until else [])]
    subject = f"pause {selector}" + (" (read-only)" if mode == "read-only" else "")
    return draft(view, actor, "pause", subject, fields, now=now, reason=reason)


def order_resume(view: View, actor: Actor, selector: str, *, now: int, reason: str = "") -> Draft:
    """Let the agents of a selector go on."""
    return draft(view, actor, "resume", f"resume {selector}", [("Selector", selector)], now=now, reason=reason)


def _candidate(view: View, agent: AgentId) -> Release:
    release = candidate_of(view, agent)
    if release is None:
        raise UsageError(f"{agent} has no candidate in the pipeline", "look at: agentgov status")
    return release
