"""Which of several pipelines an agent goes through: by what is authorised of it, for everybody who verifies."""

from pipelineworld import PipelineWorld, pipeline_file
from simulator import TRIAGE, agent_file

from agentgov.journal.pipelines import pipeline_of
from agentgov.model.names import AgentId

_BATCH = """pipelines:
  - name: batch
    match: {labels: {tier: batch}}
    stages:
      - {name: staging, environment: staging, soak: 12m}
      - {name: canary, environment: production, steps: [{share: 50%}], judge: none}
      - {name: production, environment: production}
"""


def test_a_label_chooses_once_it_is_authorised_and_not_before(shipped: PipelineWorld) -> None:
    shipped.govern({"governance/pipeline.yaml": pipeline_file() + _BATCH})
    text = agent_file(TRIAGE, team="support").replace("{name: triage}", "{name: triage, labels: {tier: batch}}")
    commit = shipped.change("alice", {TRIAGE.file: text})
    view = shipped.advance(commit)
    assert view.state.pending
    assert pipeline_of(view, TRIAGE).stage("staging").soak == "5m"
    shipped.review("bob", commit)
    view = shipped.advance(commit)
    assert pipeline_of(view, TRIAGE).stage("staging").soak == "12m"
    assert pipeline_of(view, AgentId("support", "nobody")).stage("staging").soak == "5m"
    shipped.release("alice", TRIAGE, "1.1.0")
    shipped.until(lambda at: at.staging.state == "SOAKING")
    shipped.run(4)
    assert shipped.at().staging.state == "SOAKING"  # four minutes were observed
    shipped.until(lambda at: at.canary.state == "RAMP", most=20)
    assert shipped.at().canary.share == 50_000
    shipped.check()
