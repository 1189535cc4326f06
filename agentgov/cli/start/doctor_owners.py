"""Doctor on those who answer: owners, on-call chains, responders, teams and CODEOWNERS that mean nobody any more.

Somebody left when they are not in Access, when every right that they had has ended, or when no key of theirs can sign.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from agentgov.cli.start.doctor_check import Check, Checks, Fleet
from agentgov.cli.start.doctor_people import reviewed
from agentgov.model.names import AgentId
from agentgov.owners.codeowners import parse
from agentgov.report.findings import plural

_NOTE = "write who took over, and have that change reviewed"


@dataclass(frozen=True)
class _Here:
    """Whom selectors mean now."""

    fleet: Fleet

    @cached_property
    def left(self) -> frozenset[str]:
        """People who are listed still, and cannot do anything any more."""
        review = reviewed(self.fleet)
        ended = {who for who, _ in review.rights("ended")} - {
            who for standing in ("in-force", "ending") for who, _ in review.rights(standing)
        }
        return frozenset(ended | {one.id for one in review.holders if one.kind == "person" and not one.able})

    def people(self, *selectors: str) -> frozenset[str]:
        """Those of them who are there."""
        directory = self.fleet.view.directory
        return frozenset(who for one in selectors for who in directory.members(one, self.fleet.today)) - self.left


def owners(fleet: Fleet) -> Checks:
    """Everybody whom agents, playbooks, drills and CODEOWNERS name."""
    here, count = _Here(fleet), 0
    for one in (*_left(here), *_teams(here), *_agents(here), *_practice(here), *_codeowners(fleet)):
        count += 1
        yield one
    if not count:
        message = f"{plural(len(fleet.agents), 'agent')}: somebody answers for each, and somebody is next"
        yield Check("doctor.owners", "good", message)


def _left(here: _Here) -> Checks:
    for who in sorted(here.left):
        message = f"{who} can do nothing any more, and stands in Access still"
        note = "after whatever names them names somebody else"
        yield Check("doctor.left", "warn", message, f"agentgov access remove-person {who}", note)


def _teams(here: _Here) -> Checks:
    for team in here.fleet.view.governance.access.teams:
        if not here.people(f"team:{team.id}"):
            message = f"nobody is left in the team {team.id}"
            yield Check("doctor.team-empty", "bad", message, f"add members to {team.id} in governance/access.yaml")


def _agents(here: _Here) -> Checks:
    for agent, document in here.fleet.agents.items():
        yield from _agent(here, agent, document.spec.owner, document.spec.oncall.escalate)


def _agent(here: _Here, agent: AgentId, owner: str, chain: tuple[str, ...]) -> Checks:
    if not here.people(owner):
        message = f"{agent} is owned by {owner}, and that is nobody now"
        yield Check("doctor.owner-left", "bad", message, f"name another owner in {agent.file}", _NOTE)
    if not chain:
        message = f"nobody is on call for {agent}"
        yield Check("doctor.oncall", "warn", message, f"add oncall.escalate to {agent.file}")
        return
    for one in chain:
        if not here.people(one):
            message = f"{agent} calls {one}, and that is nobody now"
            yield Check("doctor.oncall-left", "bad", message, f"change oncall.escalate in {agent.file}", _NOTE)
    found = here.people(*chain)
    if len(found) == 1:
        message = f"only {min(found)} is ever called for {agent}"
        yield Check("doctor.oncall-alone", "warn", message, f"add somebody to oncall.escalate in {agent.file}")


def _practice(here: _Here) -> Checks:
    for path, selectors in _named(here.fleet).items():
        for one in dict.fromkeys(selectors):
            if not here.people(one):
                message = f"{path} names {one}, and that is nobody now"
                yield Check("doctor.responder-left", "bad", message, f"change {path}", _NOTE)


def _named(fleet: Fleet) -> Mapping[str, tuple[str, ...]]:
    """Whom playbooks and drills name, by their path."""
    books = {
        path: (*one.responders, *one.next, *(told.to for told in one.comms))
        for path, one in fleet.practice.playbooks.items()
    }
    return {**books, **{path: one.participants for path, one in fleet.practice.drills.items()}}


def _codeowners(fleet: Fleet) -> Checks:
    """Owners of paths who are nobody in Access: their lines ask for a review that nobody can give."""
    for handle in dict.fromkeys(_handles(fleet)):
        if fleet.view.directory.by_handle(handle, fleet.view.governance.fleet.codeowners.dialect) is None:
            message = f"{fleet.view.governance.codeowners_file} names {handle}, who is nobody in Access"
            yield Check("doctor.codeowner-left", "bad", message, "agentgov owners --lint", "it names the lines")


def _handles(fleet: Fleet) -> Iterator[str]:
    governance = fleet.view.governance
    if governance.codeowners_file:
        parsed = parse(governance.codeowners, governance.codeowners_file, governance.fleet.codeowners.dialect)
        for rule in parsed.rules:
            yield from (owner for owner in rule.owners if not owner.startswith("@@"))
