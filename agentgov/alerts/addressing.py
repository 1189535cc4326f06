"""To whom letters about alerts go: the addresses that a route names, and those of people whom it names by what they are
to the agent of an alert, as Access and agent.yaml are authorised now.

    owner               who is accountable for the agent
    oncall              whom its incident calls or tells; of any other alert, the first of `oncall.escalate`
    team:ID, role:NAME  everybody in that team, or with that role on the agent in its environment

What is about no agent goes to the administrators; a test, to whoever asked for it. Of a person the first address counts
that letters can be sent to. Nothing here sends.
"""

import re
from collections.abc import Iterable, Iterator

from agentgov.alerts.alert import AGENT, ENVIRONMENT
from agentgov.alerts.message import Message, Told
from agentgov.journal.released_agent import authorised_agent
from agentgov.journal.view import View
from agentgov.model.document import ENVIRONMENTS, Environment
from agentgov.model.names import AgentId, agent_id
from agentgov.model.policies import Route
from agentgov.runtime.permit_votes import Electorate
from agentgov.trust.verbs import in_scope

OWNER, ONCALL = "owner", "oncall"
# The dot-atom of RFC 5322, 3.2.3, which needs no quoting in a header; a forge's addresses for commits take no mail.
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@(?!users\.noreply\.)[A-Za-z0-9.-]+")


def recipients_of(route: Route, message: Message, view: View) -> tuple[str, ...]:
    """Whom a letter goes to, each address once; nobody, where the route names only people who have none."""
    found = dict.fromkeys(one for one in route.recipients if "@" in one)
    words = [one for one in route.recipients if "@" not in one]
    people = {person for word in words for one in message.alerts for person in _meant(word, one, message, view)}
    return tuple(found | dict.fromkeys(filter(None, (address_of(view, person) for person in sorted(people)))))


def address_of(view: View, person: str) -> str:
    """Where a person gets letters, "" for nowhere."""
    known = view.directory.person(person)
    return next((one for one in known.emails if _ADDRESS.fullmatch(one)), "") if known is not None else ""


def unreached(route: Route, view: View, agents: Iterable[AgentId]) -> Iterator[tuple[AgentId, str]]:
    """Agents of which a route reaches nobody by some word, and why."""
    words = [one for one in route.recipients if "@" not in one]
    patterns = route.match.agents
    for agent in agents if route.to == "email" else ():
        for word in words if not patterns or any(in_scope(one, agent) for one in patterns) else ():
            people = sorted(_people(word, agent, "production", "", view))
            if not people:
                yield agent, f"{word} is nobody"
            elif not any(address_of(view, person) for person in people):
                yield agent, f"no letter reaches {word}: {', '.join(people)} has no address in governance/access.yaml"


def _meant(word: str, one: Told, message: Message, view: View) -> frozenset[str]:
    agent, environment = agent_id(one.label(AGENT)), one.label(ENVIRONMENT)
    if agent is None:
        return frozenset({message.by}) if message.why == "test" else view.directory.administrators
    place: Environment = next((known for known in ENVIRONMENTS if known == environment), "production")
    return _people(word, agent, place, one.label("to"), view)


def _people(word: str, agent: AgentId, environment: Environment, to: str, view: View) -> frozenset[str]:
    document = authorised_agent(view, agent) if word in (OWNER, ONCALL) else None
    if word == OWNER:
        selectors = [document.spec.owner] if document is not None else []
    elif word == ONCALL:
        selectors = [to] if to else [*document.spec.oncall.escalate[:1]] if document is not None else []
    else:
        selectors = [word]
    named = Electorate(view.governance.access, view.directory, agent, environment, view.today, told=True)
    return frozenset[str]().union(*map(named, selectors))
