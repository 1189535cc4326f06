"""The law asks for results before each stage, and for nothing where a content only gets another name, or goes back."""

from dataclasses import replace

import pytest
from deploymentworld import Line, release

from agentgov.model.evidence import StageName
from agentgov.model.state import Deployment, Release
from agentgov.model.transitions import Refusal, apply_to_deployment

V1, V2 = release("1.0.0"), release("1.1.0")
AGAIN = release("1.1.1", "1.1.0")


@pytest.fixture
def line() -> Line:
    """v1.0.0 runs."""
    found = Line(V1, V2, AGAIN)
    found.to_production(V1)
    return found


def lacking(line: Line, kind: str, one: Release, stage: StageName, **values: str) -> Deployment | Refusal:
    """What an act comes to where one stage has nothing of what it asks for."""
    setting = replace(line.setting(), missing_evidence=lambda _, asked: ("eval a",) if asked == stage else ())
    return apply_to_deployment(line.act(kind, one, **values), line.at, setting)


def test_no_act_passes_over_what_is_missing_before_its_stage(line: Line) -> None:
    def refused(kind: str, stage: StageName) -> None:
        found = lacking(line, kind, V2, stage)
        assert isinstance(found, Refusal), kind
        assert (found.code, found.message) == ("transition.evidence", f"{V2.name} lacks eval a")
        others: set[StageName] = {"staging", "pass", "canary", "production"}
        for other in others - {stage}:
            assert isinstance(lacking(line, kind, V2, other), Deployment)

    refused("stage", "staging")
    line.do("stage", V2)
    line.wait()
    refused("pass", "pass")
    line.do("pass", V2)
    refused("canary", "canary")
    line.do("canary", V2)
    for _ in range(2):
        line.wait()
        assert isinstance(lacking(line, "share", V2, "canary"), Deployment)
        line.do("share", V2)
    line.wait()
    refused("graduate", "production")


def test_another_name_for_a_content_asks_for_nothing(line: Line) -> None:
    line.do("stage", V2)
    assert isinstance(lacking(line, "stage", AGAIN, "staging"), Deployment)
    line.wait()
    line.do("pass", V2)
    line.do("canary", V2)
    assert isinstance(lacking(line, "stage", AGAIN, "staging"), Deployment)


@pytest.mark.parametrize("stage", ["staging", "canary", "production"])
def test_the_way_back_asks_for_nothing(line: Line, stage: StageName) -> None:
    line.to_production(V2)
    assert isinstance(lacking(line, "rollback", V1, stage), Deployment)
