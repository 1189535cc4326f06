"""What may enter staging, and what a newer name for the same content does."""

import pytest
from deploymentworld import Line, release
from msgspec.structs import replace

from agentgov.model.state import Staging

V1, V2, V3 = release("1.0.0"), release("1.9.0"), release("1.10.0")


@pytest.fixture
def line() -> Line:
    """An agent with v1.0.0 settled in production, and two more releases."""
    found = Line(V1, V2, V3)
    found.to_production(V1)
    return found


def test_versions_are_ordered_by_precedence_not_as_text(line: Line) -> None:
    line.do("stage", V2)
    line.do("stage", V3)
    assert line.refusal("stage", V2) == "transition.version"


def test_only_a_newer_release_enters_staging(line: Line) -> None:
    old, build = release("0.9.0"), release("1.0.0+rebuilt")
    line.releases |= {old.tag: old, build.tag: build}
    assert line.refusal("stage", V1) == "transition.version"
    assert line.refusal("stage", old) == "transition.version"
    assert line.refusal("stage", build) == "transition.version"


def test_a_pre_release_has_no_channel(line: Line) -> None:
    candidate_release = release("2.0.0-rc.1")
    line.releases[candidate_release.tag] = candidate_release
    assert line.refusal("stage", candidate_release) == "transition.prerelease"


def test_a_higher_number_on_older_content_never_enters() -> None:
    line = Line(first := release("1.0.0", authorised_at=9), high := release("9.0.0", authorised_at=3))
    line.to_production(first)
    assert line.refusal("stage", high) == "transition.content"


def test_bad_content_and_withdrawn_tags_never_enter(line: Line) -> None:
    again = release("2.0.0", content="1.9.0")
    line.releases[again.tag] = again
    line.do("withdraw", V3)
    line.to_canary(V2)
    line.do("fail", V2)
    assert line.refusal("stage", V2) == "transition.bad"
    assert line.refusal("stage", again) == "transition.bad"
    assert line.refusal("stage", V3) == "transition.withdrawn"


def test_staging_is_free_again_after_a_failure(line: Line) -> None:
    line.to_canary(V2)
    line.do("fail", V2)
    assert line.at.staging.state == "FAILED"
    assert line.do("stage", V3).staging.state == "SOAKING"


def test_a_newer_release_waits_while_a_canary_runs(line: Line) -> None:
    line.to_canary(V2)
    assert line.refusal("stage", V3) == "transition.canary"
    line.do("stall", V2)
    assert line.refusal("stage", V3) == "transition.canary"
    line.do("abort", V2)
    assert line.refusal("stage", V3) == ""


def test_staging_must_leave_what_it_names(line: Line) -> None:
    assert line.refusal("stage", V2, Leaves=V1.tag) == ""  # V1 passed there
    assert line.refusal("stage", V2, Leaves="none") == "transition.leaves"
    assert Line(V1).refusal("stage", V1, Leaves=V1.tag) == "transition.leaves"


def test_the_same_content_under_a_newer_name_is_renamed_in_production(line: Line) -> None:
    again = release("1.0.1", content="1.0.0")
    line.releases[again.tag] = again
    before = line.at
    after = line.do("stage", again)
    assert after.production == replace(before.production, release=again.tag)
    assert after.staging == replace(before.staging, release=again.tag)
    assert after.canary == before.canary
    assert after.prior == before.prior


def test_a_new_name_for_production_supersedes_an_older_candidate_in_staging(line: Line) -> None:
    again = release("1.10.0", content="1.0.0")
    line.releases[again.tag] = again
    line.to_staging(V2)
    after = line.do("stage", again)
    assert after.staging == Staging(state="SUPERSEDED", release=V2.tag, since=line.at.staging.since)
    assert after.production.release == again.tag
    assert line.refusal("canary", V2) == "transition.state"


def test_a_new_name_for_production_waits_for_a_canary_pause_and_hold(line: Line) -> None:
    again = release("2.0.0", content="1.0.0")
    line.releases[again.tag] = again
    line.paused = True
    assert line.refusal("stage", again) == "transition.paused"
    line.paused = False
    line.do("hold")
    assert line.refusal("stage", again) == "transition.hold"
    line.do("hold", State="lifted")
    line.to_canary(V2)
    assert line.refusal("stage", again) == "transition.canary"


def test_the_same_content_under_a_newer_name_keeps_soak_and_step_but_no_promotes(line: Line) -> None:
    again, third = release("1.9.1", content="1.9.0"), release("1.9.2", content="1.9.0")
    line.releases |= {again.tag: again, third.tag: third}
    line.do("stage", V2)
    line.do("promote", V2)
    before = line.at.staging
    line.wait()
    assert line.do("stage", again).staging == replace(before, release=again.tag)
    assert line.at.votes == ()
    line.do("pass", again)
    line.do("canary", again)
    line.wait()
    line.do("share", again)
    line.do("promote", again)
    ramp = line.at.canary
    after = line.do("stage", third)
    assert after.canary == replace(ramp, release=third.tag)
    assert after.staging.release == third.tag
    assert after.votes == ()


def test_a_new_name_for_the_canary_waits_for_pause_and_hold(line: Line) -> None:
    again = release("1.9.1", content="1.9.0")
    line.releases[again.tag] = again
    line.to_canary(V2)
    line.paused = True
    assert line.refusal("stage", again) == "transition.paused"
    line.paused = False
    line.do("hold")
    assert line.refusal("stage", again) == "transition.hold"


def test_what_failed_elsewhere_does_not_hold_back_a_lower_version(line: Line) -> None:
    high = release("2.0.0")
    line.releases[high.tag] = high
    line.to_canary(high)
    line.do("fail", high)
    assert line.do("stage", V3).staging.release == V3.tag


def test_content_that_failed_and_was_cleared_soaks_anew_under_a_new_name(line: Line) -> None:
    again = release("1.9.1", content="1.9.0")
    line.releases[again.tag] = again
    line.to_canary(V2)
    line.do("fail", V2)
    line.do("clear", V2)
    line.wait()
    assert line.do("stage", again).staging == Staging(state="SOAKING", release=again.tag, since=line.now)


def test_a_new_name_for_production_leaves_a_failure_in_staging_alone(line: Line) -> None:
    again = release("1.0.1", content="1.0.0")
    line.releases[again.tag] = again
    line.to_canary(V2)
    line.do("fail", V2)
    failed = line.at.staging
    assert line.do("stage", again).staging == failed
