"""Statements about how things stood at the end of a period: rights, rules, agents, retention, what was verified.

Each names the act and commit of the journal that it was read at, or the command that says the same.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

from agentgov.audit.pack import Checks, Fact, Statement, TreeCheck
from agentgov.audit.practice import drill_facts, incident_facts
from agentgov.audit.scope import Scope
from agentgov.journal.query import last_acts
from agentgov.journal.released_agent import authorised_agent
from agentgov.journal.view import View
from agentgov.model.policies import HoldMatch
from agentgov.trust.access_review import AccessReview, LastAct, access_review


def statements(
    view: View, checks: Checks, kinds: tuple[str, ...], since: int, now: int, scope: Scope
) -> Iterator[Statement]:
    """Everything that is said by the journal at a view, for the kinds that are asked for; `since` is when the period
    begins, and `now` its end, or the moment of the pack where that is earlier (epoch seconds)."""
    made: dict[str, Callable[[View, Scope], Iterator[Fact]]] = {
        "access-review": _access,
        "rules": lambda at, _: _rules(at),
        "inventory": _inventory,
        "incidents": lambda at, of: incident_facts(at, since, now, of),
        "practice": lambda at, of: drill_facts(at, now, of),
        "retention": _retention,
    }
    for kind in kinds:
        if kind in made:
            facts = tuple(made[kind](view, scope))
            yield Statement(kind, facts, scope.left_out())
        elif kind == "verification":
            yield Statement(kind, tuple(verified(checks)))


def verified(checks: Checks) -> Iterator[Fact]:
    """What was checked again, and what came of it."""
    journal = checks.journal
    if journal.holds:
        start = (
            "from its pinned beginning" if journal.pinned else "from its beginning, which nobody pinned on this machine"
        )
        yield Fact(f"All {journal.acts:,} acts of the journal hold, {start}.", "agentgov journal verify")
    else:
        used = f"acts up to {journal.used_to} hold and are used" if journal.used_to >= 0 else "nothing of it is used"
        yield Fact(f"The journal does not hold: {journal.problem}; {used}.", "agentgov journal verify")
    if not checks.ledger:
        yield Fact(
            "No ledger was looked at: nothing is said about what agents did.", "agentgov audit report --store URL"
        )
    for one in checks.trees:
        if one.holds:
            text = (
                f"All {one.signed:,} signed records of {one.tree} hold; {one.anchored:,} are anchored{_besides(one)}."
            )
        else:
            text = f"The tree {one.tree} does not hold, and nothing of it is used: {'; '.join(one.flaws)}."
        yield Fact(text, f"agentgov ledger verify --tree {one.tree}")
    for lost in checks.lost:
        yield Fact(f"{lost}; these records are not here.", "agentgov ledger verify")


def _besides(one: TreeCheck) -> str:
    """What of a tree is not in the pack."""
    said = {
        "were disposed of, as the ledger says": one.pruned,
        "of the period are not signed yet, and left out": one.unsigned,
        "of the period are of agents whose retention class is privileged, and left out": one.withheld,
    }
    return "".join(f"; {count:,} {words}" for words, count in said.items() if count)


def _at(view: View) -> str:
    return f"journal act {view.state.head.seq}, commit {view.tip}"


def _access(view: View, scope: Scope) -> Iterator[Fact]:
    review, at = _review(view), _at(view)
    review = replace(review, holders=tuple(one for one in review.holders if scope.has_holder(one)))
    names = ", ".join(review.administrators) or "nobody"
    takes = "one of them alone" if review.threshold == 1 else f"{review.threshold} of them together"
    yield Fact(f"Administrators: {names}; {takes} may change governance.", at)
    roles = {right.role: right.verbs for one in review.holders for right in one.rights}
    yield from (Fact(f"The role {role} gives: {', '.join(verbs)}.", at) for role, verbs in sorted(roles.items()))
    for one in review.holders:
        last = f"last act {one.last.seq} ({one.last.kind})" if one.last else "no act in the journal"
        if one.kind == "bot":
            yield Fact(f"The bot {one.id} ({one.name}) signs {', '.join(one.acts) or 'nothing'}; {last}.", at)
            continue
        rights = "; ".join(
            right.via + (f" until {right.until} ({right.standing})" if right.until else "") for right in one.rights
        )
        yield Fact(f"{one.id}: {rights or 'no right'}; {last}.", at)
    yield from (Fact(text, at) for text in _look(review))


def _look(review: AccessReview) -> Iterator[str]:
    for name, right in (*review.rights("ended"), *review.rights("ending")):
        yield f"Look at: {right.via} of {name}, {right.standing} {right.until}."
    for name, key in review.dead_keys:
        yield f"Look at: the key {key} of {name} is revoked, and is still listed."
    if review.without_keys:
        yield f"Look at: no key that could sign: {', '.join(review.without_keys)}."
    if review.unused:
        yield f"Look at: a right to act, and never acted: {', '.join(review.unused)}."


def _review(view: View) -> AccessReview:
    access = view.governance.access
    actors = {f"person:{one.id}" for one in access.people} | {f"bot:{one.id}" for one in access.bots}
    found = last_acts(view.repo, view.tip, actors)
    last = {actor: LastAct(one.head.seq, one.act.kind, one.head.time) for actor, one in found.items()}
    return access_review(access, view.today, last, view.revoked)


def _rules(view: View) -> Iterator[Fact]:
    head = view.state.head
    yield Fact(f"The governance in force has the digest {head.governance}.", _at(view))
    pending = len(view.state.pending)
    yield Fact(
        f"main was looked at last in commit {head.main}; {pending:,} governed paths of it are not authorised.",
        _at(view),
    )
    stages = view.governance.pipeline.stages
    yield Fact(f"Stages of the pipeline: {', '.join(one.name for one in stages) or 'none'}.", _at(view))


def _inventory(view: View, scope: Scope) -> Iterator[Fact]:
    for one in sorted((one for one in view.agents() if scope.has([str(one)])), key=str):
        agent = authorised_agent(view, one)
        if agent is None:
            yield Fact(f"{one}: its agent.yaml cannot be read.", _at(view))
            continue
        kept = f", retention class {agent.spec.audit.retention}" if agent.spec.audit.retention else ""
        yield Fact(f"{one}: risk {agent.spec.risk}{kept}.", _at(view))


def _retention(view: View, scope: Scope) -> Iterator[Fact]:
    retention = view.governance.retention
    if retention is None:
        yield Fact("There is no governance/retention.yaml: nothing is disposed of.", _at(view))
        return
    for name, one in sorted(retention.classes.items()):
        basis = f" (basis: {one.basis})" if one.basis else ""
        asks = f"; to keep to {', '.join(one.frameworks)}" if one.frameworks else ""
        privileged = "; privileged" if one.privileged else ""
        kept = f"Class {name}: payloads are kept {one.payload}, records {one.leaf}{asks}{privileged}{basis}."
        yield Fact(kept, _at(view))
    default = f"are of the class {retention.default}" if retention.default else "are kept for ever"
    yield Fact(f"Records that name no class {default}.", _at(view))
    for hold in (one for one in retention.holds if scope.has(one.match.agents)):
        since = f" since {hold.since}" if hold.since else ""
        yield Fact(f"Legal hold {hold.id} by {hold.by}{since}: {'; '.join(_meant(hold.match))}.", _at(view))


def _meant(match: HoldMatch) -> Iterator[str]:
    """What a legal hold keeps. Subjects are counted: a pack goes to people who need not know their names."""
    yield f"agents {', '.join(match.agents)}" if match.agents else "every agent"
    if match.labels:
        yield "labels " + ", ".join(f"{name}={value}" for name, value in sorted(match.labels.items()))
    if match.tools:
        yield f"tools {', '.join(match.tools)}"
    if match.subjects:
        yield f"{len(match.subjects):,} subjects"
    if match.since or match.until:
        yield f"made from {match.since or 'the beginning'} to {match.until or 'now'}"
