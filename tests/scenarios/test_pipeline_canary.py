"""What becomes of a canary: it passes, fails, cannot be judged; what failed never comes back by itself."""

from pathlib import Path

from pipelineworld import PipelineWorld, pipeline_file
from simulator import TRIAGE

from agentgov.model.names import ReleaseName
from agentgov.release import orders


def test_a_regression_loses_its_traffic_within_one_tick(ramping: PipelineWorld) -> None:
    report = ramping.run(bad=0.4)
    assert report.acts == (f"fail the canary of {TRIAGE} v1.1.0 on error",)
    at = ramping.at()
    assert (at.canary.state, at.canary.share, at.staging.state) == ("FAILED", 0, "FAILED")
    assert ramping.running() == "1.0.0"
    ramping.check()


def test_content_that_failed_never_returns_under_another_tag(ramping: PipelineWorld) -> None:
    ramping.until(lambda at: at.canary.state == "FAILED", bad=0.4)
    ramping.write("Other words.")
    ramping.write("Version 1.1.0.")  # a revert: reviewed again, and marked bad all the same
    ramping.release("alice", TRIAGE, "1.2.0")
    ramping.run(6)
    at = ramping.at()
    assert (at.canary.state, at.staging.state) == ("FAILED", "FAILED")
    assert ramping.running() == "1.0.0"
    assert ramping.kinds().count("canary") == 2
    ramping.check()


def test_a_fixed_release_reaches_production_by_judge(ramping: PipelineWorld) -> None:
    ramping.until(lambda at: at.canary.state == "FAILED", bad=0.4)
    ramping.ship("1.1.1", text="Fixed words.")
    judged = [act.get("Judged") for act in ramping.acts() if act.kind == "graduate"]
    assert judged == ["unjudged", "pass"]
    assert "promote" not in ramping.kinds()[-7:]
    ramping.check()


def test_the_first_release_waits_for_a_person(fleet: PipelineWorld) -> None:
    fleet.release("alice", TRIAGE, "1.0.0")
    fleet.until(lambda at: at.canary.step == 1)
    report = fleet.run(4)
    assert fleet.running() == ""
    assert "0 of 1 promotes to production" in fleet.waits(report)


def test_no_data_stops_the_ramp_and_never_promotes(ramping: PipelineWorld) -> None:
    at = ramping.until(lambda at: at.canary.state == "INCONCLUSIVE", data=False)
    assert at.canary.share == 5000
    ramping.run(4)  # data is back: the ramp stays where it is
    assert ramping.at().canary.state == "INCONCLUSIVE"
    assert ramping.running() == "1.0.0"
    ramping.check()


def test_an_inconclusive_canary_starts_anew_when_somebody_clears_it(ramping: PipelineWorld) -> None:
    ramping.until(lambda at: at.canary.state == "INCONCLUSIVE", data=False)
    ramping.order("bob", orders.order_clear, TRIAGE, None, reason="telemetry was down")
    at = ramping.until(lambda at: at.canary.state == "RAMP")
    assert at.canary.step == 0
    ramping.until(lambda at: at.production.state == "STABLE" and ramping.running() == "1.1.0")
    ramping.check()


def test_an_inconclusive_canary_ends_after_another_deadline(ramping: PipelineWorld) -> None:
    ramping.until(lambda at: at.canary.state == "INCONCLUSIVE", data=False)
    ramping.run(data=False, after=3 * 3600)
    at = ramping.at()
    assert (at.canary.state, at.canary.share) == ("ABORTED", 0)
    ramping.run(3)  # its tag does not enter again by itself
    assert ramping.candidate() == ""
    ramping.write("Words with a new tag.")
    ramping.release("alice", TRIAGE, "1.2.0")
    ramping.until(lambda at: at.canary.state == "RAMP")
    ramping.check()


def test_somebody_takes_an_inconclusive_canary_away(ramping: PipelineWorld) -> None:
    ramping.until(lambda at: at.canary.state == "INCONCLUSIVE", data=False)
    ramping.order("bob", orders.order_abort, TRIAGE, reason="not worth waiting for")
    ramping.run(3)
    assert ramping.at().canary.state == "ABORTED"
    assert ramping.candidate() == ""


def test_one_tick_adds_one_interval_of_soak_at_most(shipped: PipelineWorld) -> None:
    shipped.govern({"governance/pipeline.yaml": pipeline_file(soak="20m")})
    shipped.write("Soak me.")
    shipped.release("alice", TRIAGE, "1.1.0")
    shipped.run()
    report = shipped.run(2, after=86_400)  # a reconciler that was down for a day, twice
    assert "soak 5m of 20m" in shipped.waits(report)
    assert shipped.at().staging.state == "SOAKING"


def test_a_newer_tag_waits_while_a_canary_runs(ramping: PipelineWorld) -> None:
    ramping.write("Even better words.")
    ramping.release("alice", TRIAGE, "1.2.0")
    report = ramping.run()
    assert ramping.candidate() == "1.1.0"
    assert "v1.2.0" in ramping.waits(report) or ramping.at().canary.step == 1
    ramping.until(lambda at: ramping.running() == "1.1.0")
    ramping.until(lambda at: ramping.candidate() == "1.2.0")
    ramping.until(lambda at: at.production.state == "STABLE" and ramping.running() == "1.2.0", most=20)
    ramping.check()


def test_a_newer_name_for_what_runs_is_no_second_canary(shipped: PipelineWorld) -> None:
    before = shipped.at().production.since
    shipped.release("alice", TRIAGE, "1.0.1")
    shipped.run(2)
    assert shipped.running() == "1.0.1"
    assert shipped.kinds().count("canary") == 1
    assert shipped.at().production.since == before
    shipped.check()


def test_a_newer_name_for_the_candidate_keeps_its_soak(ramping: PipelineWorld) -> None:
    ramping.release("alice", TRIAGE, "1.1.1")
    ramping.run()
    assert ramping.candidate() == "1.1.1"
    ramping.until(lambda at: ramping.running() == "1.1.1")
    assert ramping.kinds().count("canary") == 2
    ramping.check()


def test_production_that_fails_while_it_bakes_goes_back_by_itself(shipped: PipelineWorld) -> None:
    shipped.govern({"governance/pipeline.yaml": pipeline_file(bake="1h")})
    shipped.write("Better words.")
    shipped.release("alice", TRIAGE, "1.1.0")
    shipped.until(lambda at: at.production.state == "BAKING")
    at = shipped.until(lambda at: at.production.state == "ROLLED_BACK", bad=0.5)
    assert shipped.running() == "1.0.0"
    assert at.hold is not None
    assert shipped.at().bad
    shipped.check()


def test_promoters_are_distinct_people(tmp_path: Path) -> None:
    fleet = PipelineWorld(
        tmp_path / "world", pipeline=pipeline_file(promoters="{count: 2, from: [team:support, team:security]}")
    )
    fleet.release("alice", TRIAGE, "1.0.0")
    fleet.until(lambda at: at.canary.step == 1)
    fleet.order("alice", orders.order_promote, TRIAGE, "production")
    fleet.order("alice", orders.order_promote, TRIAGE, "production")
    fleet.order("carol", orders.order_promote, TRIAGE, "production")  # may promote, and is not among the promoters
    report = fleet.run(4)
    assert "1 of 2 promotes to production" in fleet.waits(report)
    fleet.order("bob", orders.order_promote, TRIAGE, "production")
    fleet.until(lambda at: fleet.running() == "1.0.0", most=2)
    fleet.check()


def test_a_promote_is_for_one_tag_object_only(tmp_path: Path) -> None:
    fleet = PipelineWorld(tmp_path / "world")
    fleet.release("alice", TRIAGE, "1.0.0")
    fleet.until(lambda at: at.staging.state == "SOAKING")
    fleet.order("bob", orders.order_promote, TRIAGE, "production")
    fleet.release("alice", TRIAGE, "1.0.1")
    fleet.until(lambda at: at.canary.step == 1)
    fleet.run(3)
    assert fleet.running() == ""
    assert fleet.candidate() == "1.0.1"


def test_judge_none_says_unjudged_and_takes_a_person(shipped: PipelineWorld) -> None:
    shipped.govern({"governance/pipeline.yaml": pipeline_file(judge="none", soak="1m", step="1m", bake="1m")})
    shipped.write("Quiet words.")
    shipped.release("alice", TRIAGE, "1.1.0")
    shipped.until(lambda at: (at.canary.state, at.canary.step) == ("RAMP", 1), data=False)
    report = shipped.run(2, data=False)
    assert "0 of 1 promotes" in shipped.waits(report)
    shipped.order("bob", orders.order_promote, TRIAGE, "production")
    shipped.until(lambda at: shipped.running() == "1.1.0", data=False, most=2)
    assert [act.get("Judged") for act in shipped.acts() if act.kind == "graduate"] == ["unjudged", "unjudged"]


def test_only_releases_in_order_and_release_candidates_never(shipped: PipelineWorld) -> None:
    shipped.write("Ten.")
    for version in ("1.9.0-rc.2", "1.9.0-rc.10", "1.10.0", "1.9.0"):
        shipped.release("alice", TRIAGE, version)
    shipped.run()
    assert shipped.candidate() == "1.10.0"
    shipped.until(lambda at: at.production.state == "STABLE" and shipped.running() == "1.10.0")
    shipped.run(2)
    assert shipped.candidate() == ""
    staged = [act.get("Release").split(" ")[0] for act in shipped.acts() if act.kind == "stage"]
    assert staged == [str(ReleaseName(TRIAGE, version)) for version in ("1.0.0", "1.10.0")]
    shipped.check()


def test_a_first_release_that_fails_while_it_bakes_calls_people_by_name(fleet: PipelineWorld) -> None:
    fleet.release("alice", TRIAGE, "1.0.0")
    fleet.until(lambda at: at.canary.state == "RAMP")
    fleet.order("bob", orders.order_promote, TRIAGE, "production")
    fleet.until(lambda at: at.production.state == "BAKING")
    report = fleet.run(bad=0.5)
    assert [(why.rule, TRIAGE.name in why.message) for why in report.notes] == [("release.bake-failed", True)]
    assert "nothing to go back to; pause it" in fleet.waits(report)
    assert fleet.running() == "1.0.0"  # no key of a bot stops what people did not order to stop
    fleet.order("bob", orders.order_retire, TRIAGE, reason="it harms, and there is nothing to go back to")
    assert fleet.running() == ""
    fleet.run(3)
    assert fleet.kinds()[-1] == "retire"
    fleet.check()
