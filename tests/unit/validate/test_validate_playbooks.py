"""What a playbook covers is decided by what its steps do; what cannot be run is told before anybody needs it."""

from typing import Any

import pytest
from unit.validate.fleet_sample import AGENT, findings

from agentgov.model.names import agent_id
from agentgov.model.playbook import Playbook, PlaybookStep
from agentgov.validate.codes import CODES
from agentgov.validate.facts import Covered
from agentgov.validate.playbook_coverage import coverage, is_about

PLAYBOOK = "playbooks/refunds.yaml"
LOOK = "{id: look, title: Since when, type: check, run: agentgov history support/refunds}"
STOP = '{id: stop, title: Stop it, type: command, run: "agentgov pause {agent} --reason {reason}", expect: It stops.}'
LEARN = (
    '{id: learn, title: What was learnt, type: command, run: "agentgov incident review {incident}", expect: Merged.}'
)
COMMS = '{at: 1h, to: team:support, template: "Paused since {time}"}'


def playbook(
    *given: str,
    responders: str = "team:support, role:administrator",
    comms: str = COMMS,
    more: str = "",
    learns: bool = True,
) -> str:
    steps = given if learns is False else (*given, LEARN)
    lines = "".join(f"  - {step}\n" for step in steps)
    told = f"comms:\n  - {comms}\n" if comms else ""
    return (
        "apiVersion: agentgov.dev/v1\nkind: Playbook\nname: refunds\ntitle: Refunds go wrong\n"
        f'match: {{agents: ["support/*"]}}\nresponders: [{responders}]\nsteps:\n{lines}{told}{more}'
    )


def found(text: str) -> list[tuple[str, str]]:
    assert all(one.code in CODES for one in findings({PLAYBOOK: text}))
    return [(one.code, one.message) for one in findings({PLAYBOOK: text})]


def test_one_that_does_all_is_in_order() -> None:
    assert found(playbook(LOOK, STOP)) == []


@pytest.mark.parametrize(
    ("text", "lacks"),
    [
        (playbook(STOP), "find out what goes on"),
        (playbook(LOOK), "pause this agent and no other"),
        (playbook(LOOK, STOP.replace("{agent}", "support/*")), "pause this agent and no other"),
        (playbook(LOOK, STOP.replace("{agent}", "support/triage")), "pause this agent and no other"),
        (playbook(LOOK, STOP, responders="team:support"), "say who is next when nobody answers"),
        (playbook(LOOK, STOP, comms=""), "tell anybody"),
        (playbook(LOOK, STOP, learns=False), "end with a review"),
    ],
)
def test_what_it_leaves_out_is_told_of_the_agent(text: str, lacks: str) -> None:
    (one,) = findings({PLAYBOOK: text})
    assert (one.code, one.where.file) == ("content.playbook-coverage", AGENT)
    assert one.message == f"{PLAYBOOK} does not {lacks}"


def test_names_of_steps_cover_nothing() -> None:
    steps = ("{id: identify, title: Identify, type: manual}", "{id: pause, title: Pause it, type: manual}")
    ((code, message),) = found(playbook(*steps))
    assert code == "content.playbook-coverage"
    assert "find out what goes on, nor pause this agent" in message


def test_next_counts_as_an_escalation() -> None:
    assert found(playbook(LOOK, STOP, responders="team:support", more="next: [role:administrator]\n")) == []


def test_a_choice_that_leads_nowhere_is_told() -> None:
    decide = "{id: cause, title: Which, type: decision, choices: {release: look, world: mend}}"
    assert found(playbook(LOOK, STOP, decide)) == [("reference.unknown-step", "there is no step mend to go to")]


def test_commands_of_checks_and_rollbacks_are_read_too() -> None:
    step = STOP.replace("expect: It stops.", "check: agentgov staus, rollback: agentgov resum x")
    assert [code for code, _ in found(playbook(LOOK, step))] == ["content.playbook-command"] * 2


def test_lines_for_people_are_left_alone() -> None:
    step = "{id: bank, title: Call the bank, type: manual, run: Phone && fax}"
    assert found(playbook(LOOK, STOP, step)) == []


def test_an_alert_that_pages_names_the_command_that_writes_its_playbook() -> None:
    alerts = (
        "apiVersion: agentgov.dev/v1\nkind: AlertPolicy\nrules:\n  - {name: money, signal: spend, severity: page}\n"
    )
    text = playbook(LOOK, STOP).replace(
        'match: {agents: ["support/*"]}', 'match: {agents: ["support/*"], alerts: [loop]}'
    )
    told = [one for one in findings({PLAYBOOK: text, "governance/alerts.yaml": alerts}) if "alert-no" in one.code]
    assert [(one.message, one.fix) for one in told] == [
        (
            "money wakes somebody, and no playbook is about it",
            "write one: agentgov playbook new runaway-cost; or add it to `match` of one",
        )
    ]


@pytest.mark.parametrize(
    ("kind", "run", "looks", "pauses", "tells"),
    [
        ("manual", "agentgov history {agent}", True, (), False),
        ("check", "curl -f https://refunds.example/health", True, (), False),
        ("manual", "Look around.", False, (), False),
        ("command", "agentgov pause {agent} --reason x", False, ("{agent}",), False),
        ("command", "agentgov incident open {agent} --pause --reason x", False, ("{agent}",), False),
        ("command", "agentgov incident open {agent} --reason x", False, (), False),
        ("command", "agentgov incident open {agent} support/triage --pause --reason x", False, (), False),
        ("command", 'agentgov incident message {incident} "It is paused." --to team:support', False, (), True),
    ],
)
def test_what_a_step_covers_is_what_its_command_does(
    kind: Any, run: str, looks: bool, pauses: tuple[str, ...], tells: bool
) -> None:
    steps = (PlaybookStep(id="s", title="S", type=kind, run=run),)
    found = coverage(Playbook(name="p", title="P", responders=("team:support",), steps=steps))
    assert (found.looks, found.pauses, found.tells) == (looks, pauses, tells)


@pytest.mark.parametrize(
    ("agents", "labels", "about"),
    [
        ((), {}, True),
        (("support/*",), {}, True),
        (("finance/*", "support/refunds"), {}, True),
        (("finance/*",), {}, False),
        ((), {"tier": "gold"}, True),
        ((), {"tier": "gold", "team": "x"}, False),
        (("support/*",), {"tier": "silver"}, False),
        (("finance/*",), {"tier": "gold"}, False),
    ],
)
def test_a_playbook_is_about_agents_by_every_part_of_its_match(
    agents: tuple[str, ...], labels: dict[str, str], about: bool
) -> None:
    agent = agent_id("support/refunds")
    assert agent is not None
    assert is_about(Covered(agents, labels), agent, {"tier": "gold"}) is about
