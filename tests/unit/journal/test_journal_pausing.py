"""Which pause stops an agent, by the journal and by the store before it, and what `pause` and `resume` change."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import pytest
from deploymentworld import release

from agentgov.journal.outcome import Outcome
from agentgov.journal.pausing import judge_pause, judge_resume, pause_of, pauses_on
from agentgov.journal.view import View
from agentgov.model.act import Act, new_id
from agentgov.model.names import AgentId, agent_id
from agentgov.model.state import HEAD_FILE, Deployment, Head, Pause, Record, State
from agentgov.model.transitions import Refusal
from agentgov.runtime.pause import Order, Pauses

NOW = 1_800_000_000
MOVED = 1_799_000_000  # when support/desk became billing/desk
DESK, HERE = cast(AgentId, agent_id("support/desk")), cast(AgentId, agent_id("billing/desk"))
OTHER = cast(AgentId, agent_id("support/other"))


class Records:
    """Records of a journal by their paths."""

    def __init__(self, records: dict[str, Record]) -> None:
        self._records = records

    def record(self, path: str) -> Record | None:
        return self._records.get(path)

    def names(self, folder: str) -> Sequence[str]:
        inside = [path.removeprefix(f"{folder}/") for path in self._records if path.startswith(f"{folder}/")]
        return sorted({name.partition("/")[0] + "/" * ("/" in name) for name in inside})


def pause(selector: str, seq: int, mode: Any = "stop", until: int = 0, time: int = NOW - 1000) -> Pause:
    return Pause(selector=selector, by="ann", seq=seq, time=time, mode=mode, until=until, reason="It loops.")


def view(**pauses: Pause) -> View:
    """A journal with these pauses, in which billing/desk was support/desk before; nobody asks it for contents."""
    head = Head(fleet="f", introduction="i", main="m", governance="g", previous_governance="", seq=40, time=NOW)
    records: dict[str, Record] = {HEAD_FILE: head}
    records |= {f"pauses/{key}.yaml": one for key, one in pauses.items()}
    records |= {"deployments/billing/desk.yaml": Deployment(agent=str(HERE), formerly=str(DESK))}
    for version, seen in (("1.0.0", MOVED), ("1.1.0", NOW - 10)):
        records[f"releases/{HERE}/v{version}.yaml"] = release(version, agent=str(HERE), seen=seen)
    nothing = cast(Any, None)
    return View(nothing, "", "", State(Records(records)), "", nothing, nothing, nothing)


def act(kind: str, **fields: str) -> Act:
    named = tuple((name, value) for name, value in fields.items())
    return Act(kind, new_id(1, 7), "f" * 36, "0" * 64, "person:bob", kind, named, reason="Why.")


def test_the_strictest_pause_counts_until_it_is_over() -> None:
    at = view(
        a=pause("support/desk", 3, "read-only"),
        b=pause("support/*", 5, until=NOW),
        c=pause("support/desk", 4, until=NOW + 9),
        d=pause("support/other", 1),
    )

    def seq(time: int, agent: AgentId = DESK) -> int:
        found = pause_of(at, agent, time)
        return found.seq if found is not None else 0

    assert [seq(NOW - 1), seq(NOW), seq(NOW + 8), seq(NOW + 9)] == [4, 4, 4, 3]
    assert seq(NOW - 1, OTHER) == 1
    assert seq(NOW - 1, HERE) == 4  # what was said of its former id holds
    gone = view(b=pause("support/*", 5, until=NOW))
    assert [pause_of(gone, DESK, time) is not None for time in (NOW - 1, NOW)] == [True, False]


def test_a_pause_of_a_workspace_follows_an_agent_only_from_while_it_was_there() -> None:
    at = view(
        before=pause("support/*", 2, time=MOVED),
        after=pause("support/*", 3, time=MOVED + 1),
        own=pause("support/desk", 4, time=MOVED + 1),
        here=pause("billing/*", 5, time=MOVED + 1),
        elsewhere=pause("support/other", 6, time=MOVED),
    )
    assert pauses_on(at, HERE).keys() == {"before", "own", "here"}
    assert pauses_on(at, DESK).keys() == {"before", "after", "own"}
    assert pauses_on(view(), HERE) == {}


@pytest.mark.parametrize(
    "fields",
    [
        {"Selector": "support", "Mode": "stop"},
        {"Selector": "support/desk", "Mode": "halt"},
        {"Selector": "support/desk"},
        {"Selector": "support/desk", "Mode": "stop", "Until": "01"},
        {"Selector": "support/desk", "Mode": "stop", "Until": "tomorrow"},
    ],
)
def test_a_pause_says_whom_how_and_until_when_in_one_spelling(fields: dict[str, str]) -> None:
    found = judge_pause(view(), act("pause", **fields), NOW)
    assert isinstance(found, Refusal)
    assert found.code == "pause.words"


@pytest.mark.parametrize("mode", ["stop", "read-only"])
def test_a_pause_is_kept_as_it_was_said(mode: str) -> None:
    for until in ({}, {"Until": str(NOW + 60)}):
        order = act("pause", Selector="support/*", Mode=mode, **until)
        found = judge_pause(view(), order, NOW)
        assert isinstance(found, Outcome)
        kept = Pause("support/*", "bob", 41, NOW, cast(Any, mode), int(until.get("Until", "0")), "Why.")
        assert found.changes == {f"pauses/{order.id}.yaml": kept}


def test_a_resume_lifts_every_pause_of_its_selector_and_no_other() -> None:
    at = view(a=pause("support/desk", 1), b=pause("support/desk", 2, "read-only"), c=pause("support/*", 3))
    found = judge_resume(at, act("resume", Selector="support/desk"))
    assert isinstance(found, Outcome)
    assert found.changes == {"pauses/a.yaml": None, "pauses/b.yaml": None}
    refused = judge_resume(at, act("resume", Selector="support/other"))
    assert isinstance(refused, Refusal)
    assert refused.code == "pause.none"


ORDER = Order("w", "support/*", "ann", since=(NOW - 5) * 1000)


def ids(orders: Sequence[Order]) -> list[str]:
    return [one.id for one in orders]


def test_an_order_of_the_store_holds_until_the_journal_speaks_for_it() -> None:
    at = view(a=pause("support/other", 7, time=NOW - 1))
    stored = (
        ORDER,
        replace(ORDER, id="ahead", landed=41),  # the journal is known up to act 40
        replace(ORDER, id="lifted", landed=40),
        replace(ORDER, id="a", selector="support/other", by="bob", since=9),  # that it stands there is not noted yet
        replace(ORDER, id="over", until=NOW),
    )
    pauses = Pauses(at, stored)
    assert ids(pauses.waiting) == ["w", "ahead", "over"]
    assert ids(pauses.all(NOW)) == ["a", "ahead", "w"]
    assert pauses.all(NOW)[0] == replace(stored[3], landed=7)  # whoever asked the gate is who gave it
    found = pauses.of(OTHER, NOW)
    assert found is not None
    assert found.id == "a"
    assert Pauses(at).all(NOW) == (Order("a", "support/other", "ann", "stop", "It loops.", 0, (NOW - 1) * 1000, 7),)
    assert Pauses(view(), stored[2:3]).of(DESK, NOW) is None


def test_an_order_of_the_store_stops_whom_it_means_also_by_the_id_before() -> None:
    pauses = Pauses(view(), (ORDER,))
    assert [pauses.of(one, NOW) is not None for one in (DESK, OTHER, HERE)] == [True, True, True]
    own = Pauses(view(), (replace(ORDER, selector="support/desk"),))
    assert [own.of(one, NOW) is not None for one in (DESK, OTHER, HERE)] == [True, False, True]
    assert Pauses(view(), ()).of(HERE, NOW) is None


def test_no_clock_that_is_behind_the_journal_makes_an_order_last_longer() -> None:
    pauses = Pauses(view(), (replace(ORDER, until=NOW),))
    assert (pauses.of(DESK, NOW - 100), pauses.all(NOW - 100)) == (None, ())
    longer = Pauses(view(), (replace(ORDER, until=NOW + 9),))
    assert [longer.of(DESK, NOW + at) is not None for at in (-100, 8, 9)] == [True, True, False]
    assert [len(longer.all(NOW + at)) for at in (-100, 8, 9)] == [1, 1, 0]


def test_of_several_orders_the_strictest_and_then_the_oldest_is_told() -> None:
    read, later, first = (replace(ORDER, id=name, since=at) for name, at in (("read", 1), ("later", 3), ("first", 2)))
    pauses = Pauses(view(), (replace(read, mode="read-only"), later, first))
    found = pauses.of(DESK, NOW)
    assert found is not None
    assert found.id == "first"
    assert ids(pauses.all(NOW)) == ["read", "first", "later"]
