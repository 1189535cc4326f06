"""Values of incidents and drills that no honest program writes: both verifiers take or refuse the same ones."""

from pathlib import Path

import hostile
import pytest
from scenarios.test_reference import agree
from simulator import TRIAGE, FleetSimulator

from agentgov.incident.orders import Opening, assign, incident_of, open_incident, take_step
from agentgov.journal.draft import Draft
from agentgov.model.act import Act, clean_reason, render

VALUES = (
    "-",
    "0",
    "5",
    "A" * 201,
    "é" * 200,
    "x Agentgov-Act: pause/1",
    "Agentgov-Mode: stop",
    "../../fleet.yaml",
    "playbooks/../x.yaml",
    "team:",
    "role:administrator",
    "alice bob",
    "a\u202eb",  # turns the text around
    "a\u2028b",  # a line of its own, to some
    "a\u200bb",  # nothing to see
    "\u0661",  # a digit, to some
    "a\tb",
    "a\x7fb",
)


def drafts(world: FleetSimulator) -> list[Draft]:
    """Honest acts that have every trailer between them."""
    view, alice, now = world.view(), world.actor("alice"), world.clock()
    more = {"alerts": ("a" * 32,), "playbook": "playbooks/loop.yaml", "drill": "loop", "mode": "stop"}
    what = Opening((TRIAGE,), "It rhymes", 2, "drill", until=2**31, **more)  # type: ignore[arg-type]
    opening = open_incident(view, alice, what, now=now, reason="because")
    made = world.append(open_incident(view, alice, Opening((TRIAGE,), "x", 2, "drill"), now=now), by="alice")
    at = next(iter(made.state.incidents().values()))
    tell = [("To", "team:support"), ("Comms", "comms-1")]
    done = [("Drill", "loop"), ("Type", "live"), ("Agent", str(TRIAGE)), ("Started", "5"), ("Ended", "9")]
    done += [("Score", "100"), ("Objective", "paused met 4s"), ("Gaps", "0"), ("Incident", at.id), ("Report", "0" * 64)]
    return [
        opening,
        assign(made, alice, at, "comms", "erin", now=now),
        take_step(made, alice, at, "message", "tell", tell, now=now, reason="because"),
        take_step(made, alice, at, "escalate", "call", [("Level", "1"), ("To", "bob")], now=now),
        take_step(made, world.actor("gate"), at, "acknowledge", "ack", now=now, asked="bob"),
        hostile.write(world, "alice", "drill", done),
    ]


def with_value(act: Act, place: int, value: str) -> bytes:
    """The text of an act with another value in one trailer, spelled by hand: `render` would refuse some."""
    head, _, _ = render(act).decode().rpartition("\n\n")
    first = render(act).decode().removeprefix(f"{head}\n\n").split("\n")
    own = len(first) - 1 - len(act.fields)
    first[own + place] = f"Agentgov-{act.fields[place][0]}: {value}"
    return "\n".join([f"{head}\n", *first]).encode()


@pytest.mark.slow
@pytest.mark.attack("L3")
@pytest.mark.parametrize("kind", range(6))
def test_both_verifiers_take_the_same_values_in_every_trailer(local: FleetSimulator, kind: int) -> None:
    draft = drafts(local)[kind]
    by = draft.act.actor_id
    honest, said = hostile.prepare(local, draft, by="alice"), dict[bool, int]()
    for place in range(len(draft.act.fields)):
        for value in VALUES:
            held = agree(local, hostile.with_text(local, honest, with_value(draft.act, place, value), by=by))
            said[held] = said.get(held, 0) + 1
    assert said.get(False, 0) > 10


@pytest.mark.attack("L3")
def test_what_people_write_is_no_trailer_and_hides_nothing(local: FleetSimulator, tmp_path: Path) -> None:
    alice, now = local.actor("alice"), local.clock()
    made = local.append(open_incident(local.view(), alice, Opening((TRIAGE,), "x", 2), now=now), by="alice")
    at = next(iter(made.state.incidents().values()))
    notes = ("word " * 800, "Agentgov-Mode: stop\nAgentgov-Step: close", "a\u202eb\x00\x1b[31m", "x\r\n\r\n\r\n\r\ny")
    for text in notes:
        draft = take_step(local.view(), alice, at, "note", "note in", now=now, reason=clean_reason(text))
        after = local.append(draft, by="alice")
        assert incident_of(after, at.id) == at
    assert agree(local, local.view().tip)
