"""The life of a permit: asked for once, decided by those named, used once for exactly what was asked, or over."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from types import SimpleNamespace

import pytest
from actionworld import REFUNDS, policy, refund, release, rulebook
from permitworld import ASKED, LEADS, PermitWorld

from agentgov.model.access import Access, Administrators, Binding, Person, Team
from agentgov.model.names import AgentId
from agentgov.runtime.action_requests import Answered
from agentgov.runtime.calls import Call
from agentgov.runtime.ledger import read
from agentgov.runtime.permit_ends import forget
from agentgov.runtime.permit_votes import Electorate
from agentgov.runtime.rules import Rulebook
from agentgov.store.open import open_store
from agentgov.trust.identity import Directory

MINUTE = 60_000
STOP = SimpleNamespace(mode="stop", by="carol", reason="it pays twice")


@pytest.fixture
def world(store_url: str) -> Iterator[PermitWorld]:
    store = open_store(store_url)
    yield PermitWorld(store)
    store.close()


def _rules(answer: Answered) -> list[str]:
    return [reason.rule for reason in answer.reasons]


def _pending(world: PermitWorld, key: str = "k") -> str:
    answer = world.ask(key)
    assert (answer.decision, answer.permit is not None and answer.permit.state) == ("ask", "pending")
    assert answer.permit is not None
    return answer.permit.id


def _approved(world: PermitWorld, key: str = "k") -> str:
    id_ = _pending(world, key)
    permit, _ = world.vote(id_, "alice")
    assert permit is not None
    assert permit.state == "approved"
    return id_


def test_what_a_rule_allows_is_a_permit_that_is_used_at_once(world: PermitWorld) -> None:
    answer = world.ask("k", refund())
    assert answer.decision == "allow"
    assert answer.permit is not None
    assert (answer.permit.state, answer.permit.record) == ("consumed", 0)
    assert world.records() == ["action.allow"]
    assert _rules(world.consume(answer.permit.id, refund())) == ["permit.consumed"]


def test_a_denial_is_recorded_and_no_permit(world: PermitWorld) -> None:
    answer = world.ask("k", refund(amount_minor=0))
    assert (answer.decision, answer.permit) == ("deny", None)
    assert world.records() == ["action.deny"]
    assert world.ask("k", refund()).decision == "allow"  # a key is used up by what was let through


def test_a_request_that_is_sent_again_is_answered_as_before(world: PermitWorld) -> None:
    for arguments in (refund(), ASKED):
        key = str(arguments["amount_minor"])
        first, second = world.ask(key, arguments), world.ask(key, dict(reversed(arguments.items())))
        assert first.permit is not None
        assert second.permit is not None
        assert (first.decision, first.permit.id, first.record) == (second.decision, second.permit.id, second.record)
    assert world.records() == ["action.allow", "action.ask"]
    assert world.used() == 4200 + 6000


def test_a_key_is_not_good_for_ever(world: PermitWorld) -> None:
    first = world.ask("k", refund())
    assert first.permit is not None
    assert world.outcome(first.permit.id, "not-done").allowed
    assert _rules(world.ask("k", refund())) == ["permit.consumed"]  # or what was given back could be used for nothing
    world.ask("l", refund())
    world.now += 10 * MINUTE
    assert _rules(world.ask("l", refund())) == ["permit.consumed"]


def test_what_is_old_is_forgotten_and_what_is_open_is_not(world: PermitWorld) -> None:
    day = 24 * 60 * MINUTE
    world.ask("allowed", refund())
    decided = _approved(world, "decided")
    world.consume(decided)
    world.book = rulebook(
        {"actions": [{"match": {"tools": ["*"]}, "then": {"ask": {"who": ["team:payments-leads"], "within": "366d"}}}]}
    )
    waits = _pending(world, "waits")

    def known() -> set[str]:
        rows = world.store.read(lambda tx: tx.all("SELECT permit_key FROM permits")).result()
        return {str(row[0]) for row in rows}

    def forgotten() -> int:
        return world.store.write(lambda tx: forget(tx, world.now)).result()

    world.now += 30 * day
    assert (forgotten(), known()) == (0, {"allowed", "decided", "waits"})
    world.now += MINUTE
    assert (forgotten(), known()) == (1, {"decided", "waits"})
    world.now += 371 * day
    assert (forgotten(), known()) == (1, {"waits"})
    assert world.permit(waits).at(world.now) == "expired"
    world.expire()
    assert (forgotten(), known()) == (1, set())
    votes = world.store.read(lambda tx: tx.one("SELECT COUNT(*) FROM permit_votes")).result()
    assert votes == (0,)


def test_times_that_are_longer_than_any_clock_are_cut(world: PermitWorld) -> None:
    quota = {"tool": "refund.create", "per": "999999999y", "max": 2}
    ask = {"who": ["team:payments-leads"], "within": "999999999y"}
    world.book = rulebook({"quotas": [quota], "actions": [{"match": {"tools": ["*"]}, "then": {"ask": ask}}]})
    id_ = _pending(world)
    world.now += 365 * 24 * 60 * MINUTE
    assert world.permit(id_).at(world.now) == "pending"


def test_another_call_under_the_same_key_is_refused(world: PermitWorld) -> None:
    world.ask("k", refund())
    for arguments, subject in ((refund(line=2), ""), (refund(), "alice"), (ASKED, "")):
        assert _rules(world.ask("k", arguments, subject)) == ["action.key"]
    assert world.used() == 4200


def test_a_pause_stops_also_what_was_allowed_before(world: PermitWorld) -> None:
    world.ask("k", refund())
    world.paused = STOP
    assert "action.paused" in _rules(world.ask("k", refund()))
    assert "action.paused" in _rules(world.ask("other", refund()))
    assert world.records() == ["action.allow", "action.deny", "action.deny"]


def test_people_permit_and_the_agent_uses_it_once(world: PermitWorld) -> None:
    id_ = _pending(world)
    assert _rules(world.consume(id_)) == ["permit.pending"]
    world.vote(id_, "alice")
    assert world.consume(id_).decision == "allow"
    assert _rules(world.consume(id_)) == ["permit.consumed"]
    assert world.permit(id_).state == "consumed"
    expected = ["action.ask", "permit.refuse", "permit.approve", "permit.consume", "permit.refuse"]
    assert world.records() == expected


@pytest.mark.parametrize(
    ("name", "value"),
    [("amount_minor", 6001), ("reason", "defective"), ("idempotency_key", "0123456789abcdeF"), ("line", 2)],
)
def test_arguments_that_differ_in_one_byte_are_refused(world: PermitWorld, name: str, value: object) -> None:
    id_ = _approved(world)
    assert _rules(world.consume(id_, refund(**{"amount_minor": 6000, name: value}))) == ["permit.arguments"]
    assert _rules(world.consume(id_, ASKED, "alice")) == ["permit.arguments"]
    assert world.permit(id_).state == "approved"
    assert world.consume(id_, dict(reversed(ASKED.items()))).decision == "allow"  # the same call in another order


def test_a_permit_is_not_good_for_another_agent_or_environment(world: PermitWorld) -> None:
    id_ = _approved(world)
    book = world.book
    world.book = Rulebook(REFUNDS, "staging", release(environment="staging"), None)
    assert _rules(world.consume(id_)) == ["permit.unknown"]
    world.book = book
    assert _rules(world.consume("f" * 32)) == ["permit.unknown"]
    assert world.consume(id_).decision == "allow"


def test_a_permit_ends_with_its_release_and_with_the_policy_of_the_fleet(world: PermitWorld) -> None:
    id_ = _approved(world)
    old = world.book
    world.book = Rulebook(REFUNDS, "production", release(version="2.0.0"), None)
    assert _rules(world.consume(id_)) == ["permit.release"]
    rule = {"match": {"tools": ["other.*"]}, "then": "deny"}
    world.book = Rulebook(REFUNDS, "production", old.release, policy(rule))
    assert _rules(world.consume(id_)) == ["permit.policy"]
    world.book = old
    assert world.consume(id_).decision == "allow"


def test_a_permit_is_not_used_while_the_agent_is_paused(world: PermitWorld) -> None:
    id_ = _approved(world)
    world.paused = STOP
    assert "action.paused" in _rules(world.consume(id_))
    world.paused = None
    assert world.consume(id_).decision == "allow"


def test_nobody_in_time_is_a_no_and_gives_back_what_it_took(world: PermitWorld) -> None:
    pending, approved = _pending(world, "a"), _approved(world, "b")
    assert world.used() == 12_000
    world.now += 30 * MINUTE
    assert _rules(world.consume(pending)) == ["permit.expired"]
    assert _rules(world.consume(approved)) == ["permit.expired"]
    permit, verdict = world.vote(pending, "alice")
    assert (verdict.allowed, permit is not None and permit.at(world.now)) == (False, "expired")
    assert world.expire() == 2
    assert world.expire() == 0
    assert world.used() == 0
    assert _rules(world.ask("a")) == ["permit.expired"]
    assert world.ask("c").decision == "ask"


def test_one_no_is_a_no_also_after_a_yes(world: PermitWorld) -> None:
    id_ = _approved(world)
    permit, verdict = world.vote(id_, "alice", "deny")
    assert verdict.allowed
    assert permit is not None
    assert permit.state == "denied"
    assert world.used() == 0
    assert _rules(world.consume(id_)) == ["permit.denied"]
    _, verdict = world.vote(id_, "bob")
    assert [reason.rule for reason in verdict.reasons] == ["permit.closed"]


def test_only_those_named_decide_and_not_who_asked(world: PermitWorld) -> None:
    answer = world.ask("k", ASKED, "alice")
    assert answer.permit is not None
    id_ = answer.permit.id
    for person, owner, rule in (
        ("erin", "", "permit.not-named"),
        ("support/refund-assistant", "", "permit.not-named"),
        ("", "", "permit.not-named"),
        ("alice", "", "permit.four-eyes"),
        ("bob", "bob", "permit.four-eyes"),
    ):
        for decision in ("approve", "deny"):
            _, verdict = world.vote(id_, person, decision, owner)
            assert [reason.rule for reason in verdict.reasons] == [rule]
    assert world.permit(id_).state == "pending"
    world.vote(id_, "bob")
    assert world.permit(id_).state == "approved"


def test_so_many_people_have_to_agree_and_nobody_twice(world: PermitWorld) -> None:
    ask = {"who": ["team:payments-leads"], "count": 2, "fourEyes": False}
    world.book = rulebook({"actions": [{"match": {"tools": ["*"]}, "then": {"ask": ask}}]})
    id_ = _pending(world)
    for _ in range(3):
        permit, verdict = world.vote(id_, "alice")
        assert verdict.allowed
        assert permit is not None
        assert permit.state == "pending"
    assert world.vote(id_, "bob")[0] == world.permit(id_)
    assert world.permit(id_).state == "approved"
    assert world.records().count("permit.approve") == 2


def test_every_rule_that_asks_has_to_be_answered(world: PermitWorld) -> None:
    fleet = policy({"match": {"tools": ["*"]}, "then": {"ask": {"who": ["dave"]}}})
    world.book = rulebook(None, fleet)
    world.members = lambda selector: LEADS if selector.startswith("team:") else frozenset({selector})
    id_ = _pending(world)
    world.vote(id_, "alice")
    world.vote(id_, "bob")
    assert world.permit(id_).state == "pending"
    world.vote(id_, "dave")
    assert world.permit(id_).state == "approved"
    told = world.store.read(lambda tx: read(tx, kind="permit.approve")).result()
    assert [one.content["refs"]["lacking"] for one in told] == ["1", "1", "0"]


def test_a_yes_of_somebody_who_may_no_longer_decide_is_none(world: PermitWorld) -> None:
    id_ = _approved(world)
    world.members = lambda _: frozenset({"bob"})
    assert _rules(world.consume(id_)) == ["permit.voters"]
    world.members = lambda _: LEADS
    assert world.consume(id_).decision == "allow"


def test_quotas_are_never_overrun_however_many_ask_at_once(world: PermitWorld) -> None:
    world.book = rulebook(
        {"quotas": [{"tool": "refund.create", "sum": "args.amount_minor", "per": "24h", "max": 42_000}]}
    )
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda number: world.ask(str(number), refund()).decision, range(64)))
    assert answers.count("allow") == 10
    assert world.used() == 42_000


def test_a_window_rolls_and_never_sees_more_than_its_quota(world: PermitWorld) -> None:
    world.book = rulebook({"quotas": [{"tool": "refund.create", "per": "1h", "max": 3}]})
    allowed: list[int] = []
    for number in range(400):
        world.now += 37_000
        if world.ask(str(number), refund()).decision == "allow":
            allowed.append(world.now)
    assert len(allowed) >= 3 * (400 * 37_000 // 3_660_000) - 3  # what was used comes back, a sixtieth later at most
    for index, moment in enumerate(allowed):
        assert sum(one < moment + 3_600_000 for one in allowed[index:]) <= 3
    rows = world.store.read(lambda tx: tx.one("SELECT COUNT(*) FROM meter_slices")).result()
    assert rows is not None
    assert rows[0] <= 64


def test_a_new_release_goes_on_with_what_was_used(world: PermitWorld) -> None:
    quota = {"tool": "refund.create", "sum": "args.amount_minor", "per": "24h", "max": 8400}
    world.book = rulebook({"quotas": [quota]})
    assert world.ask("a", refund()).decision == "allow"
    world.book = Rulebook(REFUNDS, "production", release({"quotas": [{**quota, "per": "12h"}]}, version="2.0.0"), None)
    world.now += 6 * 60 * MINUTE
    assert world.ask("b", refund()).decision == "allow"
    assert _rules(world.ask("c", refund()))[0] == "action.quota"


def test_an_agent_that_moved_goes_on_with_what_was_used_under_its_earlier_ids(world: PermitWorld) -> None:
    quota = {"tool": "refund.create", "sum": "args.amount_minor", "per": "24h", "max": 12_600}
    first, second, third = REFUNDS, AgentId("payments", "refunds"), AgentId("finance", "refunds")
    newest = release({"quotas": [quota], "tools": [{"name": "refund.create", "effect": "irreversible"}]})
    ids: list[AgentId] = []
    for one in (first, second, third):
        world.book = Rulebook(one, "production", newest, None, tuple(reversed(ids)))
        ids.append(one)
        assert world.ask("a", refund()).decision == "allow"
    assert _rules(world.ask("b", refund()))[0] == "action.quota"
    world.book = Rulebook(third, "staging", newest, None, (second, first))
    assert world.ask("b", refund()).decision == "allow"  # another environment
    world.book = Rulebook(first, "production", newest, None)
    assert world.ask("b", refund()).decision == "allow"  # nobody counts for an id that it took over
    world.book = Rulebook(third, "production", newest, None, (second, first))
    world.now += 24 * 60 * MINUTE + 24 * MINUTE
    assert world.ask("c", refund()).decision == "allow"


def test_two_quotas_on_one_tool_hold_both(world: PermitWorld) -> None:
    quotas = [
        {"tool": "refund.create", "per": "1h", "max": 2},
        {"tool": "refund.create", "per": "24h", "max": 3},
    ]
    world.book = rulebook({"quotas": quotas})
    decisions = []
    for number in range(6):
        decisions.append(world.ask(str(number), refund()).decision)
        world.now += 40 * MINUTE
    assert decisions == ["allow", "allow", "allow", "deny", "deny", "deny"]


def test_what_did_not_happen_gives_back_what_it_took(world: PermitWorld) -> None:
    answer = world.ask("k", refund())
    assert answer.permit is not None
    id_ = answer.permit.id
    assert world.outcome(id_, "not-done").allowed
    assert world.used() == 0
    assert world.outcome(id_, "not-done").allowed  # said again
    assert not world.outcome(id_, "done").allowed
    assert world.used() == 0
    assert world.records() == ["action.allow", "outcome.not-done"]


@pytest.mark.parametrize("outcome", ["done", "failed"])
def test_what_happened_or_may_have_still_counts(world: PermitWorld, outcome: str) -> None:
    answer = world.ask("k", refund())
    assert answer.permit is not None
    assert world.outcome(answer.permit.id, "done" if outcome == "done" else "failed").allowed
    assert world.used() == 4200


def test_no_outcome_is_told_of_what_was_not_used(world: PermitWorld) -> None:
    assert not world.outcome(_approved(world), "not-done").allowed
    assert not world.outcome("f" * 32, "done").allowed
    assert world.used() == 6000


def test_what_a_permit_took_counts_from_its_use_on(world: PermitWorld) -> None:
    world.book = rulebook({"quotas": [{"tool": "refund.create", "per": "1h", "max": 1}]})
    id_ = _approved(world)
    world.now += 29 * MINUTE
    assert world.consume(id_).decision == "allow"
    world.now += 45 * MINUTE
    assert "action.quota" in _rules(world.ask("other", refund()))
    world.now += 20 * MINUTE
    assert world.ask("other", refund()).decision == "allow"


def test_people_are_shown_what_the_rule_says_until_it_is_over(world: PermitWorld) -> None:
    id_ = _approved(world)
    assert '"amount_minor":6000' in world.permit(id_).shown
    world.consume(id_)
    assert world.permit(id_).shown == ""


def test_a_ledger_keeps_arguments_only_where_the_agent_says_so(world: PermitWorld) -> None:
    world.ask("k", refund())
    world.book = rulebook({"audit": {"payloads": "full"}})
    world.ask("l", refund())
    rows = world.store.read(lambda tx: tx.all("SELECT payload FROM payloads ORDER BY seq")).result()
    assert [b"AC-12345678" in row[0] for row in rows] == [False, True]


def test_everything_survives_a_restart(store_url: str) -> None:
    store = open_store(store_url)
    id_ = _approved(PermitWorld(store))
    store.close()
    store = open_store(store_url)
    world = PermitWorld(store)
    assert world.consume(id_).decision == "allow"
    assert world.ask("k").decision == "deny"
    assert world.used() == 6000
    store.close()


@pytest.mark.attack("S5")
def test_a_role_names_those_who_have_it_on_this_agent_here_today() -> None:
    people = tuple(Person(id=name) for name in ("alice", "bob", "carol", "dave", "erin", "frank"))
    bindings = (
        Binding(role="lead", who=("alice",), agents=("support/*",), environments=("staging", "production")),
        Binding(role="lead", who=("bob",), agents=("finance/*",), environments=("production",)),
        Binding(role="lead", who=("carol",), agents=("**",), environments=("staging",)),
        Binding(role="lead", who=("team:night",), agents=(str(REFUNDS),), environments=("production",)),
        Binding(role="lead", who=("frank",), environments=("production",), until="2026-01-01"),
        Binding(role="lead", who=("bob",), agents=("support/*",)),
    )
    access = Access(
        administrators=Administrators(who=("erin",)),
        people=people,
        teams=(Team(id="night", members=("dave",)),),
        bindings=bindings,
    )
    named = Electorate(access, Directory(access), REFUNDS, "production", date(2026, 6, 1))
    assert named("role:lead") == {"alice", "dave"}  # and bob, who has it nowhere, is only told
    told = Electorate(access, Directory(access), REFUNDS, "production", date(2026, 6, 1), told=True)
    assert told("role:lead") == {"alice", "bob", "dave"}
    assert named("role:administrator") == {"erin"}
    assert named("team:night") == {"dave"}
    assert named("bob") == {"bob"}
    assert named("nobody") == named("role:none") == named("*") == frozenset()


def test_a_call_of_a_tool_that_is_not_listed_is_recorded(world: PermitWorld) -> None:
    answer = world.ask("k", {}, tool="shell\nrun" + "x" * 5000)
    assert (answer.decision, _rules(answer)) == ("deny", ["action.tool-unlisted"])
    assert world.records() == ["action.deny"]
    assert Call("x", {}).subject == ""
