"""An agent is retired: nothing of it runs, nothing comes back by itself, and there is a way out."""

import pytest
from deploymentworld import BOT, Line, release

from agentgov.model.state import Deployment
from agentgov.model.transitions import candidate, judge_of, rollback_target

V1, V2, V3, V4 = (release(f"1.{minor}.0", authorised_at=minor) for minor in range(4))


@pytest.fixture
def line() -> Line:
    """v1.0.0 and v1.1.0 ran; v1.2.0 is in canary; v1.3.0 exists."""
    found = Line(V1, V2, V3, V4)
    found.to_production(V1)
    found.to_production(V2)
    found.to_canary(V3, step=1)
    return found


def test_retiring_ends_all_traffic_in_one_act(line: Line) -> None:
    line.do("promote", V3)
    after = line.do("retire")
    assert (after.production.state, after.production.release) == ("RETIRED", "")
    assert (after.canary.state, after.canary.share) == ("ABORTED", 0)
    assert (after.staging.state, after.staging.release) == ("EMPTY", "")
    assert [prior.release for prior in after.prior] == [V2.tag, V1.tag]
    assert after.votes == ()
    assert after.hold is not None
    assert after.hold.reason == "because"
    assert V3.tag in after.withdrawn
    assert candidate(after) == ""


def test_retiring_works_under_pause_and_hold_and_before_any_release(line: Line) -> None:
    line.paused = True
    line.do("hold")
    assert line.do("retire").production.state == "RETIRED"
    assert Line().do("retire").production.state == "RETIRED"


def test_only_a_person_retires_what_stands_now(line: Line) -> None:
    assert line.refusal("retire", actor=BOT) == "transition.actor"
    assert line.refusal("retire", Leaves=V1.tag) == "transition.leaves"
    assert line.refusal("retire", Leaves="none") == "transition.leaves"


def test_retiring_twice_changes_nothing(line: Line) -> None:
    first = line.do("retire")
    assert line.do("retire", Leaves=V2.tag) == first


def test_nothing_enters_while_the_agent_is_retired_and_held(line: Line) -> None:
    line.do("retire")
    assert line.refusal("stage", V4) == "transition.retired"
    assert line.refusal("rollback", V1, Leaves=V2.tag) == "transition.retired"
    assert rollback_target(line.at, line.releases.get) is None


def test_the_way_out_is_a_lifted_hold_and_a_newer_release_that_goes_all_the_way(line: Line) -> None:
    line.do("retire")
    line.do("hold", State="lifted")
    again = release("1.4.0", content="1.1.0", authorised_at=5)  # the content that ran last, under a newer name
    line.releases[again.tag] = again
    assert line.refusal("rollback", V1, Leaves=V2.tag) == "transition.retired"
    assert line.refusal("stage", V1) == "transition.version"
    assert line.refusal("stage", V2) == "transition.version"
    assert line.refusal("stage", V3) == "transition.withdrawn"
    line.to_staging(again)
    assert line.at.production.state == "RETIRED"
    line.do("canary", again)
    assert judge_of(line.at, line.rules) is None  # nothing runs beside it
    for _ in range(2):
        line.wait()
        line.do("share", again)
    line.wait()
    assert line.refusal("graduate", again, Judged="unjudged") == "transition.promoters"
    line.do("promote", again)
    after = line.do("graduate", again, Judged="unjudged")
    assert (after.production.state, after.production.release) == ("BAKING", again.tag)
    assert [prior.release for prior in after.prior] == [V2.tag, V1.tag]
    target = rollback_target(after, line.releases.get)
    assert target is not None
    assert target.tag == V1.tag  # v1.1.0 is the same content


def test_content_older_than_what_ran_last_never_enters(line: Line) -> None:
    line.do("retire")
    line.do("hold", State="lifted")
    old = release("9.0.0", authorised_at=0)
    line.releases[old.tag] = old
    assert line.refusal("stage", old) == "transition.content"


def test_an_agent_that_was_brought_back_is_retired_again(line: Line) -> None:
    line.do("retire")
    line.do("hold", State="lifted")
    assert isinstance(line.attempt("retire"), Deployment)
    assert line.do("retire").hold is not None
