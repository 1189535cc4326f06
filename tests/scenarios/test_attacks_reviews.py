"""Attacks on reviews: stale, one's own, replayed, expired, by somebody who left (A1-A3, A5, A9-A11)."""

import json
from dataclasses import replace

import gitworld
import hostile
import pytest
from simulator import FLEET_YAML, PAYROLL, TRIAGE, FleetSimulator, access_file

from agentgov.errors import RefusedError
from agentgov.journal.draft import Draft, sign
from agentgov.journal.reviewing import draft_review, reviewable

PROMPT = f"{TRIAGE.folder}/prompts/system.md"
PAY_PROMPT = f"{PAYROLL.folder}/prompts/system.md"
DAY = 86_400
FIRST, SECOND = "Sort by age.\n", "Sort by name.\n"


def pending(world: FleetSimulator) -> list[str]:
    """What is pending at the tip of main, after a cold verification of what was written."""
    view = world.advance()
    assert hostile.code(world, view.tip) == "accept"
    return list(view.state.pending)


def review_of(world: FleetSimulator, who: str, commit: str = "") -> Draft:
    """A signed review that nobody has appended yet."""
    commit, view = commit or world.head(), world.view()
    return draft_review(view, world.actor(who), reviewable(view, commit), "approve", commit=commit, now=world.clock())


def uncounted(world: FleetSimulator) -> set[tuple[str, str]]:
    """Whose review of what is at main does not count, and why."""
    verdict = reviewable(world.view(), world.head()).verdict
    return {(one.person, one.reason) for path in verdict.paths for one in path.uncounted}


@pytest.mark.attack("A1")
def test_push_after_the_review_makes_it_stale_for_that_path(local: FleetSimulator) -> None:
    local.commit("alice", {PROMPT: FIRST, f"{TRIAGE.folder}/prompts/more.md": "More.\n"})
    local.review("bob")
    local.commit("alice", {PROMPT: SECOND})
    assert pending(local) == [PROMPT]
    assert uncounted(local) == {("bob", "stale")}


@pytest.mark.attack("A1")
def test_any_push_makes_a_review_stale_for_the_agent_and_for_no_other(tmp_path_factory: pytest.TempPathFactory) -> None:
    rules = FLEET_YAML.replace("reviews:\n", "reviews:\n  stale: any-push\n")
    world = FleetSimulator(tmp_path_factory.mktemp("strict") / "w", files={"agentgov.yaml": rules}, remote=False)
    world.introduce()
    more = f"{TRIAGE.folder}/prompts/more.md"
    world.commit("alice", {PROMPT: FIRST, PAY_PROMPT: FIRST})
    world.review("bob")
    world.review("dave")
    world.commit("alice", {more: "More.\n"})
    assert pending(world) == [more, PROMPT]


@pytest.mark.attack("A3")
def test_author_cannot_review(local: FleetSimulator) -> None:
    local.commit("bob", {PROMPT: FIRST})
    local.review("bob")
    assert pending(local) == [PROMPT]
    assert uncounted(local) == {("bob", "author")}


COMMITS = {
    "committer": (("alice", "alice@sim.example"), ("bob", "bob@sim.example"), "change"),
    "upper case": (("bob", "BOB@Sim.Example"), ("alice", "alice@sim.example"), "change"),
    "co-author": (
        ("alice", "alice@sim.example"),
        ("alice", "alice@sim.example"),
        "x\n\nCo-authored-by: B <bob@sim.example>",
    ),
    "co-author, odd": (
        *(("alice", "alice@sim.example"), ("alice", "alice@sim.example")),
        "x\r\n\r\nCO-AUTHORED-BY : bob@sim.example (Bob)\r\n\r\nmore words",
    ),
    "second address": (("bob", "bob@home.example"), ("bob", "bob@home.example"), "change"),
    "forge's address": (("bob", "4711+bob-gh@users.noreply.github.com"), ("GitHub", "noreply@github.com"), "change"),
}


def with_accounts(world: FleetSimulator) -> None:
    """Bob has a second address and an account on a forge."""
    keys = {name: signer.public_key for name, signer in world.signers.items()}
    text = access_file(keys).replace(
        "emails: [bob@sim.example]", "emails: [bob@sim.example, bob@home.example], github: {login: bob-gh, id: 4711}"
    )
    world.commit("carol", {"governance/access.yaml": text})
    world.review("carol")
    assert pending(world) == []


@pytest.mark.attack("A3")
@pytest.mark.parametrize("how", COMMITS)
def test_whoever_wrote_it_in_any_role_cannot_review(local: FleetSimulator, how: str) -> None:
    with_accounts(local)
    author, committer, message = COMMITS[how]
    gitworld.write_files(local.work, {PROMPT: FIRST})
    env = gitworld.environment(local.clock.time, *committer)
    env |= {"GIT_AUTHOR_NAME": author[0], "GIT_AUTHOR_EMAIL": author[1]}
    gitworld.git(local.work, "commit", "-qa", "--cleanup=verbatim", "-m", message, env=env)
    local.review("bob")
    assert pending(local) == [PROMPT]
    assert uncounted(local) == {("bob", "author")}


@pytest.mark.attack("A3")
def test_signer_of_a_commit_cannot_review_it(local: FleetSimulator) -> None:
    local.commit("alice", {PROMPT: FIRST})
    payload = hostile.payload_of(local, local.head())
    signed = hostile.sealed(local, payload, by="bob")
    gitworld.git(local.work, "update-ref", "refs/heads/main", signed)
    local.review("bob")
    assert uncounted(local) == {("bob", "author")}


def test_author_of_any_commit_since_it_was_authorised_cannot_review(local: FleetSimulator) -> None:
    local.commit("bob", {PROMPT: FIRST})
    assert pending(local) == [PROMPT]
    local.commit("alice", {PROMPT: SECOND})
    assert pending(local) == [PROMPT]
    local.review("bob")
    assert pending(local) == [PROMPT]
    assert uncounted(local) == {("bob", "author")}


def test_checkpoint_does_not_make_an_author_forgotten(local: FleetSimulator) -> None:
    first = local.commit("bob", {PROMPT: FIRST})
    draft = hostile.write(local, "reconciler", "checkpoint", [("Main", first)])
    with pytest.raises(RefusedError, match=r"checkpoint\.main"):
        local.append(draft, by="reconciler")
    assert pending(local) == [PROMPT]
    local.append(hostile.write(local, "reconciler", "checkpoint", [("Main", first)]), by="reconciler")
    local.commit("alice", {PROMPT: SECOND})
    local.review("bob")
    assert pending(local) == [PROMPT]


def test_change_by_a_stranger_takes_two_owners(local: FleetSimulator) -> None:
    local.commit("mallory", {PROMPT: FIRST})
    local.review("bob")
    assert pending(local) == [PROMPT]
    local.review("alice")
    assert pending(local) == []


@pytest.mark.attack("A5")
def test_review_made_for_another_fleet_is_refused(local: FleetSimulator) -> None:
    local.commit("alice", {PROMPT: FIRST})
    draft = review_of(local, "bob")
    other = sign(replace(draft.act, fleet="7f0c3c1e-58a4-4a7e-9a39-1f4a5f7f0001"), local.signers["bob"])
    with pytest.raises(RefusedError, match=r"act\.fleet"):
        local.append(other, by="bob")
    forged = hostile.with_act(local, hostile.honest(local), other.act, by="bob")
    assert hostile.code(local, forged) == "act.fleet"


def test_review_lands_once(local: FleetSimulator) -> None:
    local.commit("alice", {PROMPT: FIRST})
    draft = review_of(local, "bob")
    tip = local.append(draft, by="bob").tip
    assert local.append(draft, by="bob").tip == tip  # sent again, it has landed already
    forged = hostile.with_act(local, hostile.honest(local), draft.act, by="bob")
    assert hostile.code(local, forged) == "journal.duplicate"


@pytest.mark.attack("A5")
def test_review_binds_the_path_and_both_contents(local: FleetSimulator) -> None:
    local.commit("alice", {PROMPT: FIRST})
    act = review_of(local, "bob").act
    [bound] = act.all("Path")
    for other in (
        bound.replace("triage", "payroll"),
        bound.replace(bound.split(" ")[0], f"100644:{'0' * 64}"),
        bound.replace(bound.split(" ")[1], f"100644:{'1' * 64}"),
        bound.replace(bound.split(" ")[1], bound.split(" ")[1].replace("100644", "100755")),
    ):
        fields = tuple((name, other if name == "Path" else value) for name, value in act.fields)
        local.append(
            sign(replace(act, id=review_of(local, "bob").act.id, fields=fields), local.signers["bob"]), by="bob"
        )
        assert pending(local) == [PROMPT]
    local.append(sign(act, local.signers["bob"]), by="bob")
    assert pending(local) == []


def test_mode_is_part_of_the_content(local: FleetSimulator) -> None:
    local.commit("alice", {PROMPT: FIRST})
    local.review("bob")
    gitworld.git(local.work, "update-index", "--chmod=+x", PROMPT)
    gitworld.git(
        local.work, "commit", "-qm", "mode", env=gitworld.environment(local.clock.time, "alice", "alice@sim.example")
    )
    assert pending(local) == [PROMPT]


BAD_PATHS = [
    '- - "agents/support/triage/x"',
    f'100644:{"a" * 64} 100644:{"a" * 64} "agents/support/triage/x"',
    f'100644:{"a" * 64} 120000:{"b" * 64} "agents/support/triage/x"',
    f'100644:{"a" * 64} 100644:{"B" * 64} "agents/support/triage/x"',
    f"- 100644:{'b' * 64} agents/support/triage/x",
    f'- 100644:{"b" * 64} "README.md"',
    f'- 100644:{"b" * 64} "agents/support/tri\\u0061ge/x"',
    f'- 100644:{"b" * 64} "agents/\\udcff"',
    f'- 100644:{"b" * 64} ["agents/support/triage/x"]',
    f"- 100644:{'b' * 64} {'9' * 5000}",
    f"- 100644:{'b' * 64} {'[' * 5000}",
    "-",
]


@pytest.mark.parametrize("bound", BAD_PATHS)
def test_malformed_path_of_a_review(local: FleetSimulator, bound: str) -> None:
    fields = [("Verdict", "approve"), ("Path", bound), ("Requirements", "0" * 64)]
    with pytest.raises(RefusedError, match=r"review\.paths"):
        local.append(hostile.write(local, "bob", "review", fields), by="bob")


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ([("Verdict", "maybe")], "review.verdict"),
        ([("Verdict", "withdraw")], "review.nothing"),
        ([("Verdict", "approve"), ("Closure", "nonsense")], "review.words"),
    ],
)
def test_malformed_words_of_a_review(local: FleetSimulator, fields: list[tuple[str, str]], code: str) -> None:
    path = f"- 100644:{'b' * 64} {json.dumps(PROMPT)}"
    whole = [fields[0], ("Path", path), *fields[1:], ("Requirements", "0" * 64)]
    with pytest.raises(RefusedError, match=code):
        local.append(hostile.write(local, "bob", "review", whole), by="bob")


def test_no_review_by_a_bot(local: FleetSimulator) -> None:
    local.commit("alice", {PROMPT: FIRST})
    act = review_of(local, "bob").act
    bot = replace(act, actor="bot:reconciler", time=local.clock())
    with pytest.raises(RefusedError, match="bot-kind"):
        local.append(sign(bot, local.signers["reconciler"]), by="reconciler")


@pytest.mark.attack("A9")
def test_review_past_its_expiry_by_journal_time(tmp_path_factory: pytest.TempPathFactory) -> None:
    rules = FLEET_YAML.replace("reviews:\n", "reviews:\n  expire: 90d\n")
    world = FleetSimulator(tmp_path_factory.mktemp("expiry") / "w", files={"agentgov.yaml": rules}, remote=False)
    world.introduce()
    world.commit("alice", {PROMPT: FIRST})
    world.review("bob")
    world.clock.pass_(90 * DAY + 1)
    assert pending(world) == [PROMPT]  # the journal's own time has not moved before this very act
    assert uncounted(world) == {("bob", "expired")}
    world.review("bob")
    assert pending(world) == []


def test_review_within_its_expiry_counts_whatever_commits_claim(tmp_path_factory: pytest.TempPathFactory) -> None:
    rules = FLEET_YAML.replace("reviews:\n", "reviews:\n  expire: 90d\n")
    world = FleetSimulator(tmp_path_factory.mktemp("expiry") / "w", files={"agentgov.yaml": rules}, remote=False)
    world.introduce()
    world.commit("alice", {PROMPT: FIRST})
    world.review("bob")
    world.clock.pass_(90 * DAY)
    assert pending(world) == []


@pytest.mark.attack("A10")
def test_review_by_somebody_whose_right_ended(local: FleetSimulator) -> None:
    local.commit("alice", {PROMPT: FIRST})
    local.review("bob")
    keys = {name: signer.public_key for name, signer in local.signers.items()}
    text = access_file(keys).replace("who: [team:support, team:finance]", "who: [alice]")
    local.commit("carol", {"governance/access.yaml": text})
    local.review("carol")
    assert pending(local) == [PROMPT]
    assert ("bob", "role") in uncounted(local)


@pytest.mark.attack("A10")
def test_review_by_somebody_who_left_access(local: FleetSimulator) -> None:
    local.commit("alice", {PROMPT: FIRST})
    local.review("bob")
    keys = {name: signer.public_key for name, signer in local.signers.items() if name != "bob"}
    text = access_file(keys).replace("[alice, bob]", "[alice]").replace("[alice, bob, dave]", "[alice, dave]")
    local.commit("carol", {"governance/access.yaml": text})
    local.review("carol")
    assert pending(local) == [PROMPT]
    assert ("bob", "role") in uncounted(local)


def test_act_by_somebody_who_left_access_is_refused(local: FleetSimulator) -> None:
    draft = hostile.pause(local, "bob")
    honest = hostile.prepare(local, draft, by="alice")
    keys = {name: signer.public_key for name, signer in local.signers.items() if name != "bob"}
    text = access_file(keys).replace("[alice, bob]", "[alice]").replace("[alice, bob, dave]", "[alice, dave]")
    local.commit("carol", {"governance/access.yaml": text})
    local.review("carol")
    tip = local.advance().tip
    with pytest.raises(RefusedError, match=r"journal\.stranger"):
        local.append(draft, by="alice")
    parent = local.repo.commit(honest).parents[0].encode()
    late = hostile.resealed(local, honest, lambda raw: raw.replace(parent, tip.encode()))
    assert hostile.code(local, late) == "journal.stranger"


@pytest.mark.attack("A11")
def test_review_after_the_merge_counts_from_then_on(local: FleetSimulator) -> None:
    commit = local.commit("alice", {PROMPT: FIRST})
    assert pending(local) == [PROMPT]
    local.commit("carol", {"README.md": "Later.\n"})
    local.review("bob", commit)
    assert pending(local) == []


def test_request_for_changes_holds_until_it_is_taken_back(local: FleetSimulator) -> None:
    local.commit("carol", {PROMPT: FIRST})
    local.review("alice", verdict="request-changes")
    local.review("bob")
    assert pending(local) == [PROMPT]
    local.review("alice", verdict="withdraw")
    assert pending(local) == []


def test_own_approval_replaces_a_request_for_changes(local: FleetSimulator) -> None:
    local.commit("carol", {PROMPT: FIRST})
    local.review("alice", verdict="request-changes")
    assert pending(local) == [PROMPT]
    local.review("alice")
    assert pending(local) == []


def test_request_for_changes_is_about_one_content(local: FleetSimulator) -> None:
    first = local.commit("carol", {PROMPT: FIRST})
    local.review("alice", verdict="request-changes")
    local.commit("carol", {PROMPT: SECOND})
    local.review("alice")
    gitworld.git(local.work, "reset", "-q", "--hard", first)
    local.review("bob")
    assert pending(local) == [PROMPT]  # the first content is still objected to


def test_withdrawn_approval_does_not_count(local: FleetSimulator) -> None:
    local.commit("alice", {PROMPT: FIRST})
    local.review("bob")
    local.review("bob", verdict="withdraw")
    assert pending(local) == [PROMPT]
    with pytest.raises(RefusedError, match=r"review\.nothing"):
        local.review("bob", verdict="withdraw")


def test_nobody_withdraws_the_review_of_another(local: FleetSimulator) -> None:
    local.commit("alice", {PROMPT: FIRST})
    local.review("bob", verdict="request-changes")
    with pytest.raises(RefusedError, match=r"review\.nothing"):
        local.review("alice", verdict="withdraw")
