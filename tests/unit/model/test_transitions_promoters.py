"""Whose word opens a stage: distinct people, as many as it asks for, who may speak today, of this very release."""

from deploymentworld import Line, pipeline, release
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from agentgov.model.state import Deployment, Vote

V1, V2 = release("1.0.0"), release("1.1.0")
_PEOPLE = ("alice", "bob", "carol", "dave")  # alice signed both tags
_VOTE = st.builds(
    Vote,
    by=st.sampled_from(_PEOPLE),
    release=st.sampled_from([V1.tag, V2.tag]),
    stage=st.sampled_from(["canary", "production"]),
    seq=st.just(1),
)


def _at_the_gate(count: int) -> Line:
    """v1.1.0 has done its canary and stands before production, which asks for so many people."""
    line = Line(V1, V2, rules=pipeline(count=0))
    line.to_production(V1)
    line.to_canary(V2, step=len(line.rules.stage("canary").steps) - 1)
    line.wait()
    line.rules = pipeline(count=count)
    return line


_GATES = {count: _at_the_gate(count) for count in range(4)}


@given(st.sampled_from(sorted(_GATES)), st.lists(_VOTE, max_size=8), st.frozensets(st.sampled_from(_PEOPLE)))
def test_a_stage_opens_when_enough_people_who_may_still_speak_have_spoken(
    count: int, votes: list[Vote], may: frozenset[str]
) -> None:
    line = _GATES[count]
    before = line.at
    try:
        line.at = replace(before, votes=tuple(votes))
        line.may_promote = lambda vote: vote.by in may
        heard = {vote.by for vote in votes if (vote.release, vote.stage) == (V2.tag, "production")} & may
        outcome = line.attempt("graduate", V2)
        assert isinstance(outcome, Deployment) is (len(heard) >= count)
        if count >= 2 and heard <= {V2.by}:
            assert line.refusal("graduate", V2) == "transition.promoters"
        if isinstance(outcome, Deployment):  # what was said of this release is spent, and of no other
            assert all(vote.release != V2.tag for vote in outcome.votes)
    finally:
        line.at = before
