"""A watching reconciler as operators run it: quiet while nothing happens, woken at once; it says how it is doing."""

import hmac
import json
import shutil
import signal
import subprocess
import time

import pytest
from patience import PATIENCE, until
from pipelineworld import PipelineWorld, pipeline_file
from simulator import TRIAGE
from watchworld import CALL, SECRET, watching

from agentgov.net.posting import signed_headers, signing_key

STILL = pipeline_file(soak="1s", step="1s", bake="1s", judge="none", promoters="{count: 1, from: [team:leads]}")


@pytest.fixture
def still(fleet: PipelineWorld) -> PipelineWorld:
    """A fleet in real time in which nothing is due, or waits for time alone."""
    fleet.clock.time = int(time.time())
    fleet.run()
    return fleet


def signed(body: bytes) -> str:
    return f"sha256={hmac.new(SECRET.encode(), body, 'sha256').hexdigest()}"


def test_while_nothing_happens_each_look_is_one_question(still: PipelineWorld) -> None:
    with watching(still, "--watch", "1") as one:
        until(lambda: one.metrics()["ticks_total"] >= 1, "the first tick")
        until(lambda: one.rests_for(4), "four looks without a tick")
        assert all("ls-remote" in look for look in one.gits()[-4:])
        still.release("alice", TRIAGE, "1.0.0")
        one.says(f"done see release {TRIAGE}/v1.0.0")
        assert one.end() == 0


def test_a_signed_webhook_wakes_it_and_no_other_does(still: PipelineWorld) -> None:
    with watching(still, "--watch", "3600") as one:
        until(lambda: one.metrics()["ticks_total"] >= 1, "the first tick")
        still.release("alice", TRIAGE, "1.0.0")
        body = json.dumps({"ref": "refs/tags/x"}).encode()
        forged = one.ask(
            "/hooks/github", "POST", body, content_type="application/json", x_hub_signature_256=signed(b"")
        )
        assert forged[0] == 401
        assert one.ask("/hooks/gitlab", "POST", body, content_type="application/json")[0] == 503
        assert one.metrics()["ticks_total"] == 1
        assert one.deliver("github", body, signed(body)) == (202, "woken")
        one.says(f"done see release {TRIAGE}/v1.0.0")
        assert one.end(signal.SIGINT) == 130


def test_a_signed_call_of_anybody_else_wakes_it(still: PipelineWorld) -> None:
    key = signing_key(CALL)
    assert key is not None
    with watching(still, "--watch", "3600") as one:
        until(lambda: one.metrics()["ticks_total"] >= 1, "the first tick")
        still.release("alice", TRIAGE, "1.0.0")
        for keys, answer in (([b"x" * 32], (401, "unauthorised")), ([key], (202, "woken"))):
            headers = signed_headers(keys, "call-1", int(time.time()), b"{}")
            assert one.ask("/hooks/wake", "POST", b"{}", content_type="application/json", **headers) == answer
        one.says(f"done see release {TRIAGE}/v1.0.0")
        assert one.end() == 0


def test_it_says_how_it_is_doing(still: PipelineWorld) -> None:
    away = still.folder / "away.git"
    with watching(still, "--watch", "1") as one:
        until(lambda: one.ask("/readyz") == (200, "ready"), "readiness")
        assert one.ask("/healthz") == (200, "ok")
        assert one.ask("/secrets") == (404, "unknown")
        assert one.ask("/metrics", "DELETE") == (405, "get")
        found = one.metrics()
        assert found["verified_seq"] == still.view().state.head.seq
        assert found[f'verified_tip_info{{tip="{still.tip()}"}}'] == 1
        assert (found["queue"], found["conflicts_total"], found["journal_broken"], found["nodata_agents"]) == (
            0,
            0,
            0,
            0,
        )
        assert abs(found["verified_timestamp_seconds"] - time.time()) < 3600
        still.remote.rename(away)
        until(lambda: one.ask("/readyz") == (503, "broken"), "the remote to be missed")
        assert one.metrics()["failures_total"] >= 1
        assert one.ask("/healthz") == (200, "ok")
        away.rename(still.remote)
        assert one.end() == 0


def test_before_it_has_seen_the_journal_it_is_not_ready(still: PipelineWorld) -> None:
    away = still.remote.rename(still.folder / "away.git")
    with watching(still, "--watch", "1") as one:
        assert one.ask("/readyz") == (503, "starting")
        away.rename(still.remote)
        until(lambda: one.ask("/readyz") == (200, "ready"), "readiness")
        assert one.end() == 0


def test_a_listener_needs_a_watch_and_a_secret_that_is_one(still: PipelineWorld) -> None:
    with watching(still) as one:
        assert one.process.wait(PATIENCE) == 2
    assert "--listen goes with --watch" in "".join(one.lines)


def test_two_replicas_land_each_transition_once(fleet: PipelineWorld) -> None:
    fleet.clock.time = int(time.time())
    fleet.govern({"governance/pipeline.yaml": pipeline_file(soak="1s", step="1s", bake="1s", judge="none")})
    other = fleet.beside()
    fleet.release("alice", TRIAGE, "1.0.0")
    with watching(fleet, "--watch", "1") as one, watching(other, "--watch", "1") as two:
        until(lambda: "share" in fleet.kinds(), "the canary")
        one.process.kill()  # the other one takes over, and begins to soak anew
        one.process.wait(PATIENCE)
        assert two.end() == 0
    kinds = [kind for kind in fleet.kinds() if kind not in ("checkpoint", "advance", "review")]
    assert kinds == ["release-seen", "stage", "pass", "canary", "share"]
    fleet.check()


@pytest.mark.slow
def test_the_real_prometheus_takes_its_metrics(still: PipelineWorld) -> None:
    if (tool := shutil.which("promtool")) is None:
        pytest.skip("promtool is not there: .ci/packages installs it")
    with watching(still, "--watch", "1") as one:
        still.release("alice", TRIAGE, "1.0.0")
        one.says("done stage")
        until(lambda: 'acts_total{kind="stage"}' in one.metrics(), "the count of acts")
        _, text = one.ask("/metrics")
        done = subprocess.run([tool, "check", "metrics"], input=text, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        assert one.end() == 0
