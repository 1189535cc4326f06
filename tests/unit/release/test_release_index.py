"""Who rests: only agents of which planning has nothing to say, whatever their state, releases and pauses."""

from dataclasses import replace as with_fields

from deploymentworld import Line, release
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace as changed
from planview import V1, V2, V3, view

from agentgov.model.state import Canary, Hold, Production, Release, Staging
from agentgov.release.index import rests
from agentgov.release.observations import fingerprint
from agentgov.release.plan import plan_agent

RELEASES = (V1, V2, V3, release("1.3.0-rc.1"), release("1.0.0+build"))
TAGS = st.sampled_from(("", *(one.tag for one in RELEASES)))
STAGINGS = st.builds(
    Staging, state=st.sampled_from(["EMPTY", "SOAKING", "PASSED", "FAILED", "SUPERSEDED"]), release=TAGS
)
CANARIES = st.builds(
    Canary,
    state=st.sampled_from(["NONE", "RAMP", "INCONCLUSIVE", "GRADUATED", "FAILED", "ABORTED", "WITHDRAWN"]),
    release=TAGS,
)
PRODUCTIONS = st.builds(
    Production, state=st.sampled_from(["EMPTY", "STABLE", "BAKING", "ROLLED_BACK", "RETIRED"]), release=TAGS
)


@st.composite
def lines(draw: st.DrawFn) -> Line:
    """A deployment in any state at all, also in one that no acts lead to."""
    line = Line()
    known = draw(st.lists(st.sampled_from(RELEASES), unique_by=lambda one: one.tag))
    line.releases = {one.tag: one for one in known}
    marks = st.sampled_from(RELEASES)
    line.at = changed(
        line.at,
        staging=draw(STAGINGS),
        canary=draw(CANARIES),
        production=draw(PRODUCTIONS),
        bad=tuple(one.closure for one in draw(st.lists(marks, max_size=2))),
        withdrawn=tuple(one.tag for one in draw(st.lists(marks, max_size=2))),
        hold=draw(st.sampled_from([None, Hold("alice", 1)])),
    )
    line.paused = draw(st.booleans())
    return line


@given(lines())
def test_who_rests_has_neither_an_act_nor_a_wait(line: Line) -> None:
    seen = view(line)
    if rests(line.at, line.releases.values()):
        decision = plan_agent(with_fields(seen, observed=with_fields(seen.observed, of=fingerprint(line.at))))
        assert (decision.act, decision.waits) == (None, ())


def test_an_agent_rests_once_its_newest_release_is_stable() -> None:
    line = Line()
    assert rests(line.at, ())
    assert not rests(line.at, [V1])
    assert rests(changed(line.at, production=Production("STABLE", V2.tag)), [V1, V2])
    assert not rests(changed(line.at, production=Production("STABLE", V2.tag)), [V1, V2, V3])
    assert not rests(changed(line.at, production=Production("BAKING", V2.tag)), [V1, V2])


def test_a_running_release_that_is_not_recorded_is_no_rest() -> None:
    known: list[Release] = [V1]
    assert not rests(changed(Line().at, production=Production("STABLE", V2.tag)), known)
