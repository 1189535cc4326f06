"""A pipeline that asks for evaluations, from the tag to production: what waits, for which number, and what goes on."""

from dataclasses import replace

import hostile
import pytest
from evidenceworld import BOT, SUITE, EvidenceWorld, results
from simulator import TRIAGE

from agentgov.errors import RefusedError
from agentgov.journal.draft import draft, sign
from agentgov.model.transitions import release_trailer
from agentgov.release import orders

GOOD, POOR = results(passed=98, failed=2), results(passed=96, failed=4)


def test_a_release_waits_for_its_evaluation_with_the_number_and_goes_on(asked: EvidenceWorld) -> None:
    asked.run(3)
    assert asked.at().staging.state == "SOAKING"
    assert asked.waits(asked.last) == "evidence: eval"
    asked.add(BOT, "1.1.0", POOR)
    asked.run(2)
    assert asked.waits(asked.last) == f"evidence: eval {SUITE} failed"
    asked.add("erin", "1.1.0", GOOD)
    asked.until(lambda at: at.canary.state == "RAMP")
    asked.order("bob", orders.order_promote, TRIAGE, "production")
    # a later fail takes the pass away: what has traffic keeps it, and goes no further than its last step
    asked.add(BOT, "1.1.0", POOR)
    at = asked.until(lambda at: at.canary.step == 1)
    asked.run(4)
    assert f"evidence: eval {SUITE} failed: pass_rate 0.96, needs 0.97" in asked.waits(asked.last)
    assert asked.at().canary == at.canary
    asked.add(BOT, "1.1.0", GOOD)
    asked.until(lambda at: at.production.state == "STABLE")
    assert asked.running() == "1.1.0"
    asked.check()


def test_another_name_for_the_same_content_keeps_its_results_and_new_content_asks_anew(asked: EvidenceWorld) -> None:
    asked.add(BOT, "1.1.0", GOOD)
    asked.until(lambda at: at.staging.state == "PASSED")
    asked.clock.pass_(60)
    asked.tag("alice", TRIAGE, "1.1.1", asked.recorded("1.1.0").commit)
    asked.until(lambda at: at.canary.state == "RAMP")
    asked.until(lambda at: asked.candidate() == "1.1.1")
    assert asked.at().canary.state == "RAMP"
    assert "evidence" not in asked.waits(asked.last)
    asked.order("bob", orders.order_abort, TRIAGE)
    asked.offer("1.2.0")
    asked.run(3)
    assert (asked.at().staging.state, asked.waits(asked.last)) == ("SOAKING", "evidence: eval")
    asked.check()


def test_no_reconciler_passes_an_evaluation_over(asked: EvidenceWorld) -> None:
    """With the key of the reconciler and code of one's own: the law says no, once there are results at all."""
    asked.add(BOT, "1.1.0", GOOD)
    asked.until(lambda at: at.staging.state == "PASSED")
    asked.add(BOT, "1.1.0", POOR)
    view, actor = asked.view(), asked.actor("reconciler")
    release = asked.recorded("1.1.0")
    asked.run()
    decision = asked.last.decisions[TRIAGE]
    assert decision.act is None
    fields = [("Agent", str(TRIAGE)), ("Release", release_trailer(release)), ("Share", "5%"), ("Leaves", "none")]
    forged = draft(view, actor, "canary", "start the canary anyway", fields, now=asked.clock())
    with pytest.raises(RefusedError, match=r"transition\.evidence"):
        asked.append(forged, by="reconciler")


def test_a_forged_pass_is_named_by_whoever_verifies(asked: EvidenceWorld) -> None:
    """Also where a client that judges nothing put it into the journal."""
    poor = asked.draft(BOT, "1.1.0", POOR)
    told = tuple((key, "passed" if key == "Result" else text) for key, text in poor.act.fields)
    act = replace(poor.act, fields=told)
    with pytest.raises(RefusedError, match=r"pass_rate 0\.96, needs 0\.97 \(evidence\.threshold\)"):
        asked.append(sign(act, asked.signers[BOT]), by=BOT)
    forged = hostile.with_act(asked, hostile.prepare(asked, poor, by=BOT), act, by=BOT)
    assert hostile.code(asked, forged) == "evidence.threshold"
