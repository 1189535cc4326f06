"""Attacks on what governs: who may change it, and when a change of it has effect (P1-P11, K10)."""

import gitworld
import hostile
import pytest
from simulator import FLEET, FLEET_YAML, PAYROLL, TRIAGE, FleetSimulator, access_file, agent_file

from agentgov.journal.advancing import propose_advance

ACCESS, CODEOWNERS, WORKFLOW = "governance/access.yaml", ".github/CODEOWNERS", ".github/workflows/agentgov.yml"
PROMPT = f"{TRIAGE.folder}/prompts/system.md"
TONE = "agents/support/shared/tone.md"
VIP = "agents/support/vip"


def keys(world: FleetSimulator) -> dict[str, str]:
    """Everybody's public key."""
    return {name: signer.public_key for name, signer in world.signers.items()}


def pending(world: FleetSimulator) -> list[str]:
    """What is pending at the tip of main, after a cold verification of what was written."""
    view = world.advance()
    assert hostile.code(world, view.tip) == "accept"
    return list(view.state.pending)


def raise_threshold(world: FleetSimulator) -> None:
    """From now on governance takes two administrators."""
    world.commit("carol", {ACCESS: access_file(keys(world), threshold=2)})
    world.review("carol")
    assert pending(world) == []


def why(world: FleetSimulator, path: str) -> str:
    """The sentence on a path that is pending."""
    verdict = propose_advance(world.view(), world.head()).verdict
    return next(one.message for one in verdict.paths if one.change.path == path)


def test_author_may_be_one_of_the_administrators(local: FleetSimulator) -> None:
    raise_threshold(local)
    assert local.view().governance.access.administrators.threshold == 2


@pytest.mark.attack("P2")
def test_one_signature_below_the_threshold_has_no_effect(local: FleetSimulator) -> None:
    raise_threshold(local)
    local.commit("carol", {ACCESS: access_file(keys(local), threshold=1)})
    local.review("carol")
    assert pending(local) == [ACCESS]
    assert local.view().governance.access.administrators.threshold == 2
    local.review("dave")
    assert pending(local) == []
    assert local.view().governance.access.administrators.threshold == 1


@pytest.mark.attack("P8")
def test_two_keys_of_one_person_are_one_signature(local: FleetSimulator) -> None:
    raise_threshold(local)
    hostile.stranger(local, "carol-2")
    two = access_file(keys(local), threshold=2).replace(
        f'keys: ["{local.signers["carol"].public_key}"]',
        f'keys: ["{local.signers["carol"].public_key}", "{local.signers["carol-2"].public_key}"]',
    )
    local.commit("carol", {ACCESS: two})
    for who in ("carol", "dave"):
        local.review(who)
    assert pending(local) == []
    local.commit("erin", {ACCESS: two.replace("threshold: 2", "threshold: 1")})
    for who in ("carol", "carol-2"):
        local.review(who)
    assert pending(local) == [ACCESS]


@pytest.mark.attack("P1")
def test_change_is_judged_by_the_governance_before_it(local: FleetSimulator) -> None:
    rights = access_file(keys(local)).replace("who: [team:security], agents", "who: [erin, alice], agents")
    local.commit("alice", {CODEOWNERS: "* @sim/security\n", ACCESS: rights, PROMPT: "Obey me.\n"})
    for who in ("alice", "erin"):
        local.review(who)
    assert set(pending(local)) == {CODEOWNERS, ACCESS, PROMPT}


@pytest.mark.attack("P1")
def test_new_owner_decides_only_after_the_change_of_owners_is_authorised(local: FleetSimulator) -> None:
    local.commit("alice", {CODEOWNERS: "* @sim/platform\n/agents/support/ @sim/security\n", PROMPT: "Sort.\n"})
    local.review("bob")
    local.review("carol")
    assert pending(local) == [PROMPT]  # governance moved first, and bob is no owner any more
    local.review("erin")
    assert pending(local) == []


@pytest.mark.attack("P3")
def test_governance_set_back_under_its_old_reviews(local: FleetSimulator) -> None:
    raise_threshold(local)
    old = access_file(keys(local), threshold=2)
    new = old.replace("members: [erin]", "members: [erin, dave]")
    local.commit("carol", {ACCESS: new})
    for who in ("carol", "dave"):
        local.review(who)
    assert pending(local) == []
    assert local.view().state.reviews() == {}
    local.commit("carol", {ACCESS: old})
    assert pending(local) == [ACCESS]
    local.commit("carol", {ACCESS: new})
    assert pending(local) == []  # back to what is authorised: nothing to decide
    local.commit("carol", {ACCESS: old})
    local.review("carol")
    assert pending(local) == [ACCESS]


@pytest.mark.attack("P4")
def test_content_set_back_and_forth_under_a_spent_review(local: FleetSimulator) -> None:
    before, after = "Sort tickets by urgency.\n", "Sort tickets by age.\n"
    local.commit("alice", {PROMPT: after})
    local.review("bob")
    assert pending(local) == []
    local.commit("alice", {PROMPT: before})
    assert pending(local) == [PROMPT]
    local.review("bob")
    assert pending(local) == []
    local.commit("alice", {PROMPT: after})
    assert pending(local) == [PROMPT]


def test_review_of_an_older_base_dies_when_the_base_moves(local: FleetSimulator) -> None:
    local.commit("alice", {PROMPT: "Obey me.\n"})
    local.review("bob")  # of the first content, never taken over
    local.commit("alice", {PROMPT: "Sort by age.\n"})
    local.review("bob")
    assert pending(local) == []
    local.commit("alice", {PROMPT: "Sort tickets by urgency.\n"})
    local.review("bob")
    assert pending(local) == []
    local.commit("alice", {PROMPT: "Obey me.\n"})  # from the very base of the first review
    assert pending(local) == [PROMPT]


@pytest.mark.attack("P5", "P6")
@pytest.mark.parametrize(
    "path", ["CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS", WORKFLOW, ".gitlab-ci.yml", "governance/new.yaml"]
)
def test_every_place_that_could_govern_takes_administrators(local: FleetSimulator, path: str) -> None:
    local.commit("alice", {path: "* @sim/support\n"})
    for who in ("alice", "bob", "erin"):
        local.review(who)
    assert pending(local) == [path]
    assert local.view().governance.codeowners_file == CODEOWNERS
    local.review("dave")
    assert pending(local) == []


@pytest.mark.attack("P7")
@pytest.mark.parametrize("threshold", [0, -1, 3])
def test_threshold_that_nobody_or_everybody_meets(local: FleetSimulator, threshold: int) -> None:
    local.commit("carol", {ACCESS: access_file(keys(local), threshold=threshold)})
    for who in ("carol", "dave"):
        local.review(who)
    assert pending(local) == [ACCESS]
    assert local.view().governance.access.administrators.threshold == 1
    assert "needs" not in why(local, ACCESS)


@pytest.mark.attack("P9")
@pytest.mark.parametrize("path", [ACCESS, "agentgov.yaml", "governance/pipeline.yaml"])
def test_deleted_governance_file_changes_nothing(local: FleetSimulator, path: str) -> None:
    local.commit("carol", {path: None})
    for who in ("carol", "dave"):
        local.review(who)
    assert pending(local) == [path]
    assert "cannot be read" in why(local, path)
    assert local.view().governance.fleet.id == FLEET


def test_governance_as_a_symlink_changes_nothing(local: FleetSimulator) -> None:
    oid = local.repo.write_blob(b"../agents/support/triage/prompts/system.md")
    gitworld.git(local.work, "update-index", "--cacheinfo", f"120000,{oid},{ACCESS}")
    gitworld.git(local.work, "commit", "-qm", "link")
    assert pending(local) == [ACCESS]


def test_fleet_never_changes_its_id(local: FleetSimulator) -> None:
    other = FLEET.replace("6f0c", "7f0c")
    local.commit("carol", {"agentgov.yaml": FLEET_YAML.replace(FLEET, other)})
    for who in ("carol", "dave"):
        local.review(who)
    assert pending(local) == ["agentgov.yaml"]
    assert "id of a fleet never changes" in why(local, "agentgov.yaml")


def test_governance_moves_as_one_unit(local: FleetSimulator) -> None:
    raise_threshold(local)
    first = local.commit("carol", {WORKFLOW: "on: push\n"})
    local.review("carol", first)
    local.review("dave", first)
    local.commit("alice", {CODEOWNERS: "* @sim/support\n"})
    assert pending(local) == [CODEOWNERS, WORKFLOW]
    local.commit("carol", {CODEOWNERS: local.view().governance.codeowners})
    assert pending(local) == []


@pytest.mark.attack("P10")
def test_lowered_risk_needs_the_reviews_of_the_higher_one(local: FleetSimulator) -> None:
    local.commit("alice", {PAYROLL.file: agent_file(PAYROLL, team="finance", risk="low")})
    local.review("bob")
    assert pending(local) == [PAYROLL.file]
    local.review("dave")
    assert pending(local) == []


def shared(name: str, risk: str) -> str:
    """An agent.yaml that names the shared text."""
    text = agent_file(TRIAGE, team="support", risk=risk).replace("triage", name)
    return text.replace("{file: prompts/system.md}", "{file: prompts/system.md}, partials: [../shared/tone.md]")


def with_shared_text(world: FleetSimulator) -> None:
    """Two agents name one text; one of them is critical, and neither has tools."""
    tools = "  tools: [{name: tickets.read, effect: read}]\n"
    files = {
        TONE: "Be kind.\n",
        TRIAGE.file: shared("triage", "low").replace(tools, ""),
        f"{VIP}/agent.yaml": shared("vip", "critical").replace(tools, ""),
        f"{VIP}/prompts/system.md": "Serve.\n",
    }
    world.commit("carol", dict(files))
    for who in ("alice", "bob", "erin"):
        world.review(who)
    assert pending(world) == []


@pytest.mark.attack("P11")
def test_shared_text_is_judged_by_the_critical_agent_that_names_it(local: FleetSimulator) -> None:
    with_shared_text(local)
    local.commit("carol", {TONE: "Be rude.\n"})
    local.review("bob")
    assert pending(local) == [TONE]
    local.review("alice")
    assert pending(local) == []


@pytest.mark.attack("P11")
def test_shared_text_is_judged_by_the_agent_that_stops_naming_it_in_the_same_change(local: FleetSimulator) -> None:
    with_shared_text(local)
    local.commit(
        "carol", {TONE: "Be rude.\n", f"{VIP}/agent.yaml": agent_file(TRIAGE, team="support").replace("triage", "vip")}
    )
    local.review("bob")
    assert TONE in pending(local)


def test_act_under_governance_of_long_ago_is_refused(local: FleetSimulator) -> None:
    old = local.view().state.head.governance
    for members in ("[erin, dave]", "[erin, carol]"):
        text = access_file(keys(local)).replace("members: [erin]", f"members: {members}")
        local.commit("carol", {ACCESS: text})
        local.review("carol")
        assert pending(local) == []
    head = local.view().state.head
    assert old not in (head.governance, head.previous_governance)
    honest = hostile.honest(local)
    forged = hostile.with_act(local, honest, hostile.pause(local, governance=old).act)
    assert hostile.code(local, forged) == "act.governance"
    late = hostile.prepare(local, hostile.pause(local, governance=head.previous_governance))
    assert hostile.code(local, late) == "accept"


def test_governance_and_contents_of_one_merge_take_two_steps(local: FleetSimulator) -> None:
    team = access_file(keys(local)).replace("members: [alice, bob], handles", "members: [alice, erin], handles")
    local.commit("alice", {ACCESS: team, PROMPT: "Sort.\n"})
    local.review("carol")
    local.review("bob")
    assert pending(local) == [PROMPT]  # bob left the team in the same merge
    local.review("erin")
    assert pending(local) == []
