"""Contents are authorised by reviews, not by commits."""

from simulator import PAYROLL, TRIAGE, FleetSimulator

PROMPT = f"{TRIAGE.folder}/prompts/system.md"


def test_introduction_verifies(world: FleetSimulator) -> None:
    found = world.verify()
    assert found.offence is None
    assert found.acts == 1


def test_unreviewed_change_is_pending(world: FleetSimulator) -> None:
    world.change("alice", {PROMPT: "Sort tickets by urgency and language.\n"})
    view = world.advance()
    assert list(view.state.pending) == [PROMPT]
    assert view.contents.read(PROMPT) == b"Sort tickets by urgency.\n"
    assert world.verify().offence is None


def test_reviewed_change_is_authorised_and_the_review_is_spent(world: FleetSimulator) -> None:
    commit = world.change("alice", {PROMPT: "Sort tickets by urgency and language.\n"})
    world.review("bob", commit)
    view = world.advance()
    assert view.state.pending == {}
    assert view.state.reviews() == {}
    assert view.contents.read(PROMPT) == b"Sort tickets by urgency and language.\n"
    assert world.verify().offence is None


def test_author_cannot_review_the_own_change(world: FleetSimulator) -> None:
    commit = world.change("alice", {PROMPT: "Sort tickets by urgency and language.\n"})
    world.review("alice", commit)
    assert list(world.advance().state.pending) == [PROMPT]


def test_review_after_the_merge_releases_a_pending_change(world: FleetSimulator) -> None:
    world.change("alice", {PROMPT: "Sort tickets by urgency and language.\n"})
    world.advance()
    world.change("carol", {"README.md": "Still not governed.\n"})
    world.review("bob")
    assert world.advance().state.pending == {}


def test_high_risk_takes_two_owners(world: FleetSimulator) -> None:
    path = f"{PAYROLL.folder}/prompts/system.md"
    commit = world.change("alice", {path: "Answer questions on payslips. Never guess.\n"})
    world.review("bob", commit)
    assert list(world.advance().state.pending) == [path]
    world.review("dave", commit)
    assert world.advance().state.pending == {}
    assert world.verify().offence is None
