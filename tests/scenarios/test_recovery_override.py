"""Administrators let something through without its reviews: bound, spent, shown for ever, and reviewed in the end."""

from dataclasses import replace

import hostile
import pytest
from simulator import PAYROLL, TRIAGE, FleetSimulator, access_file

from agentgov.errors import RefusedError
from agentgov.journal.draft import Draft, sign
from agentgov.journal.overriding import overrides_of
from agentgov.journal.query import acts_on
from agentgov.journal.recovery import write_confirm, write_override, write_release_override
from agentgov.journal.reviewing import reviewable
from agentgov.journal.view import View
from agentgov.model.names import ReleaseName
from agentgov.release.examine import examine_tag
from agentgov.release.tagging import make_release

PROMPT = f"{TRIAGE.folder}/prompts/system.md"
PAY_PROMPT = f"{PAYROLL.folder}/prompts/system.md"
DAY = 86_400


def two(world: FleetSimulator) -> None:
    """From now on two administrators are the threshold."""
    keys = {name: signer.public_key for name, signer in world.signers.items()}
    world.commit("carol", {"governance/access.yaml": access_file(keys, threshold=2)})
    world.review("carol")
    world.advance()


def override(world: FleetSimulator, *who: str, commit: str = "", due: int = 0, **changes: object) -> Draft:
    """An override of everything that a commit lacks, signed by these people."""
    commit = commit or world.head()
    view = world.view()
    found = reviewable(view, commit)
    act = write_override(view, world.actor(who[0]), found, commit, due=due, now=world.clock(), reason="It burns.")
    return sign(replace(act, **changes), *(world.signers[one] for one in who))  # type: ignore[arg-type]


def confirm(world: FleetSimulator, who: str, wanted: str = "") -> View:
    view = world.view()
    wanted = wanted or str(overrides_of(view)[-1].record.seq)
    act = write_confirm(view, world.actor(who), wanted, now=world.clock(), reason="Looked at it.")
    return world.append(sign(act, world.signers[who]), by=who)


def cold(world: FleetSimulator) -> View:
    found = world.verify()
    assert found.offence is None, found.offence
    assert found.view is not None
    return found.view


def content(view: View, path: str = PROMPT) -> str:
    entry = view.repo.entry(view.authorised, path)
    assert entry is not None
    return view.repo.blob(entry.oid).decode()


def test_two_administrators_let_one_content_through(local: FleetSimulator) -> None:
    two(local)
    local.commit("alice", {PROMPT: "Urgent.\n"})
    before = local.advance()
    assert PROMPT in before.state.pending
    with pytest.raises(RefusedError, match=r"authority\.threshold"):
        local.append(override(local, "carol"), by="carol")
    with pytest.raises(RefusedError, match=r"authority\.permission"):
        local.append(override(local, "carol", "alice"), by="carol")
    local.append(override(local, "carol", "dave"), by="carol")
    verdict = reviewable(local.view(), local.head()).verdict
    assert [(path.state, path.overridden) for path in verdict.paths] == [("pass", ("carol", "dave"))]
    assert "overridden by carol, dave" in verdict.paths[0].message
    after = local.advance()
    assert content(after) == "Urgent.\n"
    (shown,) = overrides_of(cold(local), TRIAGE)
    assert (shown.record.by, shown.record.used, shown.record.left) == (("carol", "dave"), True, ())
    assert shown.words == f"{PROMPT} overridden by carol and dave in act {shown.record.seq}"
    assert overrides_of(after, PAYROLL) == []
    assert "override" in [one.act.kind for one in acts_on(local.repo, after.tip, TRIAGE)]
    assert "override" not in [one.act.kind for one in acts_on(local.repo, after.tip, PAYROLL)]


def test_it_is_bound_to_the_content_and_spent_by_the_advance(local: FleetSimulator) -> None:
    two(local)
    first = local.commit("alice", {PROMPT: "Urgent.\n"})
    draft = override(local, "carol", "dave")
    local.append(draft, by="carol")
    local.commit("alice", {PROMPT: "Urgent, and more.\n"})
    assert content(local.advance()) == "Sort tickets by urgency.\n"
    assert content(local.advance(first)) == "Urgent.\n"
    local.commit("alice", {PROMPT: "Sort tickets by urgency.\n"})
    local.review("bob")
    assert content(local.advance()) == "Sort tickets by urgency.\n"
    local.commit("alice", {PROMPT: "Urgent.\n"})  # the very same step again
    assert content(local.advance()) == "Sort tickets by urgency.\n"
    assert len(local.append(draft, by="carol").state.overrides()) == 1  # the same text lands once
    assert content(local.advance()) == "Sort tickets by urgency.\n"


def test_who_objects_is_passed_over_and_named(local: FleetSimulator) -> None:
    two(local)
    local.commit("alice", {PROMPT: "Urgent.\n"})
    local.review("bob", verdict="request-changes")
    assert reviewable(local.view(), local.head()).verdict.state == "blocked"
    local.append(override(local, "carol", "dave"), by="carol")
    (path,) = reviewable(local.view(), local.head()).verdict.paths
    assert path.state == "pass"
    assert "though bob asked for changes" in path.message


def test_a_content_that_has_its_reviews_needs_none_and_does_not_use_it_up(local: FleetSimulator) -> None:
    two(local)
    local.commit("alice", {PROMPT: "Urgent.\n"})
    local.append(override(local, "carol", "dave"), by="carol")
    local.review("bob")
    (path,) = reviewable(local.view(), local.head()).verdict.paths
    assert path.overridden == ()
    local.advance()
    (shown,) = overrides_of(cold(local))
    assert (shown.record.used, shown.record.left) == (False, ())


def test_the_governance_set_is_never_overridden(local: FleetSimulator) -> None:
    two(local)
    local.commit("alice", {"agentgov.yaml": (local.work / "agentgov.yaml").read_text() + "# more\n"})
    with pytest.raises(RefusedError, match="governance set"):
        override(local, "carol", "dave")
    view = local.view()
    path = next(iter(reviewable(view, local.head()).change.paths))
    value = f'{path.old} {path.new} "{path.path}"'
    forged = hostile.write(local, "carol", "override", [("Path", value)])
    forged = Draft(forged.act, (*forged.signatures, *sign(forged.act, local.signers["dave"]).signatures))
    with pytest.raises(RefusedError, match=r"override\.governance"):
        local.append(forged, by="carol")


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ([], "override.words"),
        ([("Path", "a b c")], "override.words"),
        ([("Agent", "support/triage"), ("Release", "support/triage/v1.0.0 a b c")], "override.words"),
        (
            [("Agent", "finance/payroll"), ("Release", "support/triage/v1.0.0 " + "a" * 40 + " " + "b" * 40)],
            "override.words",
        ),
    ],
)
def test_an_override_says_what_it_lets_through(local: FleetSimulator, fields: list[tuple[str, str]], code: str) -> None:
    with pytest.raises(RefusedError, match=code.replace(".", r"\.")):
        local.append(hostile.write(local, "carol", "override", fields), by="carol")


# --- one administrator -----------------------------------------------------------------------------------------------


def test_one_administrator_owes_a_follow_up_review_within_a_week(local: FleetSimulator) -> None:
    keys = {name: signer.public_key for name, signer in local.signers.items()}
    lines = access_file(keys).splitlines(keepends=True)
    local.commit("carol", {"governance/access.yaml": "".join(line for line in lines if "team:security]" not in line)})
    local.review("carol")
    local.advance()
    local.commit("alice", {PROMPT: "Urgent.\n"})
    now = local.view().state.head.time
    for due in (0, now, now + 8 * DAY):
        with pytest.raises(RefusedError, match=r"override\.follow-up"):
            local.append(override(local, "carol", due=due), by="carol")
    local.append(override(local, "carol", due=now + DAY), by="carol")
    with pytest.raises(RefusedError, match=r"confirm\.nothing"):
        confirm(local, "dave")  # nothing passed by it yet: that would be a review
    local.advance()
    for who, code in (("carol", "own"), ("alice", "own"), ("erin", "permission")):
        with pytest.raises(RefusedError, match=rf"confirm\.{code}"):
            confirm(local, who)
    assert overrides_of(local.view())[0].words.endswith("its follow-up review is due")
    confirm(local, "bob")
    assert overrides_of(cold(local))[0].words.endswith("confirmed since")
    with pytest.raises(RefusedError, match=r"confirm\.nothing"):
        confirm(local, "dave")
    with pytest.raises(RefusedError, match="no override 99"):
        confirm(local, "dave", "99")


def test_two_administrators_owe_none_though_one_would_do(local: FleetSimulator) -> None:
    local.commit("alice", {PROMPT: "Urgent.\n"})
    local.append(override(local, "carol", "dave"), by="carol")
    local.advance()
    with pytest.raises(RefusedError, match=r"confirm\.nothing"):
        confirm(local, "bob")


def test_overdue_holds_what_it_touched_and_nothing_else_until_it_is_confirmed(world: FleetSimulator) -> None:
    world.commit("alice", {PROMPT: "Urgent.\n"})
    world.push()
    world.append(override(world, "carol", due=world.view().state.head.time + 3600), by="carol")
    world.advance()
    world.release("alice", TRIAGE, "1.0.0")
    world.release("alice", PAYROLL, "1.0.0")
    world.clock.pass_(2 * 3600)
    report = world.tick()
    assert any(one.rule == "override.overdue" for one in report.notes)
    for _ in range(7):
        report = world.tick()
    assert report.view.state.deployment(TRIAGE).staging.state == "PASSED"
    assert report.view.state.deployment(TRIAGE).canary.state == "NONE"
    assert report.view.state.deployment(PAYROLL).canary.state == "RAMP"
    assert any("override" in wait.message for wait in report.decisions[TRIAGE].waits)
    confirm(world, "bob")
    world.tick()
    assert world.tick().view.state.deployment(TRIAGE).canary.state == "RAMP"
    assert cold(world).state.deployment(TRIAGE).canary.state == "RAMP"


# --- releases --------------------------------------------------------------------------------------------------------


def test_a_release_is_let_through_and_passes_every_stage(world: FleetSimulator) -> None:
    commit = world.change("alice", {PROMPT: "Urgent.\n"})
    name = ReleaseName(TRIAGE, "1.0.0")
    with pytest.raises(RefusedError, match=r"tag\.closure"):
        make_release(world.view(), world.actor("alice"), name, commit, now=world.clock())
    made = make_release(world.view(), world.actor("alice"), name, commit, now=world.clock(), for_override=True)
    world.push(name.ref)
    refused = world.tick()
    assert [one.rule for one in refused.refused] == ["tag.closure"]
    view, bound = world.view(), (made.oid, commit, made.release.closure)
    due = view.state.head.time + DAY
    act = write_release_override(
        view, world.actor("carol"), name, bound, due=due, now=world.clock(), reason="It burns."
    )
    other = replace(
        act, fields=(*act.fields[:1], ("Release", act.get("Release").replace(commit, "b" * 40)), *act.fields[2:])
    )
    assert other != act
    world.append(sign(act, world.signers["carol"]), by="carol")
    seen = world.tick().view
    release = seen.state.release(name)
    assert release is not None
    (shown,) = overrides_of(seen, TRIAGE)
    assert (release.authorised_at, shown.record.used) == (shown.record.seq, True)
    _, points = examine_tag(seen, name, made.oid, True)
    assert "without its reviews" in " ".join(point.reason.message for point in points)
    assert "override.used" in [point.reason.rule for point in points]
    assert content(seen) == "Sort tickets by urgency.\n"  # the contents themselves stay pending
    staged = world.tick().view
    assert staged.state.deployment(TRIAGE).staging.state == "SOAKING"
    assert cold(world).state.release(name) == release


def test_an_override_of_another_tag_object_lets_nothing_through(world: FleetSimulator) -> None:
    commit = world.change("alice", {PROMPT: "Urgent.\n"})
    name = ReleaseName(TRIAGE, "1.0.0")
    made = make_release(world.view(), world.actor("alice"), name, commit, now=world.clock(), for_override=True)
    world.push(name.ref)
    view, bound = world.view(), ("a" * 40, commit, made.release.closure)
    due = view.state.head.time + DAY
    act = write_release_override(view, world.actor("carol"), name, bound, due=due, now=world.clock(), reason="x")
    world.append(sign(act, world.signers["carol"]), by="carol")
    assert [one.rule for one in world.tick().refused] == ["tag.closure"]
