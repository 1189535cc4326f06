"""docs/reviews.md names every key of review rules, facts and policy, and every reason why a review does not count."""

from pathlib import Path

import pytest

from agentgov.model.fleet import ReviewRule, Reviews, When
from agentgov.review.facts import (
    BrokenGlass,
    ChangedFile,
    Commit,
    ExtraRule,
    Facts,
    Policy,
    PullRequest,
    SubmittedReview,
)
from agentgov.review.votes import Why

PAGE = (Path(__file__).parents[3] / "docs/reviews.md").read_text("utf-8")
TYPES = (Facts, PullRequest, Commit, ChangedFile, SubmittedReview, BrokenGlass, ExtraRule, Policy)


@pytest.mark.parametrize("name", sorted({name for told in TYPES for name in told.__struct_fields__}))
def test_every_key_of_a_facts_file_is_there(name: str) -> None:
    assert f"`{name}`" in PAGE or f"{name}," in PAGE or f"{name}}}" in PAGE or f"{{{name}" in PAGE


@pytest.mark.parametrize("why", [str(why) for why in Why])
def test_every_reason_is_there(why: str) -> None:
    assert f"`{why}`" in PAGE


@pytest.mark.parametrize("name", [*Reviews.__struct_encode_fields__, *ReviewRule.__struct_encode_fields__])
def test_every_key_of_the_rules_is_there(name: str) -> None:
    assert name in ("rules", "when") or f"`{name}" in PAGE


@pytest.mark.parametrize("name", When.__struct_encode_fields__)
def test_every_condition_is_there(name: str) -> None:
    assert f"`when.{name}`" in PAGE
