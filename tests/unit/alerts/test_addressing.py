"""Letters reach people by what they are to the agent of an alert, at the address that Access has of them."""

import pytest
from alertworld import FLEET, NOW, an_alert
from msgspec import structs
from simulator import PAYROLL, TRIAGE, FleetSimulator

from agentgov.alerts.addressing import recipients_of, unreached
from agentgov.alerts.alert import Alert
from agentgov.alerts.message import Message, told
from agentgov.alerts.standing import Standing
from agentgov.journal.view import View
from agentgov.model.policies import Route, RouteMatch


@pytest.fixture(scope="module")
def view(tmp_path_factory: pytest.TempPathFactory) -> View:
    world = FleetSimulator(tmp_path_factory.mktemp("addressing") / "world", remote=False)
    file = "governance/access.yaml"
    text = (world.work / file).read_text("utf-8").replace("[alice@sim.example]", "[1+alice@users.noreply.github.com]")
    world.commit("carol", {file: text.replace("[erin@sim.example]", '["er,in@sim.example"]')}, "Change addresses")
    world.introduce()
    return world.journal.view(world.clock())


def letters_to(view: View, *recipients: str, alert: Alert | None = None, why: str = "first", by: str = "") -> list[str]:
    one = told(Standing(1, alert or an_alert(), NOW, NOW))
    message = Message(why, FLEET, "sim", "", NOW, (one,), by=by)
    return list(recipients_of(Route(to="email", recipients=recipients), message, view))


def test_people_are_reached_by_what_they_are_to_the_agent(view: View) -> None:
    assert letters_to(view, "desk@acme.example") == ["desk@acme.example"]
    assert letters_to(view, "desk@acme.example", "owner", "oncall") == ["desk@acme.example", "bob@sim.example"]
    payroll = an_alert(agent=str(PAYROLL))
    assert letters_to(view, "owner", alert=payroll) == ["bob@sim.example", "dave@sim.example"]
    assert letters_to(view, "team:platform") == ["carol@sim.example", "dave@sim.example"]
    assert letters_to(view, "role:operator") == ["bob@sim.example", "dave@sim.example"]
    assert letters_to(view, "role:on-call", "team:nowhere") == []
    called = an_alert(labels={"incident": "i", "to": "carol"})
    assert letters_to(view, "oncall", alert=called) == ["carol@sim.example"]


def test_what_is_about_no_agent_goes_to_administrators_and_a_test_to_who_asks_for_it(view: View) -> None:
    about_none = an_alert(agent="")
    assert letters_to(view, "owner", alert=about_none) == ["carol@sim.example", "dave@sim.example"]
    assert letters_to(view, "owner", alert=about_none, why="test", by="bob") == ["bob@sim.example"]


def test_the_linter_names_whom_no_letter_reaches(view: View) -> None:
    route = Route(to="email", recipients=("desk@acme.example", "owner", "role:on-call", "team:nowhere"))
    found = dict.fromkeys(why for _, why in unreached(route, view, [TRIAGE, PAYROLL]))
    assert list(found) == [
        "no letter reaches role:on-call: erin has no address in governance/access.yaml",
        "team:nowhere is nobody",
    ]
    about = structs.replace(route, match=RouteMatch(agents=("finance/*",)))
    assert {agent for agent, _ in unreached(about, view, [TRIAGE, PAYROLL])} == {PAYROLL}
