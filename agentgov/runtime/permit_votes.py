"""People decide about a permit: who may, how many it takes, who may not because they asked for it themselves.

Only those whom the rule names may decide: a person, `team:x`, or `role:x` on this agent in this environment. Each of
them is one voice, however often they say it. One no is a no, also after enough said yes, until the permit is used; who
said yes may still say no, and not the other way round. With four eyes, neither the person for whom the run was started
(`subject`) nor the person who owns the agent has a voice.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import date

import msgspec

from agentgov.model.access import Access, Binding
from agentgov.model.document import Environment
from agentgov.model.names import AgentId
from agentgov.model.verdict import Verdict, allow, deny
from agentgov.runtime.calls import Needs, Question
from agentgov.runtime.permit_rows import OPEN, Permit, close, find, lock, record, tell
from agentgov.store.port import Transaction
from agentgov.trust.identity import Directory
from agentgov.trust.roster import in_force
from agentgov.trust.verbs import ADMINISTRATOR, in_scope

MOST_REASON = 500  # characters
Members = Callable[[str], frozenset[str]]


class Electorate:
    """Whom a selector of an action rule names for one agent in one environment on one day: to decide there, so that a
    binding has to list it; `told`: only to be told of something, where one that lists none names people too."""

    __slots__ = ("_agent", "_bindings", "_directory", "_environment", "_today", "_told")

    def __init__(
        self,
        access: Access,
        directory: Directory,
        agent: AgentId,
        environment: Environment,
        today: date,
        *,
        told: bool = False,
    ) -> None:
        self._bindings, self._directory, self._told = access.bindings, directory, told
        self._agent, self._environment, self._today = agent, environment, today

    def __call__(self, selector: str) -> frozenset[str]:
        """The people that a selector names."""
        if not selector.startswith("role:") or selector == f"role:{ADMINISTRATOR}":
            return self._directory.members(selector)
        found: frozenset[str] = frozenset()
        for binding in self._bindings:
            here = binding.role == selector.removeprefix("role:") and in_force(binding, self._today)
            here = here and any(in_scope(pattern, self._agent) for pattern in binding.agents)
            if here and self._reaches(binding):
                found = found.union(*map(self._named, binding.who))
        return found

    def _reaches(self, binding: Binding) -> bool:
        return self._environment in binding.environments or (self._told and not binding.environments)

    def _named(self, selector: str) -> frozenset[str]:
        """Whom an entry of a binding names: people and teams, never another role but the administrators."""
        role = selector.startswith("role:") and selector != f"role:{ADMINISTRATOR}"
        return frozenset() if role else self._directory.members(selector)


def decide_voter(permit: Permit, person: str, owner: str, members: Members) -> Verdict:
    """Whether a person may decide about a permit. `owner` is the agent's, as its release names it."""
    needs = permit.needs
    if needs is None or not any(person in _people(question, members) for question in needs.questions):
        asked = sorted({name for question in (needs.questions if needs else ()) for name in question.who})
        named = ", ".join(asked) or "nobody"
        return Verdict((deny("permit.not-named", f"the rule asks {named}, and not {person}", person),))
    if needs.four_eyes and person in (permit.subject, permit.subject.removeprefix("person:"), owner):
        message = f"{person} started this, and four eyes see more than two"
        return Verdict((deny("permit.four-eyes", message, person),))
    return Verdict((allow("permit.named", f"the rule asks {person}", person),))


def missing(tx: Transaction, id_: str, needs: Needs, members: Members) -> tuple[Question, ...]:
    """The questions that are not answered yet, with how many voices each still takes."""
    rows = tx.all("SELECT person FROM permit_votes WHERE permit = ? AND decision = 'approve'", id_)
    voices = frozenset(str(row[0]) for row in rows)
    return tuple(_open_questions(needs.questions, voices, members))


def vote(
    tx: Transaction,
    id_: str,
    person: str,
    decision: str,
    reason: str,
    owner: str,
    members: Members,
    now_ms: int,
    salt: bytes,
) -> tuple[Permit | None, Verdict]:
    """Take the voice of a person, `approve` or `deny`. What became of the permit, and whether the voice counts."""
    permit = lock(tx, id_)
    if permit is None:
        return None, Verdict((deny("permit.unknown", "there is no such permit", id_),))
    verdict = decide_voter(permit, person, owner, members)
    state = permit.at(now_ms)
    if verdict.allowed and (state not in OPEN or (state == "approved" and decision == "approve")):
        before = tx.one("SELECT decision FROM permit_votes WHERE permit = ? AND person = ?", id_, person)
        if before is None or before[0] != decision:
            verdict = Verdict((deny("permit.closed", f"it is {state}, and nothing is left to decide", id_),))
        return permit, verdict
    if not verdict.allowed:
        return permit, verdict
    if not _write(tx, id_, person, decision, reason, now_ms):
        return permit, verdict
    lacking = sum(one.count for one in missing(tx, id_, permit.needs, members)) if permit.needs is not None else 0
    said = {"lacking": str(lacking)} if decision == "approve" else {}
    told = {"reason": reason} if reason else {}
    record(tx, f"permit.{decision}", permit, f"person:{person}", told, now_ms, salt, refs=said)
    if decision == "deny":
        close(tx, permit, "denied", now_ms)
    elif permit.needs is not None and not lacking:
        tx.run("UPDATE permits SET state = 'approved', decided = ? WHERE id = ? AND state = 'pending'", now_ms, id_)
        tell(tx, id_, "approved", now_ms)
    return find(tx, id_), verdict


def see(tx: Transaction, id_: str, person: str, now_ms: int) -> None:
    """Remember when a person who may decide first saw a permit."""
    tx.run(
        "INSERT INTO permit_votes (permit, person, decision, reason, seen, at) VALUES (?, ?, '', '', ?, 0) "
        "ON CONFLICT (permit, person) DO NOTHING",
        *(id_, person, now_ms),
    )


def _write(tx: Transaction, id_: str, person: str, decision: str, reason: str, now_ms: int) -> bool:
    """Whether the voice is a new one: said before is said, and a no stays a no."""
    return (
        tx.run(
            "INSERT INTO permit_votes (permit, person, decision, reason, seen, at) VALUES (?, ?, ?, ?, 0, ?) "
            "ON CONFLICT (permit, person) DO UPDATE SET decision = ?, reason = ?, at = ? "
            "WHERE permit_votes.decision = '' OR (permit_votes.decision = 'approve' AND ? = 'deny')",
            *(id_, person, decision, reason, now_ms, decision, reason, now_ms, decision),
        )
        == 1
    )


def _open_questions(questions: Iterable[Question], voices: frozenset[str], members: Members) -> Iterator[Question]:
    for question in questions:
        lacking = question.count - len(voices & _people(question, members))
        if lacking > 0:
            yield msgspec.structs.replace(question, count=lacking)


def _people(question: Question, members: Members) -> frozenset[str]:
    return frozenset[str]().union(*map(members, question.who))
