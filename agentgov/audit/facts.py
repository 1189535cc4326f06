"""Statements about how things stood at the end of a period: rights, rules, agents, retention, what was verified.

Each names the act and commit of the journal that it was read at, or the command that says the same.
"""

from collections.abc import Iterator

from agentgov.audit.pack import Checks, Fact, Statement, TreeCheck
from agentgov.journal.query import last_acts
from agentgov.journal.released_agent import authorised_agent
from agentgov.journal.view import View
from agentgov.trust.access_review import AccessReview, LastAct, access_review


def statements(view: View, checks: Checks, kinds: tuple[str, ...]) -> Iterator[Statement]:
    """Everything that is said by the journal at a view, for the kinds that are asked for."""
    made = {"access-review": _access, "rules": _rules, "inventory": _inventory, "retention": _retention}
    for kind in kinds:
        if kind in made:
            yield Statement(kind, tuple(made[kind](view)))
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
        yield Fact("No ledger was looked at: nothing is said about what agents did.", "agentgov audit report --store")
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


def _access(view: View) -> Iterator[Fact]:
    review, at = _review(view), _at(view)
    names = ", ".join(review.administrators) or "nobody"
    takes = "one of them alone" if review.threshold == 1 else f"{review.threshold} of them together"
    yield Fact(f"Administrators: {names}; {takes} may change governance.", at)
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


def _inventory(view: View) -> Iterator[Fact]:
    for one in sorted(view.agents(), key=str):
        agent = authorised_agent(view, one)
        if agent is None:
            yield Fact(f"{one}: its agent.yaml cannot be read.", _at(view))
            continue
        kept = f", retention class {agent.spec.audit.retention}" if agent.spec.audit.retention else ""
        yield Fact(f"{one}: risk {agent.spec.risk}{kept}.", _at(view))


def _retention(view: View) -> Iterator[Fact]:
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
    for hold in retention.holds:
        since = f" since {hold.since}" if hold.since else ""
        yield Fact(f"Legal hold {hold.id} by {hold.by}{since}: {', '.join(hold.match.agents)}.", _at(view))
