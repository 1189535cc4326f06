"""Every row of the plan under every mix of what stops things: nothing that reduces risk is ever stopped, and nothing
that raises it goes past a pause, a hold, a freeze, a broken journal or an old one."""

from collections.abc import Callable
from itertools import product

import pytest
from deploymentworld import Line
from planview import BEST, FAILED, V1, V2, V3, ramping, view

from agentgov.release.plan import plan_agent
from agentgov.release.view import AgentView, Moved, Observed

FLAGS = ("stale", "stretch", "paused", "frozen", "hold")


def _running() -> Line:
    found = Line(V1)
    found.to_production(V1)
    return found


def _staged() -> Line:
    found = _running()
    found.releases[V2.tag] = V2
    found.do("stage", V2)
    found.wait()
    return found


def _passed() -> Line:
    found = _staged()
    found.do("pass", V2)
    return found


def _ramping(step: int = 0) -> Callable[[], Line]:
    return lambda: ramping(_running(), step)


def _last_step() -> Line:
    found = ramping(_running(), 2)
    found.do("promote", V2)
    return found


def _baking() -> Line:
    found = _last_step()
    found.do("graduate", V2)
    found.wait()
    return found


def _newer() -> Line:
    found = _running()
    found.releases[V2.tag] = V2
    return found


def _seen(**fields: object) -> Observed:
    return Observed(**{name: getattr(BEST, name) for name in BEST.__dataclass_fields__} | fields)


NO_DATA = _seen(healthy=False, no_data_ticks=99, judgement=None)
# The row: what it does, where it stands, what was seen, and which flags stop it.
ROWS: dict[str, tuple[Callable[[], Line], Observed, frozenset[str]]] = {
    "fail": (_ramping(), _seen(judgement=FAILED), frozenset()),
    "rollback": (_baking, _seen(bake=FAILED), frozenset()),
    "alarm": (_ramping(), BEST, frozenset()),
    "stall": (_ramping(), NO_DATA, frozenset({"paused"})),
    "share": (_ramping(), BEST, frozenset(FLAGS)),
    "graduate": (_last_step, BEST, frozenset(FLAGS)),
    "pass": (_staged, BEST, frozenset({"frozen", "stretch"})),
    "settle": (_baking, BEST, frozenset({"frozen", "stretch", "paused"})),
    "canary": (_passed, BEST, frozenset(FLAGS)),
    "stage": (_newer, BEST, frozenset({"stale", "frozen", "stretch"})),
}


def _under(line: Line, seen: Observed, given: frozenset[str], moved: tuple[Moved, ...]) -> AgentView:
    line.paused = "paused" in given
    if "hold" in given:
        line.do("hold")
    frozen = "the journal is broken" if "stretch" in given else "year-end" if "frozen" in given else ""
    stale = "the journal is too old" if "stale" in given else ""
    return view(line, seen, frozen=frozen, stale=stale, moved=moved)


@pytest.mark.parametrize("act", ROWS)
def test_a_row_is_stopped_by_what_stops_it_and_by_nothing_else(act: str) -> None:
    build, seen, stoppers = ROWS[act]
    moved = (Moved(V2, "none"),) if act == "alarm" else ()
    for mix in product((False, True), repeat=len(FLAGS)):
        given = frozenset(flag for flag, on in zip(FLAGS, mix, strict=True) if on)
        decision = plan_agent(_under(build(), seen, given, moved))
        assert decision.act == (None if given & stoppers else act), (given, decision)
        if given & stoppers:
            assert decision.waits, given
            assert any(wait.gate in ("stale", "freeze", "pause", "hold", "data") for wait in decision.waits), given


def test_a_decision_says_what_its_act_does_to_risk() -> None:
    risk = {act: plan_agent(_under(build(), seen, frozenset(), ())).risk for act, (build, seen, _) in ROWS.items()}
    assert {act for act, found in risk.items() if found == "reduces"} == {"fail", "rollback", "stall"}
    assert {act for act, found in risk.items() if found == "neutral"} == {"pass", "settle"}


def test_waits_say_which_gate_and_when_it_opens() -> None:
    line = ramping(_running())
    slow = _seen(canary_soak=600, units=50, unit_rate=50 / 600, judgement=None)
    found = {wait.gate: wait.eta for wait in plan_agent(view(line, slow)).waits}
    assert found == {"soak": 1200, "units": 1800}  # 150 units left, fifty in ten minutes
    none = _seen(canary_soak=0, units=0, healthy=False, judgement=None)
    assert {wait.gate: wait.eta for wait in plan_agent(view(line, none)).waits} == {
        "soak": 1800,
        "units": None,
        "data": None,
    }
    until = plan_agent(view(line, slow, frozen="year-end", frozen_until=line.now + 60)).waits
    assert [(wait.gate, wait.eta) for wait in until] == [("freeze", 60)]


def test_an_overdue_candidate_goes_no_further_and_makes_room() -> None:
    line = ramping(_running())
    why = {V2.tag: "the agent is overdue"}
    decision = plan_agent(view(line, ineligible=why))
    assert decision.act is None
    assert [(wait.rule, wait.gate) for wait in decision.waits] == [("P8", "eligible")]
    held = _passed()
    held.releases[V3.tag] = V3
    assert plan_agent(view(held, ineligible=why)).act == "stage"
