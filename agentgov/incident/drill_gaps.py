"""What would go wrong on the day, seen before anybody is asked. Pure: the facts are gathered elsewhere.

A fact that nobody could find out is None, and is a gap of its own: "cannot tell" is no yes.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from agentgov.incident.drill_score import Gap, Scored, is_share
from agentgov.model.playbook import Playbook
from agentgov.report.drill import metric_words, observed_words

WITHIN = timedelta(days=14)  # by when a gap is mended, unless somebody says otherwise


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a fleet when a drill begins. `people` are those whom a selector means; `routes` alert routes by
    name, with whether a test came through: None where that cannot be told."""

    agent: str
    owner: str
    people: dict[str, tuple[str, ...]]  # by selector: whom the playbook names, and the agent's chain
    chain: tuple[str, ...]
    may_pause: tuple[str, ...]  # of the responders
    may_roll_back: tuple[str, ...]
    prior: bool | None = None  # whether there is a good release to return to
    routes: dict[str, bool | None] | None = None
    gate: str = ""  # its address, "" where the fleet names none
    gate_answers: bool | None = None


def gaps_before(playbook: Playbook, path: str, facts: Facts, today: date) -> tuple[Gap, ...]:
    """Every gap, each with whoever mends it and by when."""
    found = (*_people(playbook, path, facts), *_playbook(playbook, path, today), *_world(facts))
    return with_dates(found, facts.owner, today)


def gaps_after(objectives: tuple[Scored, ...], owner: str, today: date) -> tuple[Gap, ...]:
    """A gap for each objective that was missed."""
    missed = (_missed(one) for one in objectives if not one.met)
    return with_dates(missed, owner, today)


def with_dates(gaps: Iterable[Gap], owner: str, today: date) -> tuple[Gap, ...]:
    """Gaps with whoever mends them, where nobody is named yet, and by when."""
    return tuple(_due(gap, owner, today) for gap in gaps)


def _missed(one: Scored) -> Gap:
    words = metric_words(one.metric)
    goal = f"{'at least' if is_share(one.target) else 'within'} {one.target}"
    if one.metric == "backup-age" and one.observed != "-":
        gap = f"the newest thing in the backup is {observed_words(one.observed)} old, and the goal is {goal}"
        return Gap(f"missed-{one.id}", gap, "", do="make backups more often, and see that they arrive")
    how = f"{words} took {observed_words(one.observed)}" if not is_share(one.target) else f"{words}: {one.observed}"
    gap = f"{how}, and the goal is {goal}" if one.observed != "-" else f"{words} was never reached; the goal is {goal}"
    return Gap(f"missed-{one.id}", gap, "", do="practise that step, or change the playbook or the goal")


def _people(playbook: Playbook, path: str, facts: Facts) -> Iterator[Gap]:
    for selector in (*playbook.responders, *playbook.next, *(one.to for one in playbook.comms)):
        if not facts.people.get(selector):
            yield Gap(
                f"nobody-{_word(selector)}",
                f"{path} names {selector}, and that is nobody now",
                "",
                do="name who took over",
            )
    answering = {person for one in (*playbook.responders, *playbook.next) for person in facts.people.get(one, ())}
    if len(answering) == 1:
        yield Gap(
            "one-responder", f"only {min(answering)} answers, and nobody is next", "", do=f"name a second in {path}"
        )
    chain = {person for one in facts.chain for person in facts.people.get(one, ())}
    if len(chain) < 2:
        who = min(chain) if chain else "nobody"
        yield Gap(
            "one-in-chain",
            f"the escalation of {facts.agent} ends with {who}",
            "",
            do="add to oncall.escalate in agent.yaml",
        )
    if not facts.may_pause:
        yield Gap(
            "no-pause", f"no responder may pause {facts.agent} in production", "", do="bind them to a role with pause"
        )
    if not facts.may_roll_back:
        yield Gap(
            "no-rollback",
            f"no responder may roll back {facts.agent} in production",
            "",
            do="bind them to a role with rollback",
        )


def _playbook(playbook: Playbook, path: str, today: date) -> Iterator[Gap]:
    if not playbook.review_by:
        yield Gap("no-review-day", f"{path} says no day by which it is read again", "", do="add reviewBy")
    elif playbook.review_by < today.isoformat():
        yield Gap(
            "playbook-old",
            f"{path} had to be read again by {playbook.review_by}",
            "",
            do="read it, mend it, set the next day",
        )


def _world(facts: Facts) -> Iterator[Gap]:
    if facts.prior is None:
        yield Gap(
            "prior-unknown",
            "whether there is a release to return to cannot be told: no journal here",
            "",
            do="run it in a clone with the journal",
        )
    elif not facts.prior:
        yield Gap(
            "no-prior",
            f"{facts.agent} has no good release to return to",
            "",
            do="release once more, or say in the playbook what is done instead",
        )
    for name, tested in (facts.routes or {}).items():
        if tested is False:
            yield Gap(
                f"route-{_word(name)}",
                f"nothing was ever sent through the route {name}",
                "",
                do=f"agentgov alert test {name}",
            )
    if not facts.gate:
        yield Gap(
            "no-gate",
            "the fleet names no gate, so a pause reaches agents only by their leases",
            "",
            do="set gate.url in agentgov.yaml",
        )
    elif facts.gate_answers is False:
        yield Gap("gate-away", f"the gate at {facts.gate} does not answer", "", do="start it, or mend its address")


def _due(gap: Gap, owner: str, today: date) -> Gap:
    return Gap(gap.id, gap.gap, gap.owner or owner, (today + WITHIN).isoformat(), gap.do)


def _word(text: str) -> str:
    return "".join(char if char.isalnum() else "-" for char in text.lower()).strip("-")
