"""The promotion chain: what came through every stage has one, and every hole in it is found."""

from dataclasses import replace

import pytest
from deploymentworld import AGENT, Line, release

from agentgov.model.act import Act
from agentgov.model.state import Deployment, Release
from agentgov.release.chain import Chain, Step, promotion_chain

V1, V2 = release("1.0.0", authorised_at=1), release("2.0.0", authorised_at=2)
AGAIN = release("2.0.1", "2.0.0", authorised_at=2)  # another name for the content of V2


class Told(Line):
    """A line that keeps what was done."""

    def __init__(self, *releases: Release) -> None:
        super().__init__(*releases)
        self.acts: list[Act] = []

    def do(
        self, kind: str, one: Release | None = None, actor: str = "", people: int = 1, **values: str | tuple[str, ...]
    ) -> Deployment:
        self.acts.append(self.act(kind, one, actor, **values))
        return super().do(kind, one, actor, people, **values)

    def chain(self, one: Release, *, without: str = "", extra: Act | None = None) -> Chain:
        """The chain of a release, with one kind of its acts taken away, or with another act at the end."""
        kept = [act for act in self.acts if act.kind != without or act.get("Release").split(" ")[1] != one.tag]
        acts = [*kept, *([extra] if extra else [])]
        return promotion_chain([Step(n, f"{n:040x}", act) for n, act in enumerate(acts)], one, self.releases)


@pytest.fixture
def told() -> Told:
    """V1 and V2 went all the way."""
    line = Told(V1, V2, AGAIN)
    line.to_production(V1)
    line.to_production(V2)
    return line


def test_what_went_through_every_stage_tells_its_acts(told: Told) -> None:
    chain = told.chain(V2)
    assert chain.offence is None
    kinds = [step.act.kind for step in chain.steps]
    assert kinds == ["stage", "pass", "canary", "share", "share", "promote", "graduate", "settle"]
    assert chain.words.startswith("entered staging (act 8), passed staging (act 9), entered canary (act 10)")
    assert "went to production (act 14)" in chain.words


@pytest.mark.parametrize("kind", ["stage", "pass", "canary", "graduate"])
def test_no_stage_can_be_left_out(told: Told, kind: str) -> None:
    chain = told.chain(V2, without=kind)
    assert chain.offence is not None
    assert chain.offence.code == "promotion.skipped"
    assert chain.at is not None
    assert chain.at.act.get("Release").startswith(V2.name)


def test_act_bound_to_another_tag_object_commit_or_content_breaks_the_chain(told: Told) -> None:
    for value in (V2.tag, V2.commit, V2.closure):
        forged = told.act("settle", V2)
        fields = tuple((name, text.replace(value, "f" * 40)) for name, text in forged.fields)
        chain = told.chain(V2, extra=replace(forged, fields=fields))
        assert chain.offence is not None
        assert chain.offence.code == "promotion.bound"


def test_only_a_rollback_goes_down(told: Told) -> None:
    back = told.chain(V1, extra=told.act("rollback", V1))
    assert back.offence is None
    assert back.words.endswith("was returned to (act 16)")
    up = told.chain(V1, extra=told.act("rollback", AGAIN))
    assert up.offence is not None
    assert up.offence.code == "promotion.downgrade"


def test_new_name_for_content_that_runs_keeps_its_chain(told: Told) -> None:
    told.do("stage", AGAIN)
    chain = told.chain(AGAIN)
    assert chain.offence is None
    assert [step.act.kind for step in chain.steps].count("stage") == 2


def test_rollback_that_came_second_has_no_effect(told: Told) -> None:
    second = told.act("rollback", V1)
    told.do("rollback", V1)
    assert told.chain(V1, extra=second).offence is None


def test_content_that_failed_passes_staging_again_before_it_returns() -> None:
    line = Told(V1, V2)
    line.to_production(V1)
    line.to_canary(V2)
    line.do("fail", V2)
    assert line.chain(V2, extra=line.act("graduate", V2)).offence is not None
    line.do("clear", V2)
    assert line.chain(V2, extra=line.act("canary", V2)).offence is not None
    line.do("stage", V2, Leaves=V2.tag)
    line.wait()
    line.do("pass", V2)
    assert line.chain(V2, extra=line.act("canary", V2)).offence is None


def test_release_that_nothing_moved_has_no_chain(told: Told) -> None:
    assert told.chain(release("3.0.0")).steps == ()
    assert told.chain(release("3.0.0")).words == ""
    assert AGENT in V1.name


def test_a_retired_agent_comes_back_only_with_something_newer_that_went_through_every_stage(told: Told) -> None:
    newer = release("2.1.0", authorised_at=3)
    told.releases[newer.tag] = newer
    told.do("retire")
    told.do("hold", State="lifted")
    told.to_production(newer)
    assert told.chain(newer).offence is None
    old = told.act("graduate", V1)
    offence = told.chain(V1, extra=old).offence
    assert offence is not None
    assert offence.code == "promotion.skipped"
