"""Sessions of which a run took too long, by the bounds that the judge of a canary names."""

import pytest

from agentgov.model.pipeline import Judge, Match, Metric, NamedPipeline, Pipeline, Stage, pipeline_for, slow_bounds
from agentgov.model.units import parse_milliseconds
from agentgov.runtime.telemetry.counting import Span
from agentgov.runtime.telemetry.sessions import heard_of


def pipeline(bound: str) -> tuple[Stage, ...]:
    metrics = {"error": Metric(), "latency": Metric(slower_than=bound)}
    return (
        Stage("staging", "staging"),
        Stage("canary", "production", judge=Judge(metrics)),
        Stage("production", "production"),
    )


def test_bounds_are_those_of_the_pipeline_that_an_agent_goes_through() -> None:
    high = NamedPipeline("high", Match(risk=("high",)), pipeline("800ms"))
    whole = Pipeline(pipeline("30s"), pipelines=(high,))
    assert slow_bounds(pipeline_for(whole, "high", {})) == {"latency": 800}
    assert slow_bounds(pipeline_for(whole, "low", {})) == {"latency": 30_000}
    assert slow_bounds(Pipeline((Stage("canary", "production", judge="none"),))) == {}


@pytest.mark.parametrize("text", ["", "ms", "1.5s", "-1ms", "1 ms", "\u0661ms"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="duration"):
        parse_milliseconds(text)


def test_one_slow_run_makes_a_session_bad_and_what_was_not_timed_says_nothing() -> None:
    def told(*took: int | None) -> dict[str, bool]:
        spans = [Span(bytes([number]), session=b"s", took=one) for number, one in enumerate(took)]
        return heard_of(spans, (), {}, {"latency": 800, "patience": 900})[b"s"].told

    assert told(800, 20) == {"latency": False, "patience": False}
    assert told(801, 20, None) == {"latency": True, "patience": False}
    assert told(5, 901) == {"latency": True, "patience": True}
    assert told(None) == {}
