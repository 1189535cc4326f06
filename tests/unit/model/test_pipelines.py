"""Which stages an agent goes through, by its risk and its labels."""

from collections.abc import Mapping

import pytest
from deploymentworld import pipeline

from agentgov.model.document import Risk
from agentgov.model.pipeline import Match, NamedPipeline, Pipeline, RollbackSettings, pipeline_for

STRICT, BATCH = pipeline(soak="2h").stages, pipeline(soak="1m").stages
FILE = Pipeline(
    stages=pipeline(soak="30m").stages,
    rollback=RollbackSettings(window="90d"),
    pipelines=(
        NamedPipeline(
            name="strict",
            match=Match(risk=("high", "critical")),
            stages=STRICT,
            rollback=RollbackSettings(window="7d"),
        ),
        NamedPipeline(name="batch", match=Match(labels={"tier": "batch", "env": "x"}), stages=BATCH),
    ),
)


@pytest.mark.parametrize(
    ("risk", "labels", "soak", "window"),
    [
        ("low", {}, "30m", "90d"),
        ("high", {}, "2h", "7d"),
        ("critical", {"tier": "batch", "env": "x"}, "2h", "7d"),  # the first that fits
        ("low", {"tier": "batch", "env": "x", "more": "y"}, "1m", "90d"),
        ("low", {"tier": "batch"}, "30m", "90d"),  # every label that is named
        ("low", {"tier": "online", "env": "x"}, "30m", "90d"),
    ],
)
def test_the_first_pipeline_that_fits_decides(risk: Risk, labels: Mapping[str, str], soak: str, window: str) -> None:
    found = pipeline_for(FILE, risk, labels)
    assert (found.stage("staging").soak, found.rollback.window) == (soak, window)
    assert found.freezes == FILE.freezes
    assert found.counts == FILE.counts
